//! Writing, reading, copying and deleting single objects.

use s3s::dto::*;
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::convert::{self, attributes, set_checksums, set_headers};
use super::s3::Api;
use crate::blob::Draft;
use crate::checksum::Algorithm;
use crate::copy::Source;
use crate::error::StoreError;
use crate::ids;
use crate::index::ObjectInfo;
use crate::store::PutOptions;

const READ_BUFFER: usize = 256 * 1024;
const DELETE_MAX: usize = 1000;

/// What a request says of its body, beside the checksum headers.
pub(super) struct Incoming<'a> {
    pub(super) body: Option<StreamingBlob>,
    pub(super) length: Option<i64>,
    pub(super) md5: Option<String>,
    pub(super) headers: &'a http::HeaderMap,
    pub(super) trailers: Option<&'a s3s::TrailingHeaders>,
    pub(super) algorithm: Option<&'a str>,
    /// Computed where the client names no algorithm.
    pub(super) default: Algorithm,
}

impl Api {
    /// Receives a body and checks it against all that was said of it.
    pub(super) async fn receive(&self, incoming: Incoming<'_>) -> S3Result<Draft> {
        let mut announced = convert::announced(incoming.headers, incoming.algorithm);
        if !announced.algorithms.contains(&incoming.default)
            && (announced.algorithms.is_empty() || incoming.default != Algorithm::Crc64Nvme)
        {
            announced.algorithms.push(incoming.default);
        }
        let body = incoming
            .body
            .unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let draft = self.0.blobs.receive(body, announced.algorithms).await?;
        let expected = incoming
            .length
            .and_then(|length| u64::try_from(length).ok());
        if let Some(expected) = expected.filter(|expected| *expected != draft.size) {
            let received = draft.size;
            return Err(StoreError::IncompleteBody { expected, received }.into());
        }
        if let Some(md5) = incoming.md5 {
            let algorithm = "Content-MD5";
            let given = ids::from_base64(&md5).filter(|given| given.len() == draft.md5.len());
            let given = given.ok_or(StoreError::InvalidDigest { algorithm })?;
            if given != draft.md5 {
                return Err(StoreError::BadDigest { algorithm }.into());
            }
        }
        announced.given.check(&draft.checksums)?;
        convert::trailers(incoming.trailers).check(&draft.checksums)?;
        Ok(draft)
    }

