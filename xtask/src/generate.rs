//! Journeys made from a seed, with everything that makes a fold hard: disorder, doubles, gaps, odd
//! numbers and odd text.

use serde_json::{Map, Value, json};
use waymark_model::Timestamp;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// 2026-03-01T00:00:00Z
const START: i64 = 1_772_323_200_000;

pub struct Journeys(Random);

impl Journeys {
    pub const fn new(seed: u64) -> Self {
        Self(Random(fastrand::Rng::with_seed(seed)))
    }

    pub fn case(&mut self, number: usize) -> Value {
        let most = if self.0.chance(10) { 90 } else { 18 };
        let length = 1 + self.0.below(most);
        let mut time = START + self.0.span(10 * DAY);
        let mut events = Vec::new();
        for step in 0..length {
            time += match self.0.below(10) {
                0 => self.0.span(6 * DAY),
                1 | 2 => 30 * MINUTE - 1 + self.0.span(3),
                3 => 0,
                _ => self.0.span(20 * MINUTE),
            };
            events.push(self.event(number, step, time));
        }
        let newest = time;
        // Some come out of order, some twice.
        for at in 0..events.len() {
            if self.0.chance(15) {
                let other = (at + self.0.index(6)).min(events.len() - 1);
                events.swap(at, other);
            }
            if self.0.chance(5) {
                let again = events[self.0.index(events.len())].clone();
                // A double after the checkpoint has passed is the host's to find.
                if events.len() < 30 {
                    events.push(again);
                }
            }
        }
        json!({ "name": format!("journey {number}"), "events": events, "decide": self.decide(newest) })
    }

    fn event(&mut self, journey: usize, step: u64, time: i64) -> Value {
        let mut event = json!({
            "messageId": format!("j{journey}-{step}"),
            "anonymousId": format!("v{journey}"),
            "timestamp": waymark_wire::format_timestamp(Timestamp(time)),
        });
        let (kind, name) = *self.0.pick(&[
            ("page", ""),
            ("track", "Product Viewed"),
            ("track", "Product Viewed"),
            ("track", "Product Viewed"),
            ("track", "Product Added"),
            ("track", "Product Removed"),
            ("track", "Order Completed"),
            ("identify", ""),
            ("screen", ""),
            ("track", "Something Else"),
        ]);
        event["type"] = kind.into();
        if kind == "track" {
            event["event"] = name.into();
        }
        let members = if kind == "identify" { "traits" } else { "properties" };
        event[members] = if kind == "identify" { self.traits() } else { self.properties() };
        if self.0.chance(30) {
            event["context"] = json!({
                "campaign": { "medium": self.0.pick(&["email", "cpc"]), "source": self.text() },
                "page": { "path": self.0.pick(&["/", "/quiet"]) },
            });
        }
        event
    }

    fn properties(&mut self) -> Value {
        let mut all = Map::new();
        all.insert("category".into(), json!(self.0.pick(&["tents", "packs", "stoves", "帐篷"])));
        all.insert("name".into(), self.text());
        all.insert("price".into(), self.number());
        all.insert("revenue".into(), self.number());
        all.insert(
            "order".into(),
            json!({ "id": self.text(), "lines": [1, [2.5, null], { "a": true }] }),
        );
        let kept = self.0.below(6);
        all.into_iter().filter(|_| kept == 0 || self.0.chance(80)).collect::<Map<_, _>>().into()
    }

    fn traits(&mut self) -> Value {
        let mut all = Map::new();
        all.insert("plan".into(), json!(self.0.pick(&["pro", "free", "team"])));
        all.insert("name".into(), self.text());
        all.insert("age".into(), self.number());
        all.insert("tags".into(), json!([self.0.pick(&["vip", "new"]), self.text()]));
        all.insert(
            "site".into(),
            json!(self.0.pick(&["https://a.example/?x=1&y", "javascript:alert(1)", "/p q"])),
        );
        all.into_iter().filter(|_| self.0.chance(60)).collect::<Map<_, _>>().into()
    }

    fn text(&mut self) -> Value {
        json!(self.0.pick(&[
            "Meridian 3",
            "",
            "帐篷「远岭」",
            "🏕️ camp",
            "<b>&\"'`",
            "12",
            " 0x1F ",
            "1e3",
            "-",
            "Zelt",
            "m",
            "naïve\u{0}\u{7f}",
            "a very long name that a template will have to cut somewhere",
        ]))
    }

    fn number(&mut self) -> Value {
        match self.0.below(8) {
            0 => json!(self.0.pick(&[
                0.1,
                0.2,
                1e21,
                1e-7,
                5e-324,
                1.797_693_134_862_315_7e308,
                -0.0,
                9_007_199_254_740_993.0
            ])),
            1 => json!(self.0.pick(&["12", "x", ""])),
            2 => json!(self.0.span(2_000_000_000) - 1_000_000_000),
            3 => Value::Null,
            _ => {
                #[expect(clippy::cast_precision_loss, reason = "prices")]
                let price = self.0.below(30_000) as f64 / 100.0;
                json!(price)
            }
        }
    }

    fn decide(&mut self, newest: i64) -> Value {
        let later = match self.0.below(4) {
            0 => 0,
            1 => self.0.span(2 * 60 * MINUTE),
            2 => self.0.span(9 * DAY),
            _ => self.0.span(60 * DAY) - DAY,
        };
        let granted = self.0.below(10);
        json!({
            "now": newest + later,
            "locale": self.0.pick(&["en", "en-GB", "zh-Hans-SG", "de", ""]),
            "consent": { "categoryPreferences": {
                "analytics": granted > 1, "personalization": granted > 2, "marketing": granted > 4,
            } },
            "context": {
                "page": { "path": self.0.pick(&["/", "/quiet", "/a?b"]) },
                "campaign": { "medium": self.0.pick(&["email", "", "cpc"]), "source": self.text() },
                "device": { "type": self.0.pick(&["mobile", "desktop"]) },
                "geo": { "country": self.0.pick(&["SG", "DE", "CN"]) },
            },
        })
    }
}

/// The same from one seed, on every machine.
struct Random(fastrand::Rng);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end)
    }

    fn index(&mut self, length: usize) -> usize {
        self.0.usize(..length)
    }

    fn span(&mut self, end: i64) -> i64 {
        self.0.i64(0..end)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }
}
