//! Writing objects: small ones at once, large ones in parts that are sent while the next one is being filled, or that S3 copies.
//!
//! Memory: two parts on their way, the one that is being filled, and what makes the next one large enough: 29 MiB.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use perennial_aws_errors::port_error;
use perennial_ports::objects::{LARGEST_COPY, SMALLEST_COPY};
use perennial_ports::{CopyFrom, ErrorKind, ObjectSink, PortError, PortResult, WriteObjects};
use tokio::task::yield_now;

use crate::Bucket;
use crate::upload::{COPY_PART, Upload};

/// The size of parts that are written, but of the last one and of those before a copy.
const PART: usize = 8 * 1024 * 1024;

/// S3 takes no smaller part, but the last one.
const SMALLEST: usize = SMALLEST_COPY as usize;

#[async_trait]
impl WriteObjects for Bucket {
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<()> {
        self.put_whole(key, body, content_type).await.map(drop)
    }

    async fn create(&self, key: &str, content_type: &str) -> PortResult<Box<dyn ObjectSink>> {
        Ok(Box::new(Parts {
            bucket: self.clone(),
            key: key.to_owned(),
            content_type: content_type.to_owned(),
            buffer: BytesMut::new(),
            upload: None,
        }))
    }
}

/// An object being written. Less than a part becomes one `PutObject`; no upload is begun for it.
struct Parts {
    bucket: Bucket,
    key: String,
    content_type: String,
    buffer: BytesMut,
    upload: Option<Upload>,
}

#[async_trait]
impl ObjectSink for Parts {
    async fn write(&mut self, mut bytes: Bytes) -> PortResult<()> {
        while !bytes.is_empty() {
            let room = PART + SMALLEST - self.buffer.len();
            let some = bytes.split_to(room.min(bytes.len()));
            self.buffer.extend_from_slice(&some);
            if self.buffer.len() == PART + SMALLEST {
                // What stays is enough for a part, should a copy follow.
                self.send_one().await?;
            }
        }
        // On a runtime of one thread nothing would be sent as long as the writer has something to do.
        yield_now().await;
        Ok(())
    }

    async fn copy(&mut self, from: CopyFrom) -> PortResult<()> {
        let length = from.range.end.saturating_sub(from.range.start);
        let before = self.buffer.len();
        let words = if !(SMALLEST_COPY..=LARGEST_COPY).contains(&length) {
            format!("a copy of {length} bytes of {}", from.key)
        } else if before > 0 && before < SMALLEST {
            format!("a copy after only {before} bytes")
        } else {
            String::new()
        };
        if !words.is_empty() {
            let words = format!("{words}; a part has {SMALLEST_COPY} to {LARGEST_COPY} bytes");
            return Err(self.failed(PortError::new(COPY_PART, ErrorKind::Invalid, words)));
        }
        if before > 0 {
            let part = self.buffer.split().freeze();
            self.upload().await?.send(part).await?;
        }
        self.upload().await?.copy(from).await?;
        yield_now().await;
        Ok(())
    }

    /// After an error nothing is left behind, unless the answer to the last call was lost: then the object may be there.
    async fn finish(mut self: Box<Self>) -> PortResult<String> {
        let result = self.complete().await;
        if result.is_err() {
            self.abort().await;
        }
        result
    }

    async fn abort(mut self: Box<Self>) {
        if let Some(upload) = &mut self.upload {
            upload.abort().await;
        }
    }
}

impl Parts {
    fn failed(&self, error: PortError) -> PortError {
        self.bucket.about(&self.key, error)
    }

    /// The upload, begun with its first part.
    async fn upload(&mut self) -> PortResult<&mut Upload> {
        let upload = match self.upload.take() {
            Some(upload) => upload,
            None => Upload::begin(&self.bucket, &self.key, &self.content_type).await?,
        };
        Ok(self.upload.insert(upload))
    }

    /// Sends a part of what is waiting.
    async fn send_one(&mut self) -> PortResult<()> {
        let mut rest = BytesMut::with_capacity(PART + SMALLEST);
        rest.extend_from_slice(&self.buffer[PART..]);
        let mut part = std::mem::replace(&mut self.buffer, rest);
        part.truncate(PART);
        self.upload().await?.send(part.freeze()).await
    }

    async fn complete(&mut self) -> PortResult<String> {
        if self.upload.is_none() && self.buffer.len() < PART {
            let rest = self.buffer.split().freeze();
            let put = self.bucket.put_whole(&self.key, rest, &self.content_type);
            return put.await;
        }
        if self.buffer.len() > PART {
            self.send_one().await?;
        }
        let rest = self.buffer.split().freeze();
        let upload = self.upload().await?;
        if !rest.is_empty() {
            upload.send(rest).await?;
        }
        upload.complete().await
    }
}

