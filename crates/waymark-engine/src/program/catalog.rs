//! Lists of things: the catalogue, and the tables of a pack.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Object, Reader, Value, Writer};

use super::codec::refuse;
use super::{CondId, Content, Path, Program, Root, Template};
use crate::WHOLE;

/// Everything that content can be made of besides what is known of a visitor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalog {
    /// The field that names a row.
    pub key: String,
    /// Those of the catalogue, and those that tables have of their own.
    pub rows: Vec<Row>,
    /// The catalogue's rows in the order of their keys.
    pub by_key: Vec<u32>,
    /// Of each table its rows; the first is the whole catalogue.
    pub tables: Vec<Vec<u32>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As text; empty for one without.
    pub key: String,
    /// An object, or what the table lists.
    pub value: Value,
}

/// A list inside content: so many things, each shown by a template.
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    pub from: From,
    /// Lists of keys, or of things with one, that are left out.
    pub exclude: Vec<Path>,
    /// A condition on [`Root::Item`].
    pub filter: Option<CondId>,
    pub most: u32,
    /// The table that fills up what is missing.
    pub fallback: Option<u32>,
    /// Without another list inside.
    pub template: Template,
}

#[derive(Debug, Clone, PartialEq)]
pub enum From {
    Table(u32),
    /// A list of keys of the catalogue, or of things.
    Path(Path),
    /// What goes with the things of such a list, by one of [`Program::models`].
    Related(u32, Path),
}

impl From {
    pub const fn path(&self) -> Option<&Path> {
        match self {
            Self::Table(_) => None,
            Self::Path(path) | Self::Related(_, path) => Some(path),
        }
    }
}

impl Catalog {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The catalogue's row of a key.
    pub(crate) fn find(&self, key: &str) -> Option<&Row> {
        let at = self.place_of(key).ok()?;
        Some(&self.rows[self.by_key[at] as usize])
    }

    /// Where a key is in [`by_key`](Self::by_key), or would be.
    fn place_of(&self, key: &str) -> Result<usize, usize> {
        self.by_key.binary_search_by(|number| self.rows[*number as usize].key.as_str().cmp(key))
    }

    pub(crate) fn table(&self, table: u32) -> impl Iterator<Item = &Row> {
        self.tables[table as usize].iter().map(|row| &self.rows[*row as usize])
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let numbers = |out: &mut Writer, list: &[u32]| {
            out.list(list, |out, number| out.unsigned((*number).into()));
        };
        out.flag(!self.is_empty());
        if self.is_empty() {
            return;
        }
        out.text(&self.key);
        out.list(&self.rows, |out, row| {
            out.text(&row.key);
            row.value.write(out);
        });
        numbers(out, &self.by_key);
        out.list(&self.tables, |out, table| numbers(out, table));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        if !input.flag() {
            return Self::default();
        }
        if !WHOLE {
            return refuse(input, "needs-whole-engine", Self::default());
        }
        Self {
            key: input.string(),
            rows: input.list(|input| Row { key: input.string(), value: Value::read(input) }),
            by_key: input.list(Reader::u32),
            tables: input.list(|input| input.list(Reader::u32)),
        }
    }

    /// Whether rows are where they are said to be.
    pub(super) fn is_sound(&self) -> bool {
        let mut rows = self.by_key.iter().chain(self.tables.iter().flatten());
        rows.all(|row| (*row as usize) < self.rows.len())
            && self.by_key.is_sorted_by_key(|row| &self.rows[*row as usize].key)
    }

    /// What of it some content needs: rows that it can show, with the fields that it reads.
    pub(super) fn projected(&self, program: &Program) -> Self {
        let lists = || program.contents.iter().flat_map(Content::lists);
        if lists().next().is_none() {
            return Self::default();
        }
        let mut tables = vec![false; self.tables.len()];
        let mut whole = false;
        for each in lists() {
            match &each.from {
                From::Table(table) => tables[*table as usize] = true,
                From::Path(_) | From::Related(..) => whole = true,
            }
            if let Some(table) = each.fallback {
                tables[table as usize] = true;
            }
        }
        let mut fields: Vec<&str> = vec![&self.key];
        let mut all_fields = false;
        for each in lists() {
            let mut paths = Vec::new();
            each.template.paths(&mut paths);
            if let Some(cond) = each.filter {
                program.paths_of(cond, &mut paths);
            }
            for path in paths.iter().filter(|path| path.root == Root::Item) {
                match path.keys.first() {
                    Some(field) => fields.push(field),
                    None => all_fields = true,
                }
            }
        }
        let mut kept = vec![false; self.rows.len()];
        let used = |table: &[u32], kept: &mut [bool]| {
            for row in table {
                kept[*row as usize] = true;
            }
        };
        for (table, is_used) in self.tables.iter().zip(&tables) {
            if *is_used {
                used(table, &mut kept);
            }
        }
        if whole {
            used(&self.by_key, &mut kept);
        }
        let mut page = self.only(&kept);
        for row in &mut page.rows {
            row.keep_fields(&fields, all_fields);
        }
        for (table, is_used) in page.tables.iter_mut().zip(&tables) {
            if !is_used {
                table.clear();
            }
        }
        page
    }

    /// Without the rows that are not to be kept.
    fn only(&self, kept: &[bool]) -> Self {
        let mut moved = Vec::with_capacity(kept.len());
        let mut rows = Vec::new();
        for (row, keep) in self.rows.iter().zip(kept) {
            moved.push(u32::try_from(rows.len()).unwrap_or_default());
            if *keep {
                rows.push(row.clone());
            }
        }
        let again = |list: &Vec<u32>| -> Vec<u32> {
            let list = list.iter().filter(|row| kept[**row as usize]);
            list.map(|row| moved[*row as usize]).collect()
        };
        Self {
            key: self.key.clone(),
            by_key: again(&self.by_key),
            tables: self.tables.iter().map(again).collect(),
            rows,
        }
    }

    /// With what a feed says: of each key the fields that change, or that there is no such row any more.
    pub(super) fn fed(&self, rows: Vec<(String, Option<Object>)>) -> Self {
        let mut catalog = self.clone();
        let mut kept = vec![true; self.rows.len()];
        for (key, fields) in rows {
            let known = catalog.place_of(&key);
            match (known, fields) {
                (Err(_), None) => {}
                (Ok(at), None) => kept[catalog.by_key[at] as usize] = false,
                (Ok(at), Some(fields)) => {
                    let row = &mut catalog.rows[catalog.by_key[at] as usize];
                    match &mut row.value {
                        Value::Object(object) => {
                            for (name, value) in fields.iter() {
                                object.insert(name, value.clone());
                            }
                        }
                        other => *other = Value::Object(fields),
                    }
                }
                (Err(at), Some(mut fields)) => {
                    if fields.get(&catalog.key).is_none() {
                        fields.insert(&catalog.key, Value::Text(key.clone()));
                    }
                    let number = u32::try_from(catalog.rows.len()).unwrap_or(u32::MAX);
                    catalog.by_key.insert(at, number);
                    if let Some(whole) = catalog.tables.first_mut() {
                        whole.push(number);
                    }
                    catalog.rows.push(Row { key, value: Value::Object(fields) });
                    kept.push(true);
                }
            }
        }
        catalog.only(&kept)
    }
}

impl Row {
    fn keep_fields(&mut self, fields: &[&str], all: bool) {
        if let Value::Object(object) = &mut self.value
            && !all
        {
            object.retain(|field| fields.contains(&field));
        }
    }
}
