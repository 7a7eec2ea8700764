//! Rows of object versions, and the transactions that add and remove them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::api::Caller;
use crate::changes::{self, Change, ChangeKind, CreatedReason, DeletionType};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::ids;

/// The ETag of no content, which S3 names in a delete marker's event.
const ETAG_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";
pub(crate) const VERSION_COLUMNS: &str = "sequence, bucket, key, version_id, is_latest, delete_marker, size, etag, \
     modified_ms, blob, detail";

/// What a client says about an object beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// `Content-Type`; `binary/octet-stream` where none was given.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Expires`.
    pub expires: Option<Timestamp>,
    /// User metadata: names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
}

/// What must hold for a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// The key has no object (`If-None-Match: *`).
    Absent,
    /// The key's latest version has this ETag, without quotes (`If-Match`).
    Matches(String),
}

/// One version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version's id.
    pub version_id: String,
    /// Whether it is the key's latest version.
    pub is_latest: bool,
    /// Whether it is a delete marker; then it has no content.
    pub delete_marker: bool,
    /// Size in bytes.
    pub size: u64,
    /// ETag without quotes: MD5 in hexadecimal, or `MD5-N` of a multipart upload.
    pub etag: String,
    /// When it was created.
    pub modified: Timestamp,
    /// Its place among all changes of the store.
    pub sequencer: String,
    /// Headers and user metadata.
    pub attributes: Attributes,
    /// Its checksums.
    pub checksums: Checksums,
    /// Sizes in bytes of the parts of a multipart upload; else empty.
    pub parts: Vec<u64>,
    pub(crate) sequence: i64,
    pub(crate) blob: Option<String>,
}

/// What a deletion did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The version deleted or the delete marker created.
    pub version_id: String,
    /// Whether that is a delete marker.
    pub delete_marker: bool,
    /// A content that no version names any more.
    pub(crate) orphan: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Detail {
    attributes: Attributes,
    checksums: Checksums,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<u64>,
}

/// A version about to be added.
#[derive(Debug, Default)]
pub(crate) struct NewVersion<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    pub(crate) size: u64,
    pub(crate) etag: &'a str,
    pub(crate) blob: &'a str,
    pub(crate) attributes: Attributes,
    pub(crate) checksums: Checksums,
    pub(crate) parts: Vec<u64>,
}

pub(crate) fn read_version(row: &Row<'_>) -> Result<ObjectInfo, StoreError> {
    let detail: String = row.get(10)?;
    let detail: Detail = serde_json::from_str(&detail).map_err(|source| StoreError::Damaged {
        what: "version",
        source,
    })?;
    let sequence: i64 = row.get(0)?;
    let size: i64 = row.get(6)?;
    Ok(ObjectInfo {
        bucket: row.get(1)?,
        key: row.get(2)?,
        version_id: row.get(3)?,
        is_latest: row.get(4)?,
        delete_marker: row.get(5)?,
        size: size.cast_unsigned(),
        etag: row.get(7)?,
        modified: time(row.get(8)?),
        sequencer: ids::sequencer(sequence),
        attributes: detail.attributes,
        checksums: detail.checksums,
        parts: detail.parts,
        sequence,
        blob: row.get(9)?,
    })
}

pub(crate) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

pub(crate) fn require_bucket(connection: &Connection, bucket: &str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM bucket WHERE name = ?1")?;
    if statement.exists([bucket])? {
        return Ok(());
    }
    let bucket = bucket.to_owned();
    Err(StoreError::NoSuchBucket { bucket })
}

/// The latest version of a key, a delete marker included.
pub(crate) fn latest(
    connection: &Connection,
    bucket: &str,
    key: &str,
) -> Result<Option<ObjectInfo>, StoreError> {
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM version WHERE bucket = ?1 AND key = ?2 AND is_latest = 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([bucket, key])?;
    rows.next()?.map(read_version).transpose()
}

