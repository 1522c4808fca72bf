//! Events as they come in, for whoever looks whether their site sends what it should. `GET /admin/v1/events/live` gives
//! those since the last time; `js/live.js` asks it again and again for `…/events/stream`.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::ports::{Clock, Objects};
use crate::protocol::{ShardAsk, ShardTold};
use crate::{lake, problems};

/// Of one object, in one answer; what is more is skipped, since it would never be caught up with.
const MOST: usize = 100;

/// `?after=` is the `next` of the answer before; without it there are no events yet, only where to begin.
pub async fn live<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let objects = edge.config.map.all_objects();
    let newest = join_all((0..objects).map(|object| edge.tell(object, ShardAsk::Newest))).await;
    let mut next = Vec::new();
    for told in newest {
        match told? {
            ShardTold::Count(batch) => next.push(batch),
            other => return Err(problems::unexpected(&other)),
        }
    }
    let mut events: Vec<Json> = Vec::new();
    if let Some(text) = request.address.parameter("after") {
        let after = text.split('.').map(str::parse::<u64>).collect::<Result<Vec<_>, _>>();
        let after = after.ok().filter(|after| after.len() == next.len()).ok_or_else(|| {
            problems::bad_member("", "`after` is not the `next` of an answer before. Leave it out.")
        })?;
        let news = (0..objects).zip(after.into_iter().zip(&next)).filter(|(_, (a, b))| a < b);
        let calls = news.map(|(object, (after, _))| {
            edge.tell(object, ShardAsk::Events { visitor: None, after })
        });
        for told in join_all(calls).await {
            let ShardTold::Events { events: stored, .. } = told? else {
                return Err(problems::unavailable("A shard gave the answer to another question."));
            };
            let stored = &stored[..stored.len().min(MOST)];
            let lines = lake::lines(stored);
            let lines = String::from_utf8_lossy(&lines).into_owned();
            events.extend(lines.lines().filter_map(|line| serde_json::from_str(line).ok()));
        }
    }
    events.sort_by_cached_key(|event: &Json| {
        event["receivedAt"].as_str().unwrap_or_default().to_owned()
    });
    let next: Vec<String> = next.iter().map(u64::to_string).collect();
    Ok(Response::json(200, &json!({ "events": events, "next": next.join(".") })))
}
