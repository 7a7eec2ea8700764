//! The bucket in memory: versioned, and every change on record as the event that S3 would send.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::ops::{Bound, Range};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::faults::operation;
use super::ids::Ids;
use super::object_bodies::{Sink, Stream};
use super::{Faults, MemoryClock, lock, object_events};
use crate::objects::{LARGEST_COPY, SMALLEST_COPY};
use crate::{
    Clock, CopyFrom, ErrorKind, ObjectInfo, ObjectSink, ObjectStream, PortError, PortResult,
    ReadObjects, WriteObjects,
};

/// The bucket's name in events and URIs.
pub const BUCKET: &str = "perennial-bucket";

/// A sink of this size and more is a multipart upload.
pub(super) const PART: usize = 5 * 1024 * 1024;

/// The largest page of a list (S3's limit).
const LONGEST_PAGE: usize = 1_000;

/// Who changed an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// A person, or a program of theirs.
    User,
    /// Perennial, through its ports.
    Perennial,
    /// Bedrock, by a job.
    Service,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A new version, whole in one call.
    Put,
    /// A new version, in parts.
    Multipart,
    /// A delete marker.
    Marker,
    /// One version is gone for ever.
    Removed,
}

/// One change of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The whole key.
    pub key: String,
    /// The version that came or went, or the delete marker.
    pub version: String,
    /// Grows with every change of the bucket. In events it stands in S3's form.
    pub sequence: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// By whom.
    pub by: Author,
    /// In bytes; 0 for a delete.
    pub size: u64,
    /// When.
    pub at: Timestamp,
}

impl Change {
    /// As the EventBridge event that S3 sends.
    pub fn event(&self) -> Value {
        object_events::event(self)
    }
}

/// A versioned bucket. Cheap to clone: clones are the same bucket.
#[derive(Clone, Default)]
pub struct MemoryObjects {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    clock: Arc<MemoryClock>,
    faults: Arc<Faults>,
    state: Mutex<State>,
}

struct State {
    /// By key, the oldest version first.
    versions: BTreeMap<String, Vec<Version>>,
    changes: Vec<Change>,
    taken: usize,
    ids: Ids,
    piece: usize,
    smallest_copy: u64,
    handed_out: Arc<AtomicU64>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            versions: BTreeMap::new(),
            changes: Vec::new(),
            taken: 0,
            ids: Ids::default(),
            piece: 64 * 1024,
            smallest_copy: SMALLEST_COPY,
            handed_out: Arc::default(),
        }
    }
}

#[derive(Clone)]
struct Version {
    id: String,
    /// `None` for a delete marker.
    body: Option<Bytes>,
    content_type: String,
    modified: Timestamp,
    tag: String,
}

/// The same for the same bytes, as S3's is when they are written in the same parts.
fn tag(body: &[u8]) -> String {
    let mut hash = DefaultHasher::new();
    hash.write(body);
    format!("\"{:016x}-{}\"", hash.finish(), body.len())
}

impl MemoryObjects {
    pub(super) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// An empty bucket.
    pub fn new(clock: Arc<MemoryClock>, faults: Arc<Faults>) -> Self {
        let inner = Inner {
            clock,
            faults,
            state: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// A user's upload. Answers the version's id.
    pub fn upload(&self, key: &str, bytes: impl Into<Bytes>) -> String {
        self.store(key, bytes.into(), "binary/octet-stream", Author::User)
    }

    /// A user's delete: a delete marker, for a key that was never there too. Answers the marker's version id.
    pub fn delete(&self, key: &str) -> String {
        let at = self.inner.clock.now();
        let mut state = lock(&self.inner.state);
        let id = state.add(key, None, "", at);
        state.note(key, &id, ChangeKind::Marker, Author::User, 0, at);
        id
    }

    /// A user's delete of one version, for ever. Whether it was there.
    pub fn delete_version(&self, key: &str, version: &str) -> bool {
        let at = self.inner.clock.now();
        let mut state = lock(&self.inner.state);
        let Some(versions) = state.versions.get_mut(key) else {
            return false;
        };
        let before = versions.len();
        versions.retain(|known| known.id != version);
        if versions.len() == before {
            return false;
        }
        state.note(key, version, ChangeKind::Removed, Author::User, 0, at);
        true
    }

    /// What a service writes.
    pub(crate) fn write_by_service(&self, key: &str, bytes: impl Into<Bytes>) {
        self.store(key, bytes.into(), "binary/octet-stream", Author::Service);
    }

    /// The current bytes of a key, without counting as a call.
    pub fn read(&self, key: &str) -> Option<Bytes> {
        lock(&self.inner.state).current(key)?.body.clone()
    }

    /// The same as text.
    pub fn read_text(&self, key: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&self.read(key)?).into_owned())
    }

