//! `POST /v1/explain`: why a page shows what it shows. The page tells its situation, of which nothing is
//! kept: a page's Program has everything in it that is said here, but no words.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};
use waymark_engine::{Engine, Numerals, PackHash, Program, State};
use waymark_model::limits;
use waymark_wire::{Problem, context_from_json, device_zone, explanation_to_json, zoned};

use crate::body::{inflated, object, purposes};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::ports::{Clock, Objects};
use crate::{access, decide, problems, programs};

/// Bytes of a request: a state in base64, and a context.
pub const BODY_BYTES: usize = limits::STATE_BYTES * 2;

pub async fn explain<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, BODY_BYTES)?)?;
    let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let key = access::key_of(request, &body);
    access::basis(edge.config, request, &key.ok_or_else(problems::missing_key)?)?;
    let hash = if let Some(hash) = text("pack") {
        PackHash::from_hex(hash).ok_or_else(|| problems::unknown_pack(hash))?
    } else {
        let in_force = edge.packs.in_force(edge.host, edge.host.now()).await;
        in_force.map_err(problems::unavailable)?.deciding.ok_or_else(problems::no_active_pack)?
    };
    let page = edge.packs.page(edge.host, hash).await.map_err(problems::unavailable)?;
    let page = page.ok_or_else(|| problems::unknown_pack(&hash.to_string()))?;
    let program = Program::decode(&programs::inflated(&page)?)
        .map_err(|error| problems::unavailable(format!("A stored pack is broken: {error}.")))?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let state = state(engine, &body)?;
    let slots = decide::listed(&body)?;
    let asked = json!({
        "context": body.get("context"),
        "locale": body.get("locale"),
        "shown": body.get("shown"),
    });
    let mut context = context_from_json(&asked).map_err(|error| Problem::from(&error))?;
    context.consent = purposes(body.get("consent").unwrap_or(&Json::Null), "/consent")?;
    let anonymous = body.get("anonymousId").and_then(Json::as_str);
    context.anonymous_id = anonymous.map(str::to_owned);
    let now = edge.host.now();
    let context = zoned(context, device_zone(&asked), &state, now);
    let mut explained = explanation_to_json(engine, &state, &context, now);
    let decision = explained["decision"].take();
    explained["decision"] = decide::only_these(decision, &slots);
    if let Some(rules) = explained["rules"].as_array_mut() {
        rules.retain(|rule| {
            let slot = rule["slot"].as_str().unwrap_or_default();
            slots.is_empty() || slots.iter().any(|wanted| wanted == slot)
        });
    }
    Ok(Response::json(200, &explained))
}

/// What the page keeps of its visitor; nobody, where it keeps nothing.
fn state(engine: Engine<'_>, body: &Map<String, Json>) -> Result<State, Problem> {
    let bytes = match body.get("state") {
        None | Some(Json::Null) => return Ok(engine.new_state()),
        Some(Json::String(text)) => BASE64_STANDARD.decode(text).ok(),
        Some(_) => None,
    };
    let bytes = bytes.ok_or_else(|| problems::bad_member("/state", "`state` is not base64."))?;
    engine.read_state(&bytes).map_err(|error| {
        problems::bad_member("/state", format!("The state cannot be read: {error}."))
    })
}
