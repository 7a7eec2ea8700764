//! Writing objects: small ones at once, large ones in parts that are sent while the next one is being filled.
//!
//! Memory: two parts on their way and the one that is being filled, 24 MiB.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use perennial_aws_errors::port_error;
use perennial_ports::{ErrorKind, ObjectSink, PortError, PortResult, WriteObjects};
use tokio::task::{JoinError, JoinSet, yield_now};

use crate::Bucket;

/// The size of all parts but the last. S3 takes parts from 5 MiB on.
const PART: usize = 8 * 1024 * 1024;

/// The most parts of one upload; with 8 MiB each, 78 GiB. Source: Amazon S3 User Guide, "Multipart upload limits".
const MOST_PARTS: i32 = 10_000;

/// Parts on their way at a time.
const AT_ONCE: usize = 2;

const UPLOAD_PART: &str = "s3:UploadPart";

#[async_trait]
impl WriteObjects for Bucket {
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<()> {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(|error| self.about(key, port_error("s3:PutObject", error)))?;
        Ok(())
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

struct Upload {
    id: String,
    /// Parts that were begun.
    begun: i32,
    /// Their answers, as they came.
    parts: Vec<CompletedPart>,
    /// Those on their way. Nobody waits for them if this is dropped.
    sending: JoinSet<PortResult<CompletedPart>>,
}

impl Upload {
    /// Waits until at most so many parts are on their way.
    async fn wait(&mut self, most: usize) -> PortResult<()> {
        while self.sending.len() > most {
            match self.sending.join_next().await {
                Some(sent) => self.parts.push(sent.map_err(not_sent)??),
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

fn not_sent(error: JoinError) -> PortError {
    let words = format!("a part was not sent: {error}");
    PortError::new(UPLOAD_PART, ErrorKind::Unanswered, words)
}

#[async_trait]
impl ObjectSink for Parts {
    async fn write(&mut self, mut bytes: Bytes) -> PortResult<()> {
        while !bytes.is_empty() {
            let room = PART - self.buffer.len();
            let some = bytes.split_to(room.min(bytes.len()));
            self.buffer.extend_from_slice(&some);
            if self.buffer.len() == PART {
                let next = BytesMut::with_capacity(PART);
                let part = std::mem::replace(&mut self.buffer, next).freeze();
                self.send(part).await?;
            }
        }
        // On a runtime of one thread nothing would be sent as long as the writer has something to do.
        yield_now().await;
        Ok(())
    }

    /// After an error nothing is left behind, unless the answer to the last call was lost: then the object may be there.
    async fn finish(mut self: Box<Self>) -> PortResult<()> {
        let result = self.complete().await;
        if result.is_err() {
            self.abort().await;
        }
        result
    }

    async fn abort(mut self: Box<Self>) {
        const OPERATION: &str = "s3:AbortMultipartUpload";
        let Some(upload) = &mut self.upload else {
            return;
        };
        // A part that comes in after the upload was aborted would stay.
        upload.sending.shutdown().await;
        let sent = self
            .bucket
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&upload.id)
            .send()
            .await;
        match sent.map_err(|error| port_error(OPERATION, error)) {
            Err(error) if error.kind != ErrorKind::NotFound => {
                let error = self.bucket.about(&self.key, error);
                tracing::warn!(%error, "parts are left behind until the bucket's lifecycle rule removes them");
            }
            _ => {}
        }
    }
}

impl Parts {
    fn failed(&self, error: PortError) -> PortError {
        self.bucket.about(&self.key, error)
    }

    async fn begin(&self) -> PortResult<Upload> {
        const OPERATION: &str = "s3:CreateMultipartUpload";
        let answer = self
            .bucket
            .client
            .create_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .content_type(&self.content_type)
            .send()
            .await
            .map_err(|error| self.failed(port_error(OPERATION, error)))?;
        let id = answer.upload_id.ok_or_else(|| {
            let words = "the answer has no upload id";
            self.failed(PortError::new(OPERATION, ErrorKind::Unanswered, words))
        })?;
        Ok(Upload {
            id,
            begun: 0,
            parts: Vec::new(),
            sending: JoinSet::new(),
        })
    }

    /// Sends a part on its way, as soon as there is room for it.
    async fn send(&mut self, part: Bytes) -> PortResult<()> {
        if self.upload.is_none() {
            self.upload = Some(self.begin().await?);
        }
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        if upload.begun == MOST_PARTS {
            let words = format!(
                "an object of more than {MOST_PARTS} parts of {PART} bytes; write several objects"
            );
            return Err(self.failed(PortError::new(UPLOAD_PART, ErrorKind::Invalid, words)));
        }
        upload.wait(AT_ONCE - 1).await?;
        upload.begun += 1;
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let sent = bucket.send_part(key, upload.id.clone(), upload.begun, part);
        upload.sending.spawn(sent);
        Ok(())
    }

    async fn complete(&mut self) -> PortResult<()> {
        let rest = self.buffer.split().freeze();
        if self.upload.is_none() {
            return self.bucket.put(&self.key, rest, &self.content_type).await;
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        upload.wait(0).await?;
        upload.parts.sort_by_key(CompletedPart::part_number);
        self.bucket
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&upload.id)
            .multipart_upload(
                CompletedMultipartUpload::builder()
                    .set_parts(Some(upload.parts.clone()))
                    .build(),
            )
            .send()
            .await
            .map_err(|error| {
                self.bucket
                    .about(&self.key, port_error("s3:CompleteMultipartUpload", error))
            })?;
        Ok(())
    }
}

impl Bucket {
    async fn send_part(
        self,
        key: String,
        upload: String,
        number: i32,
        part: Bytes,
    ) -> PortResult<CompletedPart> {
        let sent = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(&key)
            .upload_id(upload)
            .part_number(number)
            .body(ByteStream::from(part))
            .send()
            .await
            .map_err(|error| self.about(&key, port_error(UPLOAD_PART, error)))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32)
            .set_checksum_crc32_c(sent.checksum_crc32_c)
            .set_checksum_crc64_nvme(sent.checksum_crc64_nvme)
            .set_checksum_sha1(sent.checksum_sha1)
            .set_checksum_sha256(sent.checksum_sha256)
            .build())
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