/// One version of a key, a delete marker included.
pub(crate) fn version(
    connection: &Connection,
    bucket: &str,
    key: &str,
    version_id: &str,
) -> Result<Option<ObjectInfo>, StoreError> {
    // S3 calls the version that was written before versioning "null"; here there never is one.
    if version_id != "null" && ids::sequence_of(version_id).is_none() {
        let version_id = version_id.to_owned();
        return Err(StoreError::InvalidVersionId { version_id });
    }
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM version WHERE version_id = ?1 AND bucket = ?2 AND key = ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([version_id, bucket, key])?;
    rows.next()?.map(read_version).transpose()
}

/// The version that a reader asks for; delete markers are errors, as in S3.
pub(crate) fn find(
    connection: &Connection,
    bucket: &str,
    key: &str,
    version_id: Option<&str>,
) -> Result<ObjectInfo, StoreError> {
    require_bucket(connection, bucket)?;
    let (bucket_name, key_name) = (bucket.to_owned(), key.to_owned());
    let Some(version_id) = version_id else {
        let found = latest(connection, bucket, key)?;
        let delete_marker = match found {
            Some(info) if !info.delete_marker => return Ok(info),
            marker => marker.map(|marker| marker.version_id),
        };
        return Err(StoreError::NoSuchKey {
            bucket: bucket_name,
            key: key_name,
            delete_marker,
        });
    };
    let (key, id) = (key_name, version_id.to_owned());
    match version(connection, bucket, &key, version_id)? {
        Some(info) if !info.delete_marker => Ok(info),
        Some(_) => Err(StoreError::IsDeleteMarker {
            key,
            version_id: id,
        }),
        None => Err(StoreError::NoSuchVersion {
            key,
            version_id: id,
        }),
    }
}

/// Checks a write's condition inside of its transaction.
pub(crate) fn check(
    transaction: &Transaction<'_>,
    (bucket, key): (&str, &str),
    condition: &Condition,
) -> Result<(), StoreError> {
    if *condition == Condition::None {
        return Ok(());
    }
    let present = latest(transaction, bucket, key)?.filter(|info| !info.delete_marker);
    match (condition, present) {
        (Condition::Absent, Some(_)) => Err(StoreError::PreconditionFailed {
            condition: "If-None-Match",
        }),
        (Condition::Matches(etag), Some(info)) if info.etag != *etag => {
            Err(StoreError::PreconditionFailed {
                condition: "If-Match",
            })
        }
        (Condition::Matches(_), None) => Err(StoreError::NoSuchKey {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            delete_marker: None,
        }),
        _ => Ok(()),
    }
}

/// Adds a version with its change.
pub(crate) fn create(
    transaction: &Transaction<'_>,
    new: NewVersion<'_>,
    reason: CreatedReason,
    caller: &Caller,
) -> Result<ObjectInfo, StoreError> {
    require_bucket(transaction, new.bucket)?;
    let detail = Detail {
        attributes: new.attributes,
        checksums: new.checksums,
        parts: new.parts,
    };
    let place = (new.bucket, new.key);
    let content = (new.size, new.etag, Some(new.blob));
    let info = insert(transaction, place, content, &detail)?;
    record(transaction, &info, ChangeKind::Created { reason }, caller)?;
    Ok(info)
}

