//! What a pack asks of events, pages and visitors, and values that answer it one way or the other.

use std::collections::BTreeMap;

use waymark_engine::program::{
    Amount, Compare, Cond, CondId, Cue, Does, FeatureKind, Flow, Matcher, Order, Path, Pattern,
    Program, Root, Source, Taken, Test, Type,
};
use waymark_model::{Object, Value};
use waymark_pack::{DataMap, DatumKind};

/// Values that were asked for, by where they are.
pub(super) type Fields = BTreeMap<Vec<String>, Vec<Value>>;

#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Properties by the event's name.
    pub events: BTreeMap<String, Fields>,
    /// By group: `page`, `campaign`, `device`, `geo`.
    pub context: BTreeMap<&'static str, Fields>,
    pub traits: Fields,
}

impl Wanted {
    pub(super) fn add(&mut self, program: &Program, data: &DataMap) {
        for event in &program.events {
            self.events.entry(event.clone()).or_default();
        }
        for datum in data.iter().filter(|datum| datum.kind == DatumKind::Event) {
            if let Some(fields) = self.events.get_mut(&datum.name) {
                for (property, _) in &datum.properties {
                    fields.entry(property.split('.').map(str::to_owned).collect()).or_default();
                }
            }
        }
        let mut asking = Asking { program, wanted: self };
        for (number, feature) in (0..).zip(&program.features) {
            asking.feature(number, &feature.kind);
        }
        for flow in &program.flows {
            asking.flow(flow);
        }
        for cond in &program.conds {
            if let Cond::Test(test) = cond {
                asking.of_visitor(test);
            }
        }
    }
}

struct Asking<'a> {
    program: &'a Program,
    wanted: &'a mut Wanted,
}

