//! A host in memory. It can be told to fail before a commit, or to lose an answer after it.

mod registry;
mod shard;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::config::Config;
use waymark_edge::edge::Edge;
use waymark_edge::http::{Method, Request, Response};
use waymark_edge::isolate::Isolate;
use waymark_edge::packs::{self, PackCache};
use waymark_edge::pages::{PageRequest, Plan, plan};
use waymark_edge::ports::{
    Budget, Budgets, Call, Called, Clock, Lake, Objects, Profile, Reports, TallyRow, Unavailable,
    Web,
};
use waymark_edge::protocol::{RegistryAsk, RegistryTold, ShardCall, ShardTold, unreadable};
use waymark_edge::tally::{Counted, Sum};
use waymark_edge::{registry as registries, shard as shards};
use waymark_engine::{Program, State};
use waymark_model::Timestamp;

use self::registry::Registry;
use self::shard::Shard;
use crate::contract;

/// What happens to the next calls of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The object is not to be reached.
    Away,
    /// The storage refuses the transaction.
    Refused,
    /// It is committed, and nobody hears of it.
    Unheard,
}

#[derive(Debug, Default)]
pub struct Memory {
    pub now: Cell<Timestamp>,
    pub faults: RefCell<Vec<Option<Fault>>>,
    /// Calls of shards, by object.
    pub asked: RefCell<Vec<u16>>,
    pub registry_is_away: Cell<bool>,
    /// Objects that run another release than the worker; the registry is [`REGISTRY`].
    pub of_another_release: RefCell<BTreeSet<u16>>,
    /// Requests that anybody has.
    pub budget: Cell<Option<u32>>,
    /// What other servers were sent.
    pub calls: RefCell<Vec<Call>>,
    /// What they answer, the last first; then that all is well.
    pub answers: RefCell<Vec<Result<Called, Unavailable>>>,
    spent: RefCell<BTreeMap<(Budget, String), u32>>,
    shards: RefCell<BTreeMap<u16, Shard>>,
    pub lake: RefCell<BTreeMap<String, Vec<u8>>>,
    pub has_no_lake: Cell<bool>,
    makers: RefCell<BTreeMap<String, u64>>,
    /// By what was counted, and by shard; with versions.
    pub reports: RefCell<BTreeMap<(Counted, String), (Sum, u64)>>,
    registry: Registry,
    packs: PackCache,
}

/// Of no shard.
pub const REGISTRY: u16 = u16::MAX;

impl Memory {
    /// Gives all that is stored the form of another release: profiles and packs. Its objects began anew.
    pub fn is_stored_by_another_release(&self) {
        for shard in self.shards.borrow_mut().values_mut() {
            shard.recent = Shard::default().recent;
            for profile in shard.rows.borrow_mut().profiles.values_mut() {
                if let Profile::Here(state, _) = profile {
                    state[0] = State::FORMAT + 1;
                }
            }
        }
        let mut packs = self.registry.packs.borrow_mut();
        let mut derived = self.registry.derived.borrow_mut();
        let parts = packs.iter_mut().map(|(_, parts)| parts);
        for parts in parts.chain(derived.iter_mut().filter_map(|(_, parts)| parts.as_mut())) {
            parts.program[3] = Program::FORMAT + 1;
            parts.page = packs::gzip(&parts.program).unwrap();
        }
    }

    /// Objects are started anew, and know no Program.
    pub fn forget_programs(&mut self) {
        self.packs = PackCache::default();
    }

    /// A message on its way to an object or back.
    fn on_its_way(&self, object: u16, mut message: Vec<u8>) -> Vec<u8> {
        if self.of_another_release.borrow().contains(&object) {
            message[0] += 1;
        }
        message
    }

    /// An object begins anew, and cannot read a profile.
    pub fn spoil_state(&self, visitor: &str) {
        for shard in self.shards.borrow_mut().values_mut() {
            shard.recent = Shard::default().recent;
            let mut rows = shard.rows.borrow_mut();
            if let Some(Profile::Here(state, _)) = rows.profiles.get_mut(visitor) {
                state.truncate(3);
            }
        }
    }

