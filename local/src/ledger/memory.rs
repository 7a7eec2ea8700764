//! What the drop folder and the schedules remember.

use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError};

/// By what a file in the drop folder is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    /// Bytes.
    pub(crate) size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub(crate) mtime_ns: i64,
}

impl Ledger {
    /// The stamp under which a path was imported last.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn imported(&self, path: &str) -> Result<Option<FileStamp>, LedgerError> {
        let path = path.to_owned();
        self.with(move |connection| {
            connection
                .prepare_cached("select size, mtime_ns from imports where path = ?1")?
                .query_row([path], |row| {
                    Ok(FileStamp {
                        size: row.get(0)?,
                        mtime_ns: row.get(1)?,
                    })
                })
                .optional()
        })
        .await
    }

    /// Remembers that a path was imported.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn remember_import(
        &self,
        path: &str,
        stamp: FileStamp,
    ) -> Result<(), LedgerError> {
        let path = path.to_owned();
        self.with(move |connection| {
            connection.execute(
                "insert into imports (path, size, mtime_ns) values (?1, ?2, ?3)
                 on conflict (path) do update set size = excluded.size, mtime_ns = excluded.mtime_ns",
                params![path, stamp.size, stamp.mtime_ns],
            )?;
            Ok(())
        })
        .await
    }

    /// When a schedule fired last, in milliseconds of the cloud's clock.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn last_fired(&self, schedule: &str) -> Result<Option<i64>, LedgerError> {
        let name = schedule.to_owned();
        self.with(move |connection| {
            connection
                .query_row(
                    "select last_ms from schedules where name = ?1",
                    [name],
                    |row| row.get(0),
                )
                .optional()
        })
        .await
    }

    /// Remembers a firing.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn remember_fired(
        &self,
        schedule: &str,
        at_ms: i64,
    ) -> Result<(), LedgerError> {
        let name = schedule.to_owned();
        self.with(move |connection| {
            connection.execute(
                "insert into schedules (name, last_ms) values (?1, ?2)
                 on conflict (name) do update set last_ms = excluded.last_ms",
                params![name, at_ms],
            )?;
            Ok(())
        })
        .await
    }
}
