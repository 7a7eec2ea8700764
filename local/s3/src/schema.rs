//! The index's tables. Text compares by bytes, which is S3's order of keys (UTF-8 binary).

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::error::StoreError;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS counter (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO counter VALUES (1, 0);

CREATE TABLE IF NOT EXISTS bucket (
    name TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS version (
    sequence INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES bucket (name),
    key TEXT NOT NULL,
    version_id TEXT NOT NULL UNIQUE,
    is_latest INTEGER NOT NULL,
    delete_marker INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    blob TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS version_latest ON version (bucket, key) WHERE is_latest = 1;
CREATE INDEX IF NOT EXISTS version_by_key ON version (bucket, key, sequence DESC);
CREATE INDEX IF NOT EXISTS version_by_blob ON version (blob) WHERE blob IS NOT NULL;

CREATE TABLE IF NOT EXISTS upload (
    upload_id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES bucket (name),
    key TEXT NOT NULL,
    initiated_ms INTEGER NOT NULL,
    plan TEXT NOT NULL,
    completed_version TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS upload_by_key ON upload (bucket, key, upload_id);

CREATE TABLE IF NOT EXISTS part (
    upload_id TEXT NOT NULL REFERENCES upload (upload_id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    blob TEXT NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_by_blob ON part (blob);

CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY,
    change TEXT NOT NULL
) STRICT;
";

/// Opens the index. A commit survives a killed process; with `fsync` also a power cut.
pub(crate) fn open(path: &Path, fsync: bool) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", if fsync { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}
