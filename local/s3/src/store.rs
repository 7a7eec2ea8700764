//! The store: opening, buckets, and writing and reading objects from inside of the process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Notify;
use tokio_util::io::ReaderStream;

use crate::api::Caller;
use crate::blob::{Blobs, Draft};
use crate::changes::CreatedReason;
use crate::checksum::Algorithm;
use crate::error::StoreError;
use crate::index::{self, Attributes, Condition, Deleted, NewVersion, ObjectInfo};
use crate::schema;

const KEY_MAX_BYTES: usize = 1024;
const READ_BUFFER: usize = 256 * 1024;

/// How to open a store.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// Whether an acknowledged write also survives a power cut, at the price of waiting for the disk. A killed process
    /// loses nothing either way.
    pub fsync: bool,
}

/// A versioned content store on one folder.
#[derive(Debug)]
pub struct Store {
    pub(crate) blobs: Arc<Blobs>,
    index: Mutex<Connection>,
    pub(crate) notify: Notify,
    /// Held as long as the store is open; the system lets go of it when the process dies. The last of the fields, as they are dropped in order.
    _lock: Lock,
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// When it was created.
    pub created: Timestamp,
}

/// What goes with a write.
#[derive(Clone, Debug, Default)]
pub struct PutOptions {
    /// Headers and user metadata.
    pub attributes: Attributes,
    /// What must hold.
    pub condition: Condition,
    /// Who writes.
    pub caller: Caller,
}

/// A locked file.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would not do: a child process that another thread starts has the file open, too, until it runs its program.
        drop(self.0.unlock());
    }
}

impl Store {
    /// Opens the store in `dir`, which is created if need be, and removes what a killed process left unfinished.
    ///
    /// # Errors
    /// If another process has it open, or the folder or the index cannot be read or written.
    pub fn open(dir: &Path) -> Result<Arc<Self>, StoreError> {
        Self::open_with(dir, &StoreOptions::default())
    }

