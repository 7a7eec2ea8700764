//! What is read from the bucket in memory, and what is being written to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::faults::operation;
use super::objects::{Author, MemoryObjects, PART};
use crate::{CopyFrom, ErrorKind, ObjectSink, ObjectStream, PortError, PortResult, WriteObjects};

pub(super) struct Stream {
    rest: Bytes,
    piece: usize,
    handed_out: Arc<AtomicU64>,
}

impl Stream {
    pub(super) fn boxed(
        rest: Bytes,
        piece: usize,
        handed_out: &Arc<AtomicU64>,
    ) -> Box<dyn ObjectStream> {
        Box::new(Self {
            rest,
            piece,
            handed_out: handed_out.clone(),
        })
    }
}

#[async_trait]
impl ObjectStream for Stream {
    async fn next(&mut self) -> PortResult<Option<Bytes>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let piece = self.piece.min(self.rest.len());
        self.handed_out.fetch_add(piece as u64, Ordering::Relaxed);
        Ok(Some(self.rest.split_to(piece)))
    }
}

pub(super) struct Sink {
    bucket: MemoryObjects,
    key: String,
    content_type: String,
    body: BytesMut,
    /// Written since the last copy.
    loose: u64,
    in_parts: bool,
}

impl Sink {
    pub(super) fn boxed(
        bucket: &MemoryObjects,
        key: &str,
        content_type: &str,
    ) -> Box<dyn ObjectSink> {
        Box::new(Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            content_type: content_type.to_owned(),
            body: BytesMut::new(),
            loose: 0,
            in_parts: false,
        })
    }
}

#[async_trait]
impl ObjectSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> PortResult<()> {
        self.body.extend_from_slice(&bytes);
        self.loose += bytes.len() as u64;
        Ok(())
    }

    async fn copy(&mut self, from: CopyFrom) -> PortResult<()> {
        let bytes = self.bucket.faults().call(operation::COPY_PART, || {
            if (1..self.bucket.smallest_copy()).contains(&self.loose) {
                let words = format!("{}: {} bytes before a copy", self.key, self.loose);
                let invalid = ErrorKind::Invalid;
                return Err(PortError::new(operation::COPY_PART, invalid, words));
            }
            self.bucket.copied(&from)
        })?;
        self.body.extend_from_slice(&bytes);
        self.loose = 0;
        self.in_parts = true;
        Ok(())
    }

    async fn finish(self: Box<Self>) -> PortResult<String> {
        let operation = if self.in_parts || self.body.len() >= PART {
            operation::COMPLETE_UPLOAD
        } else {
            operation::PUT_OBJECT
        };
        let Self {
            bucket,
            key,
            content_type,
            body,
            ..
        } = *self;
        bucket.faults().call(operation, || {
            bucket.store(&key, body.freeze(), &content_type, Author::Perennial);
            Ok(bucket.tag(&key))
        })
    }

    async fn abort(self: Box<Self>) {}
}
