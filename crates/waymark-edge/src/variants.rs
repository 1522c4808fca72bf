//! Plans for visitors of whom nothing is known, kept by what rules can tell apart of their requests.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use waymark_engine::program::Observed;
use waymark_engine::{Context, PackHash};
use waymark_model::{Span, Timestamp, Value, Writer};

use crate::pages::Plan;

/// How long a plan is kept at most: it tells its page when it was made.
const FRESH: Span = Span(60 * Span::SECOND.0);
/// Plans, and bytes of all plans with their keys, that an isolate keeps.
const MOST: usize = 1_024;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// A longer key is rather somebody's idea than a page's address.
const KEY_BYTES: usize = 2_048;

#[derive(Debug, Default)]
pub struct Variants(RefCell<Kept>);

#[derive(Debug, Default)]
struct Kept {
    plans: BTreeMap<Rc<Key>, (Timestamp, Plan)>,
    /// The oldest first.
    order: VecDeque<Rc<Key>>,
    bytes: usize,
}

/// The pack, and what its rules can observe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Vec<u8>);

impl Key {
    /// `None` where no plan is to be kept.
    pub fn new(pack: PackHash, observed: &Observed, context: &Context) -> Option<Self> {
        if observed.fleeting {
            return None;
        }
        let mut out = Writer::default();
        out.raw(&pack.0);
        out.text(&context.locale);
        for path in &observed.paths {
            out.option(context.values.at(path), |out, value: &Value| value.write(out));
        }
        // An address that asks for a variation shows it to nobody else.
        out.list(&observed.asked(context), |out, asked| {
            out.option(asked.as_ref(), |out, variation| out.unsigned((*variation).into()));
        });
        let key = out.into_bytes();
        (key.len() <= KEY_BYTES).then_some(Self(key))
    }
}

impl Variants {
    pub fn get(&self, key: &Key, now: Timestamp) -> Option<Plan> {
        let kept = self.0.borrow();
        kept.plans.get(key).filter(|(until, _)| now < *until).map(|(_, plan)| plan.clone())
    }

    /// Keeps a plan while its decision holds.
    pub fn keep(&self, key: Key, plan: Plan, now: Timestamp, valid_until: Timestamp) {
        let until = valid_until.min(now.plus(FRESH));
        let mut kept = self.0.borrow_mut();
        let key = Rc::new(key);
        kept.drop(&key);
        kept.bytes += size(&key, &plan);
        kept.plans.insert(key.clone(), (until, plan));
        kept.order.push_back(key);
        while kept.order.len() > MOST || kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.order.front().cloned() else { break };
            kept.drop(&oldest);
        }
    }

    pub fn len(&self) -> usize {
        self.0.borrow().order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Kept {
    fn drop(&mut self, key: &Rc<Key>) {
        if let Some((_, plan)) = self.plans.remove(key) {
            self.bytes -= size(key, &plan);
            self.order.retain(|other| other != key);
        }
    }
}

fn size(key: &Key, plan: &Plan) -> usize {
    let texts = match plan {
        Plan::Personal(personal) => personal.slots.len() + personal.decision.len(),
        Plan::Unchanged | Plan::Redirect { .. } => 0,
    };
    key.0.len() + texts
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{Key, MOST, Variants};
    use crate::pages::{Personal, Plan};
    use waymark_engine::program::Observed;
    use waymark_engine::{Context, PackHash};
    use waymark_model::{Object, Span, Timestamp, Value};

    const NOW: Timestamp = Timestamp(1_772_323_200_000);

    fn context(path: &str, country: &str) -> Context {
        let group = |key: &str, text: &str| {
            Value::Object([(key, Value::from(text))].into_iter().collect::<Object>())
        };
        let values = [("page", group("path", path)), ("geo", group("country", country))];
        Context { values: values.into_iter().collect(), ..Context::default() }
    }

    fn key(path: &str, country: &str) -> Key {
        let paths = vec![vec!["page".to_owned(), "path".to_owned()]];
        let observed = Observed { paths, ..Observed::default() };
        Key::new(PackHash([1; 16]), &observed, &context(path, country)).unwrap()
    }

    #[test]
    fn only_what_is_observed_tells_apart() {
        assert_eq!(key("/a", "SG"), key("/a", "DE"));
        assert_ne!(key("/a", "SG"), key("/b", "SG"));
        let fleeting = Observed { fleeting: true, ..Observed::default() };
        assert_eq!(Key::new(PackHash([1; 16]), &fleeting, &context("/a", "SG")), None);
        let long = Observed { paths: vec![vec!["page".to_owned()]], ..Observed::default() };
        let context = context(&"a".repeat(4_000), "SG");
        assert_eq!(Key::new(PackHash([1; 16]), &long, &context), None);
    }

    fn plan(bytes: usize) -> Plan {
        Plan::Personal(Rc::new(Personal {
            slots: "p".repeat(bytes),
            remote: None,
            decision: String::new(),
            tag: None,
            variant: None,
            cookie: None,
        }))
    }

    #[test]
    fn a_plan_is_kept_while_it_holds() {
        let variants = Variants::default();
        variants.keep(key("/a", ""), plan(4), NOW, NOW.plus(Span(5_000)));
        variants.keep(key("/b", ""), Plan::Unchanged, NOW, Timestamp::MAX);
        let at = |path: &str, ms: i64| variants.get(&key(path, ""), NOW.plus(Span(ms)));
        assert_eq!(at("/a", 4_999), Some(plan(4)));
        assert_eq!(at("/a", 5_000), None);
        assert_eq!((at("/b", 59_999), at("/b", 60_000)), (Some(Plan::Unchanged), None));
        assert_eq!(at("/c", 0), None);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let variants = Variants::default();
        let long = plan(8_192);
        for number in 0..2 * MOST {
            let key = key(&format!("/{number}"), "");
            variants.keep(key, long.clone(), NOW, Timestamp::MAX);
        }
        assert!((400..=512).contains(&variants.len()), "{}", variants.len());
        assert_eq!(variants.get(&key("/0", ""), NOW), None);
        let last = key(&format!("/{}", 2 * MOST - 1), "");
        assert!(variants.get(&last, NOW).is_some());
        for _ in 0..3 {
            variants.keep(last.clone(), Plan::Unchanged, NOW, Timestamp::MAX);
        }
        assert_eq!(variants.get(&last, NOW), Some(Plan::Unchanged));
    }
}
