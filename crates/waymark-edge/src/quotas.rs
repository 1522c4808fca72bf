//! How many events a day a write key may send, where the operator has said so. What is too much is told to come again
//! tomorrow, and nothing of it is dropped.
//!
//! Isolates count by themselves and hear of each other through the registry, so a quota may be passed by what comes
//! within that time.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use waymark_model::{Span, Timestamp};
use waymark_wire::Problem;

use crate::edge::Edge;
use crate::identity::hex;
use crate::packs;
use crate::ports::{Clock, Objects};
use crate::protocol::{RegistryAsk, RegistryTold};

/// How often an isolate asks what others have counted.
const HEARD_FOR: Span = Span(10 * Span::SECOND.0);

/// What keys have sent today.
#[derive(Debug, Default)]
pub struct Used(RefCell<BTreeMap<String, Usage>>);

#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    day: i64,
    /// By all isolates, as the registry last said.
    told: u64,
    heard: Option<Timestamp>,
    /// By this one, since then.
    own: u64,
}

/// Whether a key may send events now.
pub async fn check<H: Clock + Objects>(edge: &Edge<'_, H>, key: &str) -> Result<(), Problem> {
    let Some(daily) = edge.config.write_key(key).and_then(|key| key.daily) else { return Ok(()) };
    let now = edge.host.now();
    let (day, name) = (day(now), name(key));
    let mut usage = edge.isolate.used.of(&name, day);
    if usage.heard.is_none_or(|heard| now.since(heard) >= HEARD_FOR) {
        usage = heard(edge, &name, usage, now).await;
    }
    if usage.told + usage.own < daily {
        return Ok(());
    }
    let tomorrow = (day + 1) * Span::DAY.0;
    let problem = Problem::new(
        429,
        "quota-used-up",
        "The key has sent what it may send in a day",
        format!(
            "The quota of {daily} events a day (UTC) is used up; nothing of this request was kept. Send it again \
             after `Retry-After` seconds, or have the operator raise the key's `daily`."
        ),
    );
    let seconds = (tomorrow - now.0 + 999) / 1_000;
    Err(problem.with_retry_after(u32::try_from(seconds).unwrap_or_default()))
}

/// Counts what a key has sent.
pub fn count<H: Clock>(edge: &Edge<'_, H>, key: &str, events: u64) {
    if edge.config.write_key(key).is_some_and(|key| key.daily.is_some()) {
        let (day, name) = (day(edge.host.now()), name(key));
        let mut usage = edge.isolate.used.of(&name, day);
        usage.own += events;
        edge.isolate.used.0.borrow_mut().insert(name, usage);
    }
}

impl Used {
    fn of(&self, name: &str, day: i64) -> Usage {
        let known = self.0.borrow().get(name).copied();
        known.filter(|usage| usage.day == day).unwrap_or(Usage { day, ..Usage::default() })
    }
}

/// Tells what this isolate has counted: it may not be asked again before it goes.
pub async fn tell<H: Clock + Objects>(edge: &Edge<'_, H>) {
    let now = edge.host.now();
    let untold: Vec<(String, Usage)> = {
        let used = edge.isolate.used.0.borrow();
        let untold = used.iter().filter(|(_, usage)| usage.own > 0);
        untold.map(|(name, usage)| (name.clone(), *usage)).collect()
    };
    for (name, usage) in untold {
        heard(edge, &name, usage, now).await;
    }
}

/// Exchanges with the registry what was counted here and elsewhere. Where it does not answer, nobody is turned away
/// for what others may have sent.
async fn heard<H: Objects>(edge: &Edge<'_, H>, name: &str, was: Usage, now: Timestamp) -> Usage {
    let keep = |usage| edge.isolate.used.0.borrow_mut().insert(name.to_owned(), usage);
    // Whoever asks meanwhile has not to tell it again.
    keep(Usage { own: 0, ..was });
    let ask = RegistryAsk::Use { key: name.to_owned(), day: was.day, events: was.own };
    let told = packs::ask(edge.host, &ask).await;
    let own = edge.isolate.used.of(name, was.day).own;
    let usage = match told {
        Ok(RegistryTold::Used(told)) => Usage { told, own, heard: Some(now), ..was },
        _ => Usage { own: own + was.own, heard: Some(now), ..was },
    };
    keep(usage);
    usage
}

/// The registry need not know a server's key.
fn name(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes())[..8])
}

fn day(now: Timestamp) -> i64 {
    now.0.div_euclid(Span::DAY.0)
}
