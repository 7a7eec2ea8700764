//! Serverless customization jobs (Amazon SageMaker `CreateTrainingJob` with `ServerlessJobConfig`). They are looked at and stopped as
//! containers' jobs are: by name, through the same operations.

use std::collections::BTreeMap;

use async_trait::async_trait;
use perennial_core::config::{Peft, ServerlessTechnique};

use crate::{PortResult, Tags};

/// What to customize, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerlessSpec {
    /// The job's name: a pure function of (installation, pipeline, run, stage, attempt). There is no client token, so it alone
    /// makes a repeated call the same call.
    pub name: String,
    /// The model in SageMaker's public hub, an ARN.
    pub base_model_arn: String,
    /// What the job does.
    pub technique: ServerlessTechnique,
    /// An adapter, or all weights.
    pub peft: Peft,
    /// Whether somebody accepts the model's licence.
    pub accept_eula: bool,
    /// Where SageMaker registers what the job made, an ARN.
    pub model_package_group: String,
    /// The role that the job takes on; the installation's own if it is not said.
    pub role: Option<String>,
    /// The key of the training file in the bucket, which the job finds in its channel `train`.
    pub training_key: String,
    /// The prefix for the job's output in the bucket; ends in `/`. The pointer to the checkpoint is found below it
    /// ([`perennial_core::checkpoint::places`]).
    pub output_prefix: String,
    /// By the recipe's own names.
    pub hyperparameters: BTreeMap<String, String>,
    /// The job is stopped after so many seconds of running.
    pub max_run_seconds: u64,
    /// On the job.
    pub tags: Tags,
}

/// Starting jobs.
#[async_trait]
pub trait StartServerless: Send + Sync {
    /// Starts the job and answers its ARN. A name that is taken is a `Conflict`, even by the same spec: look for the job then.
    async fn start_serverless(&self, spec: &ServerlessSpec) -> PortResult<String>;
}
