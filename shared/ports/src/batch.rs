//! Batch inference (Amazon Bedrock `CreateModelInvocationJob`, `modelInvocationType=Converse`).

use async_trait::async_trait;

use crate::{PortResult, Tags};

/// What to ask, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSpec {
    /// The job's name: a pure function of (installation, pipeline, run, stage, attempt).
    pub name: String,
    /// The client token.
    pub token: String,
    /// The model's inference id or inference profile.
    pub model_id: String,
    /// The key of the input file: one `{"recordId", "modelInput"}` a line.
    pub input_key: String,
    /// The prefix for the output; ends in `/`. The answers are in `<prefix><job id>/<input file name>.out`.
    pub output_prefix: String,
    /// On the job.
    pub tags: Tags,
}

/// A job's true state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchJob {
    /// Its ARN; the last part is the job's id, which names the output folder.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub status: BatchStatus,
    /// The service's words for a failure.
    pub message: Option<String>,
    /// By them it is known as ours.
    pub tags: Tags,
}

impl BatchJob {
    /// The id at the end of the ARN.
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

/// `GetModelInvocationJob.status`, in the groups that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStatus {
    /// Submitted, Validating, Scheduled, InProgress, Stopping.
    InProgress,
    /// All answers are there.
    Completed,
    /// Some answers are there (PartiallyCompleted, Expired).
    Partial,
    /// Failed.
    Failed,
    /// Stopped.
    Stopped,
}

/// Looking at batch jobs.
#[async_trait]
pub trait ObserveBatch: Send + Sync {
    /// The job of exactly this name, or none.
    async fn find_batch(&self, name: &str) -> PortResult<Option<BatchJob>>;
}

/// Starting batch jobs.
#[async_trait]
pub trait StartBatch: Send + Sync {
    /// Starts the job and answers its ARN. The same spec twice is one job.
    async fn start_batch(&self, spec: &BatchSpec) -> PortResult<String>;
}

/// Stopping batch jobs.
#[async_trait]
pub trait StopBatch: Send + Sync {
    /// Asks for a stop. Stopping an ended job is no error.
    async fn stop_batch(&self, arn: &str) -> PortResult<()>;
}
