//! Which rules a value excludes, looked up instead of asked rule by rule.
//!
//! What rules ask of one path is a *column*. Its constants cut the values that the path can have into
//! cells, on each of which every rule's question has one answer: a row of one bit a rule. The rules
//! that can still win are what the rows of a visitor's values have in common. A rule that asks for
//! nothing else holds if its bit is left; of the others the rest is evaluated.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use waymark_model::{Object, Value};

use super::{Compare, Cond, CondId, Path, Program, Root, Source, Test};
use crate::evaluate::plain;

/// Below this many rules it is quicker to ask each.
const WORTHWHILE: usize = 16;
/// Rows are 64 rules wide.
const WIDTH: usize = 64;

#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    /// Words in a row; 0 when there are too few rules.
    words: usize,
    by_path: Vec<Column>,
    /// All rows, one after the other.
    rows: Vec<u64>,
    /// Rules of which nothing is asked but what columns answer.
    whole: Vec<u64>,
}

#[derive(Debug, Clone)]
struct Column {
    path: Path,
    /// The constants, sorted.
    numbers: Vec<f64>,
    texts: Vec<String>,
    /// By cell, the row: what is no array, and the element of one.
    scalar: Vec<u32>,
    element: Vec<u32>,
    /// The row of an array that shares nothing with any list.
    array: u32,
    /// Arrays are asked in a way that their elements alone do not answer.
    intricate: bool,
}

/// A visitor's values as rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    /// Where rows begin.
    shared: Vec<u32>,
    /// Rows of this visitor's own: those of arrays.
    own: Vec<u64>,
    /// Some value has no row: then every rule that is left has to be asked.
    unclear: bool,
}

const NULL: usize = 0;
const FALSE: usize = 1;
const TRUE: usize = 2;
const OBJECT: usize = 3;
const NUMBERS: usize = 4;

impl Columns {
    pub fn of(program: &Program) -> Self {
        let count = program.rules.len();
        if count < WORTHWHILE {
            return Self::default();
        }
        let words = count.div_ceil(WIDTH);
        let mut columns = Self { words, whole: vec![0; words], ..Self::default() };
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for (number, rule) in program.rules.iter().enumerate() {
            let mut whole = true;
            for clause in clauses(program, rule.when) {
                match column_of(program, clause) {
                    Some(path) => {
                        let at = asked.iter().position(|asked| asked.path == path);
                        let at = at.unwrap_or_else(|| {
                            asked.push(Asked { path, clauses: Vec::new() });
                            asked.len() - 1
                        });
                        asked[at].ask(clause, number, words);
                    }
                    None => whole = false,
                }
            }
            if whole {
                columns.whole[number / WIDTH] |= 1 << (number % WIDTH);
            }
        }
        for asked in &asked {
            let column = columns.column(program, asked);
            columns.by_path.push(column);
        }
        columns
    }

    fn column(&mut self, program: &Program, asked: &Asked<'_>) -> Column {
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        let mut intricate = false;
        for (clause, _) in &asked.clauses {
            each_test(program, *clause, &mut |compare| {
                constants(compare, &mut numbers, &mut texts);
            });
            let one_list = matches!(
                program.cond(*clause),
                Cond::Test(Test::Compare { compare: Compare::In(_), .. })
            );
            let mut lists = false;
            each_test(program, *clause, &mut |compare| {
                lists |= matches!(compare, Compare::In(_));
            });
            intricate |= lists && !one_list;
        }
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        texts.sort_by(|a: &String, b| order(a, b));
        texts.dedup();
        let array = self.row(program, asked, &Value::Array(Vec::new()));
        let mut column = Column {
            path: asked.path.clone(),
            numbers,
            texts,
            scalar: Vec::new(),
            element: Vec::new(),
            array,
            intricate,
        };
        for value in column.cells() {
            column.scalar.push(self.row(program, asked, &value));
            column.element.push(self.row(program, asked, &Value::Array(vec![value])));
        }
        column
    }

