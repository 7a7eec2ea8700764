//! The state on disk: JSON documents in one SQLite table, counts of calls in another.
//!
//! Every call of the services is one transaction, so that a kill leaves it done or not done. The write-ahead log without
//! a flush on each commit survives the process's death; it need not survive the machine's.

use std::{path::Path, sync::Mutex};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::lock::lock;

/// The database failed, or holds what this build cannot read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error(
        "the local cloud's database failed: {0}; stop the local cloud, check the disk, and start it again"
    )]
    Database(#[from] rusqlite::Error),
    #[error(
        "the local cloud's database holds a document that cannot be read ({0}); remove its folder to start afresh"
    )]
    Document(#[from] serde_json::Error),
}

/// Something that is kept: a job, a model, a parameter.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// What kind it is; the first half of its key.
    const KIND: &'static str;
    /// The second half of its key: an ARN or a name.
    fn id(&self) -> &str;
    /// Whether time may still change it, so that a tick has to look at it.
    fn advances(&self) -> bool {
        false
    }
}

#[derive(Debug)]
pub(crate) struct Store(Mutex<Connection>);

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS documents (
                 sequence INTEGER PRIMARY KEY AUTOINCREMENT,
                 kind     TEXT NOT NULL,
                 id       TEXT NOT NULL,
                 advances INTEGER NOT NULL,
                 json     TEXT NOT NULL,
                 UNIQUE (kind, id)
             );
             CREATE INDEX IF NOT EXISTS advancing ON documents (kind) WHERE advances = 1;
             CREATE TABLE IF NOT EXISTS counts (
                 metric TEXT NOT NULL,
                 model  TEXT NOT NULL,
                 minute INTEGER NOT NULL,
                 count  INTEGER NOT NULL,
                 PRIMARY KEY (model, metric, minute)
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS ids (last INTEGER NOT NULL);
             INSERT INTO ids SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ids);",
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Does something as one transaction: all of it, or, if it fails, nothing.
    pub(crate) fn transaction<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = lock(&self.0);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let transaction = Transaction(transaction);
        let done = work(&transaction)?;
        transaction.0.commit().map_err(StoreError::from)?;
        Ok(done)
    }
}

/// A transaction under way; undone unless it ends well.
#[derive(Debug)]
pub(crate) struct Transaction<'a>(rusqlite::Transaction<'a>);

impl Transaction<'_> {
    pub(crate) fn get<D: Document>(&self, id: &str) -> Result<Option<D>, StoreError> {
        let mut query = self
            .0
            .prepare_cached("SELECT json FROM documents WHERE kind = ?1 AND id = ?2")?;
        let json: Option<String> = query
            .query_row([D::KIND, id], |row| row.get(0))
            .optional()?;
        Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
    }

    pub(crate) fn put<D: Document>(&self, document: &D) -> Result<(), StoreError> {
        let json = serde_json::to_string(document)?;
        let mut statement = self.0.prepare_cached(
            "INSERT INTO documents (kind, id, advances, json) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind, id) DO UPDATE SET advances = excluded.advances, json = excluded.json",
        )?;
        statement.execute(params![D::KIND, document.id(), document.advances(), json])?;
        Ok(())
    }

    pub(crate) fn delete<D: Document>(&self, id: &str) -> Result<bool, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND id = ?2")?;
        Ok(statement.execute([D::KIND, id])? > 0)
    }

    /// All documents of a kind, in the order in which they were made.
    pub(crate) fn all<D: Document>(&self) -> Result<Vec<D>, StoreError> {
        self.select("SELECT json FROM documents WHERE kind = ?1 ORDER BY sequence")
    }

    /// Those that time may still change.
    pub(crate) fn advancing<D: Document>(&self) -> Result<Vec<D>, StoreError> {
        self.select("SELECT json FROM documents WHERE kind = ?1 AND advances = 1 ORDER BY sequence")
    }

    pub(crate) fn find<D: Document>(
        &self,
        wanted: impl Fn(&D) -> bool,
    ) -> Result<Option<D>, StoreError> {
        Ok(self.all::<D>()?.into_iter().find(wanted))
    }

    fn select<D: Document>(&self, sql: &str) -> Result<Vec<D>, StoreError> {
        let mut query = self.0.prepare_cached(sql)?;
        let rows = query.query_map([D::KIND], |row| row.get::<_, String>(0))?;
        rows.map(|json| Ok(serde_json::from_str(&json?)?)).collect()
    }

    /// 32 bytes that no earlier call gave: a counter, hashed so that it looks like one of AWS's ids.
    fn unique(&self) -> Result<[u8; 32], StoreError> {
        let mut statement = self
            .0
            .prepare_cached("UPDATE ids SET last = last + 1 RETURNING last")?;
        let counter: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(Sha256::digest(format!("perennial-local {counter}")).into())
    }

    /// A new `[a-z0-9]{12}`.
    pub(crate) fn short_id(&self) -> Result<String, StoreError> {
        const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        Ok(self
            .unique()?
            .iter()
            .take(12)
            .map(|byte| char::from(LETTERS[usize::from(*byte) % 36]))
            .collect())
    }

    /// A new UUID.
    pub(crate) fn uuid(&self) -> Result<String, StoreError> {
        let hex: String = self
            .unique()?
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(format!(
            "{}-{}-4{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        ))
    }

    /// Counts one call of a model in a minute since 1970.
    pub(crate) fn count(&self, metric: &str, model: &str, minute: i64) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO counts (metric, model, minute, count) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT DO UPDATE SET count = count + 1",
        )?;
        statement.execute(params![metric, model, minute])?;
        Ok(())
    }

    /// The minutes (since 1970) of `from..to` that have counts.
    pub(crate) fn counts(
        &self,
        metric: &str,
        model: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let mut query = self.0.prepare_cached(
            "SELECT minute, count FROM counts
             WHERE metric = ?1 AND model = ?2 AND minute >= ?3 AND minute < ?4 ORDER BY minute",
        )?;
        let rows = query.query_map(params![metric, model, from, to], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note(String, bool);

    impl Document for Note {
        const KIND: &'static str = "note";
        fn id(&self) -> &str {
            &self.0
        }
        fn advances(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn what_is_committed_is_there_after_reopening_and_what_failed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.sqlite");
        let store = Store::open(&path).unwrap();
        store
            .transaction(|tx| tx.put(&Note("a".into(), true)))
            .unwrap();
        store
            .transaction(|tx| {
                tx.put(&Note("b".into(), true))?;
                Err::<(), _>(StoreError::Database(rusqlite::Error::InvalidQuery))
            })
            .unwrap_err();
        drop(store);
        let notes = Store::open(&path)
            .unwrap()
            .transaction(|tx| tx.advancing::<Note>())
            .unwrap();
        assert_eq!(notes, [Note("a".into(), true)]);
    }

    #[test]
    fn ids_are_new_and_of_the_right_form() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.sqlite")).unwrap();
        store
            .transaction(|tx| {
                let (one, other) = (tx.short_id()?, tx.short_id()?);
                assert_ne!(one, other);
                assert!(
                    one.len() == 12
                        && one
                            .bytes()
                            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                );
                assert_eq!(tx.uuid()?.len(), 36);
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }
}
