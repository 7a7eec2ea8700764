//! Between the store's types and those of the protocol.

use jiff::Timestamp;
use s3s::dto::{self, ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use super::Caller;
use crate::checksum::{Algorithm, Checksums};
use crate::error::StoreError;
use crate::index::{Attributes, Condition, ObjectInfo};

/// Characters that a listing with `encoding-type=url` leaves as they are.
const PLAIN: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Body(_) | StoreError::IncompleteBody { .. } => S3ErrorCode::IncompleteBody,
            StoreError::BadDigest { .. } => S3ErrorCode::BadDigest,
            StoreError::InvalidDigest { .. } => S3ErrorCode::InvalidDigest,
            StoreError::NoSuchBucket { .. } => S3ErrorCode::NoSuchBucket,
            StoreError::InvalidBucketName { .. } => S3ErrorCode::InvalidBucketName,
            StoreError::BucketNotEmpty { .. } => S3ErrorCode::BucketNotEmpty,
            StoreError::InvalidKey { .. } => S3ErrorCode::KeyTooLongError,
            StoreError::NoSuchKey { .. } => S3ErrorCode::NoSuchKey,
            StoreError::NoSuchVersion { .. } => S3ErrorCode::NoSuchVersion,
            StoreError::IsDeleteMarker { .. } => S3ErrorCode::MethodNotAllowed,
            StoreError::PreconditionFailed { .. } => S3ErrorCode::PreconditionFailed,
            StoreError::NoSuchUpload { .. } => S3ErrorCode::NoSuchUpload,
            StoreError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
            StoreError::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            StoreError::EntityTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            StoreError::InvalidVersionId { .. } | StoreError::InvalidArgument(_) => {
                S3ErrorCode::InvalidArgument
            }
            StoreError::InvalidRequest(_) => S3ErrorCode::InvalidRequest,
            StoreError::InvalidRange { .. } => S3ErrorCode::InvalidRange,
            _ => {
                tracing::error!(%error, "the content store failed");
                S3ErrorCode::InternalError
            }
        };
        let mut answer = Self::with_message(code, error.to_string());
        let marker = match &error {
            StoreError::NoSuchKey { delete_marker, .. } => delete_marker.as_ref(),
            StoreError::IsDeleteMarker { version_id, .. } => Some(version_id),
            _ => None,
        };
        if let Some(version_id) = marker {
            let mut headers = http::HeaderMap::new();
            let yes = http::HeaderValue::from_static("true");
            headers.insert("x-amz-delete-marker", yes);
            if let Ok(version_id) = version_id.parse() {
                headers.insert("x-amz-version-id", version_id);
            }
            answer.set_headers(headers);
        }
        answer
    }
}

/// Who sent a request.
pub(super) fn caller<T>(request: &S3Request<T>) -> Caller {
    request
        .extensions
        .get::<Caller>()
        .cloned()
        .unwrap_or_default()
}

/// A time in whole seconds, so that a listing and a header name the same.
pub(super) fn time(time: Timestamp) -> dto::Timestamp {
    let seconds = Timestamp::from_second(time.as_second()).unwrap_or(time);
    std::time::SystemTime::from(seconds).into()
}

pub(super) fn from_time(time: dto::Timestamp) -> Option<Timestamp> {
    let mut text = Vec::new();
    time.format(dto::TimestampFormat::DateTime, &mut text)
        .ok()?;
    std::str::from_utf8(&text).ok()?.parse().ok()
}

pub(super) fn etag(info: &ObjectInfo) -> ETag {
    ETag::Strong(info.etag.clone())
}

pub(super) fn length(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// The condition of a write.
pub(super) fn condition(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Condition> {
    let unsupported = |header: &str| {
        let message = format!("this form of {header} is not supported for writes");
        S3Error::with_message(S3ErrorCode::NotImplemented, message)
    };
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Matches(etag.into_value())),
        (None, Some(_)) => Err(unsupported("If-None-Match")),
        _ => Err(unsupported("If-Match")),
    }
}

/// Whether a reader's or copier's ETag condition names this version.
pub(super) fn names(condition: &ETagCondition, info: &ObjectInfo) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == info.etag,
    }
}

/// What a request says of its content's checksum.
#[derive(Debug, Default)]
pub(super) struct Announced {
    pub(super) given: Checksums,
    /// What to compute; empty means that the client asked for none.
    pub(super) algorithms: Vec<Algorithm>,
}