impl Bucket {
    /// Answers the object's tag.
    async fn put_whole(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<String> {
        let answer = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| self.about(key, port_error("s3:PutObject", error)))?;
        Ok(answer.e_tag.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perennial_aws_errors::replay::{Replay, Reply};

    use crate::tests::bucket;

    fn begun() -> Reply {
        Reply::ok(
            "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
        )
    }

    fn part(tag: &str) -> Reply {
        Reply::ok("")
            .with_header("etag", tag)
            .with_header("x-amz-checksum-crc32", "AAAAAA==")
    }

    fn methods(replay: &Replay) -> Vec<String> {
        replay
            .asked()
            .into_iter()
            .map(|asked| asked.method)
            .collect()
    }

    #[tokio::test]
    async fn a_small_object_is_one_put() {
        let replay = Replay::new([Reply::ok("")]);
        let mut sink = bucket(&replay)
            .create("reports/p/a.json", "application/json")
            .await
            .expect("a sink");
        sink.write(Bytes::from("{}")).await.expect("written");
        sink.finish().await.expect("finished");
        assert_eq!(methods(&replay), ["PUT"]);
        let asked = &replay.asked()[0];
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert!(!asked.uri.contains("uploadId"), "{}", asked.uri);
    }

    #[tokio::test]
    async fn a_large_object_goes_in_parts() {
        let done = Reply::ok("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
        let replay = Replay::new([begun(), part("\"1\""), part("\"2\""), done]);
        let mut sink = bucket(&replay)
            .create("k", "text/plain")
            .await
            .expect("a sink");
        for _ in 0..9 {
            let bytes = Bytes::from(vec![b'x'; 1024 * 1024]);
            sink.write(bytes).await.expect("written");
        }
        sink.finish().await.expect("finished");
        assert_eq!(methods(&replay), ["POST", "PUT", "PUT", "POST"]);
        let body = &replay.asked()[3].body;
        assert!(body.contains("<PartNumber>2</PartNumber>"), "{body}");
        assert!(
            body.contains("<ChecksumCRC32>AAAAAA==</ChecksumCRC32>"),
            "{body}"
        );
    }

    fn from(range: std::ops::Range<u64>) -> CopyFrom {
        CopyFrom {
            key: "shards/p/a b+ü.jsonl".into(),
            tag: "\"7\"".into(),
            range,
        }
    }

    #[tokio::test]
    async fn what_is_copied_is_a_part_of_the_version_that_is_meant_and_never_passes_through_here() {
        let copied = Reply::ok(
            "<CopyPartResult><ETag>\"2\"</ETag><ChecksumCRC32>BBBBBB==</ChecksumCRC32></CopyPartResult>",
        );
        let done = Reply::ok(
            "<CompleteMultipartUploadResult><ETag>\"whole-2\"</ETag></CompleteMultipartUploadResult>",
        );
        let replay = Replay::new([begun(), part("\"1\""), copied, done]);
        let mut sink = bucket(&replay)
            .create("k", "text/plain")
            .await
            .expect("a sink");
        let bytes = Bytes::from(vec![b'x'; SMALLEST]);
        sink.write(bytes).await.expect("written");
        sink.copy(from(10..10 + SMALLEST_COPY))
            .await
            .expect("copied");
        assert_eq!(sink.finish().await, Ok("\"whole-2\"".into()));
        assert_eq!(methods(&replay), ["POST", "PUT", "PUT", "POST"]);
        let asked = replay.asked();
        let copy = asked
            .iter()
            .find(|asked| asked.header("x-amz-copy-source").is_some())
            .expect("a copy");
        for (name, value) in [
            ("x-amz-copy-source", "b/shards/p/a%20b%2B%C3%BC.jsonl"),
            ("x-amz-copy-source-range", "bytes=10-5242889"),
            ("x-amz-copy-source-if-match", "\"7\""),
        ] {
            assert_eq!(copy.header(name), Some(value), "{name}");
        }
        assert!(copy.uri.contains("partNumber=2"), "{}", copy.uri);
        let body = &asked[3].body;
        assert!(
            body.contains("<ChecksumCRC32>BBBBBB==</ChecksumCRC32>"),
            "{body}"
        );
    }

    #[tokio::test]
    async fn a_part_that_s3_would_refuse_is_not_asked_for() {
        for (before, range) in [
            (0, 0..SMALLEST_COPY - 1),
            (0, 0..LARGEST_COPY + 1),
            (1, 0..SMALLEST_COPY),
            (SMALLEST - 1, 0..SMALLEST_COPY),
        ] {
            let replay = Replay::new([]);
            let mut sink = bucket(&replay)
                .create("k", "text/plain")
                .await
                .expect("a sink");
            let bytes = Bytes::from(vec![b'x'; before]);
            sink.write(bytes).await.expect("written");
            let error = sink.copy(from(range)).await.expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Invalid);
            assert_eq!(replay.asked().len(), 0);
        }
    }

    #[tokio::test]
    async fn nothing_is_left_of_an_object_that_failed() {
        let refused = Reply::Answer {
            status: 403,
            headers: vec![],
            body: b"<Error><Code>AccessDenied</Code></Error>".to_vec(),
        };
        let aborted = Reply::Answer {
            status: 204,
            headers: vec![],
            body: vec![],
        };
        let replay = Replay::new([begun(), part("\"1\""), refused, aborted]);
        let mut sink = bucket(&replay)
            .create("k", "text/plain")
            .await
            .expect("a sink");
        let bytes = Bytes::from(vec![b'x'; PART + 1]);
        sink.write(bytes).await.expect("written");
        let error = sink.finish().await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Denied);
        assert_eq!(methods(&replay), ["POST", "PUT", "PUT", "DELETE"]);
    }
}
