//! Random conditions and journeys, from a seed.

use serde_json::{Value as Json, json};
use waymark_model::{Event, Kind, Object, Span, Timestamp, Value};

/// 2026-03-01T00:00:00Z: clocks change in March.
const START: i64 = 1_772_323_200_000;
const NAMES: [&str; 3] = ["A", "B", "C"];

/// The same from one seed, on every machine.
pub struct Random(fastrand::Rng);

impl Random {
    pub fn of(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    pub fn index(&mut self, length: usize) -> usize {
        self.0.usize(..length)
    }

    fn below(&mut self, end: i64) -> i64 {
        self.0.i64(0..end)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.0.u64(..100) < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// Gaps of all lengths that windows, sessions and days have.
    fn gap(&mut self) -> i64 {
        let unit = *self.pick(&[1, 1_000, 60_000, 3_600_000, 86_400_000]);
        match self.index(4) {
            0 => unit * self.below(3),
            1 => 30 * 60_000 - 1 + self.below(3),
            _ => self.below(unit * 3 + 1),
        }
    }

    /// So long that most of it lies in the tail, and some of it in the checkpoint.
    pub fn journey(&mut self) -> Vec<Event> {
        let most = if self.chance(30) { 70 } else { 14 };
        let length = 1 + self.index(most);
        let mut time = START + self.below(20 * Span::DAY.0);
        let mut events: Vec<Event> = Vec::new();
        for number in 0..length {
            // At one millisecond the hash of the id decides, which the scan need not know.
            time += self.gap().max(1);
            let name = *self.pick(&["A", "A", "B", "B", "C", "D"]);
            let mut event = Event::new(&format!("m{number}"), Kind::Track, name, Timestamp(time));
            if self.chance(10) {
                event.kind = Kind::Identify;
                "Identified".clone_into(&mut event.name);
            }
            event.properties = self.properties();
            events.push(event);
        }
        events
    }

    fn properties(&mut self) -> Object {
        let mut all = Object::new();
        if self.chance(80) {
            all.insert("n", self.value());
        }
        if self.chance(80) {
            all.insert("c", Value::from(*self.pick(&["x", "y", "z"])));
        }
        if self.chance(40) {
            let elements = (0..self.index(4)).map(|_| {
                let mut element = Object::new();
                element.insert("n", self.value());
                element.insert("c", Value::from(*self.pick(&["x", "y", "z"])));
                Value::Object(element)
            });
            all.insert("list", Value::Array(elements.collect()));
        }
        all
    }

    fn value(&mut self) -> Value {
        match self.index(8) {
            0 => Value::from("5"),
            1 => Value::Null,
            #[expect(clippy::cast_precision_loss, reason = "quarters of small numbers")]
            _ => Value::Number(self.below(40) as f64 / 4.0),
        }
    }

    /// At, before and after what happened, and where days and buckets end.
    pub fn moment(&mut self, events: &[Event]) -> Timestamp {
        let newest = events.last().map_or(START, |event| event.time.0);
        let later = match self.index(5) {
            0 => 0,
            1 => self.below(Span::HOUR.0),
            2 => self.below(3 * Span::DAY.0),
            3 => self.below(40 * Span::DAY.0),
            _ => {
                let unit = *self.pick(&[Span::MINUTE.0, Span::HOUR.0, Span::DAY.0]);
                let end = (newest.div_euclid(unit) + 1 + self.below(10)) * unit;
                end - newest - self.below(2)
            }
        };
        Timestamp(newest + later)
    }

    /// What packs of these conditions need.
    pub fn loyalty() -> Json {
        json!({
            "points": [{ "event": "A", "per": "n", "rate": 2 }, { "event": "C" }],
            "redeem": { "event": "B", "per": "n" },
            "expires": "9d",
            "tiers": [{ "id": "low", "at": 5 }, { "id": "high", "at": 30 }],
        })
    }

    pub fn condition(&mut self, depth: u32) -> Json {
        if depth > 0 && self.chance(25) {
            return match self.index(3) {
                0 => json!({ "$and": [self.condition(depth - 1), self.condition(depth - 1)] }),
                1 => json!({ "$or": [self.condition(depth - 1), self.condition(depth - 1)] }),
                _ => json!({ "$not": self.condition(depth - 1) }),
            };
        }
        match self.index(18) {
            0..=2 => {
                let operator = *self.pick(&["$did", "$didNot"]);
                json!({ operator: self.did() })
            }
            3 => self.sequence(),
            4 => self.occurred(),
            5 | 6 => self.amount(),
            7 => self.values("$distinct"),
            8 => self.values("$top"),
            9 => {
                let mut streak = self.occurrence();
                streak["per"] = (*self.pick(&["day", "week", "month"])).into();
                streak["is"] = self.bounds(4);
                json!({ "$streak": streak })
            }
            10 => {
                let mut items = json!({ "add": "A", "key": "c", "max": 1 + self.index(3) });
                if self.chance(60) {
                    items["remove"] = "B".into();
                }
                if self.chance(60) {
                    items["clear"] = json!(["C", { "event": "D", "where": { "c": "x" } }]);
                }
                items["is"] = match self.index(3) {
                    0 => json!({ "$size": self.bounds(3) }),
                    1 => json!({ "$in": [*self.pick(&["x", "y"])] }),
                    _ => json!({ "$all": ["x", "y"] }),
                };
                json!({ "$items": items })
            }
            11 => {
                let key = *self.pick(&["session.number", "session.events"]);
                json!({ key: self.bounds(5) })
            }
            16 => json!({ "features.loyalty-points": self.bounds(12) }),
            17 => {
                let tier = [json!("low"), json!("high"), json!({ "atLeast": "low" })];
                json!({ "$tier": self.pick(&tier).clone() })
            }
            12 => json!({ "traits.n": self.bounds(9) }),
            13 => json!({ "traits.c": { "$in": ["x", "z"] } }),
            14 => {
                let (from, to) = *self.pick(&[("09:00", "18:00"), ("22:00", "06:30")]);
                json!({ "$hours": { "from": from, "to": to } })
            }
            _ => json!({ "$weekday": [*self.pick(&["mon", "wed", "sun"]), "sat"] }),
        }
    }

    fn occurrence(&mut self) -> Json {
        let name = if self.chance(10) { "*" } else { *self.pick(&NAMES) };
        let mut on = json!({ "event": name });
        if self.chance(40) {
            on["where"] = match self.index(3) {
                0 => json!({ "n": { "$gte": 5 } }),
                1 => json!({ "c": *self.pick(&["x", "y"]) }),
                _ => json!({ "$or": [{ "c": "z" }, { "n": { "$lt": 3 } }] }),
            };
        }
        on
    }

    fn duration(&mut self) -> String {
        let (unit, most) = *self.pick(&[("m", 90), ("h", 50), ("d", 40), ("w", 5)]);
        format!("{}{unit}", 1 + self.below(most))
    }

    fn span(&mut self, into: &mut Json) {
        match self.index(4) {
            0 => {}
            1 => {
                let far = 2 + self.below(60);
                into["between"] =
                    json!([format!("{far}d"), format!("{}d", 1 + self.below(far - 1))]);
            }
            _ => into["within"] = self.duration().into(),
        }
    }

    fn did(&mut self) -> Json {
        let mut did = self.occurrence();
        if self.chance(20) {
            did["in"] = "session".into();
            if self.chance(40) {
                did["within"] = self.duration().into();
            }
        } else {
            self.span(&mut did);
        }
        if self.chance(60) {
            did["count"] = if self.chance(20) { self.below(4).into() } else { self.bounds(4) };
        }
        did
    }

    fn bounds(&mut self, most: i64) -> Json {
        let number = self.below(most);
        match self.index(4) {
            0 => json!({ "$gte": number }),
            1 => json!({ "$lte": number }),
            2 => json!({ "$gt": number, "$lt": number + 2 }),
            _ => json!({ "$ne": number }),
        }
    }

    fn sequence(&mut self) -> Json {
        let steps: Vec<Json> = (0..=self.index(3)).map(|_| self.occurrence()).collect();
        let mut sequence = json!({ "steps": steps });
        if self.chance(60) {
            sequence["within"] = self.duration().into();
        }
        if self.chance(50) {
            sequence["without"] = json!(["C"]);
        }
        if self.chance(40) {
            sequence["idle"] = self.duration().into();
        }
        json!({ "$sequence": sequence })
    }

    fn occurred(&mut self) -> Json {
        let mut on = self.occurrence();
        if self.chance(50) {
            let order = *self.pick(&["$lt", "$lte", "$gt", "$gte"]);
            on["age"] = json!({ order: self.duration() });
        } else {
            on["property"] = "n".into();
            on["is"] = self.bounds(9);
        }
        let operator = *self.pick(&["$first", "$last"]);
        json!({ operator: on })
    }

    fn amount(&mut self) -> Json {
        let mut on = self.occurrence();
        self.span(&mut on);
        if self.chance(30) {
            on["each"] = "list".into();
        }
        let operator = *self.pick(&["$count", "$sum", "$avg", "$min", "$max"]);
        if operator != "$count" {
            on["property"] = "n".into();
        }
        on["is"] = if self.chance(15) { json!({ "$exists": false }) } else { self.bounds(12) };
        json!({ operator: on })
    }

    fn values(&mut self, operator: &str) -> Json {
        let mut on = self.occurrence();
        on["property"] = (*self.pick(&["c", "n"])).into();
        if operator == "$top" {
            // One value an event, so that no two are equally late.
            if self.chance(40) {
                let far = 2 + self.below(29);
                on["between"] = json!([format!("{far}d"), format!("{}d", 1 + self.below(far - 1))]);
            } else if self.chance(60) {
                on["within"] = self.duration().into();
            }
            // Enough that none has to go.
            on["max"] = 100.into();
            on["is"] = match self.index(3) {
                0 => json!(*self.pick(&["x", "y"])),
                1 => json!({ "$in": ["z", 5, 2.5] }),
                _ => json!({ "$exists": false }),
            };
        } else {
            if self.chance(30) {
                on["each"] = "list".into();
            }
            if self.chance(60) {
                on["within"] = self.duration().into();
            }
            on["max"] = (*self.pick(&[2, 100])).into();
            on["is"] = self.bounds(5);
        }
        json!({ operator: on })
    }
}
