//! What is to be sent, and what is to be done by somebody: rows.

use waymark_model::Timestamp;
use worker::SqlStorageValue;

use super::SqlShard;
use crate::cloudflare::storage::{Columns, Row, integer};
use crate::letters::{Letter, Postings, Task};
use crate::ports::{LetterStore, StoreError};

pub(super) const SCHEMA: &str = "
ALTER TABLE visitors ADD COLUMN due INTEGER;
CREATE INDEX due_visitors ON visitors (due) WHERE due IS NOT NULL;
CREATE TABLE letters (
  id TEXT PRIMARY KEY, key TEXT NOT NULL, destination TEXT NOT NULL, at INTEGER NOT NULL,
  due INTEGER NOT NULL, tries INTEGER NOT NULL, event BLOB NOT NULL, overdue INTEGER NOT NULL,
  failed TEXT, dead INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX due_letters ON letters (due) WHERE dead = 0;
CREATE TABLE tasks (
  id TEXT PRIMARY KEY, key TEXT NOT NULL, destination TEXT NOT NULL, escalate TEXT,
  at INTEGER NOT NULL, due INTEGER NOT NULL, event BLOB NOT NULL, late INTEGER NOT NULL,
  done INTEGER) WITHOUT ROWID;
CREATE INDEX due_tasks ON tasks (due) WHERE done IS NULL AND late = 0;
";

const LETTER: &str =
    "SELECT id, key, destination, at, due, tries, event, overdue, failed, dead FROM letters";
const TASK: &str = "SELECT id, key, destination, escalate, at, due, event, late, done FROM tasks";

impl SqlShard {
    pub(super) fn write_postings(&self, postings: &Postings) -> Result<(), StoreError> {
        for letter in &postings.letters {
            self.sql.run(
                "INSERT OR REPLACE INTO letters
                 (id, key, destination, at, due, tries, event, overdue, failed, dead)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                vec![
                    letter.id.as_str().into(),
                    letter.key.as_str().into(),
                    letter.destination.as_str().into(),
                    integer(letter.at.0),
                    integer(letter.due.0),
                    integer(letter.tries.into()),
                    SqlStorageValue::Blob(letter.event.clone()),
                    integer(letter.overdue.into()),
                    optional(letter.failed.as_deref()),
                    integer(letter.dead.into()),
                ],
            )?;
        }
        for id in &postings.gone {
            self.sql.run("DELETE FROM letters WHERE id = ?", vec![id.as_str().into()])?;
        }
        for task in &postings.tasks {
            self.sql.run(
                "INSERT OR REPLACE INTO tasks
                 (id, key, destination, escalate, at, due, event, late, done)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                vec![
                    task.id.as_str().into(),
                    task.key.as_str().into(),
                    task.destination.as_str().into(),
                    optional(task.escalate.as_deref()),
                    integer(task.at.0),
                    integer(task.due.0),
                    SqlStorageValue::Blob(task.event.clone()),
                    integer(task.late.into()),
                    task.done.map_or(SqlStorageValue::Null, |done| integer(done.0)),
                ],
            )?;
        }
        for key in &postings.forget {
            self.sql.run("DELETE FROM letters WHERE key = ?", vec![key.as_str().into()])?;
            self.sql.run("DELETE FROM tasks WHERE key = ?", vec![key.as_str().into()])?;
        }
        if let Some(before) = postings.before {
            let at = || vec![integer(before.0)];
            self.sql.run("DELETE FROM letters WHERE dead = 1 AND at < ?", at())?;
            self.sql.run("DELETE FROM tasks WHERE done < ?", at())?;
        }
        Ok(())
    }

    fn letters(&self, query: &str, bindings: Row) -> Result<Vec<Letter>, StoreError> {
        let rows = self.sql.rows(&format!("{LETTER} {query}"), bindings)?;
        rows.into_iter().map(letter).collect()
    }

    fn tasks(&self, query: &str, bindings: Row) -> Result<Vec<Task>, StoreError> {
        let rows = self.sql.rows(&format!("{TASK} {query}"), bindings)?;
        rows.into_iter().map(task).collect()
    }
}

impl LetterStore for SqlShard {
    fn due_visitors(&self, at: Timestamp, most: u32) -> Result<Vec<String>, StoreError> {
        let query = "SELECT id FROM visitors WHERE due <= ? ORDER BY due LIMIT ?";
        let rows = self.sql.rows(query, vec![integer(at.0), integer(most.into())])?;
        rows.into_iter().map(|row| Columns::of(row).text()).collect()
    }

    fn look_at_all(&self, at: Timestamp) -> Result<(), StoreError> {
        let query = "UPDATE visitors SET due = ? WHERE root IS NULL AND due IS NULL
                     AND id NOT LIKE 'c:%' AND id NOT LIKE 'cu:%'";
        self.sql.run(query, vec![integer(at.0)])?;
        if let Some(due) = self.next_due()? {
            self.is_due_at(due);
        }
        Ok(())
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = "SELECT min(due) FROM (
                       SELECT min(due) AS due FROM visitors WHERE due IS NOT NULL
                       UNION ALL SELECT min(due) FROM letters WHERE dead = 0
                       UNION ALL SELECT min(due) FROM tasks WHERE done IS NULL AND late = 0)";
        let row = self.sql.row(query, Vec::new())?.unwrap_or_default();
        Columns::of(row).optional_instant()
    }

    fn due_letters(&self, at: Timestamp, most: u32) -> Result<Vec<Letter>, StoreError> {
        let query = "WHERE dead = 0 AND due <= ? ORDER BY due LIMIT ?";
        self.letters(query, vec![integer(at.0), integer(most.into())])
    }

    fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        Ok(self.letters("WHERE id = ?", vec![id.into()])?.pop())
    }

    fn dead_letters(&self, after: &str, most: u32) -> Result<Vec<Letter>, StoreError> {
        let query = "WHERE dead = 1 AND id > ? ORDER BY id LIMIT ?";
        self.letters(query, vec![after.into(), integer(most.into())])
    }

    fn due_tasks(&self, at: Timestamp, most: u32) -> Result<Vec<Task>, StoreError> {
        let query = "WHERE done IS NULL AND late = 0 AND due <= ? ORDER BY due LIMIT ?";
        self.tasks(query, vec![integer(at.0), integer(most.into())])
    }

    fn task(&self, id: &str) -> Result<Option<Task>, StoreError> {
        Ok(self.tasks("WHERE id = ?", vec![id.into()])?.pop())
    }

    fn open_tasks(&self, after: &str, most: u32) -> Result<Vec<Task>, StoreError> {
        let query = "WHERE done IS NULL AND id > ? ORDER BY id LIMIT ?";
        self.tasks(query, vec![after.into(), integer(most.into())])
    }
}

fn optional(text: Option<&str>) -> SqlStorageValue {
    text.map_or(SqlStorageValue::Null, Into::into)
}

fn letter(row: Row) -> Result<Letter, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Letter {
        id: columns.text()?,
        key: columns.text()?,
        destination: columns.text()?,
        at: Timestamp(columns.integer()?),
        due: Timestamp(columns.integer()?),
        tries: u32::try_from(columns.count()?).unwrap_or(u32::MAX),
        event: columns.bytes()?,
        overdue: columns.count()? != 0,
        failed: columns.optional_text()?,
        dead: columns.count()? != 0,
    })
}

fn task(row: Row) -> Result<Task, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Task {
        id: columns.text()?,
        key: columns.text()?,
        destination: columns.text()?,
        escalate: columns.optional_text()?,
        at: Timestamp(columns.integer()?),
        due: Timestamp(columns.integer()?),
        event: columns.bytes()?,
        late: columns.count()? != 0,
        done: columns.optional_instant()?,
    })
}
