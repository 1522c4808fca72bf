//! The whole explanation, as text and as JSON.

use std::fmt::Write;

use serde_json::{Value as Json, json};
use waymark_engine::explain::{self, Answers, Outcome};
use waymark_engine::{Context, Decision, Engine, State, Truth};
use waymark_model::{Purpose, Timestamp};
use waymark_wire::{decision_to_json, format_timestamp};

use super::wording::Words;
use crate::print::counted;

pub(crate) struct Explained<'a> {
    visitor: &'a str,
    events: u64,
    late: u64,
    sessions: u64,
    decision: Decision,
    slots: Vec<Slot>,
    segments: Vec<Membership>,
    stages: Vec<Membership>,
}

/// A segment or a stage, and why the visitor is in it or not.
struct Membership {
    id: String,
    reasons: Vec<Reason>,
}

struct Slot {
    id: String,
    /// In the order in which they were tried.
    rules: Vec<Tried>,
}

/// A test, in words, and what it rests on in turn.
struct Reason {
    words: String,
    because: Vec<Reason>,
}

struct Tried {
    id: String,
    priority: i32,
    outcome: &'static str,
    /// The outcome in a few words.
    words: String,
    reasons: Vec<Reason>,
    /// How far its condition is from holding, when it does not: see [`Answers::distance`].
    distance: Option<f64>,
}

impl<'a> Explained<'a> {
    pub(crate) fn new(
        engine: Engine<'_>,
        visitor: &'a str,
        state: &State,
        context: &Context,
        now: Timestamp,
    ) -> Self {
        let program = engine.program;
        let explanation = engine.explain(state, context, now);
        let answers = Answers::new(engine, &explanation.rules, state, context, now);
        let mut slots: Vec<Slot> = program
            .slots
            .iter()
            .map(|slot| Slot { id: slot.id.clone(), rules: Vec::new() })
            .collect();
        let mut winner = "";
        for trace in &explanation.rules {
            let rule = &program.rules[trace.rule as usize];
            let holds = answers.truth(rule.when) == Some(Truth::True);
            let allowed = trace.outcome != Outcome::NoConsent;
            let words = match trace.outcome {
                Outcome::Won => {
                    winner = &rule.id;
                    "won".to_owned()
                }
                Outcome::Unknown => "cannot be known".to_owned(),
                Outcome::Needs => "needs something else of another slot".to_owned(),
                Outcome::OutOfShare => "is for another share of the visitors".to_owned(),
                Outcome::Inactive => "does not run".to_owned(),
                Outcome::HeldOut => "would win, but the visitor is held out of it".to_owned(),
                Outcome::PassedThrough => {
                    "counts the visitor and lets the next rules go on".to_owned()
                }
                Outcome::Limited => {
                    "holds, but its limit is reached, or it may not be shown now".to_owned()
                }
                Outcome::Excluded => {
                    "holds, but another slot shows one that excludes it".to_owned()
                }
                Outcome::NoConsent => format!("there is no consent for {}", rule.purpose.name()),
                Outcome::Outranked if holds => format!("holds too, but {winner} comes first"),
                Outcome::Failed | Outcome::Outranked => "does not hold".to_owned(),
            };
            // The engine does not look at what it has no consent for.
            let asked = match (trace.outcome, rule.limit) {
                (Outcome::Limited, Some(limit)) => limit,
                _ => rule.when,
            };
            let reasons = if allowed { answers.reasons(asked) } else { Vec::new() };
            let reasons = in_words(Words(program), &reasons);
            if let Some(slot) = slots.get_mut(rule.slot as usize) {
                let outcome = trace.outcome.name();
                let (id, priority) = (rule.id.clone(), rule.priority);
                let distance = (allowed && !holds).then(|| answers.distance(rule.when));
                slot.rules.push(Tried { id, priority, outcome, words, reasons, distance });
            }
        }
        // Without consent memberships are not looked at.
        let known = context.consent.contains(Purpose::Personalization);
        let membership = |id: &String, when| {
            let reasons = if known { answers.reasons(when) } else { Vec::new() };
            Membership { id: id.clone(), reasons: in_words(Words(program), &reasons) }
        };
        let segments = program.segments.iter().map(|it| membership(&it.id, it.when)).collect();
        let stages = program.stages.iter().map(|it| membership(&it.id, it.enter)).collect();
        Self {
            segments,
            stages,
            visitor,
            events: state.seq,
            late: state.late,
            sessions: state.fold().sessions.count(),
            decision: explanation.decision,
            slots,
        }
    }

    pub(crate) const fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Why the visitor is in a segment or not, a line for each test that made it so.
    pub(crate) fn of_segment(&self, id: &str) -> String {
        of_membership(&self.segments, id)
    }

    pub(crate) fn of_stage(&self, id: &str) -> String {
        of_membership(&self.stages, id)
    }

