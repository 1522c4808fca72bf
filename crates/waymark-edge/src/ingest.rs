//! Taking events in: a request's body, to its visitors' shards, and only then an answer.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_model::{Event, Kind, Timestamp, Value, limits};
use waymark_wire::{Accepted, Basis, Batch, Problem, Rejected, WireError, parse_batch, parse_call};

use crate::access;
use crate::body::inflated;
use crate::cookie::Visitor;
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::{ANONYMOUS, Parties, Proof, parties};
use crate::merges;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::protocol::{Incoming, ShardAsk, ShardTold};
use crate::quarantine::{self, Sender};
use crate::quotas;
use crate::snapshot;
use crate::tasks;
use crate::user_token::Untrusted;

/// What an address takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    Batch,
    /// A batch of one, of which the address says what it is.
    Call(Kind),
}

/// An event that was refused, as the answer reports it.
struct Refused {
    index: u32,
    code: &'static str,
    message: String,
    pointer: String,
}

impl Refused {
    fn to_json(&self) -> Json {
        json!({
            "index": self.index,
            "code": self.code,
            "message": self.message,
            "pointer": self.pointer,
        })
    }
}

pub async fn ingest<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    intake: Intake,
) -> Answer {
    let received = edge.host.now();
    let body = inflated(request, limits::BATCH_BYTES)?;
    let parse = |basis| match intake {
        Intake::Batch => parse_batch(&body, received, basis),
        Intake::Call(kind) => parse_call(Some(kind), &body, received, basis),
    };
    let (key, basis, batch) = match authorised(edge, request, &body, parse) {
        Ok(read) => read,
        Err(Unread::Refused(problem)) => return Err(problem),
        Err(Unread::Event { key, basis, error }) => {
            // A batch says which of its events are bad; a call is its event.
            if let Intake::Call(_) = intake {
                let sender = Sender { basis, objects: request.objects() };
                let text = String::from_utf8_lossy(&body).into_owned();
                let rejected = Rejected { index: 0, error: error.clone(), text };
                quarantine::keep(edge, &key, sender, &[rejected]).await;
            }
            return Err(Problem::from(&error));
        }
    };
    quotas::check(edge, &key).await?;
    let cookie = edge.config.cookies.find(request.header("cookie"), &edge.config.site, received);
    let proof = Proof {
        device_key: batch.device_key.as_deref(),
        cookie_id: cookie.visitor().map(|visitor| visitor.id.as_str()),
        user: None,
    };
    if let Some(adopted) = &batch.adopted {
        edge.isolate.counts.add("adoptions", adopted);
    }
    let mut tokens = Tokens { edge, received, known: BTreeMap::new() };
    let mut doubts = Vec::new();

    let sender = Sender { basis, objects: request.objects() };
    quarantine::keep(edge, &key, sender, &batch.rejected).await;
    let mut refused: Vec<Refused> = batch
        .rejected
        .into_iter()
        .map(|rejected| Refused {
            index: rejected.index,
            code: rejected.error.code(),
            message: rejected.error.message,
            pointer: rejected.error.pointer,
        })
        .collect();
    let mut tasks_done = Vec::new();
    // Whose page it is, when something happened to them.
    let mut moved = None;
    let mut by_object: BTreeMap<u16, Vec<Incoming>> = BTreeMap::new();
    for accepted in batch.events {
        if let Some(refusal) = unwanted(&accepted, basis, request.objects(), intake) {
            refused.push(refusal);
            continue;
        }
        let mut event = accepted.event;
        let named = tokens.user_of(&mut event);
        let user = named.as_ref().and_then(|named| named.as_deref().ok());
        if let Some(Err(why)) = &named {
            doubts.push(doubt(accepted.index, *why));
        }
        let Parties { visitor, user, previous } = parties(&event, basis, &Proof { user, ..proof });
        let object = edge.config.map.object_of_visitor(&visitor);
        let of_page = |known: &&Visitor| visitor.strip_prefix(ANONYMOUS) == Some(&*known.id);
        moved = moved.or(cookie.visitor().filter(of_page));
        if basis == Basis::Server {
            tasks_done.extend(tasks::completed(&event));
        }
        let event = event.encode();
        let incoming = Incoming { visitor, basis, user, previous, event };
        by_object.entry(object).or_default().push(incoming);
    }
    refused.sort_by_key(|refused| refused.index);
    if let (Intake::Call(_), Some(refused)) = (intake, refused.first()) {
        let mut problem =
            Problem::new(400, refused.code, "The event was refused", &*refused.message);
        problem.pointer = Some(refused.pointer.clone()).filter(|pointer| !pointer.is_empty());
        return Err(problem);
    }
    let (accepted, duplicates) = stored(edge, received, by_object).await?;
    quotas::count(edge, &key, accepted);
    // When an object does not answer, the whole request comes again, and says so again.
    tasks::done(edge, tasks_done).await?;
    let mut answer = json!({
        "success": true,
        "accepted": accepted,
        "duplicates": duplicates,
        "rejected": refused.iter().map(Refused::to_json).collect::<Vec<_>>(),
    });
    if !doubts.is_empty() {
        answer["doubts"] = doubts.into();
    }
    let response = Response::json(200, &answer);
    let Some(visitor) = moved.filter(|_| accepted > 0 && !request.objects()) else {
        return Ok(response);
    };
    let (cookies, secure) = (request.header("cookie"), !request.address.is_local());
    Ok(match snapshot::moved(edge, cookies, visitor, received, secure).await {
        Some(cookie) => response.with_header("Set-Cookie", cookie),
        None => response,
    })
}

