//! A multipart upload: parts that are sent, and parts that S3 copies from another object.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use perennial_aws_errors::port_error;
use perennial_ports::{CopyFrom, ErrorKind, PortError, PortResult};
use tokio::task::{JoinError, JoinSet};

use crate::Bucket;

/// The most parts of one upload; of 8 MiB each, 78 GiB. Source: Amazon S3 User Guide, "Multipart upload limits".
const MOST_PARTS: i32 = 10_000;

/// Parts on their way at a time.
const SENT_AT_ONCE: usize = 2;

/// Copies under way at a time: they need no memory here, and S3 takes its time for each.
const COPIED_AT_ONCE: usize = 8;

const UPLOAD_PART: &str = "s3:UploadPart";
pub(crate) const COPY_PART: &str = "s3:UploadPartCopy";

/// What stays as it is in the name of a copy's source.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

type Tasks = JoinSet<PortResult<CompletedPart>>;

/// An upload that was begun.
pub(crate) struct Upload {
    bucket: Bucket,
    key: String,
    id: String,
    /// Parts that were begun.
    begun: i32,
    /// Their answers, as they came.
    parts: Vec<CompletedPart>,
    /// Those on their way. Nobody waits for them if this is dropped.
    sending: Tasks,
    copying: Tasks,
}

impl Upload {
    pub(crate) async fn begin(bucket: &Bucket, key: &str, content_type: &str) -> PortResult<Self> {
        const OPERATION: &str = "s3:CreateMultipartUpload";
        let answer = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.name)
            .key(key)
            .content_type(content_type)
            .send()
            .await
            .map_err(|error| bucket.about(key, port_error(OPERATION, error)))?;
        let id = answer.upload_id.ok_or_else(|| {
            let words = "the answer has no upload id";
            bucket.about(key, PortError::new(OPERATION, ErrorKind::Unanswered, words))
        })?;
        Ok(Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            id,
            begun: 0,
            parts: Vec::new(),
            sending: JoinSet::new(),
            copying: JoinSet::new(),
        })
    }

    /// Sends a part on its way, as soon as there is room for it.
    pub(crate) async fn send(&mut self, part: Bytes) -> PortResult<()> {
        wait(&mut self.sending, SENT_AT_ONCE - 1, &mut self.parts).await?;
        let number = self.next(UPLOAD_PART)?;
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let sent = bucket.send_part(key, self.id.clone(), number, part);
        self.sending.spawn(sent);
        Ok(())
    }

    /// Has S3 copy a part.
    pub(crate) async fn copy(&mut self, from: CopyFrom) -> PortResult<()> {
        wait(&mut self.copying, COPIED_AT_ONCE - 1, &mut self.parts).await?;
        let number = self.next(COPY_PART)?;
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let copied = bucket.copy_part(key, self.id.clone(), number, from);
        self.copying.spawn(copied);
        Ok(())
    }

    fn next(&mut self, operation: &'static str) -> PortResult<i32> {
        if self.begun == MOST_PARTS {
            let words = format!("an object of more than {MOST_PARTS} parts; write several objects");
            let error = PortError::new(operation, ErrorKind::Invalid, words);
            return Err(self.bucket.about(&self.key, error));
        }
        self.begun += 1;
        Ok(self.begun)
    }

    /// Makes the object of its parts. Answers its tag.
    pub(crate) async fn complete(&mut self) -> PortResult<String> {
        wait(&mut self.sending, 0, &mut self.parts).await?;
        wait(&mut self.copying, 0, &mut self.parts).await?;
        self.parts.sort_by_key(CompletedPart::part_number);
        let answer = self
            .bucket
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&self.id)
            .multipart_upload(
                CompletedMultipartUpload::builder()
                    .set_parts(Some(self.parts.clone()))
                    .build(),
            )
            .send()
            .await
            .map_err(|error| {
                self.bucket
                    .about(&self.key, port_error("s3:CompleteMultipartUpload", error))
            })?;
        Ok(answer.e_tag.unwrap_or_default())
    }

    pub(crate) async fn abort(&mut self) {
        const OPERATION: &str = "s3:AbortMultipartUpload";
        // A part that comes in after the upload was aborted would stay.
        self.sending.shutdown().await;
        self.copying.shutdown().await;
        let sent = self
            .bucket
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .upload_id(&self.id)
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

/// Waits until at most so many parts are on their way.
async fn wait(tasks: &mut Tasks, most: usize, parts: &mut Vec<CompletedPart>) -> PortResult<()> {
    while tasks.len() > most {
        match tasks.join_next().await {
            Some(sent) => parts.push(sent.map_err(not_sent)??),
            None => return Ok(()),
        }
    }
    Ok(())
}

fn not_sent(error: JoinError) -> PortError {
    let words = format!("a part was not sent: {error}");
    PortError::new(UPLOAD_PART, ErrorKind::Unanswered, words)
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

    async fn copy_part(
        self,
        key: String,
        upload: String,
        number: i32,
        from: CopyFrom,
    ) -> PortResult<CompletedPart> {
        let source = format!("{}/{}", self.name, utf8_percent_encode(&from.key, PLAIN));
        let range = format!("bytes={}-{}", from.range.start, from.range.end - 1);
        let copied = self
            .client
            .upload_part_copy()
            .bucket(&self.name)
            .key(&key)
            .upload_id(upload)
            .part_number(number)
            .copy_source(source)
            .copy_source_range(range)
            .copy_source_if_match(from.tag)
            .send()
            .await
            .map_err(|error| self.about(&from.key, port_error(COPY_PART, error)))?;
        let copied = copied.copy_part_result.ok_or_else(|| {
            let words = "the answer has no result";
            self.about(
                &key,
                PortError::new(COPY_PART, ErrorKind::Unanswered, words),
            )
        })?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(copied.e_tag)
            .set_checksum_crc32(copied.checksum_crc32)
            .set_checksum_crc32_c(copied.checksum_crc32_c)
            .set_checksum_crc64_nvme(copied.checksum_crc64_nvme)
            .set_checksum_sha1(copied.checksum_sha1)
            .set_checksum_sha256(copied.checksum_sha256)
            .build())
    }
}
