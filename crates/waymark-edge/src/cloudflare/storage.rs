//! An object's SQLite: rows out, and one transaction around what goes in.

use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use waymark_model::Timestamp;
use worker::{SqlStorage, SqlStorageValue, State};

use crate::ports::StoreError;

#[wasm_bindgen]
extern "C" {
    /// `DurableObjectStorage`, for the one method that the `worker` crate leaves out.
    #[wasm_bindgen(extends = js_sys::Object)]
    type DoStorage;

    /// Runs the closure inside a transaction, which is rolled back when it gives an error.
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &DoStorage,
        closure: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

pub type Row = Vec<SqlStorageValue>;

#[derive(Debug)]
pub struct Sql {
    sql: SqlStorage,
    storage: JsValue,
}

impl Sql {
    /// Opens the object's database and brings its tables up to the last version.
    pub fn open(state: &State, schema: &[&str]) -> Result<Self, StoreError> {
        let storage = state.storage();
        let sql = Self { sql: storage.sql(), storage: JsValue::from(storage.as_raw()) };
        sql.run(
            "CREATE TABLE IF NOT EXISTS schema (step INTEGER PRIMARY KEY) WITHOUT ROWID",
            Vec::new(),
        )?;
        let row = sql.row("SELECT max(step) FROM schema", Vec::new())?.unwrap_or_default();
        let done = Columns::of(row).count()?;
        for (step, queries) in (1_u64..).zip(schema) {
            if step > done {
                sql.transaction(|| {
                    sql.run(queries, Vec::new())?;
                    sql.run("INSERT INTO schema (step) VALUES (?)", vec![count(step)])
                })?;
            }
        }
        Ok(sql)
    }

    /// Of the whole database.
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.sql.database_size()).unwrap_or_default()
    }

    pub fn run(&self, query: &str, bindings: Row) -> Result<(), StoreError> {
        self.sql.exec(query, bindings).map(drop).map_err(refused)
    }

    pub fn rows(&self, query: &str, bindings: Row) -> Result<Vec<Row>, StoreError> {
        let cursor = self.sql.exec(query, bindings).map_err(refused)?;
        cursor.raw().collect::<Result<_, _>>().map_err(refused)
    }

    /// The first row, if there is one.
    pub fn row(&self, query: &str, bindings: Row) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(query, bindings)?.into_iter().next())
    }

    /// All that `write` does, or nothing of it.
    pub fn transaction(
        &self,
        mut write: impl FnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let storage: &DoStorage = self.storage.unchecked_ref();
        let mut closure = || match write() {
            Ok(()) => Ok(JsValue::UNDEFINED),
            Err(error) => Err(JsValue::from(js_sys::Error::new(&error.to_string()))),
        };
        storage.transaction_sync(&mut closure).map(drop).map_err(|error| {
            let text = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
            StoreError(text.unwrap_or_else(|| "The transaction was refused.".to_owned()))
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
fn refused(error: worker::Error) -> StoreError {
    StoreError(format!("Storage refused: {error}."))
}

pub fn integer(value: i64) -> SqlStorageValue {
    SqlStorageValue::Integer(value)
}

/// Sequence numbers and counts stay below 2^53.
pub fn count(value: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Takes a row apart, from its first column on.
pub struct Columns(std::vec::IntoIter<SqlStorageValue>);

impl Columns {
    pub fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub fn integer(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::Integer(number)) => Ok(number),
            // The sum of no rows.
            Some(SqlStorageValue::Null) => Ok(0),
            other => Err(odd(other.as_ref())),
        }
    }

    pub fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.integer()?).map_err(|_| StoreError("A count is negative.".to_owned()))
    }

    pub fn text(&mut self) -> Result<String, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::String(text)) => Ok(text),
            other => Err(odd(other.as_ref())),
        }
    }

    pub fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::String(text)) => Ok(Some(text)),
            Some(SqlStorageValue::Null) => Ok(None),
            other => Err(odd(other.as_ref())),
        }
    }

    pub fn optional_count(&mut self) -> Result<Option<u64>, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::Integer(number)) => Ok(u64::try_from(number).ok()),
            Some(SqlStorageValue::Null) => Ok(None),
            other => Err(odd(other.as_ref())),
        }
    }

    pub fn optional_instant(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::Integer(number)) => Ok(Some(Timestamp(number))),
            Some(SqlStorageValue::Null) => Ok(None),
            other => Err(odd(other.as_ref())),
        }
    }

    pub fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::Blob(bytes)) => Ok(Some(bytes)),
            Some(SqlStorageValue::Null) => Ok(None),
            other => Err(odd(other.as_ref())),
        }
    }

    pub fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.0.next() {
            Some(SqlStorageValue::Blob(bytes)) => Ok(bytes),
            other => Err(odd(other.as_ref())),
        }
    }
}

fn odd(value: Option<&SqlStorageValue>) -> StoreError {
    let kind = match value {
        None => "missing",
        Some(SqlStorageValue::Null) => "null",
        Some(SqlStorageValue::Boolean(_)) => "a truth",
        Some(SqlStorageValue::Integer(_)) => "an integer",
        Some(SqlStorageValue::Float(_)) => "a fraction",
        Some(SqlStorageValue::String(_)) => "text",
        Some(SqlStorageValue::Blob(_)) => "bytes",
    };
    StoreError(format!("A stored column is {kind}, which it should not be."))
}
