//! Customization jobs (Amazon Bedrock `CreateModelCustomizationJob` and its kin).

use std::collections::BTreeMap;

use async_trait::async_trait;
use perennial_core::routing::Customization;

use crate::{PortResult, Tags};

/// What to train.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingSpec {
    /// The job's name, which stays taken for ever: a pure function of (installation, pipeline, run, stage, attempt).
    pub name: String,
    /// The model's name.
    pub model_name: String,
    /// The client token: the same name, so that a repeated call is the same call.
    pub token: String,
    /// `baseModelIdentifier`: a customization id or a custom model's ARN.
    pub base_model: String,
    /// The key of the training file in the bucket.
    pub training_key: String,
    /// The prefix for the job's output in the bucket.
    pub output_prefix: String,
    /// What the job does.
    pub customization: Customization,
    /// By the service's own names.
    pub hyperparameters: BTreeMap<String, String>,
    /// On the job and on the model.
    pub tags: Tags,
}

/// A job's true state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingJob {
    /// The job's ARN.
    pub arn: String,
    /// The job's name.
    pub name: String,
    /// Where it is.
    pub status: TrainingStatus,
    /// The service's reason for a failure.
    pub message: Option<String>,
    /// The model that it made, once Completed.
    pub model_arn: Option<String>,
    /// Its tags: by them it is known as ours.
    pub tags: Tags,
}

/// `GetModelCustomizationJob.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingStatus {
    /// It runs, or waits to.
    InProgress,
    /// The model is there.
    Completed,
    /// It ended without a model.
    Failed,
    /// It is being stopped.
    Stopping,
    /// It was stopped; billed for what it trained; no model.
    Stopped,
}

/// Looking at jobs.
#[async_trait]
pub trait ObserveTraining: Send + Sync {
    /// The job of exactly this name, or none.
    async fn find_training(&self, name: &str) -> PortResult<Option<TrainingJob>>;
}

/// Starting jobs.
#[async_trait]
pub trait StartTraining: Send + Sync {
    /// Starts the job and answers its ARN. The same spec twice is one job.
    async fn start_training(&self, spec: &TrainingSpec) -> PortResult<String>;
}

/// Stopping jobs.
#[async_trait]
pub trait StopTraining: Send + Sync {
    /// Asks for a stop; the job is stopped only when it is seen so. Stopping an ended job is no error.
    async fn stop_training(&self, name: &str) -> PortResult<()>;
}