    /// Where the row of a value begins; equal rows are one.
    fn row(&mut self, program: &Program, asked: &Asked<'_>, value: &Value) -> u32 {
        let mut row = vec![u64::MAX; self.words];
        for (clause, mask) in &asked.clauses {
            if !holds(program, *clause, value) {
                for (word, mask) in row.iter_mut().zip(mask) {
                    *word &= !mask;
                }
            }
        }
        let found = self.rows.chunks(self.words).position(|have| have == row);
        let at = found.map_or(self.rows.len(), |number| number * self.words);
        if found.is_none() {
            self.rows.extend(row);
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// A visitor's values as rows.
    pub fn load<'v>(&self, mut look: impl FnMut(&Path) -> Option<&'v Value>) -> Rows {
        let mut loaded = Rows::default();
        for column in &self.by_path {
            match look(&column.path).unwrap_or(&Value::Null) {
                Value::Array(_) if column.intricate => loaded.unclear = true,
                Value::Array(items) => {
                    let slice = |at: u32| &self.rows[at as usize..at as usize + self.words];
                    let start = loaded.own.len();
                    loaded.own.extend(slice(column.array));
                    for item in items {
                        // What is inside an inner array is not looked at.
                        if let Some(cell) = column.cell(item) {
                            let row = slice(column.element[cell]);
                            let union = loaded.own[start..].iter_mut();
                            union.zip(row).for_each(|(word, more)| *word |= more);
                        }
                    }
                }
                value => match column.cell(value) {
                    Some(cell) => loaded.shared.push(column.scalar[cell]),
                    None => loaded.unclear = true,
                },
            }
        }
        loaded
    }

    /// Of 64 rules those that no row excludes. Of few rules nothing is known.
    fn word(&self, loaded: &Rows, word: usize) -> u64 {
        if self.words == 0 {
            return u64::MAX;
        }
        let shared = loaded.shared.iter().map(|at| self.rows[*at as usize + word]);
        let own = loaded.own.chunks_exact(self.words).map(|row| row[word]);
        own.fold(shared.fold(u64::MAX, |all, row| all & row), |all, row| all & row)
    }

    /// Of 64 rules those that hold if they are left.
    fn settled(&self, loaded: &Rows, word: usize) -> u64 {
        if self.words == 0 || loaded.unclear { 0 } else { self.whole[word] }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let column = |column: &Column| {
            8 * (column.scalar.len() + column.numbers.len())
                + column.texts.iter().map(|text| 24 + text.len()).sum::<usize>()
        };
        8 * (self.rows.len() + self.whole.len()) + self.by_path.iter().map(column).sum::<usize>()
    }
}

/// Rules in their order, looked at 64 at a time.
pub(crate) struct Scan<'a> {
    columns: &'a Columns,
    loaded: &'a Rows,
    word: usize,
    left: u64,
    settled: u64,
}

impl<'a> Scan<'a> {
    pub fn new(columns: &'a Columns, loaded: &'a Rows) -> Self {
        // No word is looked at yet.
        Self { columns, loaded, word: usize::MAX, left: 0, settled: 0 }
    }

    /// The first rule from `from` on, and before `end`, that is left, and whether that means that it
    /// holds.
    pub fn next(&mut self, mut from: usize, end: usize) -> Option<(usize, bool)> {
        while from < end {
            let (word, bit) = (from / WIDTH, from % WIDTH);
            if word != self.word {
                self.word = word;
                self.left = self.columns.word(self.loaded, word);
                self.settled = self.columns.settled(self.loaded, word);
            }
            let rest = self.left >> bit;
            if rest != 0 {
                let next = from + rest.trailing_zeros() as usize;
                return (next < end).then_some((next, self.settled >> (next % WIDTH) & 1 == 1));
            }
            from = (word + 1) * WIDTH;
        }
        None
    }
}

/// What rules ask of one path.
struct Asked<'p> {
    path: &'p Path,
    /// Each clause once, with the rules that have it.
    clauses: Vec<(CondId, Vec<u64>)>,
}

impl Asked<'_> {
    fn ask(&mut self, clause: CondId, rule: usize, words: usize) {
        let at = self.clauses.iter().position(|(have, _)| *have == clause);
        let at = at.unwrap_or_else(|| {
            self.clauses.push((clause, vec![0; words]));
            self.clauses.len() - 1
        });
        self.clauses[at].1[rule / WIDTH] |= 1 << (rule % WIDTH);
    }
}