    /// What became of each rule of a slot, and why.
    pub(crate) fn of_slot(&self, id: &str) -> String {
        let mut out = String::new();
        if let Some(slot) = self.slots.iter().find(|slot| slot.id == id) {
            // Writing to a String does not fail.
            let _ = slot.write(&mut out);
        }
        out
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Decision { now, valid_until, segments, stage, .. } = &self.decision;
        write!(out, "visitor {}: {}", self.visitor, counted(self.events, "event"))?;
        if self.late > 0 {
            write!(out, " ({} late)", self.late)?;
        }
        writeln!(out, ", {}", counted(self.sessions, "session"))?;
        let until = match *valid_until {
            Timestamp::MAX => "until something happens".to_owned(),
            until => format!("until {} if nothing happens", instant(until)),
        };
        writeln!(out, "at {}, stands {until}", instant(*now))?;
        let segments = if segments.is_empty() { "none".to_owned() } else { segments.join(", ") };
        writeln!(out, "segments: {segments}")?;
        writeln!(out, "stage: {}", stage.as_deref().unwrap_or("none"))?;
        for (slot, decided) in self.slots.iter().zip(&self.decision.slots) {
            let content = decided.content.as_deref().unwrap_or("the author's content stays");
            let by = match &decided.rule {
                Some(rule) => format!("by {rule}"),
                None if slot.rules.is_empty() => "no rule fills it".to_owned(),
                None => "no rule won".to_owned(),
            };
            writeln!(out, "\nslot {}: {content}, {by}", slot.id)?;
            slot.write(out)?;
        }
        Ok(())
    }

    pub(super) fn json(&self) -> Json {
        let slots: Vec<Json> = self
            .slots
            .iter()
            .map(|slot| {
                let rules: Vec<Json> = slot
                    .rules
                    .iter()
                    .map(|rule| {
                        json!({
                            "rule": rule.id,
                            "priority": rule.priority,
                            "outcome": rule.outcome,
                            "words": rule.words,
                            "because": reasons_to_json(&rule.reasons),
                            "distance": rule.distance,
                        })
                    })
                    .collect();
                let closest = slot.closest().map(|rule| &rule.id);
                json!({ "slot": slot.id, "rules": rules, "closest": closest })
            })
            .collect();
        json!({
            "visitor": self.visitor,
            "events": self.events,
            "late": self.late,
            "sessions": self.sessions,
            "decision": decision_to_json(&self.decision),
            "slots": slots,
        })
    }
}

impl Slot {
    /// Of several rules that do not hold, the one that would take the least; of equals the first.
    fn closest(&self) -> Option<&Tried> {
        let mut failed: Vec<(f64, &Tried)> =
            self.rules.iter().filter_map(|rule| Some((rule.distance?, rule))).collect();
        failed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        if let [(_, closest), _, ..] = failed[..] { Some(closest) } else { None }
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        for rule in &self.rules {
            let sign = if rule.outcome == "won" { '✓' } else { '✗' };
            writeln!(out, "  {sign} {} (priority {}): {}", rule.id, rule.priority, rule.words)?;
            write_reasons(out, &rule.reasons, 3)?;
        }
        if let Some(closest) = self.closest() {
            let lacks = lacking(&closest.reasons).join("; ");
            writeln!(out, "  closest of those that do not hold: {} ({lacks})", closest.id)?;
        }
        Ok(())
    }
}

fn of_membership(all: &[Membership], id: &str) -> String {
    let mut out = String::new();
    if let Some(membership) = all.iter().find(|membership| membership.id == id) {
        // Writing to a String does not fail.
        let _ = write_reasons(&mut out, &membership.reasons, 1);
    }
    out
}

fn write_reasons(out: &mut String, reasons: &[Reason], depth: usize) -> std::fmt::Result {
    for reason in reasons {
        writeln!(out, "{:indent$}{}", "", reason.words, indent = depth * 2)?;
        write_reasons(out, &reason.because, depth + 1)?;
    }
    Ok(())
}

/// The tests at the bottom of it.
fn lacking(reasons: &[Reason]) -> Vec<&str> {
    let each = reasons.iter().flat_map(|reason| match &reason.because[..] {
        [] => vec![reason.words.as_str()],
        because => lacking(because),
    });
    each.collect()
}

fn reasons_to_json(reasons: &[Reason]) -> Vec<Json> {
    reasons
        .iter()
        .map(|reason| json!({ "words": reason.words, "because": reasons_to_json(&reason.because) }))
        .collect()
}

fn in_words(words: Words<'_>, reasons: &[explain::Reason<'_>]) -> Vec<Reason> {
    let reason = |reason: &explain::Reason<'_>| Reason {
        words: words.test(reason),
        because: in_words(words, &reason.because),
    };
    reasons.iter().map(reason).collect()
}

fn instant(at: Timestamp) -> String {
    format_timestamp(at).unwrap_or_else(|| at.0.to_string())
}
