//! The bucket. Keys are whole keys (`data/<pipeline>/…`), never URL-encoded; the bucket's name is the adapter's.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::{ErrorKind, PortError, PortResult};

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The whole key.
    pub key: String,
    /// The version's id.
    pub version: String,
    /// In bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// What its bytes are known by (the ETag): another write has another, unless it wrote the same bytes.
    pub tag: String,
}

/// The fewest bytes that a bucket copies into an object that is being written, and the fewest that are written between two copies: 5 MiB.
/// Source: Amazon S3 User Guide, "Multipart upload limits".
pub const SMALLEST_COPY: u64 = 5 << 20;

/// The most bytes of one copy: 5 GiB. The same source.
pub const LARGEST_COPY: u64 = 5 << 30;

/// Bytes of an object that the bucket itself copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFrom {
    /// The whole key of the object.
    pub key: String,
    /// The object's tag: nothing is copied from other bytes.
    pub tag: String,
    /// Which bytes, from the first to before the last.
    pub range: Range<u64>,
}

/// The bytes of an object, in order.
#[async_trait]
pub trait ObjectStream: Send {
    /// The next piece, `None` at the end.
    async fn next(&mut self) -> PortResult<Option<Bytes>>;
}

/// An object being written: it exists only once `finish` has answered.
#[async_trait]
pub trait ObjectSink: Send {
    /// More bytes. A sink buffers what its service needs (parts of at least 5 MiB on S3).
    async fn write(&mut self, bytes: Bytes) -> PortResult<()>;
    /// Bytes of another object, which do not pass through here: from [`WriteObjects::smallest_copy`] to [`LARGEST_COPY`] of them, and what
    /// was written since the last copy, or the start, is nothing or as many. `Conflict` if the object has another tag now.
    async fn copy(&mut self, from: CopyFrom) -> PortResult<()>;
    /// Makes the object visible, whole. Answers its tag, empty if that is not known.
    async fn finish(self: Box<Self>) -> PortResult<String>;
    /// Leaves nothing behind.
    async fn abort(self: Box<Self>);
}

/// Reading the bucket.
#[async_trait]
pub trait ReadObjects: Send + Sync {
    /// The current version of a key; `None` if there is none, or a delete marker.
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>>;
    /// The bytes of a version, or of the current one. `NotFound` if it is gone.
    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>>;
    /// The current version of a key with its first bytes, `most` of them at most; `None` if there is none.
    async fn start(&self, key: &str, most: usize) -> PortResult<Option<(ObjectInfo, Bytes)>> {
        let Some(info) = self.head(key).await? else {
            return Ok(None);
        };
        let mut stream = match self.open(key, Some(&info.version)).await {
            Ok(stream) => stream,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut start = Vec::new();
        while start.len() < most
            && let Some(bytes) = stream.next().await?
        {
            start.extend_from_slice(&bytes);
        }
        start.truncate(most);
        Ok(Some((info, Bytes::from(start))))
    }
    /// Some bytes of the current version of a key, which are there. `Conflict` if it has another tag now.
    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>>;
    /// The current objects under a prefix, by key, up to 1,000 a page, after a key.
    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>>;
}

/// Writing what is Perennial's own in the bucket (`reports/`, `shards/`, `work/`).
#[async_trait]
pub trait WriteObjects: Send + Sync {
    /// A small object, whole. Writing the same key again makes a new version.
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<()>;
    /// A large object, piece by piece.
    async fn create(&self, key: &str, content_type: &str) -> PortResult<Box<dyn ObjectSink>>;
    /// The fewest bytes of a copy ([`ObjectSink::copy`]).
    fn smallest_copy(&self) -> u64 {
        SMALLEST_COPY
    }
}

/// The whole object in memory, refused over `limit` bytes.
pub async fn read_all(
    objects: &dyn ReadObjects,
    key: &str,
    version: Option<&str>,
    limit: usize,
) -> PortResult<Vec<u8>> {
    let mut stream = objects.open(key, version).await?;
    let mut body = Vec::new();
    while let Some(bytes) = stream.next().await? {
        if body.len() + bytes.len() > limit {
            return Err(PortError::new(
                "s3:GetObject",
                ErrorKind::Invalid,
                format!(
                    "{key} is larger than the {limit} bytes that are read here; make it smaller"
                ),
            ));
        }
        body.extend_from_slice(&bytes);
    }
    Ok(body)
}

/// Every current object under a prefix.
pub async fn list_all(objects: &dyn ReadObjects, prefix: &str) -> PortResult<Vec<ObjectInfo>> {
    let mut all: Vec<ObjectInfo> = Vec::new();
    loop {
        let page = objects
            .list(prefix, all.last().map(|info| info.key.as_str()))
            .await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
