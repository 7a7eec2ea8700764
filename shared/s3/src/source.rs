//! One version of one object, asked for in parts: a part that breaks off is asked for again from where it stopped.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use perennial_aws_errors::{chain, port_error};
use perennial_ports::{ErrorKind, PortError, PortResult};
use tokio::time::sleep;

use crate::Bucket;

const GET: &str = "s3:GetObject";

/// The bytes of one part are asked for so often. The SDK's own tries end with the head of an answer.
const TRIES: u32 = 4;
/// Before the second try; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// What is read.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    bucket: Bucket,
    key: String,
    version: Option<String>,
    /// The ETag of what the first answer came from: another version is refused by S3.
    tag: Option<String>,
    /// The size of the whole object, once it is known.
    size: Option<u64>,
}

impl Source {
    pub(crate) fn new(bucket: Bucket, key: &str, version: Option<&str>) -> Self {
        Self {
            bucket,
            key: key.to_owned(),
            version: version.map(str::to_owned),
            tag: None,
            size: None,
        }
    }

    /// The current version, if it has this tag.
    pub(crate) fn tagged(bucket: Bucket, key: &str, tag: &str) -> Self {
        Self {
            tag: Some(tag.to_owned()),
            ..Self::new(bucket, key, None)
        }
    }

    /// Asks for some bytes, which are there, and learns the size of the whole.
    pub(crate) async fn first_of(mut self, range: Range<u64>) -> PortResult<(Self, Part)> {
        let answer = match self.send(range.clone()).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(error)),
        };
        let size = match answered(&answer) {
            Some((part, size)) if part == range => size,
            _ => return Err(self.other(&range, &answer)),
        };
        self.size = Some(size);
        let part = Part {
            source: self.clone(),
            left: range,
            body: Some(answer.body),
            tries: 1,
        };
        Ok((self, part))
    }

    /// Asks for the first `length` bytes, and learns size and ETag of the whole. An empty object has no part.
    pub(crate) async fn first(mut self, length: u64) -> PortResult<(Self, Option<Part>, u64)> {
        let answer = match self.send(0..length).await {
            Ok(answer) => answer,
            // Not satisfiable from the first byte on: there is none (RFC 9110, 14.1.2).
            Err(error) if status(&error) == Some(416) => return Ok((self, None, 0)),
            Err(error) => return Err(self.failed(error)),
        };
        let size = match answered(&answer) {
            Some((_, size)) => size,
            // The whole object, and no part of it.
            None => answer
                .content_length()
                .and_then(|length| u64::try_from(length).ok())
                .unwrap_or(0),
        };
        self.tag = answer.e_tag().map(str::to_owned);
        self.size = Some(size);
        let end = match answered(&answer) {
            Some((range, _)) => range.end,
            None => size,
        };
        let part = Part {
            source: self.clone(),
            left: 0..end,
            body: Some(answer.body),
            tries: 1,
        };
        Ok((self, Some(part), size))
    }

    /// A part that nobody has asked for yet.
    pub(crate) fn part(&self, range: Range<u64>) -> Part {
        Part {
            source: self.clone(),
            left: range,
            body: None,
            tries: 0,
        }
    }

    async fn send(&self, range: Range<u64>) -> Result<GetObjectOutput, SdkError<GetObjectError>> {
        self.bucket
            .client
            .get_object()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .set_version_id(self.version.clone())
            .set_if_match(self.tag.clone())
            .range(format!("bytes={}-{}", range.start, range.end - 1))
            .send()
            .await
    }

    /// A part of the version that the first answer was of.
    async fn again(&self, range: Range<u64>) -> PortResult<ByteStream> {
        let answer = match self.send(range.clone()).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(error)),
        };
        if answered(&answer) != self.size.map(|size| (range.clone(), size)) {
            return Err(self.other(&range, &answer));
        }
        Ok(answer.body)
    }

    fn other(&self, range: &Range<u64>, answer: &GetObjectOutput) -> PortError {
        let words = format!(
            "asked for bytes {}-{}, and {} was answered",
            range.start,
            range.end - 1,
            answer.content_range().unwrap_or("no part")
        );
        self.broken(ErrorKind::Invalid, &words)
    }

    fn failed(&self, error: SdkError<GetObjectError>) -> PortError {
        // S3 answers 405 to the version id of a delete marker: there are no bytes.
        let is_marker = status(&error) == Some(405);
        let mut error = self.bucket.about(&self.key, port_error(GET, error));
        if is_marker {
            error.kind = ErrorKind::NotFound;
        }
        error
    }

    pub(crate) fn broken(&self, kind: ErrorKind, words: &str) -> PortError {
        self.bucket
            .about(&self.key, PortError::new(GET, kind, words))
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|raw| raw.status().as_u16())
}

/// `bytes 0-99/1234`: the part, and the size of the whole.
fn answered(answer: &GetObjectOutput) -> Option<(Range<u64>, u64)> {
    let (part, size) = answer
        .content_range()?
        .strip_prefix("bytes ")?
        .split_once('/')?;
    let (first, last) = part.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    Some((first..last.checked_add(1)?, size.parse().ok()?))
}

/// A part being read.
#[derive(Debug)]
pub(crate) struct Part {
    source: Source,
    /// What is still to come.
    left: Range<u64>,
    body: Option<ByteStream>,
    tries: u32,
}

impl Part {
    /// Where it ends.
    pub(crate) fn end(&self) -> u64 {
        self.left.end
    }

    /// The next bytes as they come in, `None` after the last.
    pub(crate) async fn next(&mut self) -> PortResult<Option<Bytes>> {
        while !self.left.is_empty() {
            let Some(body) = &mut self.body else {
                self.tries += 1;
                self.body = Some(self.source.again(self.left.clone()).await?);
                continue;
            };
            let why = match body.try_next().await {
                Ok(Some(bytes)) => {
                    let end = self.left.start.saturating_add(bytes.len() as u64);
                    if end <= self.left.end {
                        self.left.start = end;
                        return Ok(Some(bytes));
                    }
                    "more came than was asked for".to_owned()
                }
                Ok(None) => "it ended early".to_owned(),
                Err(error) => chain(&error),
            };
            self.body = None;
            if self.tries >= TRIES {
                let words = format!(
                    "the bytes broke off {TRIES} times, the last time with {} to come: {why}",
                    self.left.end - self.left.start
                );
                return Err(self.source.broken(ErrorKind::Unanswered, &words));
            }
            sleep(PAUSE * 2_u32.pow(self.tries - 1)).await;
        }
        // The SDK compares the checksum of a whole object at the end of its bytes.
        match self.body.take() {
            Some(mut body) => match body.try_next().await {
                Ok(None) => Ok(None),
                Ok(Some(_)) => Err(self
                    .source
                    .broken(ErrorKind::Unanswered, "more came than was announced")),
                Err(error) => Err(self.source.broken(ErrorKind::Unanswered, &chain(&error))),
            },
            None => Ok(None),
        }
    }
}
