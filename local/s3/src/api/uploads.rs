//! Multipart uploads.

use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::convert::{self, attributes, get_checksums, set_checksums};
use super::objects::{Incoming, check_copy, source};
use super::s3::Api;
use crate::checksum::Algorithm;
use crate::error::StoreError;
use crate::multipart::{Completion, NamedPart, Plan, Upload, check_part_number};

const PAGE_MAX: usize = 1000;

impl Api {
    pub(super) async fn create_multipart_upload(
        &self,
        mut request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = &mut request.input;
        if input.tagging.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "this store keeps no tags; leave x-amz-tagging out"
            ));
        }
        let name = input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str);
        let algorithm = name.map(|name| {
            Algorithm::from_name(name)
                .ok_or_else(|| s3_error!(InvalidRequest, "{name:?} is no checksum algorithm of S3"))
        });
        let algorithm = algorithm.transpose()?;
        let full_object = match input.checksum_type.as_ref().map(ChecksumType::as_str) {
            None => algorithm.is_none_or(|algorithm| algorithm == Algorithm::Crc64Nvme),
            Some(ChecksumType::FULL_OBJECT) => true,
            Some(_) => false,
        };
        let sha = matches!(algorithm, Some(Algorithm::Sha1 | Algorithm::Sha256));
        let crc64 = algorithm.is_none_or(|algorithm| algorithm == Algorithm::Crc64Nvme);
        if (full_object && sha) || (!full_object && crc64) {
            let message = "The checksum type cannot be used with this checksum algorithm.";
            return Err(s3_error!(InvalidRequest, "{message}"));
        }
        let plan = Plan {
            attributes: attributes!(input),
            algorithm,
            full_object,
        };
        let upload_id = self
            .0
            .start_upload(&input.bucket, &input.key, &plan)
            .await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            upload_id: Some(upload_id),
            checksum_algorithm: algorithm_name(algorithm),
            checksum_type: algorithm.and_then(|_| type_of(full_object)),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    pub(super) async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = &mut request.input;
        let upload = upload(&input.bucket, &input.key, &input.upload_id);
        check_part_number(input.part_number)?;
        let plan = self.0.upload(&upload).await?.plan;
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
                default: plan.algorithm.unwrap_or(Algorithm::Crc64Nvme),
            })
            .await?;
        let mut output = UploadPartOutput {
            e_tag: Some(ETag::Strong(draft.etag())),
            ..UploadPartOutput::default()
        };
        set_checksums!(output, draft.checksums);
        self.0.put_part(&upload, input.part_number, draft).await?;
        Ok(S3Response::new(output))
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let input = request.input;
        let upload = upload(&input.bucket, &input.key, &input.upload_id);
        check_part_number(input.part_number)?;
        let plan = self.0.upload(&upload).await?.plan;
        let source = source(&input.copy_source)?;
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
        let range = input.copy_source_range.as_deref().map(|text| {
            let size = original.size;
            let range = Range::parse(text).ok();
            // S3 takes only first-last here, and nothing beyond the end.
            match range {
                Some(Range::Int {
                    first,
                    last: Some(last),
                }) if last < size => Ok(first..last + 1),
                _ => Err(StoreError::InvalidRange { size }),
            }
        });
        let range = range.transpose()?;
        let draft = self.0.draft_of(&original, range, plan.algorithm).await?;
        let mut result = CopyPartResult {
            e_tag: Some(ETag::Strong(draft.etag())),
            last_modified: Some(convert::time(jiff::Timestamp::now())),
            ..CopyPartResult::default()
        };
        set_checksums!(result, draft.checksums);
        self.0.put_part(&upload, input.part_number, draft).await?;
        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            copy_source_version_id: Some(original.version_id),
            ..UploadPartCopyOutput::default()
        }))
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let caller = convert::caller(&request);
        let input = request.input;
        let checksums = get_checksums!(input);
        let named = input.multipart_upload.and_then(|upload| upload.parts);
        let parts = named.unwrap_or_default().into_iter().map(|part| NamedPart {
            number: part.part_number.unwrap_or_default(),
            checksums: get_checksums!(part),
            etag: part.e_tag.map(ETag::into_value),
        });
        let completion = Completion {
            parts: parts.collect(),
            checksums,
            size: input
                .mpu_object_size
                .and_then(|size| u64::try_from(size).ok()),
            condition: convert::condition(input.if_match, input.if_none_match)?,
            caller,
        };
        let upload = upload(&input.bucket, &input.key, &input.upload_id);
        let info = self.0.complete_upload(upload, completion).await?;
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", info.bucket, info.key)),
            e_tag: Some(convert::etag(&info)),
            checksum_type: convert::checksum_type(&info.checksums),
            version_id: Some(info.version_id),
            bucket: Some(info.bucket),
            key: Some(info.key),
            ..CompleteMultipartUploadOutput::default()
        };
        set_checksums!(output, info.checksums);
        Ok(S3Response::new(output))
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = request.input;
        let upload = upload(&input.bucket, &input.key, &input.upload_id);
        self.0.abort_upload(&upload).await?;
        let status = http::StatusCode::NO_CONTENT;
        Ok(S3Response::with_status(
            AbortMultipartUploadOutput::default(),
            status,
        ))
    }

    pub(super) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let upload = upload(&input.bucket, &input.key, &input.upload_id);
        let plan = self.0.upload(&upload).await?.plan;
        let after = input.part_number_marker.unwrap_or(0);
        let limit = page_limit(input.max_parts);
        let parts = self.0.parts(&upload).await?;
        let mut parts: Vec<_> = parts
            .into_iter()
            .filter(|part| part.number > after)
            .collect();
        let more = parts.len() > limit;
        parts.truncate(limit);
        let last = parts.last().map(|part| part.number);
        let shown = parts.into_iter().map(|info| {
            let mut part = Part {
                part_number: Some(info.number),
                size: Some(convert::length(info.size)),
                e_tag: Some(ETag::Strong(info.etag)),
                last_modified: Some(convert::time(info.modified)),
                ..Part::default()
            };
            set_checksums!(part, info.checksums);
            part
        });
        Ok(S3Response::new(ListPartsOutput {
            parts: Some(shown.collect()),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(after),
            next_part_number_marker: last,
            max_parts: i32::try_from(limit).ok(),
            is_truncated: Some(more),
            checksum_algorithm: algorithm_name(plan.algorithm),
            checksum_type: plan.algorithm.and_then(|_| type_of(plan.full_object)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..ListPartsOutput::default()
        }))
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        if input.delimiter.is_some() {
            return Err(s3_error!(
                NotImplemented,
                "list multipart uploads without a delimiter"
            ));
        }
        let prefix = input.prefix.clone().unwrap_or_default();
        let uploads = self.0.uploads(&input.bucket, &prefix).await?;
        let key_marker = input.key_marker.clone().unwrap_or_default();
        let id_marker = input.upload_id_marker.clone();
        let later = |key: &str, id: &str| match &id_marker {
            Some(marker) if *key == *key_marker => id > marker.as_str(),
            _ => key > key_marker.as_str(),
        };
        let limit = page_limit(input.max_uploads);
        let mut uploads: Vec<_> = uploads
            .into_iter()
            .filter(|info| later(&info.key, &info.id))
            .collect();
        let more = uploads.len() > limit;
        uploads.truncate(limit);
        let encoding = input.encoding_type.as_ref();
        let last = uploads.last().filter(|_| more);
        let next = last.map(|info| (convert::shown(&info.key, encoding), info.id.clone()));
        let shown = uploads.iter().map(|info| MultipartUpload {
            key: Some(convert::shown(&info.key, encoding)),
            upload_id: Some(info.id.clone()),
            initiated: Some(convert::time(info.initiated)),
            checksum_algorithm: algorithm_name(info.plan.algorithm),
            checksum_type: info
                .plan
                .algorithm
                .and_then(|_| type_of(info.plan.full_object)),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..MultipartUpload::default()
        });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(shown.collect()),
            bucket: Some(input.bucket.clone()),
            prefix: Some(convert::shown(&prefix, encoding)),
            key_marker: Some(convert::shown(&key_marker, encoding)),
            upload_id_marker: input.upload_id_marker.clone(),
            next_key_marker: next.as_ref().map(|(key, _)| key.clone()),
            next_upload_id_marker: next.map(|(_, id)| id),
            max_uploads: i32::try_from(limit).ok(),
            is_truncated: Some(more),
            encoding_type: input.encoding_type.clone(),
            ..ListMultipartUploadsOutput::default()
        }))
    }
}

fn upload(bucket: &str, key: &str, id: &str) -> Upload {
    Upload {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        id: id.to_owned(),
    }
}

fn algorithm_name(algorithm: Option<Algorithm>) -> Option<ChecksumAlgorithm> {
    algorithm.map(|algorithm| ChecksumAlgorithm::from_static(algorithm.name()))
}

fn type_of(full_object: bool) -> Option<ChecksumType> {
    Some(ChecksumType::from_static(match full_object {
        true => ChecksumType::FULL_OBJECT,
        false => ChecksumType::COMPOSITE,
    }))
}

fn page_limit(asked: Option<i32>) -> usize {
    let asked = asked.and_then(|asked| usize::try_from(asked).ok());
    asked.unwrap_or(PAGE_MAX).min(PAGE_MAX)
}
