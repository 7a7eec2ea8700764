//! Multipart uploads: parts are contents of their own until the completion joins them into one.
//!
//! Source of the limits: "Amazon S3 multipart upload limits", S3 User Guide.

use std::sync::Arc;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::api::Caller;
use crate::blob::Draft;
use crate::changes::CreatedReason;
use crate::checksum::{Algorithm, Checksums};
use crate::error::StoreError;
use crate::index::{self, Attributes, Condition, NewVersion, ObjectInfo};
use crate::store::{Store, check_key};

const PART_MIN_BYTES: u64 = 5 * 1024 * 1024;
const PART_NUMBER_MAX: i32 = 10_000;

/// What the start of an upload says of the object to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) attributes: Attributes,
    /// The algorithm of parts and object; without one S3 takes CRC64NVME of the whole.
    pub(crate) algorithm: Option<Algorithm>,
    /// Whether the object's checksum is over its content, and not over the parts' checksums.
    pub(crate) full_object: bool,
}

/// Which upload.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) id: String,
}

#[derive(Clone, Debug)]
pub(crate) struct UploadInfo {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) initiated: Timestamp,
    pub(crate) plan: Plan,
    completed_version: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct PartInfo {
    pub(crate) number: i32,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
    pub(crate) checksums: Checksums,
    blob: String,
}

/// A part as the completion names it.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamedPart {
    pub(crate) number: i32,
    pub(crate) etag: Option<String>,
    pub(crate) checksums: Checksums,
}

/// What the completion asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completion {
    pub(crate) parts: Vec<NamedPart>,
    pub(crate) checksums: Checksums,
    pub(crate) size: Option<u64>,
    pub(crate) condition: Condition,
    pub(crate) caller: Caller,
}

impl Store {
    pub(crate) async fn start_upload(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        plan: &Plan,
    ) -> Result<String, StoreError> {
        check_key(key)?;
        let id = format!("{}.{}", ulid::Ulid::new(), ulid::Ulid::new());
        let plan = text(plan)?;
        let (bucket, key, upload_id) = (bucket.to_owned(), key.to_owned(), id.clone());
        self.run(move |store| {
            let index = store.index();
            index::require_bucket(&index, &bucket)?;
            let sql = "INSERT INTO upload (upload_id, bucket, key, initiated_ms, plan) VALUES (?1, ?2, ?3, ?4, ?5)";
            let now = Timestamp::now().as_millisecond();
            index.execute(sql, params![upload_id, bucket, key, now, plan])?;
            Ok(())
        })
        .await?;
        Ok(id)
    }

    pub(crate) async fn upload(
        self: &Arc<Self>,
        upload: &Upload,
    ) -> Result<UploadInfo, StoreError> {
        let upload = upload.clone();
        self.run(move |store| open_upload(&store.index(), &upload))
            .await
    }

    /// The uploads of a bucket that are neither completed nor aborted, by key.
    pub(crate) async fn uploads(
        self: &Arc<Self>,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<UploadInfo>, StoreError> {
        let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
        self.run(move |store| {
            let index = store.index();
            index::require_bucket(&index, &bucket)?;
            let sql = "SELECT key, upload_id, initiated_ms, plan, completed_version FROM upload \
                WHERE bucket = ?1 AND key >= ?2 AND completed_version IS NULL ORDER BY key, upload_id";
            let mut statement = index.prepare_cached(sql)?;
            let mut rows = statement.query([&bucket, &prefix])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let info = read_upload(row)?;
                if !info.key.starts_with(&prefix) {
                    break;
                }
                found.push(info);
            }
            Ok(found)
        })
        .await
    }

    pub(crate) async fn put_part(
        self: &Arc<Self>,
        upload: &Upload,
        number: i32,
        draft: Draft,
    ) -> Result<(), StoreError> {
        check_part_number(number)?;
        let upload = upload.clone();
        self.run(move |store| {
            let (etag, size) = (draft.etag(), draft.size.cast_signed());
            let checksums = text(&draft.checksums)?;
            let replaced = store.blobs.keep(draft, |blob| {
                store.transact(|transaction| {
                    require_open(transaction, &upload)?;
                    let old = "SELECT blob FROM part WHERE upload_id = ?1 AND number = ?2";
                    let values = params![upload.id, number];
                    let old: Option<String> = transaction
                        .query_row(old, values, |row| row.get(0))
                        .optional()?;
                    let sql = "INSERT OR REPLACE INTO part \
                        (upload_id, number, size, etag, modified_ms, blob, checksums) \
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                    let now = Timestamp::now().as_millisecond();
                    let values = params![upload.id, number, size, etag, now, blob, checksums];
                    transaction.execute(sql, values)?;
                    Ok(old)
                })
            })?;
            if let Some(replaced) = replaced {
                store.blobs.remove(&replaced);
            }
            Ok(())
        })
        .await
    }