    /// One version as text, without counting as a call; empty if there is none.
    pub fn read_version(&self, key: &str, version: &str) -> String {
        let state = lock(&self.inner.state);
        let versions = state.versions.get(key).into_iter().flatten();
        let mut found = versions.filter(|known| known.id == version);
        let body = found.next().and_then(|known| known.body.as_ref());
        body.map_or_else(String::new, |body| {
            String::from_utf8_lossy(body).into_owned()
        })
    }

    /// The content type of the current version.
    pub fn content_type(&self, key: &str) -> Option<String> {
        let state = lock(&self.inner.state);
        Some(state.current(key)?.content_type.clone())
    }

    /// Every current key under a prefix, without counting as a call.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let state = lock(&self.inner.state);
        state.under(prefix, None).map(|info| info.key).collect()
    }

    /// Every change since the bucket was made.
    pub fn changes(&self) -> Vec<Change> {
        lock(&self.inner.state).changes.clone()
    }

    /// The changes since the last time, as the EventBridge events that S3 sends ("Object Created", "Object Deleted"),
    /// each once and in order; losing, repeating and reordering them is the test's part.
    pub fn take_events(&self) -> Vec<Value> {
        let mut state = lock(&self.inner.state);
        let from = state.taken;
        state.taken = state.changes.len();
        state.changes[from..]
            .iter()
            .map(object_events::event)
            .collect()
    }

    /// The changes since the last time, as they are; [`Change::event`] has the form that S3 sends.
    pub fn take_changes(&self) -> Vec<Change> {
        let mut state = lock(&self.inner.state);
        let from = state.taken;
        state.taken = state.changes.len();
        state.changes[from..].to_vec()
    }

    /// How many bytes were read since the bucket was made.
    pub fn bytes_read(&self) -> u64 {
        let state = lock(&self.inner.state);
        state.handed_out.load(Ordering::Relaxed)
    }

    /// How many bytes a stream hands out at a time, at least 1. 64 KiB unless told.
    pub fn set_piece(&self, bytes: usize) {
        lock(&self.inner.state).piece = bytes.max(1);
    }

    /// The fewest bytes of a copy, so that tests need no 5 MiB.
    pub fn set_smallest_copy(&self, bytes: u64) {
        lock(&self.inner.state).smallest_copy = bytes.max(1);
    }

    /// The tag of the current version, without counting as a call; empty if there is none.
    pub fn tag(&self, key: &str) -> String {
        let state = lock(&self.inner.state);
        state
            .current(key)
            .map(|version| version.tag.clone())
            .unwrap_or_default()
    }

    /// The bytes that a copy takes, without counting as a call.
    pub fn copied(&self, from: &CopyFrom) -> PortResult<Bytes> {
        let state = lock(&self.inner.state);
        let length = from.range.end.saturating_sub(from.range.start);
        if !(state.smallest_copy..=LARGEST_COPY).contains(&length) {
            let words = format!("a copy of {length} bytes of {}", from.key);
            return Err(PortError::new(
                operation::COPY_PART,
                ErrorKind::Invalid,
                words,
            ));
        }
        state.tagged(operation::COPY_PART, from)
    }

    pub(super) fn store(&self, key: &str, body: Bytes, content_type: &str, by: Author) -> String {
        let at = self.inner.clock.now();
        let size = body.len();
        let kind = if size >= PART {
            ChangeKind::Multipart
        } else {
            ChangeKind::Put
        };
        let mut state = lock(&self.inner.state);
        let id = state.add(key, Some(body), content_type, at);
        state.note(key, &id, kind, by, size as u64, at);
        id
    }
}

impl State {
    fn add(&mut self, key: &str, body: Option<Bytes>, content_type: &str, at: Timestamp) -> String {
        let id = format!("v{}.{}", self.ids.short(), self.ids.short());
        let versions = self.versions.entry(key.to_owned()).or_default();
        versions.push(Version {
            id: id.clone(),
            tag: body.as_deref().map(tag).unwrap_or_default(),
            body,
            content_type: content_type.to_owned(),
            modified: at,
        });
        id
    }