    /// As [`Store::open`], with options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(dir: &Path, options: &StoreOptions) -> Result<Arc<Self>, StoreError> {
        std::fs::create_dir_all(dir).map_err(StoreError::io("creating", dir))?;
        let path = dir.join("lock");
        let lock = File::create(&path).map_err(StoreError::io("creating", &path))?;
        if let Err(error) = lock.try_lock() {
            let dir = dir.to_path_buf();
            return Err(match error {
                std::fs::TryLockError::WouldBlock => StoreError::InUse { dir },
                std::fs::TryLockError::Error(source) => StoreError::io("locking", &path)(source),
            });
        }
        let blobs = Blobs::open(dir, options.fsync)?;
        let index = schema::open(&dir.join("index.sqlite"), options.fsync)?;
        index.execute("DELETE FROM upload WHERE completed_version IS NOT NULL", [])?;
        {
            let known = "SELECT 1 FROM version WHERE blob = ?1 UNION ALL SELECT 1 FROM part WHERE blob = ?1";
            let mut known = index.prepare(known)?;
            blobs.sweep(|id| Ok(known.exists([id])?))?;
        }
        Ok(Arc::new(Self {
            blobs: Arc::new(blobs),
            index: Mutex::new(index),
            notify: Notify::new(),
            _lock: Lock(lock),
        }))
    }

    /// Creates a bucket; one that exists stays as it is. It is versioned from the start.
    ///
    /// # Errors
    /// If the name is not a bucket name, or the index cannot be written.
    pub async fn create_bucket(
        self: &Arc<Self>,
        name: &str,
        region: &str,
    ) -> Result<(), StoreError> {
        if !s3s::path::check_bucket_name(name) {
            let bucket = name.to_owned();
            return Err(StoreError::InvalidBucketName { bucket });
        }
        let values = (
            name.to_owned(),
            region.to_owned(),
            Timestamp::now().as_millisecond(),
        );
        self.run(move |store| {
            let sql = "INSERT OR IGNORE INTO bucket (name, region, created_ms) VALUES (?1, ?2, ?3)";
            store.index().execute(sql, values)?;
            Ok(())
        })
        .await
    }

    /// Deletes a bucket without versions.
    ///
    /// # Errors
    /// If there is no such bucket, it holds versions (delete markers count) or uploads, or the index cannot be written.
    pub async fn delete_bucket(self: &Arc<Self>, name: &str) -> Result<(), StoreError> {
        let bucket = name.to_owned();
        self.change(move |transaction| {
            index::require_bucket(transaction, &bucket)?;
            let held = "SELECT 1 FROM version WHERE bucket = ?1 UNION ALL \
                SELECT 1 FROM upload WHERE bucket = ?1 AND completed_version IS NULL";
            if transaction.prepare(held)?.exists([&bucket])? {
                return Err(StoreError::BucketNotEmpty { bucket });
            }
            transaction.execute("DELETE FROM upload WHERE bucket = ?1", [&bucket])?;
            transaction.execute("DELETE FROM bucket WHERE name = ?1", [&bucket])?;
            Ok(())
        })
        .await
    }

    /// All buckets, by name.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn buckets(self: &Arc<Self>) -> Result<Vec<BucketInfo>, StoreError> {
        self.run(|store| {
            let index = store.index();
            let sql = "SELECT name, region, created_ms FROM bucket ORDER BY name";
            let mut statement = index.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(BucketInfo {
                    name: row.get(0)?,
                    region: row.get(1)?,
                    created: index::time(row.get(2)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One bucket.
    ///
    /// # Errors
    /// If there is no such bucket, or the index cannot be read.
    pub async fn bucket(self: &Arc<Self>, name: &str) -> Result<BucketInfo, StoreError> {
        let mut buckets = self.buckets().await?.into_iter();
        let found = buckets.find(|bucket| bucket.name == name);
        let bucket = name.to_owned();
        found.ok_or(StoreError::NoSuchBucket { bucket })
    }

    /// Writes an object from memory.
    ///
    /// # Errors
    /// If there is no such bucket, the key is no key, the condition does not hold, or the disk fails.
    pub async fn put_bytes(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        content: impl Into<Bytes>,
        options: PutOptions,
    ) -> Result<ObjectInfo, StoreError> {
        let content = stream::iter([Ok::<_, std::convert::Infallible>(content.into())]);
        let draft = self
            .blobs
            .receive(content, vec![Algorithm::Crc64Nvme])
            .await?;
        self.put_draft(bucket, key, draft, options).await
    }

    /// Writes an object from a file, which stays where it is.
    ///
    /// # Errors
    /// As [`Store::put_bytes`], and if the file cannot be read.
    pub async fn put_file(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        file: &Path,
        options: PutOptions,
    ) -> Result<ObjectInfo, StoreError> {
        let content = tokio::fs::File::open(file).await;
        let content = content.map_err(StoreError::io("opening", file))?;
        let content = ReaderStream::with_capacity(content, READ_BUFFER);
        let draft = self
            .blobs
            .receive(content, vec![Algorithm::Crc64Nvme])
            .await?;
        self.put_draft(bucket, key, draft, options).await
    }

    pub(crate) async fn put_draft(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        draft: Draft,
        options: PutOptions,
    ) -> Result<ObjectInfo, StoreError> {
        self.create_from(bucket, key, draft, options, CreatedReason::PutObject)
            .await
    }

    pub(crate) async fn create_from(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        draft: Draft,
        options: PutOptions,
        reason: CreatedReason,
    ) -> Result<ObjectInfo, StoreError> {
        check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |store| {
            let (etag, size, checksums) = (draft.etag(), draft.size, draft.checksums.clone());
            store.blobs.keep(draft, |blob| {
                store.transact(|transaction| {
                    index::check(transaction, (&bucket, &key), &options.condition)?;
                    let new = NewVersion {
                        bucket: &bucket,
                        key: &key,
                        size,
                        etag: &etag,
                        blob,
                        attributes: options.attributes,
                        checksums,
                        parts: Vec::new(),
                    };
                    index::create(transaction, new, reason, &options.caller)
                })
            })
        })
        .await
    }

    /// What the store knows of a version, the latest by default.
    ///
    /// # Errors
    /// If there is no such bucket, key or version, or it is a delete marker.
    pub async fn head(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<ObjectInfo, StoreError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let version_id = version_id.map(str::to_owned);
        self.run(move |store| index::find(&store.index(), &bucket, &key, version_id.as_deref()))
            .await
    }

    /// A version, the latest by default, with its content as an open file at its start. A deletion does not disturb it.
    ///
    /// # Errors
    /// As [`Store::head`], and if the content cannot be opened.
    pub async fn get(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<(ObjectInfo, tokio::fs::File), StoreError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let version_id = version_id.map(str::to_owned);
        self.run(move |store| {
            // Opened under the lock, so that no deletion comes between.
            let index = store.index();
            let info = index::find(&index, &bucket, &key, version_id.as_deref())?;
            let path = store.content_of(&info);
            let file = File::open(&path).map_err(StoreError::io("opening", &path))?;
            Ok((info, tokio::fs::File::from_std(file)))
        })
        .await
    }

    /// The whole content of the latest version. For small objects: it is held in memory.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub async fn read(self: &Arc<Self>, bucket: &str, key: &str) -> Result<Bytes, StoreError> {
        use tokio::io::AsyncReadExt as _;
        let (info, mut file) = self.get(bucket, key, None).await?;
        let mut content = Vec::with_capacity(usize::try_from(info.size).unwrap_or(0));
        let read = file.read_to_end(&mut content).await;
        read.map_err(StoreError::io("reading", &self.content_of(&info)))?;
        Ok(content.into())
    }

    /// Deletes: without a version id by a delete marker, with one for good. `None` if there is no such version.
    ///
    /// # Errors
    /// If there is no such bucket, the version id is none, or the index cannot be written.
    pub async fn delete(
        self: &Arc<Self>,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        caller: Caller,
    ) -> Result<Option<Deleted>, StoreError> {
        check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let version_id = version_id.map(str::to_owned);
        self.run(move |store| {
            let deleted = store.transact(|transaction| {
                index::delete(transaction, (&bucket, &key), version_id.as_deref(), &caller)
            })?;
            if let Some(orphan) = deleted
                .as_ref()
                .and_then(|deleted| deleted.orphan.as_deref())
            {
                store.blobs.remove(orphan);
            }
            Ok(deleted)
        })
        .await
    }

    pub(crate) fn content_of(&self, info: &ObjectInfo) -> PathBuf {
        self.blobs.path(info.blob.as_deref().unwrap_or_default())
    }

    pub(crate) fn index(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one transaction and wakes whoever waits for changes.
    pub(crate) fn transact<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut index = self.index();
        let transaction = index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        self.notify.notify_one();
        Ok(result)
    }

    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |store| store.transact(work)).await
    }

    /// Runs blocking work to its end, even if the caller goes away.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || work(&store));
        task.await
            .map_err(|error| StoreError::Worker(error.to_string()))?
    }
}

pub(crate) fn check_key(key: &str) -> Result<(), StoreError> {
    let length = key.len();
    if (1..=KEY_MAX_BYTES).contains(&length) {
        return Ok(());
    }
    Err(StoreError::InvalidKey { length })
}
