//! A list that events add to and take from, such as a cart.

use alloc::vec::Vec;

use waymark_model::{Event, Reader, Timestamp, Value, Writer};

use crate::evaluate::Reading;
use crate::program::{self, Matcher};
use crate::state::cell::is_key;

#[derive(Debug, Clone, PartialEq)]
pub struct Items {
    /// An array of keys, each once, the latest last.
    keys: Value,
    /// Whether it was emptied since it is watched: then all that is in it was seen.
    cleared: bool,
}

impl Default for Items {
    fn default() -> Self {
        Self { keys: Value::Array(Vec::new()), cleared: false }
    }
}

impl Items {
    /// Gives whether it changed.
    pub(super) fn take(
        &mut self,
        definition: &program::Items,
        event: &Event,
        does: impl Fn(&[Matcher]) -> bool,
    ) -> bool {
        let program::Items { add, remove, clear, taken, most } = definition;
        let Value::Array(keys) = &mut self.keys else { return false };
        let mut changed = false;
        if does(clear) {
            changed = !keys.is_empty() || !self.cleared;
            keys.clear();
            self.cleared = true;
        }
        let mut each = |keys: &mut Vec<Value>, adds: bool| {
            taken.values(&event.properties, |key| {
                if !is_key(key) {
                    return;
                }
                let before = keys.len();
                keys.retain(|have| have != key);
                if adds {
                    keys.push(key.clone());
                    if keys.len() > *most as usize {
                        keys.remove(0);
                    }
                }
                changed |= adds || keys.len() != before;
            });
        };
        if does(remove) {
            each(keys, false);
        }
        if does(add) {
            each(keys, true);
        }
        changed
    }

    pub(super) fn reading(&self, covered_from: Timestamp) -> Reading<'_> {
        if covered_from == Timestamp::MIN || self.cleared {
            Reading::of(&self.keys, Timestamp::MAX)
        } else {
            Reading::unknown(Timestamp::MAX)
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.flag(self.cleared);
        if let Value::Array(keys) = &self.keys {
            out.list(keys, |out, key| key.write(out));
        }
    }

    pub(super) fn read(input: &mut Reader<'_>, most: u32) -> Self {
        let cleared = input.flag();
        let keys = input.list(Value::read);
        if keys.len() > most as usize || !keys.iter().all(is_key) {
            input.refuse("wrong-cell", ());
        }
        Self { keys: Value::Array(keys), cleared }
    }
}