    /// All parts of an open upload, by number.
    pub(crate) async fn parts(
        self: &Arc<Self>,
        upload: &Upload,
    ) -> Result<Vec<PartInfo>, StoreError> {
        let upload = upload.clone();
        self.run(move |store| {
            let index = store.index();
            require_open(&index, &upload)?;
            read_parts(&index, &upload.id)
        })
        .await
    }

    pub(crate) async fn abort_upload(self: &Arc<Self>, upload: &Upload) -> Result<(), StoreError> {
        let upload = upload.clone();
        self.run(move |store| {
            let parts = store.transact(|transaction| {
                require_open(transaction, &upload)?;
                let parts = read_parts(transaction, &upload.id)?;
                transaction.execute("DELETE FROM upload WHERE upload_id = ?1", [&upload.id])?;
                Ok(parts)
            })?;
            for part in parts {
                store.blobs.remove(&part.blob);
            }
            Ok(())
        })
        .await
    }

    /// Joins the parts named. Completing once more gives the same version, as clients repeat what was not answered.
    pub(crate) async fn complete_upload(
        self: &Arc<Self>,
        upload: Upload,
        completion: Completion,
    ) -> Result<ObjectInfo, StoreError> {
        self.run(move |store| complete(store, &upload, completion))
            .await
    }
}

fn complete(
    store: &Store,
    upload: &Upload,
    completion: Completion,
) -> Result<ObjectInfo, StoreError> {
    let (plan, uploaded) = {
        let index = store.index();
        let info = open_upload(&index, upload)?;
        if let Some(version_id) = info.completed_version {
            return index::find(&index, &upload.bucket, &upload.key, Some(&version_id));
        }
        (info.plan, read_parts(&index, &upload.id)?)
    };
    let parts = choose(&uploaded, &completion.parts)?;
    let size = parts.iter().map(|part| part.size).sum();
    if completion.size.is_some_and(|expected| expected != size) {
        return Err(StoreError::InvalidRequest(format!(
            "the parts have {size} bytes together, which is not the x-amz-mp-object-size given; correct it"
        )));
    }
    let algorithm = plan.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let full_object = plan.full_object || plan.algorithm.is_none();
    let mut writer = store.blobs.writer(if full_object {
        std::slice::from_ref(&algorithm)
    } else {
        &[]
    })?;
    for part in &parts {
        store.blobs.append(&mut writer, &part.blob, None)?;
    }
    let draft = store.blobs.finish(writer)?;
    let checksums = match full_object {
        true => {
            completion.checksums.check(&draft.checksums)?;
            draft.checksums.clone()
        }
        false => {
            let sums = parts.iter().map(|part| &part.checksums);
            let composite = Checksums::composite(algorithm, sums).unwrap_or_default();
            let given = completion.checksums.get(algorithm);
            if given.is_some_and(|given| Some(given) != composite.get(algorithm)) {
                let algorithm = algorithm.name();
                return Err(StoreError::BadDigest { algorithm });
            }
            composite
        }
    };
    let etag = joined_etag(&parts);
    let info = store.blobs.keep(draft, |blob| {
        store.transact(|transaction| {
            require_open(transaction, upload)?;
            index::check(
                transaction,
                (&upload.bucket, &upload.key),
                &completion.condition,
            )?;
            let new = NewVersion {
                bucket: &upload.bucket,
                key: &upload.key,
                size,
                etag: &etag,
                blob,
                attributes: plan.attributes,
                checksums,
                parts: parts.iter().map(|part| part.size).collect(),
            };
            let reason = CreatedReason::CompleteMultipartUpload;
            let info = index::create(transaction, new, reason, &completion.caller)?;
            let done = "UPDATE upload SET completed_version = ?2 WHERE upload_id = ?1";
            transaction.execute(done, [&upload.id, &info.version_id])?;
            transaction.execute("DELETE FROM part WHERE upload_id = ?1", [&upload.id])?;
            Ok(info)
        })
    })?;
    for part in uploaded {
        store.blobs.remove(&part.blob);
    }
    Ok(info)
}

