//! `POST /v1/catalog`: what has changed of the catalogue, from whoever knows: prices, what is in stock, what is sold no
//! longer. A minute later at most it is what content shows.

use serde_json::{Map, Value as Json, json};
use waymark_model::{Object, Timestamp, limits};
use waymark_pack::Things;
use waymark_wire::{Basis, Problem, format_timestamp, object_from_json, object_to_json};

use crate::access;
use crate::body::{inflated, instant, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::packs;
use crate::ports::{Clock, FeedRow, Objects};
use crate::problems;
use crate::protocol::{RegistryAsk, RegistryTold};
use crate::registry::feed::TOO_LARGE;

/// A row that was refused, and why.
struct Refused {
    pointer: String,
    code: &'static str,
    message: String,
}

/// `{"rows": [{key, fields…}], "remove": [keys], "timestamp"?}`, with a server key. A row has the fields that change; the
/// others stay. What is older than what is known changes nothing, so that sending again, and late, is harmless.
pub async fn feed<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, limits::BATCH_BYTES)?)?;
    let key = access::key_of(request, &body).ok_or_else(problems::missing_key)?;
    if access::basis(edge.config, request, &key)? == Basis::Browser {
        return Err(problems::server_only("A browser key is public: it cannot say what is sold."));
    }
    let now = edge.host.now();
    let at = match body.get("timestamp") {
        None | Some(Json::Null) => now,
        // Nobody knows what will be.
        Some(at) => instant(at, "/timestamp")?.min(now),
    };
    let packs = edge.packs.active(edge.host, now).await.map_err(problems::unavailable)?;
    let pack = packs.active.ok_or_else(problems::no_active_pack)?;
    let things = edge.packs.things(edge.host, pack).await.map_err(problems::unavailable)?;
    let things = things.ok_or_else(no_catalogue)?;
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for (index, row) in listed(&body, "rows")?.iter().enumerate() {
        match row_of(&things, row, at) {
            Ok(row) => rows.push(row),
            Err((code, message)) => {
                refused.push(Refused { pointer: format!("/rows/{index}"), code, message });
            }
        }
    }
    for (index, key) in listed(&body, "remove")?.iter().enumerate() {
        match key_of(key) {
            Ok(key) => rows.push(FeedRow { key, fields: None, at }),
            Err((code, message)) => {
                refused.push(Refused { pointer: format!("/remove/{index}"), code, message });
            }
        }
    }
    let accepted = rows.len() as u64;
    let changed = match packs::ask(edge.host, &RegistryAsk::Feed { rows, at: now }).await {
        Ok(RegistryTold::Fed { changed }) => changed,
        Ok(RegistryTold::Refused(code)) if code == TOO_LARGE => return Err(too_large()),
        Ok(other) => return Err(problems::unavailable(packs::unexpected(&other))),
        Err(error) => return Err(problems::unavailable(error)),
    };
    let refused: Vec<Json> = refused
        .iter()
        .map(|Refused { pointer, code, message }| {
            json!({ "pointer": pointer, "code": code, "message": message })
        })
        .collect();
    Ok(Response::json(
        200,
        &json!({ "success": true, "accepted": accepted, "changed": changed, "rejected": refused }),
    ))
}

/// `GET /admin/v1/catalog?key=`: what feeds have said, how much of it is shown, and what is known of one thing.
pub async fn status<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let now = edge.host.now();
    let key = request.address.parameter("key").filter(|key| !key.is_empty());
    let told = packs::ask(edge.host, &RegistryAsk::Catalog { key: key.clone(), now }).await;
    let (feed, derived, row) = match told.map_err(problems::unavailable)? {
        RegistryTold::Catalog { feed, derived, row } => (feed, derived, row),
        other => return Err(problems::unavailable(packs::unexpected(&other))),
    };
    let mut status = json!({
        "rows": feed.rows,
        "bytes": feed.bytes,
        "changed": (feed.changes > 0).then(|| format_timestamp(feed.changed)),
        "shown": derived.as_ref().map(|derived| json!({
            "pack": derived.pack.to_string(),
            "hash": derived.hash.to_string(),
            "at": format_timestamp(derived.at),
            "upToDate": derived.changes == feed.changes,
            "problem": derived.problem,
        })),
    });
    if let Some(key) = key {
        status["row"] = match row {
            None => Json::Null,
            Some(row) => json!({
                "key": key,
                "removed": row.fields.is_none(),
                "fields": row.fields.as_ref().map(object_to_json),
                "at": format_timestamp(row.at),
            }),
        };
    }
    Ok(Response::json(200, &status))
}

/// `POST /admin/v1/catalog/reset`: forgets what feeds have said.
pub async fn reset<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let told = packs::ask(edge.host, &RegistryAsk::Unfeed { at: edge.host.now() }).await;
    match told.map_err(problems::unavailable)? {
        RegistryTold::Fed { changed } => Ok(Response::json(200, &json!({ "forgotten": changed }))),
        other => Err(problems::unavailable(packs::unexpected(&other))),
    }
}

fn listed<'b>(body: &'b Map<String, Json>, member: &str) -> Result<&'b [Json], Problem> {
    match body.get(member) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Array(items)) => Ok(items),
        Some(_) => {
            let why = format!("`{member}` is not a list.");
            Err(problems::bad_member(&format!("/{member}"), why))
        }
    }
}

fn row_of(things: &Things, row: &Json, at: Timestamp) -> Result<FeedRow, (&'static str, String)> {
    let Json::Object(members) = row else {
        return Err(("wrong-type", "A row is an object with the fields of one thing.".to_owned()));
    };
    let name = things.key();
    let key = members.get(name).ok_or_else(|| {
        let message = format!("The row has no {name:?}, by which the pack's catalogue knows it.");
        ("missing-key", message)
    })?;
    let key = key_of(key)?;
    let fields: Object = object_from_json(members);
    if nests_too_deep(row, limits::DEPTH) {
        let most = limits::DEPTH;
        return Err(("too-deep", format!("A row nests at most {most} objects and arrays.")));
    }
    if fields.weight() > limits::EVENT_BYTES {
        let most = limits::EVENT_BYTES;
        return Err(("too-large", format!("A row has at most {most} bytes.")));
    }
    things.check(&fields).map_err(|mistyped| ("wrong-type", mistyped.to_string()))?;
    Ok(FeedRow { key, fields: Some(fields), at })
}

/// A key as text, so that `7` and `"7"` are the same, as in a pack.
fn key_of(key: &Json) -> Result<String, (&'static str, String)> {
    let text = match key {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => String::new(),
    };
    if (1..=limits::ID_BYTES).contains(&text.len()) {
        return Ok(text);
    }
    let most = limits::ID_BYTES;
    Err(("bad-key", format!("A key is a number, or text of 1 to {most} bytes.")))
}

fn nests_too_deep(json: &Json, levels: usize) -> bool {
    let inside = |json: &Json| levels == 0 || nests_too_deep(json, levels - 1);
    match json {
        Json::Array(items) => items.iter().any(inside),
        Json::Object(members) => members.values().any(inside),
        _ => false,
    }
}

fn no_catalogue() -> Problem {
    Problem::new(
        409,
        "no-catalog",
        "The active pack has no catalogue",
        "Its `catalog` says by which field rows are known. Publish a pack that has one, then send this again.",
    )
}

fn too_large() -> Problem {
    Problem::new(
        409,
        TOO_LARGE,
        "The feed has too many rows",
        "A feed speaks of at most 20,000 things in 2 MB. Publish the catalogue with the pack, feed what changes, \
         and forget the rest with POST /admin/v1/catalog/reset. Nothing of this request was kept.",
    )
}
