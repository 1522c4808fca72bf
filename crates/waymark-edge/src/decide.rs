//! `POST /v1/decide`: what to show to one visitor, as data. Who asks with `"state": true` is told what the page's
//! engine has to know of them, too: `state`, base64, which has what other devices and servers have told.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};
use waymark_engine::{Context, Engine, Numerals, State};
use waymark_model::{Object, Purpose, Purposes, Timestamp, Value, limits};
use waymark_wire::{
    Basis, Problem, context_from_json, decision_to_json, device_zone, explanation_to_json, zoned,
};

use crate::access::{self, Bearer};
use crate::body::{inflated, instant, object, purposes};
use crate::cookie::Found;
use crate::edge::Edge;
use crate::http::{Answer, Place, Request, Response};
use crate::identity::{ANONYMOUS, NAMESPACES, Proof, USER};
use crate::pages::is_bot;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::profile;
use crate::roles::Role;

pub async fn decide<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let explained = request.address.parameter("explain").is_some_and(|value| value == "true");
    if explained {
        let Bearer { role, .. } = access::authorise(edge.config, request)?;
        // Reasons have the values of traits in them.
        if role < Role::Owner {
            return Err(access::not_for(role, Role::Owner));
        }
    }
    let body = object(&inflated(request, limits::EVENT_BYTES)?)?;
    // With the operator's token no write key is needed: the header can carry only one of them.
    let key = access::key_of(request, &body);
    let basis = match key {
        Some(key) => access::basis(edge.config, request, &key)?,
        None if explained => Basis::Server,
        None => return Err(problems::missing_key()),
    };
    let asked = asked(edge, request, &body, basis)?;
    let now = edge.host.now();
    let at = match body.get("now") {
        None | Some(Json::Null) => now,
        Some(_) if basis == Basis::Browser => {
            return Err(problems::bad_member("/now", "Only a server key may choose the time."));
        }
        Some(at) => instant(at, "/now")?,
    };
    let program = edge.packs.deciding(edge.host, now, Some(&asked.key)).await;
    let program = program.map_err(problems::unavailable)?;
    let program = program.ok_or_else(problems::no_active_pack)?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    // Before consent no shard is asked.
    let found = if asked.context.consent.contains(Purpose::Personalization) {
        profile::state_of(edge, engine, &asked.key).await?
    } else {
        None
    };
    let given = match &found {
        Some(state) if body.get("state") == Some(&Json::Bool(true)) => {
            let projection = edge.packs.projection(&program);
            let (page, words) = &*projection;
            let bytes = engine.state_for_page(state, page, words).map_err(|error| {
                problems::unavailable(format!("The profile cannot be read: {error}."))
            })?;
            Some(BASE64_STANDARD.encode(bytes))
        }
        _ => None,
    };
    let state = found.unwrap_or_else(|| engine.new_state());
    let slots = listed(&body)?;
    let Asked { context, device_zone, .. } = asked;
    let context = zoned(context, device_zone.as_deref(), &state, at);
    let mut answer = answered(engine, basis, &state, &context, at, &slots, explained);
    if let Some(given) = given {
        answer["state"] = given.into();
    }
    Ok(Response::json(200, &answer))
}

/// Whose profile may be read, and what is known of the moment.
pub(crate) struct Asked {
    pub key: String,
    pub context: Context,
    pub device_zone: Option<String>,
}