/// The uploaded parts that the completion names, in its order.
fn choose(uploaded: &[PartInfo], named: &[NamedPart]) -> Result<Vec<PartInfo>, StoreError> {
    if named.is_empty() {
        let message = "a completion must name at least one part; list them with number and ETag";
        return Err(StoreError::InvalidRequest(message.to_owned()));
    }
    if !named.is_sorted_by(|one, next| one.number < next.number) {
        return Err(StoreError::InvalidPartOrder);
    }
    let mut chosen = Vec::with_capacity(named.len());
    for name in named {
        let number = name.number;
        let found = uploaded.iter().find(|part| part.number == number);
        let part = found.ok_or(StoreError::InvalidPart { number })?;
        let same_etag = name.etag.as_ref().is_none_or(|etag| *etag == part.etag);
        let same_sums = name.checksums.algorithms().into_iter().all(|algorithm| {
            let known = part.checksums.get(algorithm);
            known.is_none() || known == name.checksums.get(algorithm)
        });
        if !same_etag || !same_sums {
            return Err(StoreError::InvalidPart { number });
        }
        chosen.push(part.clone());
    }
    let all_but_last = chosen.iter().rev().skip(1);
    if let Some(small) = all_but_last.rev().find(|part| part.size < PART_MIN_BYTES) {
        let (number, size) = (small.number, small.size);
        return Err(StoreError::EntityTooSmall { number, size });
    }
    Ok(chosen)
}

fn joined_etag(parts: &[PartInfo]) -> String {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(hex::decode(&part.etag).unwrap_or_default());
    }
    format!("{}-{}", hex::encode(digest.finalize()), parts.len())
}

pub(crate) fn check_part_number(number: i32) -> Result<(), StoreError> {
    if (1..=PART_NUMBER_MAX).contains(&number) {
        return Ok(());
    }
    let message = format!("part number {number} is not between 1 and {PART_NUMBER_MAX}");
    Err(StoreError::InvalidArgument(message))
}

fn open_upload(index: &Connection, upload: &Upload) -> Result<UploadInfo, StoreError> {
    index::require_bucket(index, &upload.bucket)?;
    let sql = "SELECT key, upload_id, initiated_ms, plan, completed_version FROM upload \
        WHERE upload_id = ?1 AND bucket = ?2 AND key = ?3";
    let mut statement = index.prepare_cached(sql)?;
    let mut rows = statement.query([&upload.id, &upload.bucket, &upload.key])?;
    let found = rows.next()?.map(read_upload).transpose()?;
    let upload_id = upload.id.clone();
    found.ok_or(StoreError::NoSuchUpload { upload_id })
}

fn require_open(index: &Connection, upload: &Upload) -> Result<(), StoreError> {
    if open_upload(index, upload)?.completed_version.is_none() {
        return Ok(());
    }
    let upload_id = upload.id.clone();
    Err(StoreError::NoSuchUpload { upload_id })
}

fn read_upload(row: &rusqlite::Row<'_>) -> Result<UploadInfo, StoreError> {
    let plan: String = row.get(3)?;
    Ok(UploadInfo {
        key: row.get(0)?,
        id: row.get(1)?,
        initiated: index::time(row.get(2)?),
        plan: serde_json::from_str(&plan).map_err(damaged)?,
        completed_version: row.get(4)?,
    })
}

fn read_parts(index: &Connection, upload_id: &str) -> Result<Vec<PartInfo>, StoreError> {
    let sql = "SELECT number, size, etag, modified_ms, checksums, blob FROM part \
        WHERE upload_id = ?1 ORDER BY number";
    let mut statement = index.prepare_cached(sql)?;
    let mut rows = statement.query([upload_id])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        let checksums: String = row.get(4)?;
        parts.push(PartInfo {
            number: row.get(0)?,
            size: row.get::<_, i64>(1)?.cast_unsigned(),
            etag: row.get(2)?,
            modified: index::time(row.get(3)?),
            checksums: serde_json::from_str(&checksums).map_err(damaged)?,
            blob: row.get(5)?,
        });
    }
    Ok(parts)
}

fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(damaged)
}

fn damaged(source: serde_json::Error) -> StoreError {
    StoreError::Damaged {
        what: "multipart upload",
        source,
    }
}
