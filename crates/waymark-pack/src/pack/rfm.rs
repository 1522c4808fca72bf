//! Segments by what visitors are worth.

use super::Segment;
use crate::condition::{Condition, Kind, Rfm, read_rfm};
use crate::declared::{Desk, Scores};
use crate::diagnostic::Code;
use crate::fields::{Fields, id, label, members};
use crate::json::{At, Json, Node};
use crate::language;

/// The names of the segments by score, whatever else is wrong with them.
pub(super) fn names(rfm: Option<&Node>) -> Vec<(String, At)> {
    match rfm.and_then(|rfm| rfm.member("segments")).map(|node| &node.json) {
        Some(Json::Object(members)) => {
            members.iter().map(|member| (member.key.clone(), member.key_at)).collect()
        }
        _ => Vec::new(),
    }
}

/// The scores, which conditions then may ask for, and the segments by score.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Segment> {
    if node.is_some() {
        desk.declared.rfm = Some(Scores::Broken);
    }
    let Some(mut fields) =
        node.and_then(|node| Fields::of(node, &language::RFM, &mut desk.problems))
    else {
        return Vec::new();
    };
    let rfm = read_rfm(&mut fields, desk);
    let segments = fields.take("segments");
    fields.finish(&mut desk.problems);
    let Some(rfm) = rfm else { return Vec::new() };
    let segments = segments.map(|node| by_score(&rfm, node, desk)).unwrap_or_default();
    desk.declared.rfm = Some(Scores::By(rfm));
    segments
}

/// The first that fits is the visitor's.
fn by_score(rfm: &Rfm, node: &Node, desk: &mut Desk<'_>) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for member in members(node, "`segments`", &mut desk.problems).unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let at = member.value.at;
        let Some(mut fields) =
            Fields::of(&member.value, &language::RFM_SEGMENT, &mut desk.problems)
        else {
            continue;
        };
        let scores = rfm.scores(&mut fields, at, desk);
        label(fields.take("label"), &mut desk.problems);
        fields.finish(&mut desk.problems);
        if scores.as_ref().is_some_and(Vec::is_empty) {
            let message = "a segment by score needs `r`, `f` or `m`";
            desk.problems.error(Code::MissingKey, member.value.opening(), message);
        }
        let when = scores.map(|mut parts| {
            let before = segments.iter().map(|segment| Kind::Segment(segment.id.clone()));
            parts.extend(before.map(|kind| Condition { at, kind }.not(at)));
            Condition::all(at, parts)
        });
        segments.push(Segment { id: member.key.clone(), at: member.key_at, when, edge: false });
    }
    segments
}