impl Asking<'_> {
    fn feature(&mut self, number: u32, kind: &FeatureKind) {
        for matcher in kind.matchers() {
            self.matcher(matcher);
        }
        match kind {
            FeatureKind::Windowed { on, taken, .. } => {
                // Several events make up what is asked of their sum.
                let amounts = self.asked_of(number).into_iter().filter_map(|value| {
                    value.as_number().map(|sum| [sum / 3.0, sum / 1.5, sum * 1.2])
                });
                let amounts: Vec<Value> = amounts.flatten().map(number_value).collect();
                let amounts = if amounts.is_empty() { vec![number_value(20.0)] } else { amounts };
                self.taken(on, taken, &amounts);
            }
            FeatureKind::Points(ledger) => {
                let sums = self.asked_of(number).into_iter();
                let points = sums.filter_map(|value| value.as_number().map(|sum| sum / 2.0));
                let points: Vec<Value> = points.map(number_value).collect();
                for (on, (taken, _)) in ledger.earn.iter().zip(&ledger.earned) {
                    self.taken(on, taken, &points);
                }
                for on in &ledger.spend {
                    self.taken(on, &ledger.spent, &[number_value(50.0)]);
                }
            }
            FeatureKind::First { on, capture } | FeatureKind::Last { on, capture } => {
                let values = self.asked_of(number);
                if let (Some(keys), Some(fields)) = (capture, self.fields_of(on)) {
                    fields.entry(keys.clone()).or_default().extend(values);
                }
            }
            FeatureKind::Distinct { on, taken, .. } | FeatureKind::Top { on, taken, .. } => {
                let values = self.asked_of(number);
                self.taken(on, taken, &values);
            }
            FeatureKind::Items(items) => {
                let values = self.asked_of(number);
                for on in items.add.iter().chain(&items.remove) {
                    self.taken(on, &items.taken, &values);
                }
            }
            FeatureKind::Times { .. }
            | FeatureKind::Sequence { .. }
            | FeatureKind::Streak { .. } => {}
        }
    }

    fn flow(&mut self, flow: &Flow) {
        let entering: Vec<&Matcher> = flow
            .enter
            .iter()
            .filter_map(|entrance| match &entrance.cue {
                Cue::Event(matcher) => Some(matcher),
                Cue::Becomes(_) => None,
            })
            .collect();
        let awaited: Vec<&Matcher> = flow
            .steps
            .iter()
            .flat_map(|step| match &step.does {
                Does::Await { on, .. } => &on[..],
                _ => &[],
            })
            .collect();
        for matcher in entering.iter().chain(&awaited).copied().chain(&flow.exit) {
            self.matcher(matcher);
            if let (Some(key), Some(fields)) = (&flow.key, self.fields_of(matcher)) {
                fields.entry(key.clone()).or_default();
            }
        }
        for (matchers, kept) in [(&entering, &flow.entry), (&awaited, &flow.answer)] {
            for keys in kept {
                let values = self.asked_of_item(keys);
                for matcher in matchers {
                    if let Some(fields) = self.fields_of(matcher) {
                        fields.entry(keys.clone()).or_default().extend(values.iter().cloned());
                    }
                }
            }
        }
    }

    /// What a condition on an event asks of it. Of any event whatever it asks would be too much.
    fn matcher(&mut self, matcher: &Matcher) {
        let (Some(event), Some(condition)) = (matcher.event, matcher.condition) else { return };
        let name = &self.program.events[event as usize];
        let mut found = Vec::new();
        self.comparisons(condition, &mut found);
        for (path, values) in found {
            match path.root {
                Root::Property => {
                    let fields = self.wanted.events.entry(name.clone()).or_default();
                    fields.entry(path.keys).or_default().extend(values);
                }
                Root::EventContext => {
                    let Some((group, keys)) = path.keys.split_first() else { continue };
                    let group = Root::ALL.into_iter().map(Root::name).find(|name| name == group);
                    if let Some(group) = group {
                        let fields = self.wanted.context.entry(group).or_default();
                        fields.entry(keys.to_vec()).or_default().extend(values);
                    }
                }
                _ => {}
            }
        }
    }

    fn comparisons(&self, cond: CondId, found: &mut Vec<(Path, Vec<Value>)>) {
        match self.program.cond(cond) {
            Cond::All(parts) | Cond::Any(parts) => {
                for part in parts {
                    self.comparisons(*part, found);
                }
            }
            Cond::Not(part) => self.comparisons(*part, found),
            Cond::Test(Test::Compare { source: Source::Path(path), compare }) => {
                found.push((path.clone(), self.answers(compare)));
            }
            Cond::Test(_) => {}
        }
    }

    /// What rules and segments ask of pages and of traits.
    fn of_visitor(&mut self, test: &Test) {
        let (path, values) = match test {
            Test::Compare { source: Source::Path(path), compare } => (path, self.answers(compare)),
            Test::Elapsed { source: Source::Path(path), .. }
            | Test::Anniversary { source: Source::Path(path), .. } => (path, Vec::new()),
            _ => return,
        };
        let fields = match path.root {
            Root::Traits => &mut self.wanted.traits,
            Root::Page | Root::Campaign | Root::Device | Root::Geo => {
                self.wanted.context.entry(path.root.name()).or_default()
            }
            _ => return,
        };
        fields.entry(path.keys.clone()).or_default().extend(values);
    }

    /// What is asked of a feature.
    fn asked_of(&self, feature: u32) -> Vec<Value> {
        let asked = self.program.conds.iter().filter_map(|cond| match cond {
            Cond::Test(Test::Compare { source: Source::Feature(of), compare }) => {
                (*of == feature).then_some(compare)
            }
            _ => None,
        });
        asked
            .flat_map(|compare| match compare {
                Compare::Order(_, value) => vec![value.clone()],
                // Of the list that it is, one thing is taken from one event.
                Compare::Some(cond) => self.of_items(*cond),
                other => self.answers(other),
            })
            .collect()
    }

    fn asked_of_item(&self, keys: &[String]) -> Vec<Value> {
        let asked = self.program.conds.iter().filter_map(|cond| match cond {
            Cond::Test(Test::Compare { source: Source::Path(path), compare }) => {
                let is = path.root == Root::Item && path.keys.get(1..) == Some(keys);
                is.then(|| self.answers(compare))
            }
            _ => None,
        });
        asked.flatten().collect()
    }

    fn of_items(&self, cond: CondId) -> Vec<Value> {
        let mut found = Vec::new();
        self.comparisons(cond, &mut found);
        let mut values = Vec::new();
        for (path, answers) in found.into_iter().filter(|(path, _)| path.root == Root::Item) {
            for answer in answers {
                values.push(path.keys.iter().rev().fold(answer, |inner, key| {
                    Value::Object([(key.as_str(), inner)].into_iter().collect::<Object>())
                }));
            }
        }
        values
    }

    /// Takes values where a feature does.
    fn taken(&mut self, on: &Matcher, taken: &Taken, values: &[Value]) {
        let Some(fields) = self.fields_of(on) else { return };
        let inner = match &taken.amount {
            Amount::One => None,
            Amount::Property(keys) => Some(keys),
        };
        let (keys, values) = match (&taken.each, inner) {
            (None, None) => return,
            (None, Some(keys)) => (keys, values.to_vec()),
            (Some(list), inner) => {
                let element = |value: &Value| match inner {
                    None => Value::Object(Object::new()),
                    Some(keys) => keys.iter().rev().fold(value.clone(), |inner, key| {
                        Value::Object([(key.as_str(), inner)].into_iter().collect::<Object>())
                    }),
                };
                let fill = [Value::from("p01"), Value::from("p02"), Value::from("p03")];
                let values = if values.is_empty() { &fill[..] } else { values };
                let lists = values.iter().map(|value| Value::Array(vec![element(value)]));
                let all = Value::Array(values.iter().take(3).map(element).collect());
                (list, lists.chain([all]).collect())
            }
        };
        fields.entry(keys.clone()).or_default().extend(values);
    }

    fn fields_of(&mut self, on: &Matcher) -> Option<&mut Fields> {
        let name = self.program.events.get(on.event? as usize)?;
        self.wanted.events.get_mut(name)
    }

    /// Values that fulfil a comparison, and some at its edge that do not.
    fn answers(&self, compare: &Compare) -> Vec<Value> {
        match compare {
            Compare::In(list) | Compare::InFolded(list) => list.clone(),
            Compare::Order(order, Value::Number(number)) => {
                let up = matches!(order, Order::Gt | Order::Gte);
                let beyond = if up { number * 1.5 + 1.0 } else { number * 0.5 - 1.0 };
                let other = if up { number * 0.5 } else { number * 1.5 + 1.0 };
                [*number, beyond, other].map(number_value).to_vec()
            }
            Compare::Is(value) | Compare::Order(_, value) => vec![value.clone()],
            Compare::Pattern(number) => {
                let pattern = self.program.patterns.get(*number as usize);
                pattern.and_then(example).map(Value::Text).into_iter().collect()
            }
            Compare::Some(cond) => {
                self.of_items(*cond).into_iter().map(|item| Value::Array(vec![item])).collect()
            }
            Compare::Type(Type::Boolean) => vec![true.into(), false.into()],
            Compare::Type(Type::Number) => vec![number_value(1.0)],
            _ => Vec::new(),
        }
    }
}

