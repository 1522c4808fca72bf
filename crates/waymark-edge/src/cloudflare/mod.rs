//! Cloudflare's side of the ports: a Worker and two kinds of Durable Objects.
//!
//! Exported to `js/entry.js`: `answer` for the edge's own addresses, `plan` for pages, and the classes
//! `Shard` and `Registry`.

mod exchange;
mod registry;
mod reports;
mod shard;
mod shard_store;
mod storage;
mod web;

use std::rc::Rc;
use std::task::{self, Poll};

use js_sys::{Array, JsString, Promise, Reflect, Uint8Array};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use waymark_model::Timestamp;
use worker::Env;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::wasm_bindgen::{JsCast, JsValue};

use crate::config::{Config, ConfigError};
use crate::counts;
use crate::edge::Edge;
use crate::http::{Method, Place, Response};
use crate::isolate::Isolate;
use crate::packs::PackCache;
use crate::pages::{PageRequest, Plan, plan as plan_of};
use crate::ports::{
    Budget, Budgets, Call, Called, Clock, Lake, Objects, Reports, TallyRow, Unavailable, Web,
};
use crate::problems;
use crate::protocol::ShardCall;
use crate::quotas;
use crate::shard_map::ShardMap;

/// Requests are many small pieces of memory, taken and given back.
#[global_allocator]
static MEMORY: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The one object that keeps the packs.
const REGISTRY: &str = "registry";
/// Bindings that an operator may leave out.
const LAKE: &str = "LAKE";
pub const REPORTS: &str = "REPORTS";

thread_local! {
    /// Read once: an isolate's environment does not change.
    static CONFIG: std::cell::OnceCell<Rc<Result<Config, ConfigError>>> =
        const { std::cell::OnceCell::new() };
    static PACKS: Rc<PackCache> = Rc::default();
    static ISOLATE: Rc<Isolate> = Rc::default();
}

fn config(env: &Env) -> Rc<Result<Config, ConfigError>> {
    let read = || Rc::new(Config::read(|name| env.var(name).ok().map(|text| text.to_string())));
    CONFIG.with(|config| config.get_or_init(read).clone())
}

fn packs() -> Rc<PackCache> {
    PACKS.with(Rc::clone)
}

fn isolate() -> Rc<Isolate> {
    ISOLATE.with(Rc::clone)
}

/// The runtime, as the use cases see it.
#[derive(Debug)]
struct Host {
    env: Env,
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        Timestamp::from_js(js_sys::Date::now()).unwrap_or_default()
    }
}

impl Objects for Host {
    async fn shard(&self, object: u16, message: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
        let name = ShardMap::name(object);
        let how = if ShardCall::receives(&message) { Stub::receive } else { Stub::ask };
        self.told("SHARD", &name, &message, how)
            .await
            .map_err(|error| Unavailable(format!("The shard {name} did not answer: {error}.")))
    }

    async fn registry(&self, message: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
        self.told("REGISTRY", REGISTRY, &message, Stub::ask)
            .await
            .map_err(|error| Unavailable(format!("The registry did not answer: {error}.")))
    }
}

impl Budgets for Host {
    async fn is_within(&self, budget: Budget, who: &str) -> bool {
        let binding = match budget {
            Budget::Client => "CLIENT_LIMIT",
            Budget::Server => "SERVER_LIMIT",
        };
        let Ok(limiter) = self.env.rate_limiter(binding) else { return true };
        match limiter.limit(who.to_owned()).await {
            Ok(outcome) => outcome.success,
            Err(error) => {
                log("limit", &error.to_string());
                true
            }
        }
    }
}

impl Lake for Host {
    fn has_lake(&self) -> bool {
        self.env.bucket(LAKE).is_ok()
    }

    async fn put(&self, name: &str, body: Vec<u8>) -> Result<(), Unavailable> {
        let put = async { self.env.bucket(LAKE)?.put(name, body).execute().await };
        let put = put.await;
        put.map(drop)
            .map_err(|error| Unavailable(format!("The lake did not take a file: {error}.")))
    }
}

impl Web for Host {
    async fn call(&self, call: Call) -> Result<Called, Unavailable> {
        web::call(call).await.map_err(|error| {
            Unavailable(format!("It did not answer within {} s: {error}.", web::SECONDS))
        })
    }
}

impl Reports for Host {
    fn has_reports(&self) -> bool {
        self.env.d1(REPORTS).is_ok()
    }

    async fn put_sums(&self, shard: &str, made: u64, sums: &[TallyRow]) -> Result<(), Unavailable> {
        reports::put(&self.env, shard, made, sums)
            .await
            .map_err(|error| Unavailable(format!("The reports' database refused: {error}.")))
    }
}

/// As the entry's.
fn log(at: &str, message: &str) {
    let line = serde_json::json!({ "level": "error", "at": at, "message": message });
    worker::console_error!("{line}");
}

#[wasm_bindgen]
extern "C" {
    /// A binding to objects; the `worker` crate knows no jurisdictions of named ones.
    type Namespace;
    #[wasm_bindgen(method, catch)]
    fn jurisdiction(this: &Namespace, name: &str) -> Result<Namespace, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Namespace, name: &str) -> Result<Stub, JsValue>;

    /// An object, by the methods that the entry gives it.
    type Stub;
    #[wasm_bindgen(method, catch)]
    fn ask(this: &Stub, message: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn receive(this: &Stub, message: &Uint8Array) -> Result<Promise, JsValue>;
}

