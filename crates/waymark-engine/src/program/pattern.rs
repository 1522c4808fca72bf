//! Regular expressions as tables: compiled when a pack is published, run in one step a byte.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Reader, Writer};

use super::codec::refuse;

/// A deterministic automaton over the bytes of a text, anchored at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As the pack writes it.
    pub source: String,
    /// Whether upper and lower case are the same.
    pub folded: bool,
    /// The class of each byte: bytes of one class lead to the same places.
    pub classes: Vec<u8>,
    /// A row for each state: where each class leads, and last, where the end of the text does.
    pub table: Vec<u32>,
}

/// Where rows lead: to a state whose row is [`Pattern::ROWS`] less, or to one of these.
impl Pattern {
    /// Nothing that follows can make a match.
    pub const NEVER: u32 = 0;
    /// There is a match whatever follows.
    pub const FOUND: u32 = 1;
    /// The first state with a row, in which every text begins.
    pub const ROWS: u32 = 2;

    fn stride(&self) -> usize {
        self.classes.iter().max().map_or(1, |most| usize::from(*most) + 2)
    }

    /// Whether it matches somewhere in the text.
    pub fn finds(&self, text: &str) -> bool {
        let stride = self.stride();
        let mut state = Self::ROWS;
        for byte in text.bytes() {
            let row = (state - Self::ROWS) as usize * stride;
            state = self.table[row + usize::from(self.classes[usize::from(byte)])];
            if state < Self::ROWS {
                return state == Self::FOUND;
            }
        }
        self.table[(state - Self::ROWS) as usize * stride + stride - 1] == Self::FOUND
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.source);
        out.flag(self.folded);
        // Neighbours are mostly of one class.
        let runs: Vec<&[u8]> = self.classes.chunk_by(|a, b| a == b).collect();
        out.list(&runs, |out, run| {
            out.unsigned(run.len() as u64);
            out.byte(run[0]);
        });
        out.list(&self.table, |out, next| out.unsigned((*next).into()));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let (source, folded) = (input.string(), input.flag());
        let mut classes = Vec::with_capacity(256);
        input.each(|input| {
            let length = (input.u32() as usize).min(256 - classes.len());
            classes.extend(vec![input.byte(); length]);
        });
        if classes.len() != 256 {
            classes = refuse(input, "bad-pattern", vec![0; 256]);
        }
        let table = input.list(Reader::u32);
        let pattern = Self { source, folded, classes, table };
        let stride = pattern.stride();
        let rows = pattern.table.len() / stride;
        let last = Self::ROWS as usize + rows;
        if rows == 0
            || !pattern.table.len().is_multiple_of(stride)
            || pattern.table.iter().any(|next| *next as usize >= last)
        {
            refuse(input, "bad-pattern", ());
        }
        pattern
    }
}