impl Column {
    /// A value of each cell.
    fn cells(&self) -> Vec<Value> {
        let mut cells =
            vec![Value::Null, Value::Bool(false), Value::Bool(true), Value::Object(Object::new())];
        let mut before = None;
        for number in &self.numbers {
            // Halves, so that the middle of the largest numbers is one.
            let gap = before.map_or(f64::NEG_INFINITY, |before: f64| before / 2.0 + number / 2.0);
            cells.push(Value::Number(gap));
            cells.push(Value::Number(*number));
            before = Some(*number);
        }
        cells.push(Value::Number(f64::INFINITY));
        let mut before = String::new();
        for text in &self.texts {
            // The least text after another is that with a zero behind it.
            cells.push(Value::Text(before.clone() + "\0"));
            cells.push(Value::Text(text.clone()));
            before.clone_from(text);
        }
        cells.push(Value::Text(before + "\0"));
        cells
    }

    fn cell(&self, value: &Value) -> Option<usize> {
        Some(match value {
            Value::Null => NULL,
            Value::Bool(false) => FALSE,
            Value::Bool(true) => TRUE,
            Value::Object(_) => OBJECT,
            Value::Number(number) if number.is_nan() => return None,
            Value::Number(number) => {
                NUMBERS + place(&self.numbers, |have| have.total_cmp(&(number + 0.0)))
            }
            Value::Text(text) => {
                NUMBERS + 2 * self.numbers.len() + 1 + place(&self.texts, |have| order(have, text))
            }
            Value::Array(_) => return None,
        })
    }
}

/// Among points and the gaps between them.
fn place<T>(points: &[T], compare: impl FnMut(&T) -> Ordering) -> usize {
    match points.binary_search_by(compare) {
        Ok(point) => 2 * point + 1,
        Err(gap) => 2 * gap,
    }
}

/// By code units, as comparisons have it.
fn order(left: &str, right: &str) -> Ordering {
    // Only surrogates make a difference, which ASCII does not have.
    if left.is_ascii() && right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}

/// The parts of a condition that all have to hold.
fn clauses(program: &Program, cond: CondId) -> Vec<CondId> {
    match program.cond(cond) {
        Cond::All(parts) => parts.iter().flat_map(|part| clauses(program, *part)).collect(),
        _ => vec![cond],
    }
}

/// The path of which alone a clause asks, in a way that columns can answer.
fn column_of(program: &Program, clause: CondId) -> Option<&Path> {
    match program.cond(clause) {
        Cond::All(parts) | Cond::Any(parts) => {
            let (first, rest) = parts.split_first()?;
            let path = column_of(program, *first)?;
            rest.iter().all(|part| column_of(program, *part) == Some(path)).then_some(path)
        }
        Cond::Not(part) => column_of(program, *part),
        Cond::Test(Test::Compare { source: Source::Path(path), compare }) => {
            let stays = path.root.is_stateless() || path.root == Root::Traits;
            (stays && is_plain(compare)).then_some(path)
        }
        Cond::Test(_) => None,
    }
}

fn is_plain(compare: &Compare) -> bool {
    let single = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_));
    match compare {
        Compare::Is(value) | Compare::Order(_, value) => single(value),
        Compare::In(list) => list.iter().all(single),
        Compare::Exists | Compare::Type(_) => true,
        _ => false,
    }
}

fn holds(program: &Program, cond: CondId, value: &Value) -> bool {
    match program.cond(cond) {
        Cond::All(parts) => parts.iter().all(|part| holds(program, *part, value)),
        Cond::Any(parts) => parts.iter().any(|part| holds(program, *part, value)),
        Cond::Not(part) => !holds(program, *part, value),
        Cond::Test(Test::Compare { compare, .. }) => plain(compare, value).unwrap_or(false),
        Cond::Test(_) => false,
    }
}

fn each_test<'p>(program: &'p Program, cond: CondId, each: &mut dyn FnMut(&'p Compare)) {
    match program.cond(cond) {
        Cond::All(parts) | Cond::Any(parts) => {
            for part in parts {
                each_test(program, *part, each);
            }
        }
        Cond::Not(part) => each_test(program, *part, each),
        Cond::Test(Test::Compare { compare, .. }) => each(compare),
        Cond::Test(_) => {}
    }
}

fn constants(compare: &Compare, numbers: &mut Vec<f64>, texts: &mut Vec<String>) {
    let values = match compare {
        Compare::Is(value) | Compare::Order(_, value) => core::slice::from_ref(value),
        Compare::In(list) => list,
        _ => return,
    };
    for value in values {
        match value {
            Value::Number(number) => numbers.push(number + 0.0),
            Value::Text(text) => texts.push(text.clone()),
            _ => {}
        }
    }
}
