//! Comparisons: operators on a path, or a plain value for equality.

use std::rc::Rc;

use waymark_engine::program::{Compare, Order, Path, Relation, Root, Type as Kinds};
use waymark_engine::{fold_case, padded_version};
use waymark_model::{Span, Value};

use super::read::subject as subject_at;
use super::{Comparison, Condition, Kind, Place, Subject};
use crate::declared::{self, Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{any_duration, elements, flag, members, text};
use crate::json::{At, Json, Member, Node};
use crate::language;
use crate::pattern::{self, Refusal};
use crate::problem::shown;

/// What a subject, whose type may be known, has to be like.
pub(crate) fn comparisons(
    node: &Node,
    subject: &Subject,
    ty: Option<Type>,
    place: Place<'_>,
    desk: &mut Desk<'_>,
) -> Option<Condition> {
    Reader { subject, ty, place, desk }.all(node)
}

/// What is compared, and where.
struct Reader<'r, 's, 'e> {
    subject: &'r Subject,
    ty: Option<Type>,
    place: Place<'e>,
    desk: &'r mut Desk<'s>,
}

impl Reader<'_, '_, '_> {
    fn all(&mut self, node: &Node) -> Option<Condition> {
        let operators = match &node.json {
            // No operator asks for nothing, as GrowthBook has it.
            Json::Object(members) if members.is_empty() => return Some(Condition::always(node.at)),
            Json::Object(members) if members.iter().any(|m| m.key.starts_with('$')) => members,
            _ => {
                let value = self.value(node)?;
                self.equality(node, &value);
                return Some(self.plain(node.at, Compare::Is(value)));
            }
        };
        if let [reference] = &operators[..]
            && reference.key == "$ref"
        {
            return self.relation(node, Relation::Eq);
        }
        let parts: Vec<Option<Condition>> =
            operators.iter().map(|member| self.operator(member)).collect();
        Some(Condition::all(node.at, parts.into_iter().collect::<Option<_>>()?))
    }

    fn operator(&mut self, member: &Member) -> Option<Condition> {
        let Member { key, key_at, value: node } = member;
        let at = node.at;
        Some(match key.as_str() {
            "$not" => self.all(node)?.not(at),
            "$eq" => self.equals(node)?,
            "$ne" => self.equals(node)?.not(at),
            "$lt" => self.bound(node, key, Order::Lt)?,
            "$lte" => self.bound(node, key, Order::Lte)?,
            "$gt" => self.bound(node, key, Order::Gt)?,
            "$gte" => self.bound(node, key, Order::Gte)?,
            "$in" => self.among(node, key)?,
            "$nin" => self.among(node, key)?.not(at),
            "$ini" => self.among_folded(node, key)?,
            "$nini" => self.among_folded(node, key)?.not(at),
            "$inGroup" => self.group(node, key)?,
            "$notInGroup" => self.group(node, key)?.not(at),
            "$regex" => self.pattern(node, key, false)?,
            "$regexi" => self.pattern(node, key, true)?,
            "$notRegex" => self.pattern(node, key, false)?.not(at),
            "$notRegexi" => self.pattern(node, key, true)?.not(at),
            "$exists" => {
                let there = self.plain(at, Compare::Exists);
                if flag(node, "`$exists`", &mut self.desk.problems)? {
                    there
                } else {
                    there.not(at)
                }
            }
            "$type" => self.kind(node)?,
            "$size" => {
                self.has_type(node, key, Type::Array);
                let length = self.nested(node, true)?;
                self.compared(at, Comparison::Size(Box::new(length)))
            }
            "$elemMatch" => {
                self.has_type(node, key, Type::Array);
                let element = self.nested(node, false)?;
                self.compared(at, Comparison::Some(Box::new(element)))
            }
            "$all" => self.every(node, key, false)?,
            "$alli" => self.every(node, key, true)?,
            "$veq" => self.version(node, key, Relation::Eq)?,
            "$vne" => self.version(node, key, Relation::Eq)?.not(at),
            "$vlt" => self.version(node, key, Relation::Order(Order::Lt))?,
            "$vlte" => self.version(node, key, Relation::Order(Order::Lte))?,
            "$vgt" => self.version(node, key, Relation::Order(Order::Gt))?,
            "$vgte" => self.version(node, key, Relation::Order(Order::Gte))?,
            "$since" | "$until" => self.elapsed(node, key)?,
            _ => {
                self.refuse_operator(key, *key_at);
                return None;
            }
        })
    }

    fn refuse_operator(&mut self, key: &str, at: At) {
        let problems = &mut self.desk.problems;
        if language::find(language::VISITOR, key).is_some() {
            let message = format!("`{key}` is a condition of its own; it compares no path");
            problems
                .error(Code::OutOfPlace, at, message)
                .mend("take it out of the path's comparisons");
            return;
        }
        let message = if key.starts_with('$') {
            format!("there is no comparison {}", shown(key))
        } else {
            format!("{} stands among operators and is none", shown(key))
        };
        problems
            .error(Code::UnknownKey, at, message)
            .mean_one_of(key, language::names(language::COMPARISONS));
    }

    fn compared(&self, at: At, compare: Comparison) -> Condition {
        Condition { at, kind: Kind::Compare { subject: self.subject.clone(), compare } }
    }

    fn plain(&self, at: At, compare: Compare) -> Condition {
        self.compared(at, Comparison::Plain(compare))
    }

    /// `$eq`, which for arrays and objects asks whether they are the same one: they never are.
    fn equals(&mut self, node: &Node) -> Option<Condition> {
        if is_reference(node) {
            return self.relation(node, Relation::Eq);
        }
        let value = self.value(node)?;
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            let message = "`$eq` and `$ne` compare single values; nothing equals this";
            self.desk
                .problems
                .warn(Code::Contradiction, node.at, message)
                .mend("leave the operator out to compare what is in it");
            return Some(Condition::never(node.at));
        }
        self.equality(node, &value);
        Some(self.plain(node.at, Compare::Is(value)))
    }

    /// What a `$lt` and its like compare with.
    fn bound(&mut self, node: &Node, key: &str, order: Order) -> Option<Condition> {
        if is_reference(node) {
            return self.relation(node, Relation::Order(order));
        }
        let mut value = self.value(node)?;
        if let (true, Value::Text(_)) = (self.subject.is_span(), &value) {
            let span = any_duration(node, &format!("`{key}`"), &mut self.desk.problems)?;
            #[expect(clippy::cast_precision_loss, reason = "durations stay below 2^53 ms")]
            let ms = span.0 as f64;
            value = Value::Number(ms);
        } else if !matches!(value, Value::Number(_) | Value::Text(_)) {
            let message =
                format!("`{key}` takes a number or a string, and this is {}", node.kind());
            self.desk.problems.error(Code::WrongType, node.at, message);
            return None;
        }
        let name = self.subject.name();
        if let Some(ty) = self.ty {
            if matches!(ty, Type::Bool | Type::Array | Type::Object) {
                let message = format!("`{name}` is of type {}, which has no order", ty.name());
                self.desk.problems.error(Code::WrongType, node.at, message);
            } else {
                self.equality(node, &value);
            }
        } else if let Value::Text(text) = &value
            && Span::parse(text).is_some()
        {
            let message = format!("`{name}` is compared with {} as text", shown(text));
            let problem = self.desk.problems.warn(Code::WrongType, node.at, message);
            problem.mend("ask for an age with `$since`, `$until`, `$first` or `$last`");
        }
        Some(self.plain(node.at, Compare::Order(order, value)))
    }

    fn among(&mut self, node: &Node, key: &str) -> Option<Condition> {
        if is_reference(node) {
            return self.relation(node, Relation::In);
        }
        let list = self.alternatives(node, key)?;
        Some(self.plain(node.at, Compare::In(list)))
    }

    fn among_folded(&mut self, node: &Node, key: &str) -> Option<Condition> {
        let list = self.alternatives(node, key)?.into_iter().map(folded).collect();
        Some(self.plain(node.at, Compare::InFolded(list)))
    }

    fn alternatives(&mut self, node: &Node, key: &str) -> Option<Vec<Value>> {
        let items = elements(node, &format!("`{key}`"), &mut self.desk.problems)?;
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let value = self.value(item)?;
            // An array is looked through for any of the alternatives.
            if self.ty != Some(Type::Array) {
                self.equality(item, &value);
            }
            // Two arrays or objects are never the same one.
            if !matches!(value, Value::Array(_) | Value::Object(_)) {
                list.push(value);
            }
        }
        Some(list)
    }

    fn group(&mut self, node: &Node, key: &str) -> Option<Condition> {
        let name = text(node, &format!("`{key}`"), &mut self.desk.problems)?;
        let known = self.desk.is_declared(declared::Kind::Group, name, node.at);
        known.then(|| self.compared(node.at, Comparison::Group(name.to_owned())))
    }

    fn pattern(&mut self, node: &Node, key: &str, folded: bool) -> Option<Condition> {
        self.has_type(node, key, Type::Text);
        let source = text(node, &format!("`{key}`"), &mut self.desk.problems)?;
        let refusal = match pattern::compile(source, folded) {
            Ok(pattern) => {
                return Some(self.compared(node.at, Comparison::Pattern(Rc::new(pattern))));
            }
            Err(refusal) => refusal,
        };
        let problems = &mut self.desk.problems;
        match refusal {
            Refusal::Syntax(reason) => {
                let message = format!("this is no regular expression: {reason}");
                problems.error(Code::BadRegex, node.at, message);
            }
            Refusal::NotPortable(what) => {
                let message = format!("{what} cannot be used: not every host could run it");
                let problem = problems.error(Code::BadRegex, node.at, message);
                problem.mend("say it with two conditions, one of them in `$not`");
            }
            Refusal::TooLarge => {
                let (length, states) = (pattern::LENGTH, pattern::STATES);
                let message = format!(
                    "this regular expression is too large: {length} bytes and {states} states are \
                     the limit"
                );
                let problem = problems.error(Code::RegexTooLarge, node.at, message);
                problem.mend("repeat less often, or anchor it with ^");
            }
        }
        None
    }

    fn kind(&mut self, node: &Node) -> Option<Condition> {
        let name = text(node, "`$type`", &mut self.desk.problems)?;
        if name == "undefined" {
            let message = "what is missing is null: nothing is undefined";
            let problem = self.desk.problems.warn(Code::Contradiction, node.at, message);
            problem.mend("write null, or use `$exists`");
            return Some(Condition::never(node.at));
        }
        let Some(kind) = Kinds::ALL.into_iter().find(|kind| kind.name() == name) else {
            let names = Kinds::ALL.map(Kinds::name);
            let message = format!("{} is no type; types are {}", shown(name), names.join(", "));
            self.desk.problems.error(Code::BadValue, node.at, message).mean(name, names);
            return None;
        };
        Some(self.plain(node.at, Compare::Type(kind)))
    }

    /// A condition on an element, or on the length of an array.
    fn nested(&mut self, node: &Node, length: bool) -> Option<Condition> {
        let operators = match &node.json {
            Json::Object(members) => {
                !members.is_empty() && members.iter().all(|member| member.key.starts_with('$'))
            }
            _ => true,
        };
        // `{"$or": […]}` and its like may hold paths; on the element itself nothing does.
        let logic = matches!(&node.json, Json::Object(members)
            if members.iter().any(|m| matches!(m.key.as_str(), "$or" | "$and" | "$nor")));
        if length || (operators && !logic) {
            let subject = Subject::Path(Path { root: Root::Item, keys: Vec::new() });
            let ty = length.then_some(Type::Number);
            return comparisons(node, &subject, ty, Place::Item, self.desk);
        }
        super::read(node, Place::Item, self.desk)
    }

    /// `$all`: for each of the list some element is like it.
    fn every(&mut self, node: &Node, key: &str, fold: bool) -> Option<Condition> {
        self.has_type(node, key, Type::Array);
        let items = elements(node, &format!("`{key}`"), &mut self.desk.problems)?;
        let subject = Subject::Path(Path { root: Root::Item, keys: Vec::new() });
        let mut parts = vec![self.plain(node.at, Compare::Type(Kinds::Array))];
        for item in items {
            let element = match &item.json {
                Json::Text(text) if fold => {
                    let list = vec![folded(Value::from(text.as_str()))];
                    let compare = Comparison::Plain(Compare::InFolded(list));
                    let kind = Kind::Compare { subject: subject.clone(), compare };
                    Condition { at: item.at, kind }
                }
                _ => comparisons(item, &subject, None, Place::Item, self.desk)?,
            };
            parts.push(self.compared(item.at, Comparison::Some(Box::new(element))));
        }
        Some(Condition::all(node.at, parts))
    }

    fn version(&mut self, node: &Node, key: &str, relation: Relation) -> Option<Condition> {
        self.has_type(node, key, Type::Text);
        let version = text(node, &format!("`{key}`"), &mut self.desk.problems)?;
        Some(self.plain(node.at, Compare::Version(relation, padded_version(version))))
    }

    fn elapsed(&mut self, node: &Node, key: &str) -> Option<Condition> {
        if let Some(ty) = self.ty.filter(|ty| !matches!(ty, Type::Date | Type::Text | Type::Number))
        {
            let name = self.subject.name();
            let message = format!("`{name}` is of type {}, and not a date", ty.name());
            self.desk.problems.error(Code::WrongType, node.at, message);
        }
        if !matches!(self.place, Place::Rule | Place::Membership | Place::Run { .. }) {
            let message = format!("`{key}` goes by the present, and this is about the past");
            self.desk.problems.error(Code::OutOfPlace, node.at, message);
            return None;
        }
        let what = format!("`{key}`");
        let known = ["$lt", "$lte", "$gt", "$gte"];
        let bounds = bounds(node, &what, &known, self.desk)?;
        if bounds.is_empty() {
            let message = format!("{what} needs a bound such as {{\"$lte\": \"14d\"}}");
            self.desk.problems.error(Code::MissingKey, node.opening(), message);
            return None;
        }
        let mut parts = Vec::new();
        for (operator, node) in bounds {
            let span = any_duration(node, &what, &mut self.desk.problems)?;
            let order = match operator {
                "$lt" => Order::Lt,
                "$lte" => Order::Lte,
                "$gt" => Order::Gt,
                _ => Order::Gte,
            };
            let subject = self.subject.clone();
            let kind = Kind::Elapsed { subject, ahead: key == "$until", order, span };
            parts.push(Condition { at: node.at, kind });
        }
        Some(Condition::all(node.at, parts))
    }

    /// `{"$ref": "features.top-category"}` on the right.
    fn relation(&mut self, node: &Node, relation: Relation) -> Option<Condition> {
        let reference = node.member("$ref")?;
        let path = text(reference, "`$ref`", &mut self.desk.problems)?;
        let (right, ty) = subject_at(path, reference.at, self.place, self.desk)?;
        if let (Some(left), Some(right), Relation::Eq | Relation::Order(_)) =
            (self.ty, ty, relation)
            && left != right
        {
            let message = format!(
                "`{}` is of type {}, and {} is of type {}",
                self.subject.name(),
                left.name(),
                shown(path),
                right.name()
            );
            self.desk.problems.error(Code::WrongType, node.at, message);
        }
        let left = self.subject.clone();
        Some(Condition { at: node.at, kind: Kind::Relate { left, relation, right } })
    }

    /// A value of JSON, which no reference may hide in.
    fn value(&mut self, node: &Node) -> Option<Value> {
        if is_reference(node) {
            let message = "`$ref` may stand for a whole value only";
            self.desk.problems.error(Code::OutOfPlace, node.opening(), message);
            return None;
        }
        let value = node.to_value();
        if value.is_none() {
            let limit = waymark_model::limits::DEPTH;
            let message = format!("a value nests at most {limit} deep, as those of events do");
            self.desk.problems.error(Code::TooDeep, node.opening(), message);
        }
        value
    }

    /// Says when an operator cannot hold of the subject's type.
    fn has_type(&mut self, node: &Node, key: &str, wanted: Type) {
        if let Some(ty) = self.ty.filter(|ty| *ty != wanted) {
            let (name, ty) = (self.subject.name(), ty.name());
            let message =
                format!("`{name}` is of type {ty}, and `{key}` asks for {}", wanted.name());
            self.desk.problems.error(Code::WrongType, node.at, message);
        }
    }

    /// Says when the subject can never equal the value.
    fn equality(&mut self, node: &Node, value: &Value) {
        let Some(ty) = self.ty.filter(|ty| !ty.can_equal(value)) else { return };
        let name = self.subject.name();
        let duration = value.as_text().is_some_and(|text| Span::parse(text).is_some());
        let with = if duration { "a duration" } else { node.kind() };
        let message = format!("`{name}` is of type {}, and is compared with {with}", ty.name());
        let problem = self.desk.problems.error(Code::WrongType, node.at, message);
        if let (Type::Number, Value::Text(text)) = (ty, value)
            && text.parse::<f64>().is_ok()
        {
            problem.mend(format!("write {text} without quotes"));
        } else if duration && ty == Type::Date {
            problem.mend("write {\"$since\": {\"$lte\": …}} or `$until`");
        }
    }
}

fn is_reference(node: &Node) -> bool {
    node.member("$ref").is_some()
}

/// Text in lower case, as the engine has it when it compares.
fn folded(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(fold_case(&text)),
        other => other,
    }
}

/// The bounds that an object of comparisons sets, for `count` and `age`.
pub(super) fn bounds<'n>(
    node: &'n Node,
    what: &str,
    known: &[&str],
    desk: &mut Desk<'_>,
) -> Option<Vec<(&'n str, &'n Node)>> {
    let mut bounds = Vec::new();
    for member in members(node, what, &mut desk.problems)? {
        if known.contains(&member.key.as_str()) {
            bounds.push((member.key.as_str(), &member.value));
        } else {
            let message = format!("{what} takes no {}", shown(&member.key));
            let problem = desk.problems.error(Code::UnknownKey, member.key_at, message);
            problem.mend(format!("it takes {}", known.join(", ")));
            return None;
        }
    }
    Some(bounds)
}
