//! What a visitor said of themselves, the latest word on each trait.

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
    said: Vec<EventKey>,
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
            let place = self.values.place(name);
            if place.is_ok_and(|at| self.said[at] > key) {
                continue;
            }
            let before = self.values.get(name).map_or(0, |value| size(name, value));
            let now = size(name, value);
            let bytes = self.bytes - before + now;
            if now > TRAIT_BYTES || bytes > BYTES || (place.is_err() && self.said.len() >= MOST) {
                self.refused += 1;
                continue;
            }
            match place {
                Ok(at) => self.said[at] = key,
                Err(at) => self.said.insert(at, key),
            }
            self.bytes = bytes;
            self.values.insert(name, value.clone());
            changed = true;
        }
        changed
    }

    /// Forgets the traits that it is not told to keep.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let values = core::mem::take(&mut self.values);
        let said = core::mem::take(&mut self.said);
        self.bytes = 0;
        for ((name, value), key) in values.iter().zip(said).filter(|((name, _), _)| keep(name)) {
            self.bytes += size(name, value);
            self.values.insert(name, value.clone());
            self.said.push(key);
        }
    }

    /// As if all had been said at once.
    pub(super) fn forget_when(&mut self, at: EventKey) {
        self.said.fill(at);
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.count(self.refused);
        let mut values = self.values.iter();
        out.list(&self.said, |out, key| {
            let (name, value) = values.next().unwrap_or(("", &Value::Null));
            out.text(name);
            key.write(out);
            value.write(out);
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let mut traits = Self { refused: input.count(), ..Self::default() };
        traits.said = input.list(|input| {
            let name = input.string();
            traits.bytes += name.len();
            let key = EventKey::read(input);
            let before = input.remaining();
            let value = Value::read(input);
            traits.bytes += before - input.remaining();
            if traits.values.place(&name) != Err(traits.values.len()) {
                input.refuse("unsorted-names", ());
            }
            traits.values.insert(name, value);
            key
        });
        traits
    }
}

fn size(name: &str, value: &Value) -> usize {
    let mut out = Writer::default();
    value.write(&mut out);
    name.len() + out.as_bytes().len()
}
