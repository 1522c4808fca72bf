//! What operators have had done: written down before it is done, and not done where it cannot be.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use waymark_model::limits;
use waymark_wire::{Problem, format_timestamp};

use crate::body::{inflated, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::hex;
use crate::packs;
use crate::ports::{Clock, Deed, Objects};
use crate::problems;
use crate::protocol::{RegistryAsk, RegistryTold};
use crate::registry::DEEDS;

/// Notes what is about to be done.
pub async fn note<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    by: &str,
    what: &str,
    of: Option<String>,
) -> Result<(), Problem> {
    let deed = Deed { at: edge.host.now(), by: by.to_owned(), what: what.to_owned(), of };
    match packs::ask(edge.host, &RegistryAsk::Note(deed)).await {
        Ok(RegistryTold::Noted) => Ok(()),
        Ok(other) => Err(problems::unavailable(packs::unexpected(&other))),
        Err(error) => Err(problems::unavailable(error)),
    }
}

/// The person that a body names, for whoever knows the id.
pub fn person(request: &Request) -> Option<String> {
    let body = object(&inflated(request, limits::EVENT_BYTES).ok()?).ok()?;
    let id = body.get("visitor")?.as_str()?;
    Some(format!("sha256:{}", hex(&Sha256::digest(id.as_bytes()))))
}

/// `GET /admin/v1/audit?before=`: the latest first. `next` is where to go on.
pub async fn list<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let before = request.address.parameter("before").map(|text| {
        text.parse::<u64>().map_err(|_| problems::bad_member("", "`before` is not a whole number."))
    });
    let before = before.transpose()?;
    let deeds = match packs::ask(edge.host, &RegistryAsk::Deeds { before }).await {
        Ok(RegistryTold::Deeds(deeds)) => deeds,
        Ok(other) => return Err(problems::unavailable(packs::unexpected(&other))),
        Err(error) => return Err(problems::unavailable(error)),
    };
    let last = deeds.last().map(|(number, _)| *number);
    let next = last.filter(|_| deeds.len() == DEEDS as usize);
    let deeds: Vec<_> = deeds
        .iter()
        .map(|(number, deed)| {
            json!({
                "number": number,
                "at": format_timestamp(deed.at),
                "by": deed.by,
                "what": deed.what,
                "of": deed.of,
            })
        })
        .collect();
    Ok(Response::json(200, &json!({ "deeds": deeds, "next": next })))
}
