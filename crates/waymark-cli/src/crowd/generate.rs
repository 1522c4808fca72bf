//! Journeys that are made up: visitors who arrive, look around, come back, and go further or not,
//! doing what the pack watches for.
//!
//! A visitor depends on the seed and on their number, so that there are as many alike as are wanted.

use std::collections::BTreeMap;

use waymark_engine::program::Root;
use waymark_model::{Event, Kind, Object, Span, Timestamp, Value, fnv1a64};
use waymark_pack::Compiled;
use waymark_wire::format_timestamp;

use super::is_ours;
use super::wanted::{Fields, Wanted};

/// 2026-01-01T00:00:00Z, as in packs' own tests.
pub(crate) const START: Timestamp = Timestamp(1_767_225_600_000);
const SESSIONS: usize = 12;
const STEPS: usize = 30;
const PRODUCTS: u64 = 24;

const SOURCES: [(&str, &str); 3] =
    [("google", "cpc"), ("newsletter", "email"), ("instagram", "social")];
const PATHS: [&str; 5] = ["/", "/products", "/products/1", "/about", "/cart"];
const COUNTRIES: [&str; 5] = ["DE", "US", "SG", "GB", "FR"];
const DEVICES: [&str; 3] = ["mobile", "mobile", "desktop"];

/// Words in events' names, with how far along the way such an event is.
const DEPTHS: [(&str, u32); 24] = [
    ("delivered", AFTER),
    ("shipped", AFTER),
    ("refunded", AFTER),
    ("answered", AFTER),
    ("reviewed", AFTER),
    ("cancelled", AFTER),
    ("removed", 4),
    ("cleared", 4),
    ("checkout", 5),
    ("cart", 4),
    ("list", 1),
    ("search", 1),
    ("added", 3),
    ("wish", 3),
    ("started", 5),
    ("completed", LAST),
    ("purchase", LAST),
    ("subscribed", LAST),
    ("submitted", LAST),
    ("converted", LAST),
    ("signed", LAST),
    ("viewed", 2),
    ("clicked", 2),
    ("played", 2),
];
/// What the way leads to.
const LAST: u32 = 6;
/// What may come some days after that.
const AFTER: u32 = 7;
/// Words of what happens seldom.
const SELDOM: [&str; 6] = ["removed", "cleared", "refunded", "cancelled", "unsubscribed", "failed"];

pub(crate) struct Generator {
    wanted: Wanted,
    seed: u64,
    from: Timestamp,
    until: Timestamp,
    /// Names of events by how far along the way they are.
    depths: BTreeMap<u32, Vec<String>>,
}

impl Generator {
    pub(crate) fn of(packs: &[&Compiled], seed: u64, from: Timestamp, until: Timestamp) -> Self {
        let mut wanted = Wanted::default();
        for pack in packs {
            wanted.add(&pack.program, &pack.data);
        }
        // What hosts and the engine do themselves comes of playing.
        wanted.events.retain(|name, _| !is_ours(name));
        let mut depths: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for name in wanted.events.keys().filter(|name| kind_of(name) == Kind::Track) {
            depths.entry(depth(name)).or_default().push(name.clone());
        }
        Self { wanted, seed, from, until, depths }
    }

    /// The events of one visitor, in the order of time.
    pub(crate) fn journey(&self, number: u64) -> Vec<Event> {
        let seed = [self.seed.to_le_bytes(), number.to_le_bytes()].concat();
        let mut random = Random(fastrand::Rng::with_seed(fnv1a64(&seed)));
        let mut visitor = Visitor {
            made: self,
            number,
            device: random.pick(&DEVICES),
            country: random.pick(&COUNTRIES),
            // Most are in no hurry; some know what they want.
            zeal: random.below(100).min(random.below(100)),
            order: 0,
            events: Vec::new(),
            random,
        };
        visitor.lives();
        let mut events = visitor.events;
        events.sort_by_key(Event::key);
        events
    }
}

/// One visitor who is being made up.
struct Visitor<'a> {
    made: &'a Generator,
    number: u64,
    random: Random,
    device: &'static str,
    country: &'static str,
    /// From 0 to 99: how far they go, and how often they come.
    zeal: u64,
    /// The number of their latest order.
    order: u64,
    events: Vec<Event>,
}

