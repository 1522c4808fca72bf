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

use super::{Action, Compare, Cond, CondId, Path, Program, Root, Source, Test};
use crate::WHOLE;
use crate::evaluate::{by_code_units, plain, rank};

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
    texts: Vec<Text>,
    /// By cell, the row: what is no array, and the element of one.
    scalar: Vec<u32>,
    element: Vec<u32>,
    /// The row of an array that shares nothing with any list.
    array: u32,
    /// Arrays are asked in a way that their elements alone do not answer.
    intricate: bool,
}

/// A constant, with what nearly always tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    head: u64,
    whole: String,
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
        if count < WORTHWHILE || !WHOLE {
            return Self::default();
        }
        let words = count.div_ceil(WIDTH);
        let mut columns = Self { words, whole: vec![0; words], ..Self::default() };
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for (number, rule) in program.rules.iter().enumerate() {
            // Who is in an experiment stays in it, whatever has become of its condition.
            if matches!(rule.action, Action::Experiment(_)) {
                continue;
            }
            let mut whole = true;
            // By path, what the rule asks of it.
            let mut questions: Vec<(&Path, Vec<CondId>)> = Vec::new();
            for clause in clauses(program, rule.when) {
                let Some(path) = column_of(program, clause) else {
                    whole = false;
                    continue;
                };
                match questions.iter_mut().find(|(have, _)| *have == path) {
                    Some((_, parts)) => parts.push(clause),
                    None => questions.push((path, vec![clause])),
                }
            }
            for (path, parts) in questions {
                let at = asked.iter().position(|asked| asked.path == path).unwrap_or_else(|| {
                    asked.push(Asked { path, questions: Vec::new() });
                    asked.len() - 1
                });
                asked[at].ask(parts, number, words);
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
        let (mut numbers, mut texts) = (Points::new(), Points::new());
        let mut intricate = false;
        for (at, question) in (0..).zip(&asked.questions) {
            let mut lists = 0;
            for part in &question.parts {
                each_test(program, *part, &mut |compare| {
                    lists += u32::from(matches!(compare, Compare::In(_)));
                    constants(
                        compare,
                        |number| numbers.add(number, at, f64::total_cmp),
                        |text| texts.add(text.clone(), at, |a: &String, b| by_code_units(a, b)),
                    );
                });
            }
            let one_list = matches!(&*question.parts, [only] if matches!(
                program.cond(*only),
                Cond::Test(Test::Compare { compare: Compare::In(_), .. })
            ));
            intricate |= lists > 0 && !one_list;
        }
        let Points { sorted: numbers, askers: number_askers } = numbers;
        let Points { sorted: texts, askers: text_askers } = texts;
        let cells = cells(&numbers, &texts);
        // In the order of the cells: nobody in a gap asks what nobody asked at the point before it.
        let mut askers: Vec<Option<&[u32]>> = vec![None; NUMBERS];
        for points in [&number_askers, &text_askers] {
            askers.push(None);
            for who in points {
                askers.extend([Some(&**who); 2]);
            }
        }
        let mut sweep = Sweep::new(program, asked, self);
        let mut rows = |wrap: &dyn Fn(&Value) -> Value| -> Vec<u32> {
            cells
                .iter()
                .zip(&askers)
                .map(|(cell, askers)| sweep.row(&wrap(cell), *askers))
                .collect()
        };
        let scalar = rows(&Value::clone);
        let element = rows(&|cell| Value::Array(vec![cell.clone()]));
        let array = sweep.row(&Value::Array(Vec::new()), None);
        let texts = texts.into_iter().map(|whole| Text { head: head_of(&whole), whole }).collect();
        Column { path: asked.path.clone(), numbers, texts, scalar, element, array, intricate }
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

    /// The same of several words from `start` on.
    fn words(&self, loaded: &Rows, start: usize, left: &mut [u64]) {
        left.fill(u64::MAX);
        let mut and = |row: &[u64]| {
            for (word, row) in left.iter_mut().zip(&row[start..]) {
                *word &= row;
            }
        };
        for at in &loaded.shared {
            and(&self.rows[*at as usize..]);
        }
        loaded.own.chunks_exact(self.words).for_each(and);
    }

    /// Of 64 rules those that hold if they are left.
    fn settled(&self, loaded: &Rows, word: usize) -> u64 {
        if self.words == 0 || loaded.unclear { 0 } else { self.whole[word] }
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let column = |column: &Column| {
            8 * (column.scalar.len() + column.numbers.len())
                + column.texts.iter().map(|text| 32 + text.whole.len()).sum::<usize>()
        };
        8 * (self.rows.len() + self.whole.len()) + self.by_path.iter().map(column).sum::<usize>()
    }
}

/// Words that are looked at together where there are many: who looks for the first rule seldom needs
/// more than one, and who looks for all is quicker with several.
const TOGETHER: usize = 8;
const MANY: usize = 64;

/// Rules in their order, looked at 64 or more at a time.
pub(crate) struct Scan<'a> {
    columns: &'a Columns,
    loaded: &'a Rows,
    /// The rules that are left, from the word `start` to before the word `end`.
    left: [u64; TOGETHER],
    start: usize,
    end: usize,
}

