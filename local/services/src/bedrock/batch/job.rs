//! The batch inference job as it is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CreateModelInvocationJob;
use crate::{bedrock::tags::Tag, store::Document};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InputDataConfig {
    pub(super) s3_input_data_config: S3Input,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct S3Input {
    pub(super) s3_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) s3_input_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) s3_bucket_owner: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OutputDataConfig {
    pub(super) s3_output_data_config: S3Output,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct S3Output {
    pub(super) s3_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) s3_encryption_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) s3_bucket_owner: Option<String>,
}

/// A job's status; `PartiallyCompleted` and `Expired` need a job that outlives its time, which none does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Submitted,
    Validating,
    Scheduled,
    InProgress,
    Completed,
    PartiallyCompleted,
    Failed,
    Stopping,
    Stopped,
    Expired,
}

/// How many records there are and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    pub(super) total_record_count: usize,
    pub(super) processed_record_count: usize,
    pub(super) success_record_count: usize,
    pub(super) error_record_count: usize,
}

/// A batch inference job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InvocationJob {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    pub(super) request: CreateModelInvocationJob,
    pub(super) status: Status,
    /// When the present status ends.
    pub(super) due: Timestamp,
    pub(super) message: Option<String>,
    pub(super) counts: Counts,
    pub(super) submitted: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

impl Document for InvocationJob {
    const KIND: &'static str = "invocation-job";
    fn id(&self) -> &str {
        &self.arn
    }
    fn advances(&self) -> bool {
        self.runs()
    }
}

impl InvocationJob {
    /// Whether it has not ended.
    pub(super) fn runs(&self) -> bool {
        use Status::{InProgress, Scheduled, Stopping, Submitted, Validating};
        matches!(
            self.status,
            Submitted | Validating | Scheduled | InProgress | Stopping
        )
    }
}
