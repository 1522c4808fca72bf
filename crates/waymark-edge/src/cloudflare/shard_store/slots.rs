//! Slots that come and go, in an object's SQLite: how they stand, and what there is of those that leave.

use worker::SqlStorageValue;

use super::super::storage::{Columns, Row, count, integer};
use super::{SqlShard, unpacked};
use crate::ports::{Commit, Gate, Note, Stand, StoreError};
use crate::shard_map::{ShardMap, slot_of, slot_of_mark};

/// Where keys are kept, each table in its turn; batches come before them.
const KEYS: [(&str, &str); 5] = [
    ("visitors", "id"),
    ("seen", "visitor"),
    ("nodes", "key"),
    ("members", "root"),
    ("leads", "target"),
];
/// What is noted of a row, by slot, and the text by which it goes on after it.
struct Noticed {
    last: String,
    notes: Vec<(u16, String)>,
}

/// A query takes a hundred values.
const NOTES_OF_A_QUERY: usize = 50;

impl SqlShard {
    pub(super) fn write_moves(&self, commit: &Commit) -> Result<(), StoreError> {
        if let Some(slot) = commit.coming {
            let visitors = commit.visitors.iter().map(|row| &row.id);
            let pairs = commit.members.iter().chain(&commit.leads).map(|(to, ..)| to);
            let keys = visitors.chain(commit.seen.iter().map(|(key, _)| key)).chain(pairs);
            let keys = keys.chain(commit.nodes.iter().map(|node| &node.key));
            let notes: Vec<_> = keys.map(|key| (slot, Note::Key(key).to_string())).collect();
            self.write_notes(&notes)?;
        }
        for (slot, text) in &commit.departed {
            if let Some(Note::Key(key)) = Note::read(text) {
                for (table, column) in KEYS {
                    let query = format!("DELETE FROM {table} WHERE {column} = ?");
                    self.sql.run(&query, vec![key.into()])?;
                }
            }
            let query = "DELETE FROM notes WHERE slot = ? AND note = ?";
            self.sql.run(query, vec![integer((*slot).into()), text.as_str().into()])?;
        }
        for (slot, hash, at) in &commit.tombstones {
            self.sql.run(
                "INSERT INTO erased (visitor, at, slot) VALUES (?, ?, ?)
                 ON CONFLICT (visitor) DO NOTHING",
                vec![count(*hash), integer(at.0), integer((*slot).into())],
            )?;
        }
        for (slot, source, seq) in &commit.imported {
            self.sql.run(
                "INSERT INTO taken (source, slot, seq) VALUES (?, ?, ?)
                 ON CONFLICT (source, slot) DO UPDATE SET seq = excluded.seq",
                vec![integer((*source).into()), integer((*slot).into()), count(*seq)],
            )?;
        }
        if let Some(Gate { source, upto, after }) = commit.gate {
            self.sql.run(
                "INSERT INTO gates (source, upto, own) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                vec![integer(source.into()), count(upto), count(after)],
            )?;
        }
        if let Some((source, upto)) = commit.ungate {
            let query = "DELETE FROM gates WHERE source = ? AND upto <= ?";
            self.sql.run(query, vec![integer(source.into()), count(upto)])?;
        }
        for (slot, stand) in &commit.stands {
            self.write_stand(*slot, stand)?;
        }
        Ok(())
    }

    fn write_stand(&self, slot: u16, stand: &Stand) -> Result<(), StoreError> {
        let (number, epoch, source, upto) = match stand {
            Stand::Absent => (0, 0, 0, ""),
            Stand::Held => (1, 0, 0, ""),
            Stand::Leaving(epoch) => (2, *epoch, 0, ""),
            Stand::Coming(source, upto) => (3, 0, *source, upto.as_str()),
        };
        self.sql.run(
            "INSERT OR REPLACE INTO stands (slot, stand, epoch, source, upto) VALUES (?, ?, ?, ?, ?)",
            vec![
                integer(slot.into()),
                integer(number),
                count(epoch),
                integer(source.into()),
                upto.into(),
            ],
        )?;
        if matches!(stand, Stand::Absent | Stand::Held) {
            self.sql.run("DELETE FROM notes WHERE slot = ?", vec![integer(slot.into())])?;
        }
        Ok(())
    }