/// Deletes: without a version id by a delete marker, with one for good. `None` if there is no such version.
pub(crate) fn delete(
    transaction: &Transaction<'_>,
    (bucket, key): (&str, &str),
    version_id: Option<&str>,
    caller: &Caller,
) -> Result<Option<Deleted>, StoreError> {
    require_bucket(transaction, bucket)?;
    let Some(version_id) = version_id else {
        let content = (0, ETAG_OF_NOTHING, None);
        let marker = insert(transaction, (bucket, key), content, &Detail::default())?;
        let deletion_type = DeletionType::DeleteMarkerCreated;
        record(
            transaction,
            &marker,
            ChangeKind::Deleted { deletion_type },
            caller,
        )?;
        return Ok(Some(Deleted {
            version_id: marker.version_id,
            delete_marker: true,
            orphan: None,
        }));
    };
    let Some(mut info) = version(transaction, bucket, key, version_id)? else {
        return Ok(None);
    };
    transaction.execute("DELETE FROM version WHERE sequence = ?1", [info.sequence])?;
    let newest = "UPDATE version SET is_latest = 1 WHERE sequence = \
        (SELECT max(sequence) FROM version WHERE bucket = ?1 AND key = ?2)";
    transaction.prepare_cached(newest)?.execute([bucket, key])?;
    let mut orphan = info.blob.take();
    if let Some(blob) = &orphan {
        let mut shared = transaction.prepare_cached("SELECT 1 FROM version WHERE blob = ?1")?;
        if shared.exists([blob])? {
            orphan = None;
        }
    }
    info.sequence = next_sequence(transaction)?;
    info.modified = Timestamp::now();
    let deletion_type = DeletionType::PermanentlyDeleted;
    record(
        transaction,
        &info,
        ChangeKind::Deleted { deletion_type },
        caller,
    )?;
    Ok(Some(Deleted {
        version_id: info.version_id,
        delete_marker: info.delete_marker,
        orphan,
    }))
}

fn insert(
    transaction: &Transaction<'_>,
    (bucket, key): (&str, &str),
    (size, etag, blob): (u64, &str, Option<&str>),
    detail: &Detail,
) -> Result<ObjectInfo, StoreError> {
    let sequence = next_sequence(transaction)?;
    let random = transaction
        .prepare_cached("SELECT randomblob(16)")?
        .query_row([], |row| row.get(0))?;
    let version_id = ids::version_id(sequence, random);
    let detail = serde_json::to_string(detail).map_err(|source| StoreError::Damaged {
        what: "version",
        source,
    })?;
    let older = "UPDATE version SET is_latest = 0 WHERE bucket = ?1 AND key = ?2 AND is_latest = 1";
    transaction.prepare_cached(older)?.execute([bucket, key])?;
    let sql = format!(
        "INSERT INTO version ({VERSION_COLUMNS}) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10) \
         RETURNING {VERSION_COLUMNS}"
    );
    let mut statement = transaction.prepare_cached(&sql)?;
    let now = Timestamp::now().as_millisecond();
    let marker = blob.is_none();
    let size = size.cast_signed();
    let values = params![
        sequence, bucket, key, version_id, marker, size, etag, now, blob, detail
    ];
    let mut rows = statement.query(values)?;
    let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let info = read_version(row)?;
    // A statement with RETURNING ends, and takes effect, with its last row read.
    while rows.next()?.is_some() {}
    Ok(info)
}

fn record(
    transaction: &Transaction<'_>,
    info: &ObjectInfo,
    kind: ChangeKind,
    caller: &Caller,
) -> Result<(), StoreError> {
    let change = Change {
        id: info.sequence,
        kind,
        bucket: info.bucket.clone(),
        key: info.key.clone(),
        size: info.size,
        etag: info.etag.clone(),
        version_id: info.version_id.clone(),
        sequencer: ids::sequencer(info.sequence),
        request_id: caller.request_id.clone(),
        requester: caller.requester.clone(),
        source_ip: caller.source_ip.clone(),
        time: info.modified,
    };
    changes::write(transaction, &change)
}

fn next_sequence(transaction: &Transaction<'_>) -> Result<i64, StoreError> {
    let sql = "UPDATE counter SET sequence = sequence + 1 WHERE one = 1 RETURNING sequence";
    let mut statement = transaction.prepare_cached(sql)?;
    let next = statement.query_row([], |row| row.get(0)).optional()?;
    next.ok_or_else(|| rusqlite::Error::QueryReturnedNoRows.into())
}
