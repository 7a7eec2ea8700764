//! What can go wrong in the store, in words that say what to do.

use std::path::{Path, PathBuf};

/// An error of the content store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the folder open.
    #[error(
        "the store in {dir} is open in another process; stop that process or choose another folder"
    )]
    InUse {
        /// The store's folder.
        dir: PathBuf,
    },
    /// A file could not be read or written.
    #[error("{action} {path} failed: {source}; check the folder's permissions and free space")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error(
        "the store's index failed: {0}; check that the disk is not full and the folder is whole"
    )]
    Index(#[from] rusqlite::Error),
    /// An index row cannot be understood.
    #[error(
        "the store's index holds an unreadable {what}: {source}; restore the folder from a copy"
    )]
    Damaged {
        /// What was read.
        what: &'static str,
        /// Why it cannot be understood.
        source: serde_json::Error,
    },
    /// A background task ended without an answer.
    #[error("the store's worker stopped: {0}; try again")]
    Worker(String),
    /// The sender broke off.
    #[error("the content broke off while it was received: {0}; send it again")]
    Body(String),
    /// Fewer or more bytes than announced.
    #[error("{received} bytes came where {expected} were announced; send the whole content again")]
    IncompleteBody {
        /// Announced length in bytes.
        expected: u64,
        /// Received length in bytes.
        received: u64,
    },
    /// The content is not what its checksum says.
    #[error("the {algorithm} given does not match the content received; send the content again")]
    BadDigest {
        /// `Content-MD5` or the name of a checksum algorithm.
        algorithm: &'static str,
    },
    /// A checksum is no checksum.
    #[error("the {algorithm} given is not valid base64 of the right length; correct the header")]
    InvalidDigest {
        /// `Content-MD5` or the name of a checksum algorithm.
        algorithm: &'static str,
    },
    /// No such bucket.
    #[error("the bucket {bucket} does not exist; create it first")]
    NoSuchBucket {
        /// The name asked for.
        bucket: String,
    },
    /// A name that S3 does not allow.
    #[error("{bucket:?} is not a valid bucket name; use 3 to 63 of a-z, 0-9, '.' and '-'")]
    InvalidBucketName {
        /// The name given.
        bucket: String,
    },
    /// The bucket still holds versions.
    #[error("the bucket {bucket} still holds versions; delete all of them first")]
    BucketNotEmpty {
        /// The bucket.
        bucket: String,
    },
    /// A key that S3 does not allow.
    #[error("the key has {length} bytes; use 1 to 1024")]
    InvalidKey {
        /// Length in bytes of UTF-8.
        length: usize,
    },
    /// No object, or its latest version is a delete marker.
    #[error("the key {key:?} does not exist in {bucket}; check the name")]
    NoSuchKey {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The version id of the delete marker that hides it, if that is why.
        delete_marker: Option<String>,
    },
    /// No such version of the key.
    #[error("the version {version_id} of {key:?} does not exist; list the key's versions")]
    NoSuchVersion {
        /// The key.
        key: String,
        /// The version asked for.
        version_id: String,
    },
    /// The text is not a version id of this store.
    #[error("invalid version id {version_id:?}; use one that the store returned")]
    InvalidVersionId {
        /// The text given.
        version_id: String,
    },
    /// The version asked for is a delete marker and has no content.
    #[error("the version {version_id} of {key:?} is a delete marker; ask for an older version")]
    IsDeleteMarker {
        /// The key.
        key: String,
        /// The delete marker's version.
        version_id: String,
    },
    /// `If-Match`, `If-None-Match` or `If-Unmodified-Since` does not hold.
    #[error("the precondition {condition} does not hold; read the object again before you write")]
    PreconditionFailed {
        /// The header's name.
        condition: &'static str,
    },
    /// The upload is unknown, aborted, or of another key.
    #[error("the multipart upload {upload_id} does not exist; start a new one")]
    NoSuchUpload {
        /// The upload asked for.
        upload_id: String,
    },
    /// A part is missing or another one.
    #[error("part {number} was not uploaded or is not the one named; upload it again")]
    InvalidPart {
        /// The part's number.
        number: i32,
    },
    /// Parts out of order.
    #[error("the parts are not in ascending order; sort them by number")]
    InvalidPartOrder,
    /// A part other than the last under 5 MiB.
    #[error("part {number} has {size} bytes; every part but the last needs 5 MiB")]
    EntityTooSmall {
        /// The part's number.
        number: i32,
        /// Its size in bytes.
        size: u64,
    },
    /// An argument outside of what S3 allows.
    #[error("{0}")]
    InvalidArgument(String),
    /// A request that makes no sense for this object.
    #[error("{0}")]
    InvalidRequest(String),
    /// The range lies outside of the object.
    #[error("the range lies outside of the object's {size} bytes; ask for a part of it")]
    InvalidRange {
        /// The object's size in bytes.
        size: u64,
    },
}

impl StoreError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
