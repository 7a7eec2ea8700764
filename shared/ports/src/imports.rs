//! Importing weights as models (Amazon Bedrock `CreateModelImportJob` and its kin).

use async_trait::async_trait;

use crate::{PortResult, Tags};

/// What to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSpec {
    /// The job's name: a pure function of (installation, pipeline, run, stage, attempt).
    pub name: String,
    /// The imported model's name.
    pub model_name: String,
    /// The client token: the same name, so that a repeated call is the same call.
    pub token: String,
    /// Where the weights are: an S3 URI of a folder.
    pub weights: String,
    /// On the job and on the model.
    pub tags: Tags,
}

/// A job's true state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportJob {
    /// The job's ARN.
    pub arn: String,
    /// The job's name.
    pub name: String,
    /// Where it is.
    pub status: ImportStatus,
    /// The service's reason for a failure.
    pub message: Option<String>,
    /// The model that it made, once Completed.
    pub model_arn: Option<String>,
    /// Its tags: by them it is known as ours.
    pub tags: Tags,
}

/// `GetModelImportJob.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportStatus {
    /// It runs. It cannot be stopped.
    InProgress,
    /// The model is there.
    Completed,
    /// It ended without a model.
    Failed,
}

/// Looking at jobs.
#[async_trait]
pub trait ObserveImports: Send + Sync {
    /// The job of exactly this name, or none.
    async fn find_import(&self, name: &str) -> PortResult<Option<ImportJob>>;
    /// The names of all imported models of the account, whoever made them.
    async fn imported_models(&self) -> PortResult<Vec<String>>;
}

/// Starting jobs.
#[async_trait]
pub trait StartImports: Send + Sync {
    /// Starts the job and answers its ARN. The same spec twice is one job.
    async fn start_import(&self, spec: &ImportSpec) -> PortResult<String>;
}
