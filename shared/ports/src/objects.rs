//! The bucket. Keys are whole keys (`data/<pipeline>/…`), never URL-encoded; the bucket's name is the adapter's.

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
    /// Makes the object visible, whole.
    async fn finish(self: Box<Self>) -> PortResult<()>;
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
