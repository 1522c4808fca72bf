//! What somebody was given to do: `GET /admin/v1/tasks` lists what is open, `POST …/complete` says that it was done;
//! so does the event `Task Completed` with a `task_id`, from a server.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_model::{Event, Value, limits};
use waymark_wire::{Problem, format_timestamp};

use crate::body::{inflated, object};
use crate::dead_letters::{counted, texts};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::letters::Task;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold};

const COMPLETED: &str = "Task Completed";

/// A line each, of every object.
pub async fn list<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let mut lines = Vec::new();
    for object in 0..edge.config.map.all_objects() {
        let mut after = String::new();
        loop {
            let told = edge.tell(object, ShardAsk::Tasks { after: after.clone() }).await?;
            let ShardTold::Tasks(tasks) = told else { return Err(problems::unexpected(&told)) };
            let Some(last) = tasks.last() else { break };
            after.clone_from(&last.id);
            for task in &tasks {
                lines.extend_from_slice(line(task).to_string().as_bytes());
                lines.push(b'\n');
            }
        }
    }
    Ok(Response::ndjson(lines))
}

fn line(task: &Task) -> Json {
    let event = Event::decode(&task.event).ok();
    let said = |name: &str| {
        let value = event.as_ref().and_then(|event| event.properties.get(name));
        value.and_then(Value::as_text).map(str::to_owned)
    };
    json!({
        "id": task.id,
        "visitor": task.key,
        "destination": task.destination,
        "message": said("message_id"),
        "trigger": said("trigger_id"),
        "journey": said("journey_id"),
        "at": format_timestamp(task.at),
        "due": format_timestamp(task.due),
        "late": task.late,
        "escalate": task.escalate,
    })
}

/// `{"ids": […]}`.
pub async fn complete<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, limits::BATCH_BYTES)?)?;
    let ids = texts(body.get("ids").unwrap_or(&Json::Null), "/ids")?;
    let tasks = done(edge, ids).await?;
    Ok(Response::json(200, &json!({ "tasks": tasks })))
}

/// The task that an event says was done.
pub fn completed(event: &Event) -> Option<String> {
    let id = event.properties.get("task_id").filter(|_| event.name == COMPLETED);
    id.and_then(Value::as_text).map(str::to_owned)
}

/// Gives how many of them were open.
pub async fn done<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    ids: Vec<String>,
) -> Result<u64, Problem> {
    if ids.is_empty() {
        return Ok(0);
    }
    let at = edge.host.now();
    let calls = (0..edge.config.map.all_objects())
        .map(|object| edge.tell(object, ShardAsk::Complete { ids: ids.clone(), at }));
    counted(join_all(calls).await)
}
