//! The database that reports read: what each shard has counted.

use worker::wasm_bindgen::JsValue;
use worker::{D1Database, Env, Result};

use super::REPORTS;
use crate::ports::TallyRow;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS tallies (
  day INTEGER NOT NULL, measure TEXT NOT NULL, name TEXT NOT NULL, variant TEXT NOT NULL,
  shard TEXT NOT NULL, made INTEGER NOT NULL, count INTEGER NOT NULL, amount INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (day, measure, name, variant, shard)) WITHOUT ROWID";
const PUT: &str =
    "INSERT INTO tallies (day, measure, name, variant, shard, made, count, amount, version)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (day, measure, name, variant, shard) DO UPDATE SET
  count = excluded.count, amount = excluded.amount, version = excluded.version, made = excluded.made
  WHERE excluded.made > made OR (excluded.made = made AND excluded.version > version)";
/// An object that was made anew counts anew.
const DROP: &str = "DELETE FROM tallies WHERE shard = ? AND made < ?";
/// Statements in one round trip.
const AT_ONCE: usize = 200;

pub async fn put(env: &Env, shard: &str, made: u64, sums: &[TallyRow]) -> Result<()> {
    let database: D1Database = env.d1(REPORTS)?;
    database.prepare(TABLE).run().await?;
    for sums in sums.chunks(AT_ONCE) {
        let drop = database.prepare(DROP).bind(&[shard.into(), number(made)]);
        let puts = sums.iter().map(|row| database.prepare(PUT).bind(&bindings(shard, made, row)));
        let statements: Result<Vec<_>> = std::iter::once(drop).chain(puts).collect();
        for outcome in database.batch(statements?).await? {
            if let Some(error) = outcome.error() {
                return Err(worker::Error::RustError(error));
            }
        }
    }
    Ok(())
}

/// Numbers go as doubles: sums of money beyond nine billion lose their last millionths.
#[expect(clippy::cast_precision_loss, reason = "JavaScript's numbers are doubles")]
fn number(whole: u64) -> JsValue {
    (whole as f64).into()
}

#[expect(clippy::cast_precision_loss, reason = "JavaScript's numbers are doubles")]
fn bindings(shard: &str, made: u64, row: &TallyRow) -> [JsValue; 9] {
    let TallyRow { counted, sum, version } = row;
    [
        (counted.day as f64).into(),
        counted.measure.name().into(),
        counted.name.as_str().into(),
        counted.variant.as_str().into(),
        shard.into(),
        number(made),
        (sum.count as f64).into(),
        (sum.amount as f64).into(),
        number(*version),
    ]
}
