//! How the simulators reach the objects in S3: the gateway brings its store, tests bring a map.

use std::{collections::BTreeMap, io, sync::Mutex};

use bytes::Bytes;

use crate::lock::lock;

/// Reading and writing objects, as a Bedrock job does with its role. Calls block.
pub trait ObjectAccess: Send + Sync + std::fmt::Debug {
    /// The object's current content.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if bucket or key do not exist; any other kind for a failure of the store.
    fn read(&self, bucket: &str, key: &str) -> io::Result<Bytes>;

    /// Writes an object.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if the bucket does not exist; any other kind for a failure of the store.
    fn write(&self, bucket: &str, key: &str, content: Bytes) -> io::Result<()>;

    /// Whether the object exists.
    ///
    /// # Errors
    /// A failure of the store; a missing bucket is `Ok(false)`.
    fn exists(&self, bucket: &str, key: &str) -> io::Result<bool>;

    /// The keys that begin with `prefix`, in their order.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if the bucket does not exist; any other kind for a failure of the store.
    fn list(&self, bucket: &str, prefix: &str) -> io::Result<Vec<String>>;
}

/// Objects in memory, in buckets that exist as soon as they are named. For tests.
#[derive(Debug, Default)]
pub struct MemoryObjects(Mutex<BTreeMap<(String, String), Bytes>>);

impl ObjectAccess for MemoryObjects {
    fn read(&self, bucket: &str, key: &str) -> io::Result<Bytes> {
        let objects = lock(&self.0);
        let found = objects.get(&(bucket.to_owned(), key.to_owned())).cloned();
        found.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("no object {key} in bucket {bucket}"),
            )
        })
    }

    fn write(&self, bucket: &str, key: &str, content: Bytes) -> io::Result<()> {
        let mut objects = lock(&self.0);
        objects.insert((bucket.to_owned(), key.to_owned()), content);
        Ok(())
    }

    fn exists(&self, bucket: &str, key: &str) -> io::Result<bool> {
        let objects = lock(&self.0);
        Ok(objects.contains_key(&(bucket.to_owned(), key.to_owned())))
    }

    fn list(&self, bucket: &str, prefix: &str) -> io::Result<Vec<String>> {
        let objects = lock(&self.0);
        let matching = |(of, key): &&(String, String)| of == bucket && key.starts_with(prefix);
        Ok(objects
            .keys()
            .filter(matching)
            .map(|(_, key)| key.clone())
            .collect())
    }
}

/// `s3://bucket/key` in its two parts; the key may be empty.
pub(crate) fn split_uri(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    Some(rest.split_once('/').unwrap_or((rest, "")))
}
