//! Who is who, in an object's SQLite, and what objects tell each other of it.

use waymark_model::Timestamp;
use worker::SqlStorageValue;

use super::super::storage::{Columns, count, integer};
use super::SqlShard;
use crate::ports::{Commit, GraphStore, Link, Node, Posted, StoreError};

impl SqlShard {
    /// Who is who, and what other shards are to hear of it.
    pub(super) fn write_graph(&self, commit: &Commit) -> Result<(), StoreError> {
        for node in &commit.nodes {
            let (target, at, message) = match &node.link {
                None => (SqlStorageValue::Null, SqlStorageValue::Null, SqlStorageValue::Null),
                Some(Link { at, message, to }) => {
                    (to.as_str().into(), integer(at.0), message.as_str().into())
                }
            };
            self.sql.run(
                "INSERT INTO nodes (key, target, at, message, root, turn, settled)
                 VALUES (?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (key) DO UPDATE SET target = excluded.target, at = excluded.at,
                 message = excluded.message, root = excluded.root, turn = excluded.turn,
                 settled = excluded.settled",
                vec![
                    node.key.as_str().into(),
                    target,
                    at,
                    message,
                    node.root.as_str().into(),
                    count(node.turn),
                    count(node.settled),
                ],
            )?;
        }
        for (add, remove, rows) in [
            (
                "INSERT INTO members (root, key) VALUES (?, ?) ON CONFLICT (root, key) DO NOTHING",
                "DELETE FROM members WHERE root = ? AND key = ?",
                &commit.members,
            ),
            (
                "INSERT INTO leads (target, key) VALUES (?, ?) ON CONFLICT (target, key) DO NOTHING",
                "DELETE FROM leads WHERE target = ? AND key = ?",
                &commit.leads,
            ),
        ] {
            for (to, key, does) in rows {
                let query = if *does { add } else { remove };
                self.sql.run(query, vec![to.as_str().into(), key.as_str().into()])?;
            }
        }
        for (key, message) in &commit.posts {
            self.sql.run(
                "INSERT INTO outbox (at, key, message) VALUES (?, ?, ?)",
                vec![
                    integer(commit.posted.0),
                    key.as_str().into(),
                    SqlStorageValue::Blob(message.clone()),
                ],
            )?;
        }
        for seq in &commit.delivered {
            self.sql.run("DELETE FROM outbox WHERE seq = ?", vec![count(*seq)])?;
        }
        Ok(())
    }

    fn keys(&self, query: &str, key: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.sql.rows(query, vec![key.into()])?;
        rows.into_iter().map(|row| Columns::of(row).text()).collect()
    }
}

impl GraphStore for SqlShard {
    fn node(&self, key: &str) -> Result<Option<Node>, StoreError> {
        let query = "SELECT target, at, message, root, turn, settled FROM nodes WHERE key = ?";
        let Some(row) = self.sql.row(query, vec![key.into()])? else { return Ok(None) };
        let mut columns = Columns::of(row);
        let (to, at, message) =
            (columns.optional_text()?, columns.integer()?, columns.optional_text()?);
        let link =
            to.map(|to| Link { at: Timestamp(at), message: message.unwrap_or_default(), to });
        Ok(Some(Node {
            key: key.to_owned(),
            link,
            root: columns.text()?,
            turn: columns.count()?,
            settled: columns.count()?,
        }))
    }

    fn is_pending(&self) -> Result<bool, StoreError> {
        let query = "SELECT EXISTS (SELECT 1 FROM outbox)
                     OR EXISTS (SELECT 1 FROM nodes WHERE turn <> settled)";
        let row = self.sql.row(query, Vec::new())?.unwrap_or_default();
        Ok(Columns::of(row).integer()? != 0)
    }

    fn is_member(&self, root: &str, key: &str) -> Result<bool, StoreError> {
        let query = "SELECT 1 FROM members WHERE root = ? AND key = ?";
        Ok(self.sql.row(query, vec![root.into(), key.into()])?.is_some())
    }

    fn members(&self, root: &str) -> Result<Vec<String>, StoreError> {
        self.keys("SELECT key FROM members WHERE root = ? ORDER BY key", root)
    }

    fn leading_to(&self, key: &str) -> Result<Vec<String>, StoreError> {
        self.keys("SELECT key FROM leads WHERE target = ? ORDER BY key", key)
    }

    fn outbox(&self, most: u32) -> Result<Vec<Posted>, StoreError> {
        let query = "SELECT seq, key, message FROM outbox ORDER BY seq LIMIT ?";
        let rows = self.sql.rows(query, vec![integer(most.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(Posted {
                    seq: columns.count()?,
                    key: columns.text()?,
                    message: columns.bytes()?,
                })
            })
            .collect()
    }

    fn outbox_ends(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let row = self.sql.row("SELECT min(seq), max(seq) FROM outbox", Vec::new())?;
        let mut columns = Columns::of(row.unwrap_or_default());
        Ok(columns.optional_count()?.zip(columns.optional_count()?))
    }

    fn unsettled(&self, most: u32) -> Result<Vec<(String, u64)>, StoreError> {
        let query = "SELECT key, turn FROM nodes WHERE turn <> settled ORDER BY key LIMIT ?";
        let rows = self.sql.rows(query, vec![integer(most.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok((columns.text()?, columns.count()?))
            })
            .collect()
    }

    fn imported(&self, source: u16, slot: u16) -> Result<u64, StoreError> {
        let query = "SELECT seq FROM taken WHERE source = ? AND slot = ?";
        let row = self.sql.row(query, vec![integer(source.into()), integer(slot.into())])?;
        row.map_or(Ok(0), |row| Columns::of(row).count())
    }

    fn imported_of(&self, slot: u16) -> Result<Vec<(u16, u64)>, StoreError> {
        let query = "SELECT source, seq FROM taken WHERE slot = ?";
        let rows = self.sql.rows(query, vec![integer(slot.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let source = u16::try_from(columns.count()?).unwrap_or_default();
                Ok((source, columns.count()?))
            })
            .collect()
    }
}
