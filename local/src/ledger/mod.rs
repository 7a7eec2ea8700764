//! What the cloud must not forget when it is killed: deliveries under way, dead letters, imported files and
//! the schedules' last firings. One SQLite file in write-ahead mode; every change is a committed transaction,
//! which a SIGKILL of the process cannot undo.

mod deliveries;
mod memory;

pub(crate) use deliveries::{Delivered, NewDelivery};
pub(crate) use memory::FileStamp;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::common::lock;
use crate::error::CloudError;

const SCHEMA: &str = "
create table if not exists deliveries (
    id integer primary key autoincrement,
    function text not null,
    message_id text not null,
    event text not null,
    queued integer not null,
    attempts integer not null default 0,
    running integer not null default 0,
    sent_ms integer not null,
    first_received_ms integer,
    due_ms integer not null
);
create index if not exists deliveries_due on deliveries (function, running, due_ms);
create table if not exists dead_letters (
    id integer primary key autoincrement,
    function text not null,
    message_id text not null,
    event text not null,
    queued integer not null,
    attempts integer not null,
    error text not null,
    sent_ms integer not null,
    died_ms integer not null
);
create table if not exists imports (
    path text primary key,
    size integer not null,
    mtime_ns integer not null
);
create table if not exists schedules (
    name text primary key,
    last_ms integer not null
);
";

/// The ledger. Cheap to clone; its calls run on the blocking pool.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

/// The ledger refused: the disk is full or the file was damaged.
#[derive(Debug, thiserror::Error)]
#[error("the ledger {path} refused: {message}; check the disk's space", path = path.display())]
pub(crate) struct LedgerError {
    path: PathBuf,
    message: String,
}

impl Ledger {
    /// Opens the ledger, creating it if it is not there, and takes back what a killed cloud had under way.
    ///
    /// # Errors
    /// [`CloudError::Ledger`] if SQLite cannot use the file.
    pub(crate) fn open(path: &Path) -> Result<Self, CloudError> {
        let connection = open(path).map_err(|source| CloudError::Ledger {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path: path.to_owned(),
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let connection = Arc::clone(&self.connection);
        let refused = |message: String| LedgerError {
            path: self.path.clone(),
            message,
        };
        tokio::task::spawn_blocking(move || work(&mut lock(&connection)))
            .await
            .map_err(|error| refused(error.to_string()))?
            .map_err(|error| refused(error.to_string()))
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.execute_batch(SCHEMA)?;
    deliveries::recover(&connection)?;
    Ok(connection)
}

/// Milliseconds of real time since 1970: deliveries wait by the machine's clock, whatever the cloud's says.
pub(crate) fn real_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
