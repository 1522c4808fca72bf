//! What the alarms do: take the actions of triggers and journeys, and send what is to be sent to other servers.

use futures_util::future::join_all;
use serde_json::json;
use waymark_engine::program::Act;
use waymark_engine::{Context, Engine, Numerals, PackHash, State};
use waymark_model::{Event, Object, Span, Timestamp, Value, fnv1a64};
use waymark_pack::{Destination, Outbound};
use waymark_wire::{Problem, format_timestamp, zoned};

use crate::edge::Edge;
use crate::identity::{ANONYMOUS, USER};
use crate::letters::{Fate, Letter};
use crate::ports::{Call, Called, Clock, Objects, Web};
use crate::protocol::{Packs, ShardAsk, ShardTold};
use crate::{problems, profile, survey};

/// What one alarm does; the next goes on. A server may take ten seconds to answer, and an alarm has thirty.
const ROUNDS: usize = 64;
const ENOUGH: Span = Span(8 * Span::SECOND.0);
/// What is due and cannot be done here is looked at again so soon.
const LATER: Span = Span(10 * Span::SECOND.0);
/// After each failure so long, as the Standard Webhooks specification proposes; then it is dead.
const WAITS: [Span; 7] = [
    Span(5 * Span::SECOND.0),
    Span(5 * Span::MINUTE.0),
    Span(30 * Span::MINUTE.0),
    Span(2 * Span::HOUR.0),
    Span(5 * Span::HOUR.0),
    Span(10 * Span::HOUR.0),
    Span(6 * Span::HOUR.0),
];
/// Statuses of who would never take it as it is.
const FINAL: [u16; 9] = [400, 405, 406, 410, 411, 413, 414, 415, 422];
const MOST_BODY: usize = 256 * 1024;
const MOST_HEADER: usize = 1_024;

/// Does what is due at an object. Gives when there is something to do again.
pub async fn act<H: Clock + Objects + Web>(
    edge: &Edge<'_, H>,
    object: u16,
) -> Result<Option<Timestamp>, Problem> {
    let packs = edge.packs.active(edge.host, edge.host.now()).await;
    let packs = packs.map_err(problems::unavailable)?;
    // Nothing is done without a pack, and nothing given up: the next one has everybody looked at.
    let Some(active) = packs.active else { return Ok(None) };
    let began = edge.host.now();
    let mut next = None;
    for _ in 0..ROUNDS {
        let at = edge.host.now();
        if at.since(began) > ENOUGH {
            break;
        }
        let told = edge.shard(object, ShardAsk::Act { packs: packs.clone(), at }).await?;
        let ShardTold::Acted { looked, due, .. } = told else {
            return Err(problems::unexpected(&told));
        };
        let sent = send(edge, object, &packs, active).await?;
        next = due;
        if looked == 0 && sent == 0 {
            return Ok(next.map(|due| if due <= at { at.plus(LATER) } else { due }));
        }
    }
    Ok(next)
}

/// Sends some of what waits; gives how many.
async fn send<H: Clock + Objects + Web>(
    edge: &Edge<'_, H>,
    object: u16,
    packs: &Packs,
    active: PackHash,
) -> Result<usize, Problem> {
    let told = edge.tell(object, ShardAsk::Letters { at: edge.host.now() }).await?;
    let ShardTold::Letters(letters) = told else { return Err(problems::unexpected(&told)) };
    if letters.is_empty() {
        return Ok(0);
    }
    let outbound = edge.packs.outbound(edge.host, active).await.map_err(problems::unavailable)?;
    let fates = letters.iter().map(|letter| async {
        let fate = deliver(edge, packs, &outbound, letter).await;
        let fate =
            fate.unwrap_or_else(|problem| again(letter, edge.host.now(), None, problem.detail));
        (letter.id.clone(), fate)
    });
    let fates = join_all(fates).await;
    edge.tell(object, ShardAsk::Fates(fates)).await?;
    Ok(letters.len())
}

