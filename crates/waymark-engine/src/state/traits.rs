//! What a visitor said of themselves, the latest word on each trait.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Event, EventKey, Kind, Object, Reader, Value, Writer};

/// Traits kept of one visitor.
const MOST: usize = 64;
/// Bytes of one trait, with its name.
const TRAIT_BYTES: usize = 1_024;
/// Bytes of all traits, with their names.
const BYTES: usize = 8 * 1_024;
/// The most bytes that the traits of a state take: each is said at some time, and has a frame.
pub const TRAITS_BOUND: usize = BYTES + MOST * 24;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traits {
    values: Object,
    /// When each was said, in the order of the values.
    said: Vec<(String, EventKey)>,
    /// What all of them take.
    bytes: usize,
    /// Traits that did not fit.
    pub refused: u64,
}

impl Traits {
    pub const fn values(&self) -> &Object {
        &self.values
    }

    /// Takes the traits of an `identify`, each if nothing newer was said of it.
    #[cfg_attr(feature = "lean", inline(never))]
    pub(super) fn take(&mut self, event: &Event) -> bool {
        if event.kind != Kind::Identify {
            return false;
        }
        let key = event.key();
        let mut changed = false;
        for (name, value) in event.properties.iter() {
            let at = self.said.binary_search_by(|(have, _)| have.as_str().cmp(name));
            if at.is_ok_and(|at| self.said[at].1 > key) {
                continue;
            }
            let before = self.values.get(name).map_or(0, |value| size(name, value));
            let now = size(name, value);
            let bytes = self.bytes - before + now;
            if now > TRAIT_BYTES || bytes > BYTES || (at.is_err() && self.said.len() >= MOST) {
                self.refused += 1;
                continue;
            }
            match at {
                Ok(at) => self.said[at].1 = key,
                Err(at) => self.said.insert(at, (name.to_owned(), key)),
            }
            self.bytes = bytes;
            self.values.insert(name, value.clone());
            changed = true;
        }
        changed
    }

    /// Forgets the traits that it is not told to keep.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let (kept, gone) =
            core::mem::take(&mut self.said).into_iter().partition(|(name, _)| keep(name));
        self.said = kept;
        let gone: Vec<(String, EventKey)> = gone;
        for (name, _) in gone {
            self.bytes -= self.values.remove(&name).map_or(0, |value| size(&name, &value));
        }
    }

    /// As if all had been said at once.
    pub(super) fn forget_when(&mut self, at: EventKey) {
        self.said.iter_mut().for_each(|(_, key)| *key = at);
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.count(self.refused);
        out.list(&self.said, |out, (name, key)| {
            out.text(name);
            key.write(out);
            self.values.get(name).unwrap_or(&Value::Null).write(out);
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let mut traits = Self { refused: input.count(), ..Self::default() };
        traits.said = input.list(|input| {
            let (name, key) = (input.string(), EventKey::read(input));
            let value = Value::read(input);
            traits.bytes += size(&name, &value);
            traits.values.insert(name.as_str(), value);
            (name, key)
        });
        if !traits.said.is_sorted_by(|a, b| a.0 < b.0) {
            input.refuse("unsorted-names", ());
        }
        traits
    }
}

fn size(name: &str, value: &Value) -> usize {
    let mut out = Writer::default();
    value.write(&mut out);
    name.len() + out.as_bytes().len()
}