pub(crate) fn asked<H: Clock>(
    edge: &Edge<'_, H>,
    request: &Request,
    body: &Map<String, Json>,
    basis: Basis,
) -> Result<Asked, Problem> {
    let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let context = body.get("context");
    let stated = match body.get("consent").or_else(|| context?.get("consent")) {
        Some(consent) => Some(purposes(consent, "/consent")?),
        None => None,
    };
    let (key, consent, anonymous_id) = match basis {
        Basis::Server => {
            let key = match (text("visitor"), text("anonymousId"), text("userId")) {
                (Some(key), _, _) if NAMESPACES.iter().any(|name| key.starts_with(name)) => {
                    key.to_owned()
                }
                (_, Some(id), _) => format!("{ANONYMOUS}{id}"),
                (_, None, Some(user)) => format!("{USER}{user}"),
                (_, None, None) => return Err(nobody()),
            };
            // A server key asserts the consent that it does not mention.
            (key, stated.unwrap_or(Purposes::ALL), text("anonymousId").map(str::to_owned))
        }
        Basis::Browser => {
            let cookies = &edge.config.cookies;
            let found = cookies.find(request.header("cookie"), &edge.config.site, edge.host.now());
            let cookie = found.visitor();
            let device_key = text("deviceKey");
            let id = text("anonymousId").or(cookie.map(|visitor| visitor.id.as_str()));
            let cookie_id = cookie.map(|visitor| visitor.id.as_str());
            let proof = Proof { device_key, cookie_id, user: None };
            let proven = id.filter(|id| proof.covers(id));
            let user = text("userToken").map(|token| {
                edge.config.tokens.subject(token, edge.host.now()).map_err(|why| {
                    let why = format!("`userToken` does not say who the user is, for {why}.");
                    problems::no_proof(&why)
                })
            });
            let user = user.transpose()?.map(|user| format!("{USER}{user}"));
            match (user.or(proven.map(|id| format!("{ANONYMOUS}{id}"))), id) {
                (Some(key), _) => {
                    let granted = cookie.filter(|visitor| Some(visitor.id.as_str()) == proven);
                    let consent = stated
                        .or(granted.map(|visitor| visitor.consent))
                        .filter(|_| !request.objects())
                        .unwrap_or_default();
                    (key, consent, proven.map(str::to_owned))
                }
                _ if found == Found::Invalid && device_key.is_none() => {
                    return Err(problems::bad_cookie());
                }
                (None, Some(_)) => {
                    return Err(problems::no_proof(
                        "With a browser key only the visitor's own decision can be had: send \
                         `deviceKey`, or the visitor cookie.",
                    ));
                }
                (None, None) => return Err(nobody()),
            }
        }
    };
    let locale = text("locale").or_else(|| context?.get("locale")?.as_str());
    let asked = json!({
        "context": context,
        "locale": locale,
        "forced": body.get("forced"),
        "shown": body.get("shown"),
    });
    let Context { mut values, locale, forced, shown, .. } =
        context_from_json(&asked).map_err(|error| Problem::from(&error))?;
    if values.get("geo").is_none()
        && let Some(geo) = geo(&request.place)
    {
        values.insert("geo", geo);
    }
    if request.header("user-agent").is_some_and(is_bot) && basis == Basis::Browser {
        let device = match values.remove("device") {
            Some(Value::Object(mut device)) => {
                device.insert("bot", Value::Bool(true));
                device
            }
            _ => [("bot", Value::Bool(true))].into_iter().collect(),
        };
        values.insert("device", Value::Object(device));
    }
    let device_zone = device_zone(&asked).map(str::to_owned);
    let context = Context { values, consent, locale, zone: None, anonymous_id, forced, shown };
    Ok(Asked { key, context, device_zone })
}

fn nobody() -> Problem {
    problems::bad_member(
        "",
        "Nobody is named. Send `anonymousId`, or with a server key `anonymousId` or `userId`.",
    )
}

/// The group `geo` of a context; `None` where nothing is known.
pub fn geo(place: &Place) -> Option<Value> {
    let Place { country, timezone } = place;
    let known: Object = [("country", country), ("timezone", timezone)]
        .into_iter()
        .filter_map(|(key, text)| Some((key, Value::from(text.as_deref()?))))
        .collect();
    (!known.is_empty()).then_some(Value::Object(known))
}

/// The slots to answer for; none for all.
pub fn listed(body: &Map<String, Json>) -> Result<Vec<String>, Problem> {
    match body.get("slots") {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(items)) if items.iter().all(Json::is_string) => {
            Ok(items.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        }
        Some(_) => Err(problems::bad_member("/slots", "`slots` is not a list of slots' ids.")),
    }
}

fn answered(
    engine: Engine<'_>,
    basis: Basis,
    state: &State,
    context: &Context,
    at: Timestamp,
    slots: &[String],
    explained: bool,
) -> Json {
    if !explained {
        let decision = engine.decide(state, context, at);
        // What the edge alone may know, pages do not hear by this way either.
        let decision = match basis {
            Basis::Server => decision,
            Basis::Browser => decision.for_page(engine.program),
        };
        return only_these(decision_to_json(&decision), slots);
    }
    let mut explained = explanation_to_json(engine, state, context, at);
    let decision = explained["decision"].take();
    let mut answer = only_these(decision, slots);
    answer["explanation"] = explained;
    answer
}

/// With none named, all.
pub fn only_these(mut decision: Json, slots: &[String]) -> Json {
    if let Some(all) = decision["slots"].as_object_mut() {
        all.retain(|slot, _| slots.is_empty() || slots.contains(slot));
    }
    decision
}