/// To cents, as prices are.
fn number_value(number: f64) -> Value {
    Value::Number((number * 100.0).round() / 100.0)
}

/// A shortest text in which a pattern is found: the first that a walk over its states comes to.
fn example(pattern: &Pattern) -> Option<String> {
    /// Bytes that texts are made of, the plain ones first.
    const BYTES: &[u8] =
        b"abcdefghijklmnopqrstuvwxyz0123456789/-_. ABCDEFGHIJKLMNOPQRSTUVWXYZ?=&:,@+%#";
    let stride = pattern.classes.iter().max().map_or(1, |most| usize::from(*most) + 2);
    let rows = pattern.table.len() / stride;
    // For each state how it was come to: from which, and by which byte.
    let mut came: Vec<Option<(u32, u8)>> = vec![None; rows];
    let mut waiting = std::collections::VecDeque::from([Pattern::ROWS]);
    let back = |came: &[Option<(u32, u8)>], mut state: u32, last: Option<u8>| {
        let mut bytes: Vec<u8> = last.into_iter().collect();
        while state != Pattern::ROWS {
            let (from, byte) = came.get((state - Pattern::ROWS) as usize).copied().flatten()?;
            bytes.push(byte);
            state = from;
        }
        bytes.reverse();
        String::from_utf8(bytes).ok()
    };
    while let Some(state) = waiting.pop_front() {
        let row = (state - Pattern::ROWS) as usize * stride;
        if pattern.table.get(row + stride - 1) == Some(&Pattern::FOUND) {
            return back(&came, state, None);
        }
        for byte in BYTES {
            let class = usize::from(*pattern.classes.get(usize::from(*byte))?);
            match *pattern.table.get(row + class)? {
                Pattern::NEVER => {}
                Pattern::FOUND => return back(&came, state, Some(*byte)),
                next => {
                    let at = (next - Pattern::ROWS) as usize;
                    if next != Pattern::ROWS && came[at].is_none() {
                        came[at] = Some((state, *byte));
                        waiting.push_back(next);
                    }
                }
            }
        }
    }
    None
}
