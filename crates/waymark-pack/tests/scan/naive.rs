//! The meaning of conditions, by the JSON that packs write and a list of everything that happened.
//! It shares no code with the compiler or the engine.

use std::cmp::Ordering;

use jiff::civil::Weekday;
use serde_json::{Map, Value as Json};
use waymark_model::{Event, Object, Timestamp, Value};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const SESSION: i64 = 30 * MINUTE;

pub struct Scan {
    /// In the order of time.
    events: Vec<Happened>,
    zone: jiff::tz::TimeZone,
}

struct Happened {
    at: i64,
    name: String,
    properties: Json,
}

impl Scan {
    pub fn new(events: &[Event], zone: &str) -> Self {
        let mut all: Vec<Happened> = events
            .iter()
            .map(|event| Happened {
                at: event.time.0,
                name: event.name.clone(),
                properties: json_of(&event.properties),
            })
            .collect();
        all.sort_by_key(|event| event.at);
        Self { events: all, zone: jiff::tz::TimeZone::get(zone).expect("a zone") }
    }

    pub fn holds(&self, condition: &Json, now: Timestamp) -> bool {
        let members = condition.as_object().expect("an object");
        members.iter().all(|(key, value)| self.part(key, value, now.0))
    }

    fn part(&self, key: &str, of: &Json, now: i64) -> bool {
        let at = Timestamp(now);
        let list = || of.as_array().expect("a list").iter();
        match key {
            "$and" => list().all(|part| self.holds(part, at)),
            "$or" => list().any(|part| self.holds(part, at)),
            "$not" => !self.holds(of, at),
            "$did" => self.did(of, now),
            "$didNot" => !self.did(of, now),
            "$sequence" => self.sequence(of, now),
            "$first" | "$last" => self.occurred(of, key == "$first", now),
            "$count" | "$sum" | "$avg" | "$min" | "$max" => self.amount(key, of, now),
            "$distinct" => self.distinct(of, now),
            "$top" => self.top(of, now),
            "$streak" => self.streak(of, now),
            "$items" => self.items(of),
            "$hours" => self.hours(of, now),
            "$weekday" => self.weekday(of, now),
            "features.loyalty-points" => fulfils(&plain(self.points(now, true)), of),
            "$tier" => {
                let earned = self.points(now, false);
                match of.as_str() {
                    Some("low") => (5.0..30.0).contains(&earned),
                    Some(_) => earned >= 30.0,
                    None => earned >= 5.0,
                }
            }
            "session.number" => fulfils(&number(self.sessions().len()), of),
            "session.events" => {
                fulfils(&number(self.sessions().last().map_or(0, |(_, _, count)| *count)), of)
            }
            path => {
                let name = path.strip_prefix("traits.").expect("a trait");
                let said = self.events.iter().filter(|event| event.name == "Identified");
                let latest = said.filter_map(|event| event.properties.get(name)).next_back();
                fulfils(latest.unwrap_or(&Json::Null), of)
            }
        }
    }

    /// What matches `event` and `where`.
    fn on<'a>(&'a self, of: &'a Json) -> impl DoubleEndedIterator<Item = &'a Happened> {
        self.events.iter().filter(move |event| is(event, of))
    }

    /// Two for each unit of an A, one for a C; a B spends. They count for nine days, by the day.
    fn points(&self, now: i64, spends: bool) -> f64 {
        let counts = |earned: i64, at: i64| at.div_euclid(DAY) - earned.div_euclid(DAY) <= 9;
        let mut lots: Vec<(i64, f64)> = Vec::new();
        for event in &self.events {
            let amount = event.properties.get("n").and_then(Json::as_f64);
            match (event.name.as_str(), amount) {
                ("A", Some(amount)) => lots.push((event.at, amount * 2.0)),
                ("C", _) => lots.push((event.at, 1.0)),
                ("B", Some(mut due)) if spends => {
                    for (earned, left) in &mut lots {
                        if counts(*earned, event.at) {
                            let taken = due.min(*left);
                            *left -= taken;
                            due -= taken;
                        }
                    }
                }
                _ => {}
            }
        }
        lots.iter().filter(|(earned, _)| counts(*earned, now)).map(|(_, left)| left).sum()
    }

    fn did(&self, of: &Json, now: i64) -> bool {
        let count = if of.get("between").is_some() {
            self.in_window(of, now, BUCKETS).count()
        } else {
            let session = of.get("in").is_some();
            let sessions = self.sessions();
            let current = sessions.last().filter(|(_, end, _)| now - end < SESSION);
            let from = of.get("within").map_or(i64::MIN, |within| now - span(within));
            let inside = |event: &&Happened| {
                event.at > from
                    && (!session || current.is_some_and(|(start, ..)| event.at >= *start))
            };
            self.on(of).filter(inside).count()
        };
        match of.get("count") {
            None => count >= 1,
            Some(wanted @ Json::Number(_)) => number(count) == *wanted,
            Some(bounds) => fulfils(&number(count), bounds),
        }
    }

