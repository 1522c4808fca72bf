//! OpenFeature's Remote Evaluation Protocol (OFREP 0.3): slots and experiments as flags, for any provider of it. `POST /ofrep/v1/evaluate/flags` and `…/flags/<key>`.
//!
//! | flag | value | variant |
//! |---|---|---|
//! | a slot with JSON content | the JSON | the variation, or the content's id |
//! | a slot with other content | the content's id | the same |
//! | a slot that keeps the author's content | none: the caller's default | |
//! | an experiment | the variation's id | the same |

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use waymark_engine::{Engine, Numerals};
use waymark_model::{Purpose, limits};
use waymark_wire::{Basis, Problem, decision_to_json, zoned};

use crate::access;
use crate::body::{inflated, object};
use crate::decide::{Asked, asked};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::{ANONYMOUS, NAMESPACES, USER, hex};
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::profile;

/// The key by which OpenFeature names who is asked about.
const TARGETING_KEY: &str = "targetingKey";

const NOBODY: &str = "/context/targetingKey";

/// `key`: one flag; otherwise all.
pub async fn evaluate<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    key: Option<&str>,
) -> Answer {
    match evaluated(edge, request, key).await {
        // Providers read `errorCode` of these.
        Err(problem) if matches!(problem.status, 400 | 404) => Ok(failure(key, &problem)),
        other => other,
    }
}

async fn evaluated<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    key: Option<&str>,
) -> Answer {
    let write_key = request.header("x-api-key").or_else(|| request.bearer()).map(str::to_owned);
    let write_key = write_key.or_else(|| request.basic_user()).ok_or_else(problems::missing_key)?;
    let basis = access::basis(edge.config, request, &write_key)?;
    let body = object(&inflated(request, limits::EVENT_BYTES)?)?;
    let context = match body.get("context") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(context)) => context.clone(),
        Some(_) => return Err(problems::bad_member("/context", "The context is not an object.")),
    };
    let body = as_decide(context, basis);
    let names = ["visitor", "anonymousId", "userId", "userToken"];
    if !names.iter().any(|name| body.contains_key(*name)) && request.header("cookie").is_none() {
        let why = format!("Nobody is named: the context has no `{TARGETING_KEY}`.");
        return Err(problems::bad_member(NOBODY, why));
    }
    let Asked { key: mut visitor, mut context, device_zone } = asked(edge, request, &body, basis)?;
    let now = edge.host.now();
    let program = edge.packs.deciding(edge.host, now, Some(&visitor)).await;
    let program = program.map_err(problems::unavailable)?;
    let program = program.ok_or_else(problems::no_active_pack)?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let mut state = None;
    if context.consent.contains(Purpose::Personalization) {
        state = profile::state_of(edge, engine, &visitor).await?;
        // A targeting key may be a device's.
        if let (None, Some(id)) = (&state, visitor.strip_prefix(USER)) {
            let device = format!("{ANONYMOUS}{id}");
            state = profile::state_of(edge, engine, &device).await?;
            if state.is_some() {
                visitor = device;
            }
        }
    }
    if let (None, Some(id)) = (&context.anonymous_id, visitor.strip_prefix(ANONYMOUS)) {
        context.anonymous_id = Some(id.to_owned());
    }
    let state = state.unwrap_or_else(|| engine.new_state());
    let context = zoned(context, device_zone.as_deref(), &state, now);
    let decision = engine.decide(&state, &context, now);
    let decision = match basis {
        Basis::Server => decision,
        Basis::Browser => decision.for_page(engine.program),
    };
    let mut flags = flags(&decision_to_json(&decision));
    let answer = match key {
        Some(key) => flags.remove(key).ok_or_else(|| {
            let detail = format!("The pack has no slot and no experiment {key:?}.");
            Problem::new(404, "unknown-flag", "There is no such flag", detail)
        })?,
        None => json!({
            "flags": flags.into_iter().map(|(_, flag)| flag).collect::<Vec<_>>(),
            "metadata": { "pack": decision.pack.to_string() },
        }),
    };
    let etag = format!("\"{}\"", hex(&Sha256::digest(answer.to_string())[..16]));
    let response =
        if request.has(&etag) { Response::empty(304) } else { Response::json(200, &answer) };
    Ok(response.with_header("ETag", etag))
}