    pub(super) async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        if request.input.tagging.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "this store keeps no tags; leave x-amz-tagging out"
            ));
        }
        let caller = convert::caller(&request);
        let input = &mut request.input;
        // Before the content is taken, so that a wrong name costs no upload.
        self.0.bucket(&input.bucket).await?;
        let options = PutOptions {
            attributes: attributes!(input),
            condition: convert::condition(input.if_match.take(), input.if_none_match.take())?,
            caller,
        };
        let draft = self
            .receive(Incoming {
                body: input.body.take(),
                length: input.content_length,
                md5: input.content_md5.take(),
                headers: &request.headers,
                trailers: request.trailing_headers.as_ref(),
                algorithm: input
                    .checksum_algorithm
                    .as_ref()
                    .map(ChecksumAlgorithm::as_str),
                default: Algorithm::Crc64Nvme,
            })
            .await?;
        let info = self
            .0
            .put_draft(&input.bucket, &input.key, draft, options)
            .await?;
        let mut output = PutObjectOutput {
            e_tag: Some(convert::etag(&info)),
            version_id: Some(info.version_id),
            checksum_type: convert::checksum_type(&info.checksums),
            ..PutObjectOutput::default()
        };
        set_checksums!(output, info.checksums);
        Ok(S3Response::new(output))
    }

    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let version_id = input.version_id.as_deref();
        let (info, mut file) = self.0.get(&input.bucket, &input.key, version_id).await?;
        let conditions = (&input.if_match, &input.if_none_match);
        let times = (&input.if_modified_since, &input.if_unmodified_since);
        check_read(&info, conditions, times)?;
        let part = part_range(&info, input.part_number)?;
        let range = match (&part, &input.range) {
            (Some(_), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "name a range or a part number, not both"
                ));
            }
            (Some(part), None) => Some(part.clone()),
            (None, Some(range)) => Some(range.check(info.size).map_err(|_| {
                let size = info.size;
                S3Error::from(StoreError::InvalidRange { size })
            })?),
            (None, None) => None,
        };
        let whole = 0..info.size;
        let sent = range.clone().unwrap_or(whole);
        let length = sent.end - sent.start;
        if sent.start > 0 {
            let path = self.0.content_of(&info);
            let sought = file.seek(std::io::SeekFrom::Start(sent.start)).await;
            sought.map_err(StoreError::io("reading", &path))?;
        }
        let content = ReaderStream::with_capacity(file.take(length), READ_BUFFER);
        let mut output = GetObjectOutput {
            body: Some(StreamingBlob::new(Content { content, length })),
            content_length: Some(convert::length(length)),
            content_range: range
                .filter(|_| info.size > 0)
                .map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, info.size)),
            parts_count: input.part_number.and(parts_count(&info)),
            ..GetObjectOutput::default()
        };
        if length == info.size && input.checksum_mode.is_some() {
            set_checksums!(output, info.checksums);
            output.checksum_type = convert::checksum_type(&info.checksums);
        }
        set_headers!(output, info);
        Ok(S3Response::new(output))
    }

    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let version_id = input.version_id.as_deref();
        let info = self.0.head(&input.bucket, &input.key, version_id).await?;
        let conditions = (&input.if_match, &input.if_none_match);
        let times = (&input.if_modified_since, &input.if_unmodified_since);
        check_read(&info, conditions, times)?;
        let part = part_range(&info, input.part_number)?;
        let length = part.map_or(info.size, |part| part.end - part.start);
        let mut output = HeadObjectOutput {
            content_length: Some(convert::length(length)),
            parts_count: input.part_number.and(parts_count(&info)),
            ..HeadObjectOutput::default()
        };
        if input.checksum_mode.is_some() {
            set_checksums!(output, info.checksums);
            output.checksum_type = convert::checksum_type(&info.checksums);
        }
        set_headers!(output, info);
        Ok(S3Response::new(output))
    }

    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let caller = convert::caller(&request);
        let input = request.input;
        if input.if_match.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "If-Match is not supported for deletions"
            ));
        }
        let version_id = input.version_id.as_deref();
        let deleted = self
            .0
            .delete(&input.bucket, &input.key, version_id, caller)
            .await?;
        let output = match deleted {
            Some(deleted) => DeleteObjectOutput {
                delete_marker: deleted.delete_marker.then_some(true),
                version_id: Some(deleted.version_id),
                ..DeleteObjectOutput::default()
            },
            None => DeleteObjectOutput {
                version_id: input.version_id,
                ..DeleteObjectOutput::default()
            },
        };
        let status = http::StatusCode::NO_CONTENT;
        Ok(S3Response::with_status(output, status))
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let caller = convert::caller(&request);
        let input = request.input;
        if !(1..=DELETE_MAX).contains(&input.delete.objects.len()) {
            return Err(s3_error!(MalformedXML, "name 1 to {DELETE_MAX} objects"));
        }
        self.0.bucket(&input.bucket).await?;
        let quiet = input.delete.quiet.unwrap_or(false);
        let (mut done, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            let version_id = object.version_id.as_deref();
            let caller = caller.clone();
            let deleted = self
                .0
                .delete(&input.bucket, &object.key, version_id, caller)
                .await;
            match deleted.map_err(S3Error::from) {
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    key: Some(object.key),
                    version_id: object.version_id,
                }),
                Ok(_) if quiet => {}
                Ok(deleted) => {
                    let marker = deleted.filter(|deleted| deleted.delete_marker);
                    done.push(DeletedObject {
                        key: Some(object.key),
                        version_id: object.version_id,
                        delete_marker: marker.as_ref().map(|_| true),
                        delete_marker_version_id: marker.map(|marker| marker.version_id),
                    });
                }
            }
        }
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(done),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    pub(super) async fn copy_object(
        &self,
        mut request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let caller = convert::caller(&request);
        let input = &mut request.input;
        let source = source(&input.copy_source)?;
        let replace = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let onto_itself = source.bucket == input.bucket && source.key == input.key;
        if onto_itself && source.version_id.is_none() && !replace {
            let message = "This copy request is illegal because it is trying to copy an object to itself without \
                changing the object's metadata, storage class, website redirect location or encryption attributes.";
            return Err(s3_error!(InvalidRequest, "{message}"));
        }
        let version_id = source.version_id.as_deref();
        let original = self.0.head(&source.bucket, &source.key, version_id).await?;
        let conditions = (
            &input.copy_source_if_match,
            &input.copy_source_if_none_match,
        );
        let times = (
            &input.copy_source_if_modified_since,
            &input.copy_source_if_unmodified_since,
        );
        check_copy(&original, conditions, times)?;
        let source = Source {
            version_id: Some(original.version_id),
            ..source
        };
        let attributes = replace.then(|| attributes!(input));
        let algorithm = input.checksum_algorithm.as_ref();
        let algorithm = algorithm.and_then(|name| Algorithm::from_name(name.as_str()));
        let options = PutOptions {
            caller,
            ..PutOptions::default()
        };
        let place = (input.bucket.as_str(), input.key.as_str());
        let (original, info) = self
            .0
            .copy(source, place, attributes, algorithm, options)
            .await?;
        let mut result = CopyObjectResult {
            e_tag: Some(convert::etag(&info)),
            last_modified: Some(convert::time(info.modified)),
            checksum_type: convert::checksum_type(&info.checksums),
            ..CopyObjectResult::default()
        };
        set_checksums!(result, info.checksums);
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: Some(original.version_id),
            version_id: Some(info.version_id),
            ..CopyObjectOutput::default()
        }))
    }

    /// The command line asks for tags when it copies; objects here have none.
    pub(super) async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let input = request.input;
        let version_id = input.version_id.as_deref();
        let info = self.0.head(&input.bucket, &input.key, version_id).await?;
        Ok(S3Response::new(GetObjectTaggingOutput {
            tag_set: Vec::new(),
            version_id: Some(info.version_id),
        }))
    }
}