/// What is said of an event whose token is not believed.
fn doubt(index: u32, why: Untrusted) -> Json {
    json!({
        "index": index,
        "code": "untrusted-user",
        "message": format!(
            "The event is kept as a claim: context.userToken does not say who the user is, for {why}."
        ),
    })
}

/// Different tokens of one request that are looked at: a signature takes longer to check than to send.
const MOST_TOKENS: usize = 16;

/// Tokens of a request, each looked at once.
struct Tokens<'t, H> {
    edge: &'t Edge<'t, H>,
    received: Timestamp,
    known: BTreeMap<String, Result<String, Untrusted>>,
}

impl<H> Tokens<'_, H> {
    /// Whom the event's token names. It is not kept with the event.
    fn user_of(&mut self, event: &mut Event) -> Option<Result<String, Untrusted>> {
        let Some(Value::Text(token)) = event.context.remove("userToken") else { return None };
        if let Some(known) = self.known.get(&token) {
            return Some(known.clone());
        }
        let subject = if self.known.len() < MOST_TOKENS {
            self.edge.config.tokens.subject(&token, self.received)
        } else {
            Err(Untrusted::Many)
        };
        self.known.insert(token, subject.clone());
        Some(subject)
    }
}

/// Hands events to their shards. All must have committed; when one has not, the whole request is to
/// be sent again, and those that have will know it.
pub async fn stored<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    received: Timestamp,
    by_object: BTreeMap<u16, Vec<Incoming>>,
) -> Result<(u64, u64), Problem> {
    if by_object.is_empty() {
        return Ok((0, 0));
    }
    let packs = edge.packs.active(edge.host, received).await.map_err(problems::unavailable)?;
    let packs = &packs;
    let calls = by_object.into_iter().map(|(object, events)| async move {
        let ask = ShardAsk::Receive { packs: packs.clone(), received, events };
        (object, edge.shard(object, ask).await)
    });
    let (mut accepted, mut duplicates) = (0, 0);
    let mut unsettled = BTreeSet::new();
    for (object, told) in join_all(calls).await {
        match told? {
            ShardTold::Received { accepted: new, duplicates: known, pending } => {
                accepted += u64::from(new);
                duplicates += u64::from(known);
                if pending {
                    unsettled.insert(object);
                }
            }
            other => return Err(problems::unexpected(&other)),
        }
    }
    // They have the events. What they could not tell each other now, they will.
    let _ = merges::settle(edge, unsettled).await;
    Ok((accepted, duplicates))
}

/// Finds whose key it is and reads the body on that basis. The key is in the header, or in the body,
/// which then is read as a browser's first: that is whose keys are in bodies.
fn authorised<H>(
    edge: &Edge<'_, H>,
    request: &Request,
    body: &[u8],
    parse: impl Fn(Basis) -> Result<Batch, WireError>,
) -> Result<(String, Basis, Batch), Unread> {
    let basis_of = |key: &str| access::basis(edge.config, request, key);
    if let Some(key) = request.basic_user() {
        let basis = basis_of(&key)?;
        return match parse(basis) {
            Ok(batch) => Ok((key, basis, batch)),
            Err(error) => Err(Unread::Event { key, basis, error }),
        };
    }
    // A body of one call is refused whole for what only a server may say; whose key it is decides.
    let batch = match parse(Basis::Browser) {
        Ok(batch) => batch,
        Err(error) => {
            let said = serde_json::from_slice::<Json>(body).unwrap_or_default();
            let key = said["writeKey"].as_str().unwrap_or_default().to_owned();
            // Nobody's key: what is wrong with the body is said.
            if edge.config.write_key(&key).is_none() {
                return Err(Unread::Refused(Problem::from(&error)));
            }
            match basis_of(&key)? {
                basis @ Basis::Browser => return Err(Unread::Event { key, basis, error }),
                basis @ Basis::Server => match parse(basis) {
                    Ok(batch) => return Ok((key, basis, batch)),
                    Err(error) => return Err(Unread::Event { key, basis, error }),
                },
            }
        }
    };
    let key = batch.write_key.clone().ok_or_else(problems::missing_key)?;
    match basis_of(&key)? {
        basis @ Basis::Browser => Ok((key, basis, batch)),
        basis @ Basis::Server => match parse(basis) {
            Ok(batch) => Ok((key, basis, batch)),
            Err(error) => Err(Unread::Event { key, basis, error }),
        },
    }
}

/// Why there is nothing to take in.
enum Unread {
    Refused(Problem),
    /// Whose key it is, is known.
    Event {
        key: String,
        basis: Basis,
        error: WireError,
    },
}

impl From<Problem> for Unread {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

/// Why an event that can be read is not taken. Consent comes before everything else.
fn unwanted(accepted: &Accepted, basis: Basis, objects: bool, intake: Intake) -> Option<Refused> {
    if basis == Basis::Server {
        return None;
    }
    let (code, message) = if objects {
        ("gpc", "The visitor's browser sends Sec-GPC: 1, which overrides any consent. Do not send.")
    } else if accepted.consent.is_none_or(waymark_model::Purposes::is_empty) {
        (
            "no-consent",
            "With a browser key each event needs a consent: set a purpose to true in \
             context.consent.categoryPreferences once the visitor has granted it.",
        )
    } else {
        return None;
    };
    let pointer = match intake {
        Intake::Batch => format!("/batch/{}", accepted.index),
        Intake::Call(_) => String::new(),
    };
    Some(Refused { index: accepted.index, code, message: message.to_owned(), pointer })
}
