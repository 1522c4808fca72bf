//! What models say of the visitor.

use super::{Condition, Place, Subject, comparisons};
use crate::declared::{Desk, Kind, Model, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, text};
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;

/// The score by a model, and its type if that is known.
pub(super) fn score(id: &str, at: At, desk: &mut Desk<'_>) -> Option<(Subject, Option<Type>)> {
    if !desk.is_declared(Kind::Model, id, at) {
        return None;
    }
    match desk.declared.models.get(id) {
        Some(Model::Score(ty)) => Some((Subject::Score(id.to_owned()), *ty)),
        Some(Model::Items) => {
            let message =
                format!("the model {} says what goes together, and gives no score", shown(id));
            let problem = desk.problems.error(Code::OutOfPlace, at, message);
            problem.mend("name it by `model` in the `items` of a content");
            None
        }
        Some(Model::Broken) | None => None,
    }
}

/// `$score`: a model, and comparisons.
pub(super) fn read(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    const COMPARED: [&str; 7] = ["$gte", "$gt", "$lte", "$lt", "$eq", "$ne", "$in"];
    let mut fields = Fields::of(node, &language::SCORE, &mut desk.problems)?;
    let model = fields.require("model", &mut desk.problems);
    let asked = COMPARED.map(|key| fields.take(key)).iter().any(Option::is_some);
    fields.finish(&mut desk.problems);
    let model = model?;
    let id = text(model, "`model`", &mut desk.problems)?;
    let (subject, ty) = score(id, model.at, desk)?;
    if !asked {
        let message = "`$score` needs a comparison, such as `$gte`";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    let mut rest = node.clone();
    if let Json::Object(members) = &mut rest.json {
        members.retain(|member| COMPARED.contains(&member.key.as_str()));
    }
    comparisons(&rest, &subject, ty, place, desk)
}
