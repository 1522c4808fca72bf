//! Reading objects key by key, so that no key is passed over.

use waymark_model::Span;

use crate::diagnostic::Code;
use crate::json::{At, Json, Member, Node};
use crate::language::Shape;
use crate::problem::{Problems, shown};

/// The members of an object of a known shape.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    members: &'n [Member],
    /// Where to say that a key is missing.
    opening: At,
    shape: &'static Shape,
    /// What was asked for, to find descriptions without a reader.
    #[cfg(debug_assertions)]
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    pub fn of(node: &'n Node, shape: &'static Shape, problems: &mut Problems) -> Option<Self> {
        let members = members(node, shape.what, problems)?;
        #[cfg(test)]
        crate::language::note(shape);
        Some(Self {
            members,
            opening: node.opening(),
            shape,
            #[cfg(debug_assertions)]
            asked: Vec::new(),
        })
    }

    pub fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        #[cfg(debug_assertions)]
        {
            let described = self.shape.keys().any(|open| open.name == key);
            assert!(described, "the key `{key}` of {} is not described", self.shape.what);
            self.asked.push(key);
        }
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    pub fn require(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'n Node> {
        let value = self.take(key);
        if value.is_none() {
            let message = format!("{} needs `{key}`", self.shape.what);
            problems.error(Code::MissingKey, self.opening, message);
        }
        value
    }

    /// The one of these keys that is there; to have none or several is an error.
    pub fn one_of(
        &mut self,
        keys: &[&'static str],
        problems: &mut Problems,
    ) -> Option<(&'static str, &'n Node)> {
        let mut there = keys.iter().filter_map(|key| Some((*key, self.take(key)?)));
        let found: Vec<_> = there.by_ref().collect();
        let what = self.shape.what;
        let all = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        match found[..] {
            [one] => return Some(one),
            [] => {
                let message = format!("{what} needs one of {all}");
                problems.error(Code::MissingKey, self.opening, message);
            }
            [(first, _), (second, node), ..] => {
                let message = format!("{what} has `{first}` and `{second}`; it takes one of {all}");
                problems.error(Code::ConflictingKeys, node.opening(), message);
            }
        }
        None
    }

    /// Refuses keys that are not of the language.
    pub fn finish(self, problems: &mut Problems) {
        #[cfg(debug_assertions)]
        for key in self.shape.keys() {
            let (name, what) = (key.name, self.shape.what);
            assert!(self.asked.contains(&name), "the key `{name}` of {what} is never read");
        }
        for member in self.members {
            let key = member.key.as_str();
            if self.shape.key(key).is_none() {
                let message = format!("{} has no key {}", self.shape.what, shown(key));
                let problem = problems.error(Code::UnknownKey, member.key_at, message);
                problem.mean_one_of(key, self.shape.keys().map(|key| key.name));
            }
        }
    }
}

/// The members of an object whose keys are names.
pub(crate) fn members<'n>(
    node: &'n Node,
    what: &str,
    problems: &mut Problems,
) -> Option<&'n [Member]> {
    match &node.json {
        Json::Object(members) => Some(members),
        _ => refuse(node, what, "an object", problems),
    }
}

pub(crate) fn elements<'n>(
    node: &'n Node,
    what: &str,
    problems: &mut Problems,
) -> Option<&'n [Node]> {
    match &node.json {
        Json::Array(items) => Some(items),
        _ => refuse(node, what, "an array", problems),
    }
}

pub(crate) fn text<'n>(node: &'n Node, what: &str, problems: &mut Problems) -> Option<&'n str> {
    match &node.json {
        Json::Text(text) => Some(text),
        _ => refuse(node, what, "a string", problems),
    }
}

/// What one of several words stands for.
pub(crate) fn one_of<T, const N: usize>(
    node: &Node,
    what: &str,
    noun: &str,
    words: [(&str, T); N],
    problems: &mut Problems,
) -> Option<T> {
    let written = text(node, what, problems)?;
    let names = words.each_ref().map(|(word, _)| *word);
    let found = words.into_iter().find(|(word, _)| *word == written);
    if found.is_none() {
        let message = format!("{} is no {noun}; it is one of {}", shown(written), names.join(", "));
        problems.error(Code::BadValue, node.at, message).mean(written, names);
    }
    found.map(|(_, it)| it)
}

pub(crate) fn flag(node: &Node, what: &str, problems: &mut Problems) -> Option<bool> {
    match &node.json {
        Json::Bool(truth) => Some(*truth),
        _ => refuse(node, what, "true or false", problems),
    }
}

/// A whole number from `least` to `most`.
pub(crate) fn whole(
    node: &Node,
    what: &str,
    (least, most): (i32, i32),
    problems: &mut Problems,
) -> Option<i32> {
    let number = match &node.json {
        Json::Number(number) => *number,
        _ => return refuse(node, what, "a whole number", problems),
    };
    #[expect(clippy::cast_possible_truncation, reason = "compared with the original")]
    let rounded = number as i32;
    if f64::from(rounded).to_bits() == number.to_bits() && (least..=most).contains(&rounded) {
        return Some(rounded);
    }
    let message =
        format!("{what} takes a whole number from {least} to {most}, and this is {number}");
    problems.error(Code::WrongType, node.at, message);
    None
}

/// A length of time longer than nothing.
pub(crate) fn duration(node: &Node, what: &str, problems: &mut Problems) -> Option<Span> {
    let span = any_duration(node, what, problems)?;
    if span.0 > 0 {
        return Some(span);
    }
    let message = format!("{what} has to be longer than nothing");
    problems.error(Code::BadDuration, node.at, message).mend(DURATIONS);
    None
}

pub(crate) const DURATIONS: &str = "write for example 30m, 24h, 7d or 8w";

pub(crate) fn any_duration(node: &Node, what: &str, problems: &mut Problems) -> Option<Span> {
    let span = match &node.json {
        Json::Text(text) => Span::parse(text),
        _ => None,
    };
    if span.is_none() {
        let written = match &node.json {
            Json::Text(text) => shown(text).into_owned(),
            _ => node.kind().to_owned(),
        };
        let message = format!("{what} takes a duration, and this is {written}");
        problems.error(Code::BadDuration, node.at, message).mend(DURATIONS);
    }
    span
}

/// A name for something: what is shown and stored under it should be readable.
pub(crate) fn id(name: &str, at: At, problems: &mut Problems) -> bool {
    const LONGEST: usize = 128;
    let good = !name.is_empty() && name.len() <= LONGEST && !name.chars().any(char::is_control);
    if !good {
        let message = format!("{} is no id: an id has 1 to {LONGEST} bytes", shown(name));
        problems.error(Code::BadId, at, message);
    }
    good
}

/// A string, or strings by locale. Only shown to people.
pub(crate) fn label(node: Option<&Node>, problems: &mut Problems) {
    let Some(node) = node else { return };
    if let Json::Object(members) = &node.json {
        for member in members {
            text(&member.value, "a label", problems);
        }
    } else if !matches!(node.json, Json::Text(_)) {
        refuse::<()>(node, "`label`", "a string, or strings by locale", problems);
    }
}

pub(crate) fn refuse<T>(
    node: &Node,
    what: &str,
    wanted: &str,
    problems: &mut Problems,
) -> Option<T> {
    let message = format!("{what} takes {wanted}, and this is {}", node.kind());
    problems.error(Code::WrongType, node.at, message);
    None
}
