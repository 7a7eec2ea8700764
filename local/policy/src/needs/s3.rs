//! Amazon S3.
//!
//! Source: Amazon S3 User Guide, "Required permissions for Amazon S3 API operations"
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>), and for the keys
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.

use percent_encoding::percent_decode_str;

use super::{NeedError, Reader, request};
use crate::Request;

/// What a write needs besides, by the header that asks for it: the same page, at `PutObject`, `CopyObject`,
/// `CreateMultipartUpload` and `DeleteObject`.
const WITH_MORE: [(&str, &str); 10] = [
    ("x-amz-acl", "s3:PutObjectAcl"),
    ("x-amz-grant-full-control", "s3:PutObjectAcl"),
    ("x-amz-grant-read", "s3:PutObjectAcl"),
    ("x-amz-grant-read-acp", "s3:PutObjectAcl"),
    ("x-amz-grant-write-acp", "s3:PutObjectAcl"),
    ("x-amz-tagging", "s3:PutObjectTagging"),
    ("x-amz-object-lock-mode", "s3:PutObjectRetention"),
    (
        "x-amz-object-lock-retain-until-date",
        "s3:PutObjectRetention",
    ),
    ("x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold"),
    (
        "x-amz-bypass-governance-retention",
        "s3:BypassGovernanceRetention",
    ),
];

pub(super) fn needs(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let object = |action: &str| -> Result<Request, NeedError> {
        let key = reader.text("key")?;
        Ok(request(action, format!("{}/{key}", bucket(reader)?)))
    };
    // Reading or deleting one version is an action of its own.
    let version = |plain: &str, of_version: &str| match reader.optional("versionId")? {
        Some(version) => Ok(object(of_version)?.having("s3:VersionId", [version])),
        None => object(plain),
    };
    let mut needed = match reader.call.operation {
        "GetObject" | "HeadObject" => vec![version("s3:GetObject", "s3:GetObjectVersion")?],
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => {
            vec![object("s3:PutObject")?]
        }
        "CopyObject" | "UploadPartCopy" => vec![copied(reader)?, object("s3:PutObject")?],
        "AbortMultipartUpload" => vec![object("s3:AbortMultipartUpload")?],
        "ListParts" => vec![object("s3:ListMultipartUploadParts")?],
        "DeleteObject" => vec![version("s3:DeleteObject", "s3:DeleteObjectVersion")?],
        "ListObjects" | "ListObjectsV2" => vec![listing(reader, "s3:ListBucket")?],
        "ListObjectVersions" => vec![listing(reader, "s3:ListBucketVersions")?],
        "ListMultipartUploads" => {
            vec![request("s3:ListBucketMultipartUploads", bucket(reader)?)]
        }
        "HeadBucket" => vec![request("s3:ListBucket", bucket(reader)?)],
        "GetBucketLocation" => vec![request("s3:GetBucketLocation", bucket(reader)?)],
        "GetBucketVersioning" => vec![request("s3:GetBucketVersioning", bucket(reader)?)],
        _ => return Err(reader.no_row()),
    };
    for (header, action) in WITH_MORE {
        let is_there = reader.call.parameters.get(header).is_some();
        if is_there && changes(&needed) && !needed.iter().any(|other| other.action == action) {
            needed.push(object(action)?);
        }
    }
    Ok(needed)
}

/// Whether a header that changes more than an object's content can take effect.
fn changes(needed: &[Request]) -> bool {
    let changing = ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"];
    needed
        .iter()
        .any(|needed| changing.contains(&needed.action.as_str()))
}

/// To be told that there is no such object. The request is for an object, so it carries no `s3:prefix`.
pub(super) fn looked_for(reader: &Reader<'_>) -> Option<Request> {
    let reads = matches!(reader.call.operation, "GetObject" | "HeadObject");
    (reader.call.service == "s3" && reads)
        .then(|| bucket(reader).ok())
        .flatten()
        .map(|bucket| request("s3:ListBucket", bucket))
}

fn bucket(reader: &Reader<'_>) -> Result<String, NeedError> {
    Ok(format!("arn:aws:s3:::{}", reader.text("bucketName")?))
}

/// A listing without a prefix carries no `s3:prefix`.
fn listing(reader: &Reader<'_>, action: &str) -> Result<Request, NeedError> {
    let mut needed = request(action, bucket(reader)?);
    for name in ["prefix", "delimiter", "max-keys"] {
        if let Some(value) = reader.optional(name)? {
            needed = needed.having(&format!("s3:{name}"), [value]);
        }
    }
    Ok(needed)
}

/// `[/]bucket/key[?versionId=…]`, percent-encoded: taken apart when it is decoded, as the store does. A copy from an access
/// point needs permissions on that.
fn copied(reader: &Reader<'_>) -> Result<Request, NeedError> {
    let source = reader.text("x-amz-copy-source")?;
    let unclear = || {
        reader.unclear(format!(
            "the copy's source {source:?} is not of the form bucket/key, percent-encoded"
        ))
    };
    let decoded = |text| {
        percent_decode_str(text)
            .decode_utf8()
            .map_err(|_| unclear())
    };
    let (path, version) = match source.split_once("?versionId=") {
        Some((path, version)) => (decoded(path)?, Some(decoded(version)?)),
        None => (decoded(source)?, None),
    };
    let path = path.strip_prefix('/').unwrap_or(&path);
    path.split_once('/')
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty() && !bucket.contains(':'))
        .ok_or_else(unclear)?;
    let resource = format!("arn:aws:s3:::{path}");
    Ok(match version {
        Some(version) => request("s3:GetObjectVersion", resource).having("s3:VersionId", [version]),
        None => request("s3:GetObject", resource),
    })
}