    fn note(
        &mut self,
        key: &str,
        version: &str,
        kind: ChangeKind,
        by: Author,
        size: u64,
        at: Timestamp,
    ) {
        self.changes.push(Change {
            key: key.to_owned(),
            version: version.to_owned(),
            sequence: self.changes.len() as u64 + 1,
            kind,
            by,
            size,
            at,
        });
    }

    fn current(&self, key: &str) -> Option<&Version> {
        let last = self.versions.get(key)?.last()?;
        last.body.is_some().then_some(last)
    }

    /// Bytes of the current version, if it has this tag and as many bytes.
    fn tagged(&self, operation: &'static str, from: &CopyFrom) -> PortResult<Bytes> {
        let refused = |kind, words: &str| {
            let words = format!("{}: {words}", from.key);
            Err(PortError::new(operation, kind, words))
        };
        let Some(version) = self.current(&from.key) else {
            return refused(ErrorKind::NotFound, "there is no such object");
        };
        if version.tag != from.tag {
            return refused(ErrorKind::Conflict, "it has another tag");
        }
        let body = version.body.clone().unwrap_or_default();
        let (Ok(start), Ok(end)) = (
            usize::try_from(from.range.start),
            usize::try_from(from.range.end),
        ) else {
            return refused(ErrorKind::Invalid, "it is not as long");
        };
        if start >= end || end > body.len() {
            return refused(ErrorKind::Invalid, "these bytes are not in it");
        }
        Ok(body.slice(start..end))
    }

    fn under<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = ObjectInfo> + 'a {
        let first = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.versions
            .range::<str, _>((first, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .filter_map(|(key, versions)| info(key, versions.last()?))
    }
}

fn info(key: &str, version: &Version) -> Option<ObjectInfo> {
    Some(ObjectInfo {
        key: key.to_owned(),
        version: version.id.clone(),
        size: version.body.as_ref()?.len() as u64,
        modified: version.modified,
        tag: version.tag.clone(),
    })
}

#[async_trait]
impl ReadObjects for MemoryObjects {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        self.inner.faults.call(operation::HEAD_OBJECT, || {
            let state = lock(&self.inner.state);
            Ok(state.current(key).and_then(|version| info(key, version)))
        })
    }

    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        self.inner.faults.call(operation::GET_OBJECT, || {
            let state = lock(&self.inner.state);
            let found = match version {
                None => state.current(key),
                Some(id) => state
                    .versions
                    .get(key)
                    .and_then(|versions| versions.iter().find(|known| known.id == id)),
            };
            let Some(body) = found.and_then(|version| version.body.clone()) else {
                let version = version.unwrap_or("current");
                return Err(PortError::new(
                    operation::GET_OBJECT,
                    ErrorKind::NotFound,
                    format!("there is no object {key} ({version} version)"),
                ));
            };
            Ok(Stream::boxed(body, state.piece, &state.handed_out))
        })
    }

    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>> {
        self.inner.faults.call(operation::GET_OBJECT, || {
            let state = lock(&self.inner.state);
            let from = CopyFrom {
                key: key.to_owned(),
                tag: tag.to_owned(),
                range,
            };
            let body = state.tagged(operation::GET_OBJECT, &from)?;
            Ok(Stream::boxed(body, state.piece, &state.handed_out))
        })
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>> {
        self.inner.faults.call(operation::LIST_OBJECTS, || {
            let state = lock(&self.inner.state);
            Ok(state.under(prefix, after).take(LONGEST_PAGE).collect())
        })
    }
}

#[async_trait]
impl WriteObjects for MemoryObjects {
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<()> {
        self.inner.faults.call(operation::PUT_OBJECT, || {
            self.store(key, body, content_type, Author::Perennial);
            Ok(())
        })
    }

    async fn create(&self, key: &str, content_type: &str) -> PortResult<Box<dyn ObjectSink>> {
        Ok(Sink::boxed(self, key, content_type))
    }

    fn smallest_copy(&self) -> u64 {
        lock(&self.inner.state).smallest_copy
    }
}

impl fmt::Debug for MemoryObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryObjects")
            .field("keys", &lock(&self.inner.state).versions.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "objects_tests.rs"]
mod tests;