/// The same as what `/v1/decide` is asked with. A server's targeting key is a user's, unless it names another namespace.
fn as_decide(mut context: Map<String, Json>, basis: Basis) -> Map<String, Json> {
    let targeting = context.remove(TARGETING_KEY);
    let mut body = Map::new();
    for name in ["anonymousId", "userId", "deviceKey", "userToken", "consent", "locale"] {
        if let Some(value) = context.remove(name) {
            body.insert(name.to_owned(), value);
        }
    }
    if let Some(Json::String(key)) = targeting {
        let is_key = NAMESPACES.iter().any(|name| key.starts_with(name));
        let name = match basis {
            Basis::Server if is_key => "visitor",
            Basis::Server => "userId",
            Basis::Browser => "anonymousId",
        };
        body.entry(name).or_insert(Json::String(key));
    }
    body.insert("context".to_owned(), Json::Object(context));
    body
}

/// Every slot and experiment of a decision.
fn flags(decision: &Json) -> Map<String, Json> {
    let mut flags = Map::new();
    for (id, slot) in decision["slots"].as_object().into_iter().flatten() {
        let experiment = slot.get("experiment");
        let metadata = |more: &[(&str, &Json)]| {
            let mut metadata = Map::from_iter([("pack".to_owned(), decision["pack"].clone())]);
            let known = more.iter().filter(|(_, value)| value.is_string());
            metadata.extend(known.map(|(name, value)| ((*name).to_owned(), (*value).clone())));
            metadata
        };
        let mut flag = json!({
            "key": id,
            "reason": reason(slot),
            "metadata": metadata(&[("rule", &slot["rule"]), ("content", &slot["content"])]),
        });
        if !slot["content"].is_null() {
            flag["value"] = slot.get("json").unwrap_or(&slot["content"]).clone();
            let variation = experiment.map(|experiment| &experiment["variation"]);
            flag["variant"] = variation.unwrap_or(&slot["content"]).clone();
        }
        flags.insert(id.clone(), flag);
        if let Some(experiment) = experiment
            && let Some(id) = experiment["id"].as_str()
        {
            let is_in = experiment["included"] == true;
            let flag = json!({
                "key": id,
                "value": experiment["variation"],
                "variant": experiment["variation"],
                "reason": if is_in { "SPLIT" } else { "STATIC" },
                "metadata": metadata(&[("rule", &slot["rule"])]),
            });
            flags.entry(id).or_insert(flag);
        }
    }
    flags
}

/// OpenFeature's words for why.
fn reason(slot: &Json) -> &'static str {
    match (slot.get("experiment"), slot["rule"].is_string(), slot["content"].is_null()) {
        (Some(_), ..) => "SPLIT",
        (None, true, _) => "TARGETING_MATCH",
        (None, false, false) => "STATIC",
        (None, false, true) => "DEFAULT",
    }
}

fn failure(key: Option<&str>, problem: &Problem) -> Response {
    let code = match (problem.status, problem.code.as_str()) {
        (_, "unknown-flag") => "FLAG_NOT_FOUND",
        (404, _) => "PROVIDER_NOT_READY",
        _ if problem.pointer.as_deref() == Some(NOBODY) => "TARGETING_KEY_MISSING",
        (_, "bad-gzip" | "too-deep") => "PARSE_ERROR",
        _ if problem.pointer.is_none() => "PARSE_ERROR",
        _ => "INVALID_CONTEXT",
    };
    let mut body = json!({ "errorCode": code, "errorDetails": problem.detail });
    if let Some(key) = key {
        body["key"] = key.into();
    }
    Response::json(problem.status, &body)
}