impl<'a> Scan<'a> {
    pub fn new(columns: &'a Columns, loaded: &'a Rows) -> Self {
        Self { columns, loaded, left: [0; TOGETHER], start: 0, end: 0 }
    }

    /// The first rule from `from` on, and before `end`, that is left, and whether that means that it
    /// holds.
    pub fn next(&mut self, mut from: usize, end: usize) -> Option<(usize, bool)> {
        // A lean engine has no columns.
        if !WHOLE {
            return (from < end).then_some((from, false));
        }
        while from < end {
            let (word, bit) = (from / WIDTH, from % WIDTH);
            if word < self.start || word >= self.end {
                if self.columns.words >= MANY && word == self.end && word > 0 {
                    let count = TOGETHER.min(self.columns.words - word);
                    (self.start, self.end) = (word, word + count);
                    self.columns.words(self.loaded, word, &mut self.left[..count]);
                } else {
                    (self.start, self.end) = (word, word + 1);
                    self.left[0] = self.columns.word(self.loaded, word);
                }
            }
            let rest = self.left[word - self.start] >> bit;
            if rest != 0 {
                let next = from + rest.trailing_zeros() as usize;
                let settled = self.columns.settled(self.loaded, word) >> (next % WIDTH) & 1 == 1;
                return (next < end).then_some((next, settled));
            }
            from = (word + 1) * WIDTH;
        }
        None
    }
}

/// What rules ask of one path.
struct Asked<'p> {
    path: &'p Path,
    /// Each question once, with the rules that ask it; a rule asks one.
    questions: Vec<Question>,
}

struct Question {
    /// All have to hold.
    parts: Vec<CondId>,
    rules: Vec<u64>,
}

impl Asked<'_> {
    fn ask(&mut self, parts: Vec<CondId>, rule: usize, words: usize) {
        let at = self.questions.iter().position(|have| have.parts == parts).unwrap_or_else(|| {
            self.questions.push(Question { parts, rules: vec![0; words] });
            self.questions.len() - 1
        });
        self.questions[at].rules[rule / WIDTH] |= 1 << (rule % WIDTH);
    }
}

/// Goes through the cells of a column, asking again only what may have changed.
struct Sweep<'a> {
    program: &'a Program,
    questions: &'a [Question],
    columns: &'a mut Columns,
    /// The row at hand.
    row: Vec<u64>,
    recent: [Option<u32>; 2],
}

impl<'a> Sweep<'a> {
    fn new(program: &'a Program, asked: &'a Asked<'_>, columns: &'a mut Columns) -> Self {
        let row = vec![u64::MAX; columns.words];
        Self { program, questions: &asked.questions, columns, row, recent: [None; 2] }
    }

    /// Where the row of a value begins. `askers` are the questions whose answers may differ from
    /// those to the value before; `None` is all of them.
    fn row(&mut self, value: &Value, askers: Option<&[u32]>) -> u32 {
        match askers {
            Some(askers) => askers.iter().for_each(|at| self.ask(*at as usize, value)),
            None => (0..self.questions.len()).for_each(|at| self.ask(at, value)),
        }
        // After a point mostly comes what came before it.
        let words = self.columns.words;
        let same = |at: &u32| self.columns.rows[*at as usize..*at as usize + words] == self.row;
        let found = self.recent.into_iter().flatten().find(same);
        let at = found.unwrap_or_else(|| {
            self.columns.rows.extend(&self.row);
            u32::try_from(self.columns.rows.len() - words).unwrap_or(u32::MAX)
        });
        if self.recent[0] != Some(at) {
            self.recent = [Some(at), self.recent[0]];
        }
        at
    }