    /// Start, end and number of events of each session.
    fn sessions(&self) -> Vec<(i64, i64, usize)> {
        let mut all: Vec<(i64, i64, usize)> = Vec::new();
        for event in &self.events {
            match all.last_mut() {
                Some((_, end, count)) if event.at - *end < SESSION => {
                    *end = event.at;
                    *count += 1;
                }
                _ => all.push((event.at, event.at, 1)),
            }
        }
        all
    }

    /// Of the matches that end last, the one that began last, with nothing in `without` since it
    /// began.
    fn sequence(&self, of: &Json, now: i64) -> bool {
        let steps = of["steps"].as_array().expect("steps");
        let without: Vec<&Json> =
            of.get("without").and_then(Json::as_array).into_iter().flatten().collect();
        let stops = |event: &Happened| without.iter().any(|name| event.name == **name);
        // By the last step's event, the latest beginning: walked backwards from each end.
        let latest = self.events.iter().enumerate().rev().find_map(|(end, event)| {
            is(event, &steps[steps.len() - 1]).then_some(())?;
            let begin = self.began(steps, end)?;
            Some((begin, event.at))
        });
        // A match is void when something of `without` came after its first step, and so is every
        // other that began before.
        let clean = self.events.iter().rposition(stops);
        let found = match clean {
            None => latest,
            Some(at) => {
                let rest: Vec<&Happened> = self.events[at..].iter().collect();
                // An event of `without` may itself be a first step.
                let from = rest.first().map_or(i64::MIN, |event| event.at);
                self.events.iter().enumerate().rev().find_map(|(end, event)| {
                    if event.at < from || !is(event, &steps[steps.len() - 1]) {
                        return None;
                    }
                    let begin = self.began_since(steps, end, from)?;
                    Some((begin, event.at))
                })
            }
        };
        let Some((began, came)) = found else { return false };
        let fits = of.get("within").is_none_or(|within| now - began < span(within));
        let idle = of.get("idle").is_none_or(|idle| now - came >= span(idle));
        fits && idle
    }

    fn began(&self, steps: &[Json], end: usize) -> Option<i64> {
        self.began_since(steps, end, i64::MIN)
    }

    /// The latest beginning of a match that ends at an event, all of it not before `from`.
    fn began_since(&self, steps: &[Json], end: usize, from: i64) -> Option<i64> {
        let (_, before) = steps.split_last()?;
        if before.is_empty() {
            return Some(self.events[end].at);
        }
        // Greedy from behind: the latest event for each step leaves the most to the steps before it.
        let mut at = end;
        for step in before.iter().rev() {
            at = (0..at)
                .rev()
                .find(|at| self.events[*at].at >= from && is(&self.events[*at], step))?;
        }
        Some(self.events[at].at)
    }

    fn occurred(&self, of: &Json, first: bool, now: i64) -> bool {
        let found = if first { self.on(of).next() } else { self.on(of).next_back() };
        let Some(event) = found else {
            // Of what never happened there is no property.
            return of.get("age").is_none() && fulfils(&Json::Null, &of["is"]);
        };
        if let Some(age) = of.get("age") {
            let (order, bound) = age.as_object().expect("bounds").iter().next().expect("one");
            return ordered(order, (now - event.at).cmp(&span(bound)));
        }
        let value = property(&event.properties, of["property"].as_str().expect("a path"));
        fulfils(&value, &of["is"])
    }

