//! Messages that other servers did not take: `GET /admin/v1/dead-letters` lists them, `POST …/replay` sends them
//! again, `POST …/drop` forgets them.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_model::limits;
use waymark_wire::{Problem, format_timestamp};

use crate::body::{inflated, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::letters::Letter;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold};

/// A line each, of every object.
pub async fn list<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let mut lines = Vec::new();
    for object in 0..edge.config.map.all_objects() {
        let mut after = String::new();
        loop {
            let ask = ShardAsk::DeadLetters { after: after.clone() };
            let told = edge.tell(object, ask).await?;
            let ShardTold::Letters(letters) = told else { return Err(problems::unexpected(&told)) };
            let Some(last) = letters.last() else { break };
            after.clone_from(&last.id);
            for letter in &letters {
                lines.extend_from_slice(line(letter).to_string().as_bytes());
                lines.push(b'\n');
            }
        }
    }
    Ok(Response::ndjson(lines))
}

fn line(letter: &Letter) -> Json {
    json!({
        "id": letter.id,
        "visitor": letter.key,
        "destination": letter.destination,
        "overdue": letter.overdue,
        "at": format_timestamp(letter.at),
        "tries": letter.tries,
        "why": letter.failed,
    })
}

/// `{"ids": […]}`, or `{"all": true}`.
pub async fn revive<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    again: bool,
) -> Answer {
    let body = object(&inflated(request, limits::BATCH_BYTES)?)?;
    let ids = match (body.get("ids"), body.get("all")) {
        (None, Some(Json::Bool(true))) => None,
        (Some(ids), None) => Some(texts(ids, "/ids")?),
        _ => {
            let why = "Say which: {\"ids\": [\"act-…\"]}, or {\"all\": true}.";
            return Err(problems::bad_member("", why));
        }
    };
    let at = edge.host.now();
    let calls = (0..edge.config.map.all_objects())
        .map(|object| edge.tell(object, ShardAsk::Revive { ids: ids.clone(), at, again }));
    let letters = counted(join_all(calls).await)?;
    Ok(Response::json(200, &json!({ "letters": letters })))
}

pub fn texts(list: &Json, pointer: &str) -> Result<Vec<String>, Problem> {
    let texts = list.as_array().and_then(|all| {
        all.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.ok_or_else(|| problems::bad_member(pointer, "This is not a list of texts."))
}

pub fn counted(told: Vec<Result<ShardTold, Problem>>) -> Result<u64, Problem> {
    let mut sum = 0;
    for told in told {
        match told? {
            ShardTold::Count(count) => sum += count,
            other => return Err(problems::unexpected(&other)),
        }
    }
    Ok(sum)
}
