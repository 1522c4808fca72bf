//! What is remembered under a name.

use crate::condition::{Definition, feature};
use crate::declared::{self, Desk};
use crate::diagnostic::Code;
use crate::fields::{id, members};
use crate::json::{Member, Node};
use crate::language;
use crate::problem::shown;

#[derive(Debug)]
pub(crate) struct Feature {
    pub id: String,
    pub definition: Definition,
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Feature> {
    let members = node.and_then(|node| members(node, "`features`", &mut desk.problems));
    let mut features = Vec::new();
    for member in members.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let read = read_feature(member, desk);
        let shape = read.as_ref().map_or(declared::Feature::Broken, |(_, shape)| *shape);
        desk.declared.features.insert(member.key.clone(), shape);
        features.extend(read.map(|(definition, _)| Feature { id: member.key.clone(), definition }));
    }
    features
}

fn read_feature(member: &Member, desk: &mut Desk<'_>) -> Option<(Definition, declared::Feature)> {
    let operators = members(&member.value, "a feature", &mut desk.problems)?;
    let [operator] = operators else {
        let names: Vec<&str> = language::names(language::FEATURES).collect();
        let message = format!("a feature is one of {}", names.join(", "));
        desk.problems.error(Code::MissingKey, member.value.opening(), message);
        return None;
    };
    match operator.key.as_str() {
        key if language::find(language::FEATURES, key).is_some() => {
            let (definition, ty) = feature(key, &operator.value, desk)?;
            Some((definition, declared::Feature::Of(ty)))
        }
        key => {
            let message = format!("{} is no feature", shown(key));
            let problem = desk.problems.error(Code::UnknownKey, operator.key_at, message);
            problem.mean_one_of(key, language::names(language::FEATURES));
            None
        }
    }
}
