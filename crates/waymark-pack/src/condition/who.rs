//! Who the visitor is, what they allowed, how they came, and which variation they saw.

use waymark_engine::Channel;
use waymark_engine::assign::Range;
use waymark_engine::program::{Compare, Path, Root, Unit};
use waymark_model::{Purpose, Value};

use super::{Comparison, Condition, Definition, Kept, Kind, Occurrence, Place, Subject};
use crate::declared::{self, Desk};
use crate::diagnostic::Code;
use crate::fields::{Fields, members, text};
use crate::json::{At, Json, Member, Node};
use crate::language;
use crate::problem::shown;
use crate::shares::{by_user, hashed, one_or_all, share};

pub(super) const OPERATORS: [&str; 4] = ["$consent", "$percent", "$channel", "$experiment"];

/// What hosts log when somebody meets a variation, and what it says.
const EXPOSURE: &str = "Experiment Viewed";
const EXPERIMENT_ID: &str = "experiment_id";
const VARIATION_ID: &str = "variation_id";

pub(super) fn read(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let node = &member.value;
    match member.key.as_str() {
        "$consent" => consent(member, place, desk),
        "$percent" => percent(member, place, desk),
        "$channel" => channel(member, place, desk),
        _ => experiment(node, desk),
    }
}

fn consent(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let (node, at) = (&member.value, member.value.at);
    if matches!(place, Place::Membership) {
        let message = "consent belongs to one decision: a membership may not ask for it";
        let problem = desk.problems.error(Code::OutOfPlace, member.key_at, message);
        problem.mend("ask for it in the `when` of a rule");
        return None;
    }
    let Json::Object(_) = node.json else {
        return Some(Condition { at, kind: Kind::Consent(purpose(node, desk)?) });
    };
    let mut fields = Fields::of(node, &language::CONSENT, &mut desk.problems)?;
    let of = fields.require("purpose", &mut desk.problems).and_then(|node| purpose(node, desk));
    let channel = fields.require("channel", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let channel = text(channel?, "`channel`", &mut desk.problems)?;
    let keys = vec!["subscriptions".to_owned(), channel.to_owned()];
    let subscribed = Kind::Compare {
        subject: Subject::Path(Path { root: Root::Traits, keys }),
        compare: Comparison::Plain(Compare::Is(Value::Bool(true))),
    };
    let parts = [Kind::Consent(of?), subscribed].map(|kind| Condition { at, kind });
    Some(Condition::all(at, parts.to_vec()))
}

fn purpose(node: &Node, desk: &mut Desk<'_>) -> Option<Purpose> {
    let name = text(node, "`$consent`", &mut desk.problems)?;
    let found = Purpose::from_name(name);
    if found.is_none() {
        let names = Purpose::ALL.map(Purpose::name);
        let message = format!("{} is no purpose", shown(name));
        desk.problems.error(Code::BadValue, node.at, message).mean(name, names);
    }
    found
}

fn percent(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let node = &member.value;
    let mut fields = Fields::of(node, &language::PERCENT, &mut desk.problems)?;
    let of = fields.require("share", &mut desk.problems);
    let hashed = hashed(&mut fields, desk);
    fields.finish(&mut desk.problems);
    let end = share(of?, "`share`", &mut desk.problems)?;
    let share = hashed.share(by_user(), "", vec![Range { start: 0.0, end }])?;
    let by_device = [Some(&share.unit), share.fallback.as_ref()].contains(&Some(&Unit::Anonymous));
    if by_device && matches!(place, Place::Membership) {
        let message = "a membership does not know the device's id, by which this goes";
        let problem = desk.problems.error(Code::OutOfPlace, member.key_at, message);
        problem.mend("write \"unit\": \"userId\" or a trait, or ask in the `when` of a rule");
        return None;
    }
    Some(Condition { at: node.at, kind: Kind::Percent(share) })
}

fn channel(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let node = &member.value;
    if matches!(place, Place::Membership | Place::Run { .. }) {
        let message = "a channel belongs to one page view: a membership may not ask for it";
        desk.problems
            .error(Code::ContextInSegment, member.key_at, message)
            .mend("use `$did` with \"event\": \"Page Viewed\" and `$channel` in its `where`");
        return None;
    }
    let one = |node: &Node, desk: &mut Desk<'_>| {
        let name = text(node, "`$channel`", &mut desk.problems)?;
        let found = Channel::ALL.into_iter().find(|channel| channel.name() == name);
        if found.is_none() {
            let names = Channel::ALL.map(Channel::name);
            let message = format!("{} is no channel", shown(name));
            desk.problems.error(Code::BadValue, node.at, message).mean_one_of(name, names);
        }
        found.map(Channel::bit)
    };
    let bits = one_or_all(node, "`$channel`", desk, one)?;
    let among = bits.into_iter().fold(0, |all, bit| all | bit);
    let of_event = matches!(place, Place::Where(_));
    Some(Condition { at: node.at, kind: Kind::Channel { of_event, among } })
}

/// The variation that the visitor saw last, by the exposures that were logged.
fn experiment(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let members = members(node, "`$experiment`", &mut desk.problems)?;
    if members.is_empty() {
        let message = "`$experiment` names no experiment";
        desk.problems.error(Code::BadValue, node.opening(), message);
        return None;
    }
    let parts: Vec<_> = members.iter().map(|member| variation(member, desk)).collect();
    Some(Condition::all(node.at, parts.into_iter().collect::<Option<_>>()?))
}

fn variation(member: &Member, desk: &mut Desk<'_>) -> Option<Condition> {
    let (id, node) = (member.key.as_str(), &member.value);
    if !desk.is_declared(declared::Kind::Experiment, id, member.key_at) {
        return None;
    }
    let one = |node: &Node, desk: &mut Desk<'_>| {
        let wanted = text(node, "a variation", &mut desk.problems)?;
        let has = desk.declared.experiments.get(id)?;
        if has.contains(wanted) {
            return Some(Value::from(wanted));
        }
        let message = format!("{} has no variation {}", shown(id), shown(wanted));
        let names: Vec<&str> = has.iter().map(String::as_str).collect();
        desk.problems.error(Code::UnknownVariation, node.at, message).mean(wanted, names);
        None
    };
    let wanted = one_or_all(node, "`$experiment`", desk, one)?;
    Some(saw(node.at, id, wanted))
}

/// That one of these variations was the last of an experiment that the visitor saw.
fn saw(at: At, experiment: &str, variations: Vec<Value>) -> Condition {
    let of_this = Condition::property(at, EXPERIMENT_ID, Compare::Is(Value::from(experiment)));
    let kept = Kept {
        first: false,
        on: Occurrence { event: Some(EXPOSURE.to_owned()), filter: Some(of_this.into()) },
        property: Some(vec![VARIATION_ID.to_owned()]),
    };
    let kind = Kind::Compare {
        subject: Subject::Remembered(Box::new(Definition::Kept(kept))),
        compare: Comparison::Plain(Compare::In(variations)),
    };
    Condition { at, kind }
}
