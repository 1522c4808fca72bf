//! What lets visitors in: events, and what begins to hold.

use waymark_engine::program::Order;

use crate::condition::{
    Condition, Kept, Kind, Occurrence, Place, in_tier, occurrence, occurrence_of, read,
};
use crate::declared::{self, Desk};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, one_of, text};
use crate::json::{At, Json, Node};
use crate::language;
use crate::shares::one_or_all;

#[derive(Debug, Clone)]
pub(crate) enum Cue {
    Event(Occurrence),
    /// It begins to hold.
    Becomes(Condition),
}

/// A cue, and what has to hold then.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub cue: Cue,
    pub when: Condition,
}

/// One cue or several, each with what has to hold besides.
pub(super) fn entrances(
    cues: Option<&Node>,
    what: &str,
    when: Option<&Node>,
    desk: &mut Desk<'_>,
) -> Option<Vec<Entrance>> {
    let cues = cues.and_then(|node| one_or_all(node, what, desk, read_one));
    let when = match when {
        None => None,
        Some(node) => Some(read(node, Place::Membership, desk)?),
    };
    let mut entrances: Vec<Entrance> = cues?.into_iter().flatten().collect();
    if let Some(when) = when {
        for entrance in &mut entrances {
            let parts = vec![entrance.when.clone(), when.clone()];
            entrance.when = Condition::all(when.at, parts);
        }
    }
    Some(entrances)
}

fn read_one(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<Entrance>> {
    let at = node.at;
    let mut fields = Fields::of(node, &language::CUE, &mut desk.problems)?;
    let keys = ["event", "enter", "leave", "stage", "tier", "since", "becomes"];
    let cue = fields.one_of(&keys, &mut desk.problems);
    let filter = fields.take("where");
    fields.finish(&mut desk.problems);
    let (key, node) = cue?;
    if key == "event" {
        let on = occurrence_of(Some(node), filter, desk)?;
        return Some(vec![Entrance { cue: Cue::Event(on), when: Condition::always(at) }]);
    }
    if let Some(filter) = filter {
        let message = format!("`where` is about an `event`, and this is about `{key}`");
        desk.problems.error(Code::ConflictingKeys, filter.at, message);
    }
    let becomes = |condition| vec![Entrance::becomes(condition, Condition::always(at))];
    match key {
        "enter" => segment(node, key, desk).map(becomes),
        "leave" => segment(node, key, desk).map(|member| becomes(member.not(at))),
        "stage" => moved(node, Ladder::Stages, desk),
        "tier" => moved(node, Ladder::Tiers, desk),
        "since" => since(node, desk).map(becomes),
        _ => read(node, Place::Membership, desk).map(becomes),
    }
}

impl Entrance {
    const fn becomes(condition: Condition, when: Condition) -> Self {
        Self { cue: Cue::Becomes(condition), when }
    }
}

fn segment(node: &Node, key: &str, desk: &mut Desk<'_>) -> Option<Condition> {
    let id = text(node, &format!("`{key}`"), &mut desk.problems)?;
    let known = desk.is_declared(declared::Kind::Segment, id, node.at);
    known.then(|| Condition { at: node.at, kind: Kind::Segment(id.to_owned()) })
}

/// So long ago it happened last.
fn since(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let mut fields = Fields::of(node, &language::SINCE, &mut desk.problems)?;
    let on = occurrence(&mut fields, desk);
    let span = fields.require("reaches", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let span = duration(span?, "`reaches`", &mut desk.problems)?;
    let of = Kept { first: false, on: on?, property: None };
    Some(Condition { at: node.at, kind: Kind::Age { of, order: Order::Gte, span } })
}

/// What visitors climb.
#[derive(Debug, Clone, Copy)]
enum Ladder {
    Stages,
    Tiers,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    Up,
    Down,
}

impl Ladder {
    const fn kind(self) -> declared::Kind {
        match self {
            Self::Stages => declared::Kind::Stage,
            Self::Tiers => declared::Kind::Tier,
        }
    }

    fn rungs(self, desk: &Desk<'_>) -> Vec<String> {
        match self {
            Self::Stages => desk.declared.stages.iter().cloned().collect(),
            Self::Tiers => desk.declared.tiers.iter().map(|(id, _)| id.clone()).collect(),
        }
    }

    /// On a rung, or, if `further`, on it or a higher one.
    fn on(self, id: &str, further: bool, at: At, desk: &mut Desk<'_>) -> Option<Condition> {
        match self {
            Self::Stages => {
                let kind = Kind::Stage { id: id.to_owned(), further };
                Some(Condition { at, kind })
            }
            Self::Tiers => in_tier(id, further, at, desk),
        }
    }
}

/// That a visitor comes to a rung, or to any.
fn moved(node: &Node, ladder: Ladder, desk: &mut Desk<'_>) -> Option<Vec<Entrance>> {
    let (to, direction) = if let Json::Text(_) = node.json {
        (Some(node), None)
    } else {
        let mut fields = Fields::of(node, &language::MOVED, &mut desk.problems)?;
        let (to, direction) = (fields.take("to"), fields.take("direction"));
        fields.finish(&mut desk.problems);
        (to, direction)
    };
    let known = [("up", Direction::Up), ("down", Direction::Down)];
    let direction = match direction {
        None => None,
        Some(node) => Some(one_of(node, "`direction`", "direction", known, &mut desk.problems)?),
    };
    let at = node.at;
    if let Some(node) = to {
        let id = text(node, "`to`", &mut desk.problems)?;
        if !desk.is_declared(ladder.kind(), id, node.at) {
            return None;
        }
        let here = ladder.on(id, false, at, desk)?;
        let here_or_higher = ladder.on(id, true, at, desk)?;
        let entrance = match direction {
            None => Entrance::becomes(here, Condition::always(at)),
            // Whoever jumps over it does not come to it.
            Some(Direction::Up) => Entrance::becomes(here_or_higher, here),
            Some(Direction::Down) => {
                let or_lower = vec![here_or_higher.not(at), here.clone()];
                Entrance::becomes(Condition::any(at, or_lower), here)
            }
        };
        return Some(vec![entrance]);
    }
    let mut entrances = Vec::new();
    for id in ladder.rungs(desk) {
        let reached = ladder.on(&id, true, at, desk)?;
        if !matches!(direction, Some(Direction::Down)) {
            entrances.push(Entrance::becomes(reached.clone(), Condition::always(at)));
        }
        if !matches!(direction, Some(Direction::Up)) {
            entrances.push(Entrance::becomes(reached.not(at), Condition::always(at)));
        }
    }
    Some(entrances)
}