    pub fn state(&self, visitor: &str) -> Option<Vec<u8>> {
        let shards = self.shards.borrow();
        shards.values().find_map(|shard| match shard.rows.borrow().profiles.get(visitor) {
            Some(Profile::Here(state, _)) => Some(state.clone()),
            _ => None,
        })
    }

    /// Loses all that an object has stored.
    pub fn lose(&self, object: u16) {
        let mut shards = self.shards.borrow_mut();
        let lost = shards.remove(&object);
        let made = lost.map_or(0, |lost| lost.rows.borrow().drainage.made) + 1;
        let anew = shards.entry(object).or_default();
        let mut rows = anew.rows.borrow_mut();
        rows.drainage.made = made;
        // As the real one does: others ignore messages below those that they have taken in.
        rows.posted = made * 1_000_000;
    }

    /// The keys of all profiles that have events.
    pub fn profiles(&self) -> BTreeMap<String, Vec<u8>> {
        let shards = self.shards.borrow();
        let rows = shards.values().flat_map(|shard| shard.rows.borrow().profiles.clone());
        rows.filter_map(|(key, profile)| match profile {
            Profile::Here(state, _) => Some((key, state)),
            Profile::PartOf(_) => None,
        })
        .collect()
    }

    /// All that is kept, to look for traces.
    pub fn kept(&self) -> String {
        let mut all = format!("{:?}", self.shards.borrow()).into_bytes();
        for shard in self.shards.borrow().values() {
            let rows = shard.rows.borrow();
            rows.batches.iter().for_each(|batch| all.extend(&batch.body));
            rows.outbox.values().for_each(|(_, _, message)| all.extend(message));
            for profile in rows.profiles.values() {
                if let Profile::Here(state, _) = profile {
                    all.extend(state);
                }
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    fn fault(&self) -> Option<Fault> {
        self.faults.borrow_mut().pop().flatten()
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
}

impl Objects for Memory {
    async fn shard(&self, object: u16, message: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
        self.asked.borrow_mut().push(object);
        let fault = self.fault();
        if fault == Some(Fault::Away) {
            return Err(Unavailable("The shard is away.".to_owned()));
        }
        let call = match ShardCall::decode(&self.on_its_way(object, message)) {
            Ok(call) => call,
            Err(error) => {
                let told = ShardTold::Failed(unreadable(&error));
                return Ok(self.on_its_way(object, told.encode()));
            }
        };
        let packs = call.packs().cloned().unwrap_or_default();
        let program = self.packs.folding(self, &packs).await?;
        let mut shards = self.shards.borrow_mut();
        let store = shards.entry(object).or_default();
        store.rows.borrow_mut().refuses = fault == Some(Fault::Refused);
        let told: ShardTold = shards::answer(store, &store.recent, &program, &call);
        store.is_as_remembered(&packs, &program, self.now.get());
        match fault {
            Some(Fault::Unheard) => Err(Unavailable("The answer was lost.".to_owned())),
            _ => Ok(told.encode()),
        }
    }

    async fn registry(&self, message: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
        if self.registry_is_away.get() {
            return Err(Unavailable("The registry is away.".to_owned()));
        }
        let told = match RegistryAsk::decode(&self.on_its_way(REGISTRY, message)) {
            Ok(ask) => registries::answer(&self.registry, &ask),
            Err(error) => RegistryTold::Failed(unreadable(&error)),
        };
        Ok(self.on_its_way(REGISTRY, told.encode()))
    }
}

impl Budgets for Memory {
    async fn is_within(&self, budget: Budget, who: &str) -> bool {
        let mut asked = self.spent.borrow_mut();
        let spent = asked.entry((budget, who.to_owned())).or_default();
        *spent += 1;
        self.budget.get().is_none_or(|most| *spent <= most)
    }
}

impl Lake for Memory {
    fn has_lake(&self) -> bool {
        !self.has_no_lake.get()
    }

    async fn put(&self, name: &str, body: Vec<u8>) -> Result<(), Unavailable> {
        self.carried(|| drop(self.lake.borrow_mut().insert(name.to_owned(), body)))
    }
}

impl Reports for Memory {
    fn has_reports(&self) -> bool {
        true
    }

    async fn put_sums(&self, shard: &str, made: u64, sums: &[TallyRow]) -> Result<(), Unavailable> {
        self.carried(|| {
            let mut reports = self.reports.borrow_mut();
            let mut makers = self.makers.borrow_mut();
            if makers.insert(shard.to_owned(), made).is_some_and(|before| before < made) {
                reports.retain(|(_, of), _| of != shard);
            }
            for row in sums {
                let (sum, version) =
                    reports.entry((row.counted.clone(), shard.to_owned())).or_default();
                if row.version > *version {
                    (*sum, *version) = (row.sum, row.version);
                }
            }
        })
    }
}

impl Web for Memory {
    async fn call(&self, call: Call) -> Result<Called, Unavailable> {
        self.calls.borrow_mut().push(call);
        let answers = self.answers.borrow_mut().pop();
        answers.unwrap_or(Ok(Called { status: 200, retry_after: None }))
    }
}

impl Memory {
    /// What is put somewhere may not arrive, or arrive unheard.
    fn carried(&self, put: impl FnOnce()) -> Result<(), Unavailable> {
        match self.fault() {
            Some(Fault::Away | Fault::Refused) => Err(Unavailable("It is away.".to_owned())),
            Some(Fault::Unheard) => {
                put();
                Err(Unavailable("The answer was lost.".to_owned()))
            }
            None => {
                put();
                Ok(())
            }
        }
    }
}

/// An isolate of the worker over a host in memory.
pub struct World {
    pub host: Memory,
    pub config: Config,
    pub packs: PackCache,
    pub isolate: Isolate,
}

const TOKEN_KEYS: &str =
    r#"[{"id":"site","alg":"HS256","secret":"a secret of the site's own server"}]"#;

/// 2026-03-01T00:00:00Z
pub const START: Timestamp = Timestamp(1_772_323_200_000);

impl World {
    pub fn new() -> Self {
        let config = Config::read(|name| {
            let value = match name {
                "WRITE_KEYS" => {
                    r#"[{"key":"w","basis":"browser"},{"key":"s","basis":"server"},
                    {"key":"o","basis":"browser","origins":["https://shop.example"]},
                    {"key":"ten","basis":"server","daily":10}]"#
                }
                "COOKIE_KEYS" => r#"[{"id":"k1","secret":"a secret of some length"}]"#,
                // Of "token".
                "ADMIN_TOKEN_SHA256" => {
                    "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"
                }
                // Of "viewer".
                "VIEWER_TOKEN_SHA256" => {
                    "d35ca5051b82ffc326a3b0b6574a9a3161dee16b9478a199ee39cd803ce5b799"
                }
                // Of "publisher".
                "ADMIN_TOKENS" => {
                    r#"[{"name":"ci","role":"publisher",
                    "sha256":"4f03a060b7eb032972dcb327f2c989b14d5e73c35b3d5928a6f875ca39c159ba"}]"#
                }
                "SHARD_OBJECTS" => "4",
                "USER_TOKEN_KEYS" => TOKEN_KEYS,
                "PUBLIC_URL" => "https://edge.example",
                "WEBHOOKS" => {
                    r#"[{"name":"MAIL","hosts":["api.mail.example"],"headers":{"Authorization":"Bearer abc"},
                    "secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]"#
                }
                _ => return None,
            };
            Some(value.to_owned())
        });
        let host = Memory::default();
        host.now.set(START);
        Self {
            host,
            config: config.unwrap(),
            packs: PackCache::default(),
            isolate: Isolate::default(),
        }
    }

    pub fn edge(&self) -> Edge<'_, Memory> {
        Edge { host: &self.host, config: &self.config, packs: &self.packs, isolate: &self.isolate }
    }

