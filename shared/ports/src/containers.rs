//! Training jobs of one's own container (Amazon SageMaker `CreateTrainingJob` and its kin).

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{PortResult, Tags, TrainingStatus};

/// What to train, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    /// The job's name: a pure function of (installation, pipeline, run, stage, attempt). There is no client token, so it alone
    /// makes a repeated call the same call.
    pub name: String,
    /// The container image's URI in Amazon ECR.
    pub image: String,
    /// A recipe's S3 URI, which the job finds in its channel `recipe`.
    pub recipe: Option<String>,
    /// The role that the job takes on; the installation's own if it is not said.
    pub role: Option<String>,
    /// The prefix of the training data in the bucket: every object below it is given to the job, in its channel `train`.
    pub training_prefix: String,
    /// A model that training goes on from: the S3 URI of a folder, which the job finds in its channel `model`.
    pub model: Option<String>,
    /// The prefix for the job's output in the bucket; ends in `/`.
    pub output_prefix: String,
    /// The prefix for checkpoints in the bucket, from which a job that lost its machines goes on; ends in `/`.
    pub checkpoint_prefix: Option<String>,
    /// By the container's own names.
    pub hyperparameters: BTreeMap<String, String>,
    /// Such as `ml.g5.12xlarge`.
    pub instance_type: String,
    /// How many of them.
    pub instance_count: u32,
    /// The disk of each, in GB.
    pub volume_gb: u32,
    /// The job's subnets, with `security_groups`; no network of one's own if empty.
    pub subnets: Vec<String>,
    /// With `subnets`.
    pub security_groups: Vec<String>,
    /// The job is stopped after so many seconds of running.
    pub max_run_seconds: u64,
    /// Spare capacity is used, and the job is stopped after so many seconds of waiting and running together.
    pub spot_max_wait_seconds: Option<u64>,
    /// On the job.
    pub tags: Tags,
}

/// A job's true state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerJob {
    /// The job's ARN.
    pub arn: String,
    /// The job's name.
    pub name: String,
    /// Where it is.
    pub status: TrainingStatus,
    /// The service's reason for a failure.
    pub message: Option<String>,
    /// Where its weights are, once Completed: an S3 URI of a folder, as the job left them uncompressed.
    pub weights: Option<String>,
    /// Its tags: by them it is known as ours.
    pub tags: Tags,
}

/// Looking at jobs.
#[async_trait]
pub trait ObserveContainers: Send + Sync {
    /// The job of exactly this name, or none.
    async fn find_container(&self, name: &str) -> PortResult<Option<ContainerJob>>;
}

/// Starting jobs.
#[async_trait]
pub trait StartContainers: Send + Sync {
    /// Starts the job and answers its ARN. A name that is taken is a `Conflict`, even by the same spec: look for the job then.
    async fn start_container(&self, spec: &ContainerSpec) -> PortResult<String>;
}

/// Stopping jobs.
#[async_trait]
pub trait StopContainers: Send + Sync {
    /// Asks for a stop; the job is stopped only when it is seen so. Stopping an ended job is no error.
    async fn stop_container(&self, name: &str) -> PortResult<()>;
}