impl Host {
    /// What an object answers.
    async fn told(
        &self,
        binding: &str,
        name: &str,
        message: &[u8],
        how: fn(&Stub, &Uint8Array) -> Result<Promise, JsValue>,
    ) -> Result<Vec<u8>, String> {
        let told = async {
            let stub = self.objects(binding)?.get_by_name(name)?;
            JsFuture::from(how(&stub, &Uint8Array::from(message))?).await
        };
        match told.await {
            Ok(told) => Ok(Uint8Array::new(&told).to_vec()),
            Err(error) => Err(said(&error)),
        }
    }

    /// Objects of a kind, where they have to be.
    fn objects(&self, binding: &str) -> Result<Namespace, JsValue> {
        let objects: Namespace =
            Reflect::get(&self.env, &JsString::from(binding))?.unchecked_into();
        let config = config(&self.env);
        let config = config.as_ref().as_ref().ok();
        match config.and_then(|config| config.jurisdiction.as_deref()) {
            Some(jurisdiction) => objects.jurisdiction(jurisdiction),
            None => Ok(objects),
        }
    }
}

/// What went wrong, in the runtime's words.
fn said(error: &JsValue) -> String {
    let error = error.dyn_ref::<js_sys::Error>();
    error.map_or_else(|| "unknown".to_owned(), |error| String::from(error.message()))
}

#[wasm_bindgen]
extern "C" {
    /// The entry's: this instance has trapped and must not be called again.
    #[wasm_bindgen(js_name = __waymark_gone)]
    fn gone();
}

/// Has the entry told of a trap. The `worker` crate would have the next call begin with a new
/// instance instead, though that call may already hold pointers into this one.
#[wasm_bindgen]
pub fn watch() {
    wasm_bindgen::handler::set_on_abort(gone);
}

/// An answer of the edge's own, in the entry's form. Without a body the request's was too long.
#[wasm_bindgen]
pub async fn answer(
    env: Env,
    method: String,
    url: String,
    headers: String,
    body: Option<Vec<u8>>,
) -> Array {
    let config = config(&env);
    let answered = match &*config {
        Err(error) => Response::problem(&problems::bad_configuration(error.to_string())),
        Ok(config) => {
            let request = exchange::request(&method, &url, &headers, body);
            let host = Host { env };
            let (packs, isolate) = (packs(), isolate());
            let edge = Edge { host: &host, config, packs: &packs, isolate: &isolate };
            let mut answered = edge.handle(&request).await;
            if request.method == Method::Head {
                answered.body = Vec::new();
            }
            answered
        }
    };
    exchange::response(&answered)
}

/// What of another server's HTML is harmless.
#[wasm_bindgen]
pub fn sanitized(html: &str) -> String {
    waymark_pack::sanitized(html)
}

/// What to change in a page: nothing, `[where to go, cookie]`, or `[slots, remote, decision, tag, variant, cookie]`; a
/// promise of that where something has to be asked first.
#[wasm_bindgen]
#[expect(
    clippy::too_many_arguments,
    reason = "crossing with strings is cheaper than with an object"
)]
pub fn plan(
    env: Env,
    url: String,
    cookie: Option<String>,
    accept_language: Option<String>,
    user_agent: Option<String>,
    referrer: Option<String>,
    country: Option<String>,
    timezone: Option<String>,
    objects: bool,
    visit: bool,
) -> Result<JsValue, JsValue> {
    let place = Place { country, timezone };
    let page =
        PageRequest { url, cookie, accept_language, user_agent, referrer, place, objects, visit };
    let mut planning = Box::pin(async move {
        let config = config(&env);
        let config = config.as_ref().as_ref().map_err(|error| JsValue::from(error.to_string()))?;
        let (packs, isolate) = (packs(), isolate());
        let edge = Edge { host: &Host { env }, config, packs: &packs, isolate: &isolate };
        let plan = plan_of(&edge, &page).await.map_err(|problem| JsValue::from(problem.detail))?;
        Ok(told_of(plan))
    });
    // The usual page waits for nothing, and a promise would cost more than its plan.
    match planning.as_mut().poll(&mut task::Context::from_waker(task::Waker::noop())) {
        Poll::Ready(plan) => plan,
        Poll::Pending => Ok(future_to_promise(planning).into()),
    }
}

fn told_of(plan: Plan) -> JsValue {
    let text =
        |text: &Option<String>| text.as_deref().map_or(JsValue::UNDEFINED, JsValue::from_str);
    match plan {
        Plan::Unchanged => JsValue::UNDEFINED,
        Plan::Redirect { to, cookie } => Array::of2(&to.into(), &text(&cookie)).into(),
        Plan::Personal(own) => {
            let told = [
                JsValue::from_str(&own.slots),
                text(&own.remote),
                JsValue::from_str(&own.decision),
                text(&own.tag),
                text(&own.variant),
                text(&own.cookie),
            ];
            told.into_iter().collect::<Array>().into()
        }
    }
}

/// Counts one of what happens to pages.
#[wasm_bindgen]
pub fn count(family: &str, value: &str) {
    isolate().counts.add(family, value);
}

/// Tells the registry what was counted.
#[wasm_bindgen]
pub async fn tell(env: Env) -> Result<(), JsValue> {
    let config = config(&env);
    let config = config.as_ref().as_ref().map_err(|error| JsValue::from(error.to_string()))?;
    let (packs, isolate) = (packs(), isolate());
    let edge = Edge { host: &Host { env }, config, packs: &packs, isolate: &isolate };
    quotas::tell(&edge).await;
    counts::tell(&edge).await.map_err(|error| JsValue::from(error.to_string()))
}
