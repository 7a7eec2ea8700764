//! What was permitted is what is done.
//!
//! Whoever permits a request reads it before its signature is verified ([`crate::operation_of`]), and the protocol's library reads
//! it again. Where the two differ, of whom it is or of what it asks for, it is refused: otherwise a request that is signed twice
//! would be permitted as one sender's and carried out as another's.

use async_trait::async_trait;
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};
use serde_json::Value;

/// What a request was permitted as. The gateway puts one into its extensions; a service without a gateway goes by signatures
/// alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// The access key by which its sender was known.
    pub access_key: String,
    /// What it was permitted for; `None` for whom everything is permitted.
    pub only: Option<Asked>,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    operation: &'static str,
    bucket: Option<String>,
    key: Option<String>,
}

impl Asked {
    /// From what [`crate::operation_of`] gives.
    #[must_use]
    pub fn of(operation: &'static str, parameters: &Value) -> Self {
        let text = |name: &str| parameters[name].as_str().map(str::to_owned);
        Self {
            operation,
            bucket: text("bucketName"),
            key: text("key"),
        }
    }
}

/// Holds each request to what it was permitted as.
#[derive(Debug)]
pub(super) struct AsPermitted;

#[async_trait]
impl S3Access for AsPermitted {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let permitted = request.extensions_mut().get::<Permitted>().cloned();
        let Some(signed_by) = request.credentials() else {
            return Err(s3_error!(AccessDenied, "the request is not signed"));
        };
        let Some(permitted) = permitted else {
            return Ok(());
        };
        if signed_by.access_key != permitted.access_key {
            return Err(s3_error!(
                AccessDenied,
                "the request names two access keys; sign it once"
            ));
        }
        let Some(only) = permitted.only else {
            return Ok(());
        };
        let path = request.s3_path();
        let is_it = only.operation == request.s3_op().name()
            && only.bucket.as_deref() == path.get_bucket_name()
            && only.key.as_deref() == path.get_object_key();
        if is_it {
            return Ok(());
        }
        Err(s3_error!(
            AccessDenied,
            "the request can be read in two ways; it was permitted as {}",
            only.operation
        ))
    }
}
