//! Events that were refused, for an operator to look at: the last few hundred of each object that write keys fall
//! to, for a week.
//!
//! Of what a browser sent only the reason is kept, unless the event itself says that its visitor agreed to be known.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use waymark_model::{Purposes, limits};
use waymark_wire::{Basis, Problem, Rejected, format_timestamp};

use crate::body::purposes;
use crate::edge::Edge;
use crate::http::{Answer, Response};
use crate::ports::{Clock, Objects, Refusal};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold};
use crate::shard_map::slot_of;

/// Who sent an event.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    pub basis: Basis,
    /// A browser that says no to everything.
    pub objects: bool,
}

/// Keeps what was refused. That this could not be done is no reason to refuse the rest.
pub async fn keep<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    key: &str,
    sender: Sender,
    rejected: &[Rejected],
) {
    if rejected.is_empty() {
        return;
    }
    let at = edge.host.now();
    let refusals = rejected
        .iter()
        .map(|Rejected { error, text, .. }| Refusal {
            at,
            basis: sender.basis,
            code: error.code().to_owned(),
            pointer: error.pointer.clone(),
            told: may_keep(sender, text).then(|| (error.message.clone(), short(text))),
        })
        .collect();
    let _ = edge.shard(object_of(edge, key), ShardAsk::Quarantine(refusals)).await;
}

/// No more of it than an event may have.
fn short(text: &str) -> String {
    let end = text.floor_char_boundary(limits::EVENT_BYTES);
    text[..end].to_owned()
}

fn may_keep(sender: Sender, text: &str) -> bool {
    let granted = || {
        let event: Json = serde_json::from_str(text).ok()?;
        purposes(event.get("context")?.get("consent")?, "").ok()
    };
    let agrees = || !sender.objects && !granted().unwrap_or(Purposes::NONE).is_empty();
    sender.basis == Basis::Server || agrees()
}

/// One object for each write key: who floods it has room in no other.
fn object_of<H>(edge: &Edge<'_, H>, key: &str) -> u16 {
    edge.config.map.object_of_visitor(&name(key))
}

fn name(key: &str) -> String {
    format!("quarantine:{key}")
}

/// `GET /admin/v1/quarantine`: a line each, the latest first.
pub async fn list<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let mut all = Vec::new();
    for object in objects(edge) {
        match edge.shard(object, ShardAsk::Quarantined).await? {
            ShardTold::Quarantined(refusals) => all.extend(refusals),
            other => return Err(problems::unexpected(&other)),
        }
    }
    all.sort_by_key(|refusal| std::cmp::Reverse(refusal.at));
    let oldest = edge.host.now().minus(Refusal::KEPT);
    let mut lines = Vec::new();
    for refusal in all.iter().filter(|refusal| refusal.at > oldest) {
        let told = refusal.told.as_ref();
        let line = json!({
            "receivedAt": format_timestamp(refusal.at),
            "basis": match refusal.basis { Basis::Browser => "browser", Basis::Server => "server" },
            "code": refusal.code,
            "pointer": refusal.pointer,
            "message": told.map(|(message, _)| message),
            "event": told.map(|(_, event)| event),
        });
        lines.extend_from_slice(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    Ok(Response::ndjson(lines))
}

/// Whether an event that was refused has to go with an id. One of which the end is missing may have named anybody.
pub fn names(event: &str, id: &str) -> bool {
    serde_json::from_str(event).map_or(true, |event: Json| has(&event, id))
}

/// A text or a number that is the id, or a text that has it in it: an address with an e-mail, say. A short id is in
/// anything.
fn has(value: &Json, id: &str) -> bool {
    match value {
        Json::String(text) => text == id || (id.len() >= 6 && text.contains(id)),
        Json::Number(number) => number.to_string() == id,
        Json::Array(items) => items.iter().any(|item| has(item, id)),
        Json::Object(members) => members.iter().any(|(name, value)| name == id || has(value, id)),
        Json::Null | Json::Bool(_) => false,
    }
}

/// Drops what names one of these ids.
pub async fn forget<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    ids: BTreeSet<&str>,
) -> Result<(), Problem> {
    for object in objects(edge) {
        for id in &ids {
            edge.shard(object, ShardAsk::Unquarantine { id: (*id).to_owned() }).await?;
        }
    }
    Ok(())
}

fn objects<H>(edge: &Edge<'_, H>) -> Vec<u16> {
    // With those that had it before: what is there goes with time.
    let slots = edge.config.write_keys.iter().map(|key| slot_of(&name(&key.key)));
    let map = edge.config.map;
    let mut objects: Vec<u16> = slots
        .flat_map(|slot| map.former_objects_of(slot).into_iter().chain([map.object_of(slot)]))
        .collect();
    objects.sort_unstable();
    objects.dedup();
    objects
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn an_event_goes_with_whoever_it_names_however_that_is_written() {
        for (event, id, goes) in [
            (r#"{"userId":"ann"}"#, "ann", true),
            (r#"{"userId":"m\u00fcller\/1"}"#, "müller/1", true),
            (r#"{"properties":{"url":"https://h/?e=ann@example.com"}}"#, "ann@example.com", true),
            (r#"{"userId":17,"properties":{"seats":1}}"#, "17", true),
            (r#"{"userId":17,"properties":{"note":"100 of 1"}}"#, "1", false),
            (r#"{"userId":"joanna"}"#, "ann", false),
            // Of an event that was too large the end is missing.
            (r#"{"traits":{"email":"ann@example.com"},"user"#, "u-1", true),
        ] {
            assert_eq!(names(event, id), goes, "{event} {id}");
        }
    }
}
