//! Tables, for the terminal and for the page.

use super::report::Pack;

/// What is said in one place.
#[derive(Debug)]
pub(super) struct Section {
    pub title: &'static str,
    /// Sentences before the tables.
    pub says: Vec<String>,
    pub tables: Vec<Table>,
}

#[derive(Debug)]
pub(super) struct Table {
    pub caption: String,
    pub columns: Vec<Column>,
    /// How many of the columns name the row.
    pub names: usize,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub title: String,
    /// The pack that it is about, where there are two.
    pub of: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(u64),
    /// Of so many.
    Share(u64, u64),
    Decimal(f64),
    /// How much more.
    Change(i64),
    /// There is none.
    Nothing,
}

/// A row's names, and what one pack says of it.
pub(super) type Told = (Vec<String>, Vec<Cell>);

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) const fn is_number(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

impl Table {
    pub(super) fn new(
        caption: impl Into<String>,
        names: usize,
        titles: &[&str],
        rows: Vec<Vec<Cell>>,
    ) -> Self {
        let column = |title: &&str| Column { title: (*title).to_owned(), of: None };
        let columns = titles.iter().map(column).collect();
        Self { caption: caption.into(), columns, names, rows }
    }

    /// What each pack says of the same things, side by side.
    pub(super) fn beside(
        caption: &str,
        (names, values): (&[&str], &[&str]),
        packs: &[&Pack],
        tell: impl Fn(&Pack) -> Vec<Told>,
    ) -> Self {
        let told: Vec<Vec<Told>> = packs.iter().map(|pack| tell(pack)).collect();
        let mut keys: Vec<&Vec<String>> = Vec::new();
        for (key, _) in told.iter().flatten() {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let rows = keys.iter().map(|key| {
            let mut row: Vec<Cell> = key.iter().map(|name| Cell::text(name)).collect();
            for told in &told {
                match told.iter().find(|(of, _)| of == *key) {
                    Some((_, cells)) => row.extend(cells.iter().cloned()),
                    None => row.extend(values.iter().map(|_| Cell::Nothing)),
                }
            }
            row
        });
        let rows = rows.collect();
        let column = |title: &&str, of| Column { title: (*title).to_owned(), of };
        let mut columns: Vec<Column> = names.iter().map(|title| column(title, None)).collect();
        for pack in packs {
            let of = (packs.len() > 1).then(|| pack.file.clone());
            columns.extend(values.iter().map(|title| column(title, of.clone())));
        }
        Self { caption: caption.to_owned(), columns, names: names.len(), rows }
    }

    pub(super) fn is_beside(&self) -> bool {
        self.columns.iter().any(|column| column.of.is_some())
    }
}