impl Visitor<'_> {
    fn lives(&mut self) {
        let length = self.made.until.since(self.made.from).0.max(1);
        let days = length / Span::DAY.0;
        let arrives = self.random.span(days.max(1));
        let mut day = self.made.from.plus(Span(arrives * Span::DAY.0));
        for session in 0..SESSIONS {
            // By day rather than by night.
            let minutes = 7 * 60 + self.random.span(8 * 60) + self.random.span(8 * 60);
            let start = day.plus(Span(minutes * Span::MINUTE.0 + self.random.span(60_000)));
            self.session(start, session == 0);
            if !self.random.chance(35 + self.zeal / 2) {
                break;
            }
            let gap = match self.random.below(10) {
                0..5 => 1 + self.random.span(3),
                5..9 => 3 + self.random.span(7),
                _ => 10 + self.random.span(20),
            };
            day = day.plus(Span(gap * Span::DAY.0));
        }
        let until = self.made.until;
        self.events.retain(|event| event.time <= until);
        if self.events.is_empty() {
            // They came on the last day, and are to be there.
            self.page(until, &Object::new());
        }
    }

    fn session(&mut self, start: Timestamp, first: bool) {
        let made = self.made;
        let campaign = self.campaign();
        let mut at = start;
        self.page(at, &campaign);
        if first && !made.wanted.traits.is_empty() && self.random.chance(40) {
            at = self.later(at);
            self.identify(at);
        }
        let mut reached = 0;
        for step in 1..STEPS {
            if !self.random.chance(60 + self.zeal / 3) {
                break;
            }
            at = self.later(at);
            // The campaign stands in the address of the first page only.
            if step == 1 || self.random.chance(40) {
                self.page(at, &Object::new());
                continue;
            }
            let next = made.depths.keys().copied().find(|depth| *depth > reached);
            if let Some(next) = next.filter(|next| *next < AFTER)
                && self.random.chance(30 + self.zeal / 3)
            {
                reached = next;
            }
            let depth = self.depth(reached);
            let Some(names) = made.depths.get(&depth) else { continue };
            let name = names[self.random.index(names.len())].clone();
            if SELDOM.iter().any(|seldom| name.to_lowercase().contains(seldom))
                && !self.random.chance(25)
            {
                continue;
            }
            if depth == LAST {
                self.order += 1;
                self.after(at);
                // Whoever came for it has it.
                reached = 1;
            }
            self.track(&name, at);
        }
    }

    /// One of those that were reached, the latest half of the time.
    fn depth(&mut self, reached: u32) -> u32 {
        let before: Vec<u32> =
            self.made.depths.keys().copied().filter(|depth| *depth <= reached).collect();
        match before[..] {
            [.., last] if self.random.chance(50) => last,
            [] => reached,
            _ => before[self.random.index(before.len())],
        }
    }

    /// What comes some days after the visitor got what they came for.
    fn after(&mut self, at: Timestamp) {
        for name in self.made.depths.get(&AFTER).into_iter().flatten() {
            let seldom = SELDOM.iter().any(|seldom| name.to_lowercase().contains(seldom));
            if self.random.chance(if seldom { 8 } else { 60 }) {
                let days = Span(Span::HOUR.0 * (20 + self.random.span(150)));
                self.track(name, at.plus(days));
            }
        }
    }

    fn later(&mut self, at: Timestamp) -> Timestamp {
        at.plus(Span(4_000 + self.random.span(3 * Span::MINUTE.0)))
    }

    fn page(&mut self, at: Timestamp, campaign: &Object) {
        let mut page = Object::new();
        page.insert("path", Value::from(self.random.pick(&PATHS)));
        let asked = self.made.wanted.context.get(Root::Page.name());
        self.answer(asked, &mut page, 50);
        let mut event = self.event(Kind::Page, "Page Viewed", at);
        event.context.insert("page", Value::Object(page));
        if !campaign.is_empty() {
            event.context.insert("campaign", Value::Object(campaign.clone()));
        }
        if let Some(fields) = self.made.wanted.events.get(&event.name) {
            event.properties = self.properties(fields);
        }
        self.events.push(event);
    }

    /// How the visitor came; mostly by no campaign.
    fn campaign(&mut self) -> Object {
        let mut campaign = Object::new();
        if self.random.chance(35) {
            let (source, medium) = SOURCES[self.random.index(SOURCES.len())];
            campaign.insert("source", Value::from(source));
            campaign.insert("medium", Value::from(medium));
            let asked = self.made.wanted.context.get(Root::Campaign.name());
            self.answer(asked, &mut campaign, 60);
        }
        campaign
    }

    fn identify(&mut self, at: Timestamp) {
        let mut event = self.event(Kind::Identify, "Identified", at);
        event.user_id = Some(format!("user-{}", self.number + 1));
        event.properties = self.properties(&self.made.wanted.traits);
        self.events.push(event);
    }

    fn track(&mut self, name: &str, at: Timestamp) {
        let mut event = self.event(kind_of(name), name, at);
        if let Some(fields) = self.made.wanted.events.get(name) {
            event.properties = self.properties(fields);
        }
        self.events.push(event);
    }

    fn event(&mut self, kind: Kind, name: &str, at: Timestamp) -> Event {
        let visitor = format!("visitor-{}", self.number + 1);
        let id = format!("{visitor}-{}", self.events.len() + 1);
        let mut event = Event::new(&id, kind, name, at);
        event.anonymous_id = Some(visitor);
        for (root, key, value) in
            [(Root::Device, "type", self.device), (Root::Geo, "country", self.country)]
        {
            let mut group = Object::new();
            group.insert(key, Value::from(value));
            let asked = self.made.wanted.context.get(root.name());
            // The same for all of the visitor's events.
            let mut same = Random(fastrand::Rng::with_seed(self.number ^ self.made.seed));
            std::mem::swap(&mut same, &mut self.random);
            self.answer(asked, &mut group, 40);
            std::mem::swap(&mut same, &mut self.random);
            event.context.insert(root.name(), Value::Object(group));
        }
        event
    }

    /// What the pack asks of a group is answered so that it holds, some of the time.
    fn answer(&mut self, asked: Option<&Fields>, group: &mut Object, percent: u64) {
        for (keys, values) in asked.into_iter().flatten() {
            if !values.is_empty() && self.random.chance(percent) {
                let value = values[self.random.index(values.len())].clone();
                insert(group, keys, value);
            }
        }
    }

    fn properties(&mut self, fields: &Fields) -> Object {
        let mut properties = Object::new();
        let product = self.random.below(PRODUCTS);
        for (keys, values) in fields {
            if self.random.chance(6) {
                continue;
            }
            let value = if !values.is_empty() && self.random.chance(65) {
                values[self.random.index(values.len())].clone()
            } else {
                self.value(keys.last().map_or("", String::as_str), product)
            };
            insert(&mut properties, keys, value);
        }
        properties
    }

    /// A value that a property of this name may have.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn value(&mut self, name: &str, product: u64) -> Value {
        let number = |number: u64| Value::Number(number as f64);
        let lower = name.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let product_id = || Value::Text(format!("p{:02}", product + 1));
        if has(&["product_id", "sku"]) {
            return product_id();
        }
        if lower == "products" || lower == "items" {
            let mut item = Object::new();
            item.insert("product_id", product_id());
            item.insert("price", number(10 + product * 9));
            item.insert("quantity", number(1 + self.random.below(3)));
            return Value::Array(vec![Value::Object(item)]);
        }
        if lower.ends_with("id") {
            let of = format!("{name}-{}-{}", self.number + 1, self.order);
            return Value::Text(of);
        }
        if has(&["quantity", "count"]) {
            return number(1 + self.random.below(4));
        }
        if has(&["score", "rating"]) {
            return number(self.random.below(11));
        }
        if has(&["price", "revenue", "value", "total", "amount", "discount"]) {
            return Value::Number((500 + self.random.below(20_000)) as f64 / 100.0);
        }
        if has(&["date", "birthday"]) || lower.ends_with("_at") {
            let day = Span(self.random.span(365) * Span::DAY.0);
            let at = format_timestamp(self.made.from.minus(day));
            return at.map_or(Value::Null, Value::Text);
        }
        if has(&["currency"]) {
            return Value::from("USD");
        }
        if has(&["email"]) {
            return Value::Text(format!("visitor-{}@example.com", self.number + 1));
        }
        if has(&["name"]) && !has(&["first", "last"]) {
            return Value::Text(format!("Product {}", product + 1));
        }
        Value::Text(format!("{name} {}", 1 + self.random.below(4)))
    }
}

fn insert(into: &mut Object, keys: &[String], value: Value) {
    let Some((first, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        return into.insert(first.as_str(), value);
    }
    let mut inner = match into.remove(first) {
        Some(Value::Object(inner)) => inner,
        _ => Object::new(),
    };
    insert(&mut inner, rest, value);
    into.insert(first.as_str(), Value::Object(inner));
}

fn kind_of(name: &str) -> Kind {
    Kind::ALL.into_iter().find(|kind| kind.event_name() == Some(name)).unwrap_or(Kind::Track)
}

fn depth(name: &str) -> u32 {
    let name = name.to_lowercase();
    let word = DEPTHS.iter().find(|(word, _)| name.contains(word));
    word.map_or(3, |(_, depth)| *depth)
}

/// The same from one seed, on every machine.
struct Random(fastrand::Rng);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end)
    }

    fn index(&mut self, length: usize) -> usize {
        // Not of the width that numbers have on this machine.
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    fn span(&mut self, end: i64) -> i64 {
        self.0.i64(0..end)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.index(from.len())]
    }
}
