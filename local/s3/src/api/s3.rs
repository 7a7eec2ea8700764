//! The operations that the store answers, by name. Those not here are answered `NotImplemented` by `s3s`.

use std::sync::Arc;

use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::convert;
use crate::store::Store;

const DEFAULT_REGION: &str = "us-east-1";

/// S3 over a store.
#[derive(Clone, Debug)]
pub(super) struct Api(pub(super) Arc<Store>);

/// An operation whose answer another file writes.
macro_rules! delegate {
    ($($name:ident($input:ident) -> $output:ident;)*) => {
        /// Each of them, as in Rust.
        pub(super) const OPERATIONS: &[&str] = &[$(stringify!($name)),*];

        #[async_trait]
        impl S3 for Api {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                Api::$name(self, request).await
            })*
        }
    };
}

delegate! {
    list_buckets(ListBucketsInput) -> ListBucketsOutput;
    create_bucket(CreateBucketInput) -> CreateBucketOutput;
    head_bucket(HeadBucketInput) -> HeadBucketOutput;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput;
    put_object(PutObjectInput) -> PutObjectOutput;
    get_object(GetObjectInput) -> GetObjectOutput;
    head_object(HeadObjectInput) -> HeadObjectOutput;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    copy_object(CopyObjectInput) -> CopyObjectOutput;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput;
    list_objects(ListObjectsInput) -> ListObjectsOutput;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    upload_part(UploadPartInput) -> UploadPartOutput;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    list_parts(ListPartsInput) -> ListPartsOutput;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
}

impl Api {
    async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let prefix = request.input.prefix.clone().unwrap_or_default();
        let buckets = self.0.buckets().await?;
        let buckets = buckets
            .into_iter()
            .filter(|bucket| bucket.name.starts_with(&prefix));
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(
                buckets
                    .map(|bucket| Bucket {
                        name: Some(bucket.name),
                        creation_date: Some(convert::time(bucket.created)),
                        bucket_region: Some(bucket.region),
                    })
                    .collect(),
            ),
            owner: Some(Owner {
                id: Some(super::ACCOUNT.to_owned()),
                ..Owner::default()
            }),
            prefix: request.input.prefix,
            ..ListBucketsOutput::default()
        }))
    }

    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let configured = request.input.create_bucket_configuration;
        let region = configured
            .and_then(|configured| configured.location_constraint)
            .map(|region| region.as_str().to_owned())
            .or_else(|| request.region.map(|region| region.as_str().to_owned()))
            .unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let bucket = request.input.bucket;
        // To create one's own bucket again is an error everywhere but in S3's oldest region.
        if let Ok(existing) = self.0.bucket(&bucket).await
            && (existing.region != DEFAULT_REGION || region != DEFAULT_REGION)
        {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "the bucket {} is there already, in {}",
                bucket,
                existing.region
            ));
        }
        self.0.create_bucket(&bucket, &region).await?;
        Ok(S3Response::new(CreateBucketOutput {
            location: Some(format!("/{bucket}")),
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        let bucket = self.0.bucket(&request.input.bucket).await?;
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region: Some(bucket.region),
            ..HeadBucketOutput::default()
        }))
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.0.delete_bucket(&request.input.bucket).await?;
        let status = http::StatusCode::NO_CONTENT;
        Ok(S3Response::with_status(
            DeleteBucketOutput::default(),
            status,
        ))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        let region = self.0.bucket(&request.input.bucket).await?.region;
        // S3 says nothing for its oldest region.
        let named = (region != DEFAULT_REGION).then(|| BucketLocationConstraint::from(region));
        Ok(S3Response::new(GetBucketLocationOutput {
            location_constraint: named,
        }))
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.0.bucket(&request.input.bucket).await?;
        let enabled = BucketVersioningStatus::from_static(BucketVersioningStatus::ENABLED);
        Ok(S3Response::new(GetBucketVersioningOutput {
            status: Some(enabled),
            ..GetBucketVersioningOutput::default()
        }))
    }

    async fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> S3Result<S3Response<PutBucketVersioningOutput>> {
        self.0.bucket(&request.input.bucket).await?;
        let status = request.input.versioning_configuration.status;
        if status.is_some_and(|status| status.as_str() == BucketVersioningStatus::ENABLED) {
            return Ok(S3Response::new(PutBucketVersioningOutput::default()));
        }
        Err(s3_error!(
            NotImplemented,
            "buckets of this store are always versioned; leave versioning enabled"
        ))
    }
}