    /// The plan for a page, as JSON; nothing for one that stays as it is.
    pub fn page(&self, page: &PageRequest) -> Option<Json> {
        match plan(&self.edge(), page).now_or_never().unwrap().unwrap() {
            Plan::Unchanged => None,
            Plan::Redirect { to, cookie } => Some(json!({ "redirect": to, "cookie": cookie })),
            Plan::Personal(own) => Some(json!({
                "slots": serde_json::from_str::<Json>(&own.slots).unwrap(),
                "remote": own.remote.as_ref().map(|text| serde_json::from_str::<Json>(text).unwrap()),
                "decision": in_element(&own.decision), "tag": own.tag, "variant": own.variant, "cookie": own.cookie,
            })),
        }
    }

    pub fn ask(&self, request: &Request) -> Response {
        let response = self.edge().handle(request).now_or_never().unwrap();
        contract::holds(request, &response);
        response
    }

    pub fn post(&self, path: &str, authorization: &str, body: &Json) -> (u16, Json) {
        let request = Request::new(Method::Post, &format!("https://edge.example{path}"))
            .with_header("Authorization", authorization)
            .with_body(body.to_string());
        read(&self.ask(&request))
    }

    pub fn get(&self, path: &str) -> (u16, Json) {
        self.get_as(OPERATOR, path)
    }

