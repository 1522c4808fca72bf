//! What has left an object's SQLite for the lake and for reports, and what is to leave.

use waymark_model::Timestamp;

use super::super::storage::{Columns, Row, count, integer};
use super::SqlShard;
use crate::ports::{Commit, Drainage, Grave, LakeStore, StoreError, TallyRow};
use crate::tally::{Counted, Measure, Sum};

impl SqlShard {
    /// What reports count, and how far the lake has got.
    pub(super) fn write_drainage(&self, commit: &Commit) -> Result<(), StoreError> {
        if !commit.tallies.is_empty() {
            let version = self.meta("tally")? + 1;
            self.set_meta("tally", version)?;
            for (counted, sum) in &commit.tallies.0 {
                self.sql.run(
                    "INSERT INTO tallies (day, measure, name, variant, count, amount, version)
                     VALUES (?, ?, ?, ?, ?, ?, ?)
                     ON CONFLICT (day, measure, name, variant) DO UPDATE SET
                     count = count + excluded.count, amount = amount + excluded.amount,
                     version = excluded.version",
                    vec![
                        integer(counted.day),
                        counted.measure.name().into(),
                        counted.name.as_str().into(),
                        counted.variant.as_str().into(),
                        integer(sum.count),
                        integer(sum.amount),
                        integer(version),
                    ],
                )?;
            }
        }
        let ways =
            [("range", commit.range), ("drained", commit.drained), ("told", commit.reported)];
        for (key, value) in ways {
            if let Some(value) = value {
                self.set_meta(key, i64::try_from(value).unwrap_or(i64::MAX))?;
            }
        }
        if let Some((key, at)) = &commit.grave {
            let query = "INSERT INTO graves (at, key) VALUES (?, ?)";
            self.sql.run(query, vec![integer(at.0), key.as_str().into()])?;
        }
        for seq in &commit.buried {
            self.sql.run("DELETE FROM graves WHERE seq = ?", vec![count(*seq)])?;
        }
        Ok(())
    }
}

impl LakeStore for SqlShard {
    fn drainage(&self) -> Result<Drainage, StoreError> {
        let meta = |key| Ok(u64::try_from(self.meta(key)?).unwrap_or_default());
        let drained = meta("drained")?;
        let (made, reported) = (meta("made")?, meta("told")?);
        Ok(Drainage { made, drained, range: meta("range")?.max(drained), reported })
    }

    fn graves(&self, most: u32) -> Result<Vec<Grave>, StoreError> {
        let query = "SELECT seq, key, at FROM graves ORDER BY seq LIMIT ?";
        let rows = self.sql.rows(query, vec![integer(most.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let (seq, key) = (columns.count()?, columns.text()?);
                Ok(Grave { seq, key, at: Timestamp(columns.integer()?) })
            })
            .collect()
    }

    fn has_sum(&self, counted: &Counted) -> Result<bool, StoreError> {
        let query =
            "SELECT 1 FROM tallies WHERE day = ? AND measure = ? AND name = ? AND variant = ?";
        let Counted { day, measure, name, variant } = counted;
        let key = vec![
            integer(*day),
            measure.name().into(),
            name.as_str().into(),
            variant.as_str().into(),
        ];
        Ok(self.sql.row(query, key)?.is_some())
    }

    fn sums_of_day(&self, day: i64) -> Result<u64, StoreError> {
        let row = self.sql.row("SELECT count(*) FROM tallies WHERE day = ?", vec![integer(day)])?;
        Columns::of(row.unwrap_or_default()).count()
    }

    fn sums(&self, after: u64, most: u32) -> Result<Vec<TallyRow>, StoreError> {
        // All of a version, however many they are: there is no going on within one.
        let query = "SELECT day, measure, name, variant, count, amount, version FROM tallies
                     WHERE version > ?1 AND version <= coalesce((SELECT version FROM tallies
                     WHERE version > ?1 ORDER BY version LIMIT 1 OFFSET ?2), 1e15)
                     ORDER BY version";
        let rows = self.sql.rows(query, vec![count(after), integer(most.into())])?;
        rows.into_iter().map(tally).collect()
    }
}

fn tally(row: Row) -> Result<TallyRow, StoreError> {
    let mut columns = Columns::of(row);
    let (day, measure) = (columns.integer()?, columns.text()?);
    let measure = Measure::from_name(&measure)
        .ok_or_else(|| StoreError(format!("There is no measure {measure:?}.")))?;
    let counted = Counted { day, measure, name: columns.text()?, variant: columns.text()? };
    let sum = Sum { count: columns.integer()?, amount: columns.integer()? };
    Ok(TallyRow { counted, sum, version: columns.count()? })
}