/// The version that a copy reads.
pub(super) fn source(source: &CopySource) -> S3Result<Source> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => Ok(Source {
            bucket: bucket.to_string(),
            key: key.to_string(),
            version_id: version_id.as_deref().map(str::to_owned),
        }),
        _ => Err(s3_error!(
            NotImplemented,
            "copy from a bucket; this store has no access points"
        )),
    }
}

type Conditions<'a> = (&'a Option<ETagCondition>, &'a Option<ETagCondition>);
type Times<'a> = (&'a Option<Timestamp>, &'a Option<Timestamp>);

/// Conditions of a read, by RFC 9110 section 13.2.2: ETags take precedence over times.
fn check_read(info: &ObjectInfo, conditions: Conditions<'_>, times: Times<'_>) -> S3Result<()> {
    if !unchanged(info, conditions.0, times.1) {
        let condition = "If-Match or If-Unmodified-Since";
        return Err(StoreError::PreconditionFailed { condition }.into());
    }
    if known(info, conditions.1, times.0) {
        let mut answer = S3Error::new(s3s::S3ErrorCode::NotModified);
        if let Ok(etag) = convert::etag(info).to_http_header() {
            answer.set_headers([(http::header::ETAG, etag)].into_iter().collect());
        }
        return Err(answer);
    }
    Ok(())
}

/// As [`check_read`] for the source of a copy, where a source already known is an error too.
pub(super) fn check_copy(
    info: &ObjectInfo,
    conditions: Conditions<'_>,
    times: Times<'_>,
) -> S3Result<()> {
    if unchanged(info, conditions.0, times.1) && !known(info, conditions.1, times.0) {
        return Ok(());
    }
    let condition = "x-amz-copy-source-if-*";
    Err(StoreError::PreconditionFailed { condition }.into())
}

fn unchanged(info: &ObjectInfo, tag: &Option<ETagCondition>, since: &Option<Timestamp>) -> bool {
    match (tag, since) {
        (Some(tag), _) => convert::names(tag, info),
        (None, Some(since)) => convert::time(info.modified) <= *since,
        (None, None) => true,
    }
}

fn known(info: &ObjectInfo, tag: &Option<ETagCondition>, since: &Option<Timestamp>) -> bool {
    match (tag, since) {
        (Some(tag), _) => convert::names(tag, info),
        (None, Some(since)) => convert::time(info.modified) <= *since,
        (None, None) => false,
    }
}

/// The bytes of one part; an object sent in one piece is its own part 1.
fn part_range(info: &ObjectInfo, number: Option<i32>) -> S3Result<Option<std::ops::Range<u64>>> {
    let Some(number) = number else {
        return Ok(None);
    };
    crate::multipart::check_part_number(number)?;
    if info.parts.is_empty() && number == 1 {
        return Ok(Some(0..info.size));
    }
    let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let Some(length) = info.parts.get(place) else {
        let code = s3s::S3ErrorCode::Custom("InvalidPartNumber".into());
        let message = "The requested partnumber is not satisfiable";
        let mut error = S3Error::with_message(code, message);
        error.set_status_code(http::StatusCode::RANGE_NOT_SATISFIABLE);
        return Err(error);
    };
    let start: u64 = info.parts.iter().take(place).sum();
    Ok(Some(start..start + length))
}

fn parts_count(info: &ObjectInfo) -> Option<i32> {
    i32::try_from(info.parts.len())
        .ok()
        .filter(|count| *count > 0)
}

/// A stream that knows how many bytes it has.
struct Content<S> {
    content: S,
    length: u64,
}

impl<S, E> futures::Stream for Content<S>
where
    S: futures::Stream<Item = Result<bytes::Bytes, E>> + Unpin,
    E: std::error::Error + Send + Sync + 'static,
{
    type Item = Result<bytes::Bytes, s3s::StdError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let next = std::pin::Pin::new(&mut self.content).poll_next(context);
        next.map(|next| {
            next.map(|chunk| {
                let chunk = chunk.map_err(Box::new)?;
                self.length = self.length.saturating_sub(chunk.len() as u64);
                Ok(chunk)
            })
        })
    }
}

impl<S> ByteStream for Content<S>
where
    Self: futures::Stream,
{
    fn remaining_length(&self) -> RemainingLength {
        usize::try_from(self.length)
            .map_or_else(|_| RemainingLength::unknown(), RemainingLength::new_exact)
    }
}