/// Reads the checksum headers, the trailers announced, and the algorithm named.
pub(super) fn announced(headers: &http::HeaderMap, named: Option<&str>) -> Announced {
    let mut announced = Announced::default();
    let trailers: Vec<&str> = headers
        .get_all("x-amz-trailer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
        .collect();
    for algorithm in Algorithm::ALL {
        let value = headers.get(algorithm.header());
        if let Some(value) = value.and_then(|value| value.to_str().ok()) {
            announced.given.set(algorithm, value.to_owned());
        } else if !trailers
            .iter()
            .any(|trailer| trailer.eq_ignore_ascii_case(algorithm.header()))
            && named.and_then(Algorithm::from_name) != Some(algorithm)
        {
            continue;
        }
        announced.algorithms.push(algorithm);
    }
    announced
}

/// The checksums that came after the content.
pub(super) fn trailers(trailers: Option<&s3s::TrailingHeaders>) -> Checksums {
    let mut found = Checksums::default();
    let read = |headers: &http::HeaderMap| {
        for algorithm in Algorithm::ALL {
            let value = headers.get(algorithm.header());
            if let Some(value) = value.and_then(|value| value.to_str().ok()) {
                found.set(algorithm, value.trim().to_owned());
            }
        }
    };
    if let Some(trailers) = trailers {
        trailers.read(read);
    }
    found
}

/// `COMPOSITE` or `FULL_OBJECT`, if there is a checksum at all.
pub(super) fn checksum_type(checksums: &Checksums) -> Option<dto::ChecksumType> {
    let name = match checksums.is_composite() {
        _ if checksums.algorithms().is_empty() => return None,
        true => dto::ChecksumType::COMPOSITE,
        false => dto::ChecksumType::FULL_OBJECT,
    };
    Some(dto::ChecksumType::from_static(name))
}

pub(super) fn algorithm_names(checksums: &Checksums) -> Option<Vec<dto::ChecksumAlgorithm>> {
    let names = checksums.algorithms().into_iter();
    let names: Vec<_> = names
        .map(|algorithm| dto::ChecksumAlgorithm::from_static(algorithm.name()))
        .collect();
    (!names.is_empty()).then_some(names)
}

/// `Content-Encoding` as stored: `aws-chunked` is how the request was sent, not what it holds.
pub(super) fn content_encoding(value: Option<String>) -> Option<String> {
    let value = value?;
    let kept: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// User metadata for a response; none where there is none.
pub(super) fn metadata(attributes: &Attributes) -> Option<dto::Metadata> {
    if attributes.metadata.is_empty() {
        return None;
    }
    Some(attributes.metadata.clone().into_iter().collect())
}

/// A key or prefix as a listing shows it.
pub(super) fn shown(text: &str, encoding: Option<&dto::EncodingType>) -> String {
    match encoding {
        Some(encoding) if encoding.as_str() == dto::EncodingType::URL => {
            percent_encoding::utf8_percent_encode(text, PLAIN).to_string()
        }
        _ => text.to_owned(),
    }
}

/// Copies the checksum fields of a store's [`Checksums`] into a protocol type that has the same ones.
macro_rules! set_checksums {
    ($output:expr, $checksums:expr) => {{
        let (output, checksums) = (&mut $output, &$checksums);
        output.checksum_crc32 = checksums.crc32.clone();
        output.checksum_crc32c = checksums.crc32c.clone();
        output.checksum_crc64nvme = checksums.crc64nvme.clone();
        output.checksum_sha1 = checksums.sha1.clone();
        output.checksum_sha256 = checksums.sha256.clone();
    }};
}

/// The reverse of `set_checksums`.
macro_rules! get_checksums {
    ($input:expr) => {
        $crate::checksum::Checksums {
            crc32: $input.checksum_crc32.clone(),
            crc32c: $input.checksum_crc32c.clone(),
            crc64nvme: $input.checksum_crc64nvme.clone(),
            sha1: $input.checksum_sha1.clone(),
            sha256: $input.checksum_sha256.clone(),
        }
    };
}

/// The attributes of a request that may carry them.
macro_rules! attributes {
    ($input:expr) => {
        $crate::index::Attributes {
            content_type: $input.content_type.take(),
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $crate::api::convert::content_encoding(
                $input.content_encoding.take(),
            ),
            content_language: $input.content_language.take(),
            expires: $input
                .expires
                .take()
                .and_then($crate::api::convert::from_time),
            metadata: $input
                .metadata
                .take()
                .unwrap_or_default()
                .into_iter()
                .collect(),
        }
    };
}

/// The headers of a version on a response that may carry them.
macro_rules! set_headers {
    ($output:expr, $info:expr) => {{
        let (output, info) = (&mut $output, &$info);
        let attributes = &info.attributes;
        let default_type = || "binary/octet-stream".to_owned();
        let content_type = attributes.content_type.clone();
        output.content_type = Some(content_type.unwrap_or_else(default_type));
        output.cache_control = attributes.cache_control.clone();
        output.content_disposition = attributes.content_disposition.clone();
        output.content_encoding = attributes.content_encoding.clone();
        output.content_language = attributes.content_language.clone();
        output.expires = attributes.expires.map($crate::api::convert::time);
        output.metadata = $crate::api::convert::metadata(attributes);
        output.accept_ranges = Some("bytes".to_owned());
        output.e_tag = Some($crate::api::convert::etag(info));
        output.last_modified = Some($crate::api::convert::time(info.modified));
        output.version_id = Some(info.version_id.clone());
    }};
}

pub(super) use {attributes, get_checksums, set_checksums, set_headers};
