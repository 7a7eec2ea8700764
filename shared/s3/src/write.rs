//! Writing objects: small ones at once, large ones in parts.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use perennial_aws_errors::port_error;
use perennial_ports::{ErrorKind, ObjectSink, PortError, PortResult, WriteObjects};

use crate::Bucket;

/// The size of all parts but the last. S3 takes parts from 5 MiB on.
const PART: usize = 8 * 1024 * 1024;

/// The most parts of one upload; with 8 MiB each, 78 GiB. Source: Amazon S3 User Guide, "Multipart upload limits".
const MOST_PARTS: i32 = 10_000;

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
    parts: Vec<CompletedPart>,
}

#[async_trait]
impl ObjectSink for Parts {
    async fn write(&mut self, bytes: Bytes) -> PortResult<()> {
        self.buffer.extend_from_slice(&bytes);
        while self.buffer.len() >= PART {
            let part = self.buffer.split_to(PART).freeze();
            self.send(part).await?;
        }
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

    async fn abort(self: Box<Self>) {
        const OPERATION: &str = "s3:AbortMultipartUpload";
        let Some(upload) = &self.upload else {
            return;
        };
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
            parts: Vec::new(),
        })
    }

    async fn send(&mut self, part: Bytes) -> PortResult<()> {
        const OPERATION: &str = "s3:UploadPart";
        if self.upload.is_none() {
            self.upload = Some(self.begin().await?);
        }
        let (id, number) = match &self.upload {
            Some(upload) => (
                upload.id.clone(),
                i32::try_from(upload.parts.len()).unwrap_or(i32::MAX - 1) + 1,
            ),
            None => return Ok(()),
        };
        if number > MOST_PARTS {
            let words = format!(
                "an object of more than {MOST_PARTS} parts of {PART} bytes; write several objects"
            );
            return Err(self.failed(PortError::new(OPERATION, ErrorKind::Invalid, words)));
        }
        let sent = self
            .bucket
            .client
            .upload_part()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(id)
            .part_number(number)
            .body(ByteStream::from(part))
            .send()
            .await
            .map_err(|error| self.failed(port_error(OPERATION, error)))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc32(sent.checksum_crc32)
            .set_checksum_crc32_c(sent.checksum_crc32_c)
            .set_checksum_crc64_nvme(sent.checksum_crc64_nvme)
            .set_checksum_sha1(sent.checksum_sha1)
            .set_checksum_sha256(sent.checksum_sha256)
            .build();
        if let Some(upload) = &mut self.upload {
            upload.parts.push(part);
        }
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
        let Some(upload) = &self.upload else {
            return Ok(());
        };
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
            .map_err(|error| self.failed(port_error("s3:CompleteMultipartUpload", error)))?;
        Ok(())
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