async fn deliver<H: Clock + Objects + Web>(
    edge: &Edge<'_, H>,
    packs: &Packs,
    outbound: &Outbound,
    letter: &Letter,
) -> Result<Fate, Problem> {
    let dead = |why: String| Ok(Fate::Dead(why));
    if outbound.told.contains(&letter.destination) {
        return Ok(Fate::Gone);
    }
    let Some(destination) = outbound.destination(&letter.destination) else {
        return dead(format!("The active pack has no destination {:?}.", letter.destination));
    };
    let Some(webhook) = edge.config.webhooks.named(&destination.secret) else {
        return dead(format!("WEBHOOKS has none of the name {:?}.", destination.secret));
    };
    let Ok(event) = Event::decode(&letter.event) else {
        return dead("The action cannot be read.".to_owned());
    };
    let now = edge.host.now();
    let program = edge.packs.folding(edge.host, packs).await.map_err(problems::unavailable)?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let Some((root, state)) = profile::found(edge, engine, &letter.key).await? else {
        return Ok(Fate::Gone);
    };
    let object = edge.config.map.object_of_visitor(&root);
    let ask = ShardAsk::Consent { packs: packs.clone(), visitor: root.clone() };
    let consent = match edge.shard(object, ask).await? {
        ShardTold::Consent(consent) => consent,
        other => return Err(problems::unexpected(&other)),
    };
    if state.seq == 0 || !consent.contains(destination.purpose) {
        return Ok(Fate::Gone);
    }
    let context = zoned(Context { consent, ..Context::default() }, None, &state, now);
    let link = match link(edge, outbound, &root, &event) {
        Ok(link) => link,
        Err(why) => return dead(why),
    };
    let about = about(letter, &event, &root, &state, link.as_deref());
    let written = Written { engine, state: &state, context: &context, now, about };
    let url = written.text(&destination.url);
    if !webhook.allows(&url) {
        return dead(format!(
            "WEBHOOKS does not allow {:?} the host that the pack sends to.",
            destination.secret
        ));
    }
    let body = written.body(destination, letter, &event);
    if body.len() > MOST_BODY {
        return dead(format!("The body has more than {MOST_BODY} bytes."));
    }
    let mut headers = written.headers(destination);
    headers.extend(webhook.headers.iter().cloned());
    let Some(signature) = webhook.signed(&letter.id, now, &body) else {
        return dead("It cannot be signed.".to_owned());
    };
    headers.extend(signature);
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    headers
        .push(("user-agent".to_owned(), concat!("Waymark/", env!("CARGO_PKG_VERSION")).to_owned()));
    let call = Call { method: destination.method, url, headers, body };
    Ok(match edge.host.call(call).await {
        Ok(Called { status: 200..=299, .. }) => Fate::Gone,
        Ok(Called { status: status @ 300..=399, .. }) => {
            Fate::Dead(format!("It was answered {status}, and redirects are not followed."))
        }
        Ok(Called { status, .. }) if FINAL.contains(&status) => {
            Fate::Dead(format!("It was answered {status}."))
        }
        Ok(Called { status, retry_after }) => {
            again(letter, now, retry_after.as_deref(), format!("It was answered {status}."))
        }
        Err(error) => again(letter, now, None, error.to_string()),
    })
}

/// When it is tried again: until a day after it was asked for, whatever who answers asks for.
fn again(letter: &Letter, now: Timestamp, retry_after: Option<&str>, why: String) -> Fate {
    let Some(wait) = WAITS.get(letter.tries as usize) else { return Fate::Dead(why) };
    // Not all at once: up to a tenth more.
    let spread = fnv1a64(format!("{}.{}", letter.id, letter.tries).as_bytes()) % 100;
    let spread = i64::try_from(spread).unwrap_or_default();
    let wait = Span(wait.0 + wait.0 * spread / 1_000);
    let asked = retry_after.and_then(|text| delay(text, now)).unwrap_or(Span(0));
    let last = letter.at.plus(Span::DAY);
    // One that nobody could try before has a try of its own.
    if now >= last && letter.tries > 0 {
        return Fate::Dead(why);
    }
    let again = now.plus(wait.max(asked).min(Span::DAY));
    Fate::Again(if now < last { again.min(last) } else { again }, why)
}