    fn ask(&mut self, at: usize, value: &Value) {
        let Question { parts, rules } = &self.questions[at];
        let holds = parts.iter().all(|part| holds(self.program, *part, value));
        for (word, mask) in self.row.iter_mut().zip(rules) {
            *word = if holds { *word | mask } else { *word & !mask };
        }
    }
}

/// Constants, each once and sorted, and who asks for each.
struct Points<T> {
    sorted: Vec<T>,
    askers: Vec<Vec<u32>>,
}

impl<T> Points<T> {
    const fn new() -> Self {
        Self { sorted: Vec::new(), askers: Vec::new() }
    }

    /// Questions come in their order. Few constants differ, so that each finds its place quickly.
    fn add(&mut self, point: T, asker: u32, order: impl Fn(&T, &T) -> Ordering) {
        match self.sorted.binary_search_by(|have| order(have, &point)) {
            Ok(at) => {
                if self.askers[at].last() != Some(&asker) {
                    self.askers[at].push(asker);
                }
            }
            Err(at) => {
                self.sorted.insert(at, point);
                self.askers.insert(at, vec![asker]);
            }
        }
    }
}

/// A value of each cell.
fn cells(numbers: &[f64], texts: &[String]) -> Vec<Value> {
    let mut cells =
        vec![Value::Null, Value::Bool(false), Value::Bool(true), Value::Object(Object::new())];
    let mut before = None;
    for number in numbers {
        // Halves, so that the middle of the largest numbers is one.
        let gap = before.map_or(f64::NEG_INFINITY, |before: f64| before / 2.0 + number / 2.0);
        cells.push(Value::Number(gap));
        cells.push(Value::Number(*number));
        before = Some(*number);
    }
    cells.push(Value::Number(f64::INFINITY));
    let mut before = String::new();
    for text in texts {
        // The least text after another is that with a zero behind it.
        cells.push(Value::Text(before.clone() + "\0"));
        cells.push(Value::Text(text.clone()));
        before.clone_from(text);
    }
    cells.push(Value::Text(before + "\0"));
    cells
}

impl Column {
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
            Value::Text(text) => NUMBERS + 2 * self.numbers.len() + 1 + self.place_of_text(text),
            Value::Array(_) => return None,
        })
    }

    fn place_of_text(&self, text: &str) -> usize {
        let head = head_of(text);
        place(&self.texts, |have| {
            have.head.cmp(&head).then_with(|| by_code_units(&have.whole, text))
        })
    }
}

/// The first bytes as a number, in the order of [`by_code_units`].
fn head_of(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (byte, own) in bytes.iter_mut().zip(text.bytes()) {
        *byte = rank(own);
    }
    u64::from_be_bytes(bytes)
}

/// Among points and the gaps between them.
fn place<T>(points: &[T], compare: impl FnMut(&T) -> Ordering) -> usize {
    match points.binary_search_by(compare) {
        Ok(point) => 2 * point + 1,
        Err(gap) => 2 * gap,
    }
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

fn constants(compare: &Compare, mut number: impl FnMut(f64), mut text: impl FnMut(&String)) {
    let values = match compare {
        Compare::Is(value) | Compare::Order(_, value) => core::slice::from_ref(value),
        Compare::In(list) => list,
        _ => return,
    };
    for value in values {
        match value {
            Value::Number(constant) => number(constant + 0.0),
            Value::Text(constant) => text(constant),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{by_code_units, head_of};

    #[test]
    fn heads_are_in_the_order_of_their_texts() {
        let ends = [
            "",
            "\0",
            "a",
            "b",
            "é",
            "\u{7ff}",
            "\u{800}",
            "\u{e000}",
            "\u{ffff}",
            "\u{10000}",
            "\u{10ffff}",
        ];
        let texts: Vec<String> = ["", "a", "1234567", "12345678", "123456789"]
            .iter()
            .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")))
            .collect();
        for (left, right) in
            texts.iter().flat_map(|left| texts.iter().map(move |right| (left, right)))
        {
            let by_utf16 = left.encode_utf16().cmp(right.encode_utf16());
            let by_head = head_of(left).cmp(&head_of(right));
            assert_eq!(by_code_units(left, right), by_utf16, "{left:?} {right:?}");
            assert_eq!(by_head.then(by_utf16), by_utf16, "{left:?} {right:?}");
        }
    }
}