    /// What happened in the calendar buckets of a window.
    fn in_window<'a>(
        &'a self,
        of: &'a Json,
        now: i64,
        ladder: &'static [(i64, i64)],
    ) -> impl Iterator<Item = &'a Happened> {
        let (far, near) = match (of.get("within"), of.get("between")) {
            (Some(within), _) => (Some(span(within)), 0),
            (_, Some(between)) => (Some(span(&between[0])), span(&between[1])),
            _ => (None, 0),
        };
        self.on(of).filter(move |event| {
            let Some(far) = far else { return true };
            let (_, width) = ladder.iter().find(|(longest, _)| far <= *longest).expect("a window");
            let buckets = (far + width - 1) / width;
            let age = now.div_euclid(*width) - event.at.div_euclid(*width);
            age < buckets && age >= near / width
        })
    }

    fn values(&self, of: &Json, now: i64, ladder: &'static [(i64, i64)]) -> Vec<(i64, Json)> {
        let mut all = Vec::new();
        for event in self.in_window(of, now, ladder) {
            let path = of.get("property").and_then(Json::as_str);
            let mut add = |from: &Json| {
                let value = match path {
                    None => Some(number(1)),
                    Some(path) => from.get(path).cloned(),
                };
                // What is null is not there.
                let value = value.filter(|value| !value.is_null());
                all.extend(value.map(|value| (event.at, value)));
            };
            match of.get("each").and_then(Json::as_str) {
                None => add(&event.properties),
                Some(list) => {
                    let list = event.properties.get(list).and_then(Json::as_array);
                    list.into_iter().flatten().for_each(add);
                }
            }
        }
        all
    }

    fn amount(&self, operator: &str, of: &Json, now: i64) -> bool {
        let values = self.values(of, now, BUCKETS);
        let numbers: Vec<f64> = values.iter().filter_map(|(_, value)| value.as_f64()).collect();
        // The sum of nothing is minus zero.
        let sum = numbers.iter().sum::<f64>() + 0.0;
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let found = match operator {
            "$sum" | "$count" => Some(sum),
            _ if numbers.is_empty() => None,
            "$avg" => Some(sum / numbers.len() as f64),
            "$min" => numbers.iter().copied().reduce(f64::min),
            _ => numbers.iter().copied().reduce(f64::max),
        };
        fulfils(&found.map_or(Json::Null, Json::from), &of["is"])
    }

    fn distinct(&self, of: &Json, now: i64) -> bool {
        let mut values: Vec<String> =
            self.values(of, now, BUCKETS).iter().map(|(_, value)| value.to_string()).collect();
        values.sort();
        values.dedup();
        let most = of["max"].as_u64().expect("max");
        fulfils(&Json::from((values.len() as u64).min(most)), &of["is"])
    }

    fn top(&self, of: &Json, now: i64) -> bool {
        let mut best: Vec<(usize, i64, Json)> = Vec::new();
        for (_, value) in self.values(of, now, WIDE) {
            match best.iter_mut().find(|(_, _, have)| *have == value) {
                Some((count, _, _)) => *count += 1,
                None => best.push((1, i64::MIN, value)),
            }
        }
        // The latest of all, in the window or not.
        let ever = Json::Object(
            of.as_object()
                .expect("an object")
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "within" | "between"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        );
        for (at, value) in self.values(&ever, now, WIDE) {
            if let Some((_, latest, _)) = best.iter_mut().find(|(_, _, have)| *have == value) {
                *latest = (*latest).max(at);
            }
        }
        best.sort_by_key(|(count, latest, _)| std::cmp::Reverse((*count, *latest)));
        let wanted = |value: &Json| fulfils(value, &of["is"]);
        wanted(best.first().map_or(&Json::Null, |(_, _, value)| value))
    }

    fn date(&self, at: i64) -> jiff::civil::Date {
        let at = jiff::Timestamp::from_millisecond(at).expect("a time");
        at.to_zoned(self.zone.clone()).date()
    }

    fn streak(&self, of: &Json, now: i64) -> bool {
        let period = |at: i64| -> i64 {
            let date = self.date(at);
            let day = i64::from(
                date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 5)))
                    .expect("days")
                    .get_days(),
            );
            match of["per"].as_str() {
                Some("week") => day.div_euclid(7),
                Some("month") => i64::from(date.year()) * 12 + i64::from(date.month()),
                _ => day,
            }
        };
        let mut periods: Vec<i64> = self.on(of).map(|event| period(event.at)).collect();
        periods.sort_unstable();
        periods.dedup();
        let mut length = 0;
        let mut expected = periods.last().copied();
        if expected.is_some_and(|last| last >= period(now) - 1) {
            while let Some(number) = periods.pop().filter(|number| Some(*number) == expected) {
                length += 1;
                expected = Some(number - 1);
            }
        }
        fulfils(&Json::from(length), &of["is"])
    }

    fn items(&self, of: &Json) -> bool {
        let does = |event: &Happened, what: Option<&Json>| match what {
            None => false,
            Some(Json::Array(all)) => all.iter().any(|one| changes(event, one)),
            Some(one) => changes(event, one),
        };
        let most = usize::try_from(of["max"].as_u64().expect("max")).expect("few");
        let mut keys: Vec<Json> = Vec::new();
        for event in &self.events {
            if does(event, of.get("clear")) {
                keys.clear();
            }
            let Some(key) = event.properties.get("c") else { continue };
            if does(event, of.get("remove")) {
                keys.retain(|have| have != key);
            }
            if does(event, of.get("add")) {
                keys.retain(|have| have != key);
                keys.push(key.clone());
                if keys.len() > most {
                    keys.remove(0);
                }
            }
        }
        let (operator, wanted) = of["is"].as_object().expect("is").iter().next().expect("one");
        let wanted_all = || wanted.as_array().expect("a list").iter();
        match operator.as_str() {
            "$size" => fulfils(&number(keys.len()), wanted),
            "$in" => wanted_all().any(|one| keys.contains(one)),
            _ => wanted_all().all(|one| keys.contains(one)),
        }
    }

    fn hours(&self, of: &Json, now: i64) -> bool {
        let at = jiff::Timestamp::from_millisecond(now).expect("a time");
        let time = at.to_zoned(self.zone.clone()).time();
        let of_day = |key: &str| of[key].as_str().expect("a time").parse().expect("a time");
        let (from, to): (jiff::civil::Time, jiff::civil::Time) = (of_day("from"), of_day("to"));
        if from < to { from <= time && time < to } else { time >= from || time < to }
    }

    fn weekday(&self, of: &Json, now: i64) -> bool {
        let name = match self.date(now).weekday() {
            Weekday::Monday => "mon",
            Weekday::Tuesday => "tue",
            Weekday::Wednesday => "wed",
            Weekday::Thursday => "thu",
            Weekday::Friday => "fri",
            Weekday::Saturday => "sat",
            Weekday::Sunday => "sun",
        };
        of.as_array().expect("days").iter().any(|day| day == name)
    }
}