    fn write_notes(&self, notes: &[(u16, String)]) -> Result<(), StoreError> {
        for notes in notes.chunks(NOTES_OF_A_QUERY) {
            let values = vec!["(?, ?)"; notes.len()].join(", ");
            let query = format!("INSERT OR IGNORE INTO notes (slot, note) VALUES {values}");
            let values = notes.iter().flat_map(|(slot, note)| {
                [integer((*slot).into()), SqlStorageValue::from(note.as_str())]
            });
            self.sql.run(&query, values.collect())?;
        }
        Ok(())
    }

    /// How far it has been noted what leaves: which part is at hand, and the last row of it.
    fn noting(&self, epoch: u64) -> Result<(usize, String), StoreError> {
        let query = "SELECT part, last FROM noting WHERE epoch = ?";
        let Some(row) = self.sql.row(query, vec![count(epoch)])? else {
            return Ok((0, String::new()));
        };
        let mut columns = Columns::of(row);
        Ok((usize::try_from(columns.count()?).unwrap_or_default(), columns.text()?))
    }

    /// Rows of a part after one.
    fn rows_to_note(&self, part: usize, last: &str, most: u32) -> Result<Vec<Noticed>, StoreError> {
        let Some((table, column)) = part.checked_sub(1).and_then(|part| KEYS.get(part)) else {
            let query = "SELECT seq, visitors FROM batches WHERE seq > ? ORDER BY seq LIMIT ?";
            let after = last.parse().unwrap_or_default();
            let rows = self.sql.rows(query, vec![count(after), integer(most.into())])?;
            return rows
                .into_iter()
                .map(|row| {
                    let mut columns = Columns::of(row);
                    let seq = columns.count()?;
                    let mut slots: Vec<u16> =
                        unpacked(&columns.bytes()?).into_iter().map(slot_of_mark).collect();
                    slots.dedup();
                    let note = Note::Batch(seq).to_string();
                    let notes = slots.into_iter().map(|slot| (slot, note.clone())).collect();
                    Ok(Noticed { last: seq.to_string(), notes })
                })
                .collect();
        };
        let query = format!(
            "SELECT DISTINCT {column} FROM {table} WHERE {column} > ? ORDER BY {column} LIMIT ?"
        );
        let rows = self.sql.rows(&query, vec![last.into(), integer(most.into())])?;
        rows.into_iter()
            .map(|row| {
                let key = Columns::of(row).text()?;
                let note = (slot_of(&key), Note::Key(&key).to_string());
                Ok(Noticed { last: key, notes: vec![note] })
            })
            .collect()
    }

    /// Notes so many rows more of what leaves. Gives whether there are others.
    pub(super) fn note_more(
        &self,
        map: ShardMap,
        object: u16,
        most: u32,
    ) -> Result<bool, StoreError> {
        let (part, last) = self.noting(map.epoch)?;
        if part > KEYS.len() {
            return Ok(false);
        }
        let rows = self.rows_to_note(part, &last, most)?;
        let (part, last) = match rows.last() {
            Some(row) if rows.len() == most as usize => (part, row.last.clone()),
            _ => (part + 1, String::new()),
        };
        let notes: Vec<(u16, String)> = rows
            .into_iter()
            .flat_map(|row| row.notes)
            .filter(|(slot, _)| map.object_of(*slot) != object)
            .collect();
        self.sql.transaction(|| {
            self.write_notes(&notes)?;
            self.sql.run(
                "INSERT OR REPLACE INTO noting (id, epoch, part, last) VALUES (0, ?, ?, ?)",
                vec![count(map.epoch), count(part as u64), last.as_str().into()],
            )
        })?;
        Ok(part <= KEYS.len())
    }
}

pub(super) fn stand(row: Row) -> Result<(u16, Stand), StoreError> {
    let mut columns = Columns::of(row);
    let slot = u16::try_from(columns.count()?).unwrap_or_default();
    let (stand, epoch, source) = (columns.integer()?, columns.count()?, columns.count()?);
    Ok((
        slot,
        match stand {
            0 => Stand::Absent,
            1 => Stand::Held,
            2 => Stand::Leaving(epoch),
            _ => Stand::Coming(u16::try_from(source).unwrap_or_default(), columns.text()?),
        },
    ))
}