/// A number of seconds, or a date.
fn delay(text: &str, now: Timestamp) -> Option<Span> {
    if let Ok(seconds) = text.trim().parse::<i64>() {
        return (0..=1_000_000).contains(&seconds).then(|| Span(seconds * Span::SECOND.0));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    let at = Timestamp(i64::try_from(since.as_millis()).ok()?);
    Some(at.since(now))
}

/// Where a survey that the action asks is answered.
fn link<H: Clock>(
    edge: &Edge<'_, H>,
    outbound: &Outbound,
    root: &str,
    event: &Event,
) -> Result<Option<String>, String> {
    let asked = text(event, "survey_id").and_then(|id| outbound.survey(id));
    let Some(asked) = asked.filter(|_| event.name == Act::SURVEY) else { return Ok(None) };
    survey::link(edge, root, asked, event).map(Some)
}

fn text<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.properties.get(name).and_then(Value::as_text)
}

/// What templates read by `message.` and `visitor.`.
fn about(letter: &Letter, event: &Event, root: &str, state: &State, link: Option<&str>) -> Value {
    let mut message = Object::new();
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            message.insert(name, value);
        }
    };
    let property = |name: &str| event.properties.get(name).cloned();
    say("id", Some(Value::from(letter.id.as_str())));
    say("name", property("message_id"));
    say("destination", Some(Value::from(letter.destination.as_str())));
    say("trigger", property("trigger_id"));
    say("journey", property("journey_id"));
    say("step", property("step_id"));
    say("key", property("key"));
    say("survey", property("survey_id"));
    say("at", format_timestamp(event.time).map(Value::Text));
    say("link", link.map(Value::from));
    let due = text(event, Act::DUE).and_then(|due| due.parse().ok());
    let due = due.and_then(|due| format_timestamp(event.time.plus(Span(due))));
    say("due", due.map(Value::Text));
    say("overdue", Some(Value::Bool(letter.overdue)));
    let mut visitor = Object::new();
    visitor.insert("id", Value::from(root));
    let known = state.fold().user_id.as_ref().map(|(_, id)| id.as_str());
    if let Some(user) = root.strip_prefix(USER).or(known) {
        visitor.insert("userId", Value::from(user));
    }
    if let Some(id) = root.strip_prefix(ANONYMOUS) {
        visitor.insert("anonymousId", Value::from(id));
    }
    let mut about = Object::new();
    about.insert("message", Value::Object(message));
    about.insert("visitor", Value::Object(visitor));
    Value::Object(about)
}

/// A letter that is being written.
struct Written<'w> {
    engine: Engine<'w>,
    state: &'w State,
    context: &'w Context,
    now: Timestamp,
    about: Value,
}

impl Written<'_> {
    fn text(&self, template: &waymark_engine::program::Template) -> String {
        let about = self.about.clone();
        self.engine.filled(template, self.state, self.context, self.now, about)
    }

    /// Values may hold anything: what no header may have is left out.
    fn headers(&self, destination: &Destination) -> Vec<(String, String)> {
        let all = destination.headers.iter().map(|(name, template)| {
            let text = self.text(template);
            let plain = text.chars().filter(|c| (' '..='~').contains(c)).take(MOST_HEADER);
            (name.clone(), plain.collect())
        });
        all.collect()
    }

    fn body(&self, destination: &Destination, letter: &Letter, event: &Event) -> String {
        if let Some(template) = &destination.body {
            return self.text(template);
        }
        let kind = match event.name.as_str() {
            _ if letter.overdue => "task.overdue",
            Act::SURVEY => "survey.requested",
            _ => "message.requested",
        };
        json!({
            "type": kind,
            "timestamp": format_timestamp(self.now),
            "data": waymark_wire::value_to_json(&self.about),
        })
        .to_string()
    }
}