/// Longest window, and the width of its buckets: as the reference for marketers has them.
const BUCKETS: &[(i64, i64)] = &[
    (2 * HOUR, MINUTE),
    (DAY, 5 * MINUTE),
    (14 * DAY, HOUR),
    (400 * DAY, DAY),
    (12_000 * DAY, 30 * DAY),
];
const WIDE: &[(i64, i64)] = &[
    (2 * HOUR, 5 * MINUTE),
    (31 * HOUR, HOUR),
    (7 * DAY, 6 * HOUR),
    (31 * DAY, DAY),
    (217 * DAY, 7 * DAY),
    (930 * DAY, 30 * DAY),
    (11_160 * DAY, 360 * DAY),
];

fn changes(event: &Happened, by: &Json) -> bool {
    match by {
        Json::String(name) => event.name == *name,
        of => is(event, of),
    }
}

fn is(event: &Happened, of: &Json) -> bool {
    let name = of["event"].as_str().expect("an event");
    (name == "*" || event.name == name)
        && of.get("where").is_none_or(|filter| matches(&event.properties, filter))
}

fn matches(properties: &Json, filter: &Json) -> bool {
    filter.as_object().expect("an object").iter().all(|(key, wanted)| match key.as_str() {
        "$or" => wanted.as_array().expect("a list").iter().any(|part| matches(properties, part)),
        path => fulfils(&property(properties, path), wanted),
    })
}

fn property(properties: &Json, path: &str) -> Json {
    properties.get(path).cloned().unwrap_or(Json::Null)
}

/// A value against what it has to be like.
fn fulfils(value: &Json, wanted: &Json) -> bool {
    let Json::Object(operators) = wanted else { return same(value, wanted) };
    operators.iter().all(|(operator, bound)| match operator.as_str() {
        "$ne" => !same(value, bound),
        "$in" => bound.as_array().expect("a list").iter().any(|one| same(value, one)),
        "$exists" => value.is_null() != bound.as_bool().expect("a flag"),
        order => match (value.as_f64(), bound.as_f64()) {
            (Some(value), Some(bound)) => {
                value.partial_cmp(&bound).is_some_and(|ordering| ordered(order, ordering))
            }
            _ => false,
        },
    })
}

/// Numbers by what they are, however they are written.
fn same(one: &Json, other: &Json) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other) == Ordering::Equal,
        _ => one == other,
    }
}

fn ordered(order: &str, ordering: Ordering) -> bool {
    match order {
        "$lt" => ordering.is_lt(),
        "$lte" => ordering.is_le(),
        "$gt" => ordering.is_gt(),
        _ => ordering.is_ge(),
    }
}

fn number(count: usize) -> Json {
    Json::from(count)
}

fn span(written: &Json) -> i64 {
    let text = written.as_str().expect("a duration");
    let (digits, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => 7 * DAY,
    };
    digits.parse::<i64>().expect("a number") * unit
}

fn json_of(object: &Object) -> Json {
    let members = object.iter().map(|(key, value)| (key.to_owned(), json_of_value(value)));
    Json::Object(members.collect::<Map<_, _>>())
}

fn json_of_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Number(number) => Json::from(*number),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Array(items) => items.iter().map(json_of_value).collect(),
        Value::Object(object) => json_of(object),
    }
}

/// As packs write it: a whole number without a point.
#[expect(clippy::cast_possible_truncation, reason = "few points")]
fn plain(number: f64) -> Json {
    if number.fract() == 0.0 { Json::from(number as i64) } else { Json::from(number) }
}