    pub fn get_as(&self, who: &str, path: &str) -> (u16, Json) {
        let request = Request::new(Method::Get, &format!("https://edge.example{path}"))
            .with_header("Authorization", who);
        read(&self.ask(&request))
    }

    /// Makes a pack the active one; gives its hash.
    pub fn publish(&self, pack: &Json) -> String {
        let request = Request::new(Method::Put, "https://edge.example/admin/v1/packs")
            .with_header("Authorization", OPERATOR)
            .with_body(pack.to_string());
        let (status, put) = read(&self.ask(&request));
        assert_eq!(status, 201, "{put}");
        let hash = put["hash"].as_str().unwrap().to_owned();
        let path = format!("/admin/v1/packs/{hash}/activate");
        assert_eq!(self.post(&path, OPERATOR, &Json::Null).0, 200);
        hash
    }

    /// The objects that were asked since the last time.
    pub fn asked(&self) -> BTreeSet<u16> {
        self.host.asked.take().into_iter().collect()
    }
}

/// `s:` and `w:` of Basic authentication.
pub const SERVER: &str = "Basic czo=";
pub const BROWSER: &str = "Basic dzo=";
pub const OPERATOR: &str = "Bearer token";
pub const PUBLISHER: &str = "Bearer publisher";
pub const VIEWER: &str = "Bearer viewer";

/// The JSON of the element that a page gets.
fn in_element(element: &str) -> &str {
    let element = element.strip_suffix("</script>").unwrap();
    let head = "<script type=\"application/json\" id=\"waymark-decision\">";
    element.strip_prefix(head).unwrap()
}

fn read(response: &Response) -> (u16, Json) {
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

/// What happens to so many calls at most; a third of them go wrong.
pub fn faults(most: usize) -> impl Strategy<Value = Vec<Option<Fault>>> {
    let fault = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Fault::Away)),
        1 => Just(Some(Fault::Refused)),
        1 => Just(Some(Fault::Unheard)),
    ];
    prop::collection::vec(fault, 0..most)
}

/// The numbers below one, each twice, in an order of no kind.
pub fn twice(numbers: usize, seed: u64) -> Vec<usize> {
    let mut queue: Vec<usize> = (0..numbers).chain(0..numbers).collect();
    let mut random = seed;
    for at in (1..queue.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        queue.swap(at, usize::try_from(random >> 33).unwrap() % (at + 1));
    }
    queue
}
