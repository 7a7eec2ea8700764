//! Training jobs of one's own container, and serverless ones, on Amazon SageMaker.
//!
//! Every job bears the name and tags that its spec names; nothing here invents any. Nothing here decides.
//!
//! What a container finds: its data under `/opt/ml/input/data/train`, the model that it goes on
//! from, if there is one, under `/opt/ml/input/data/model`, the recipe under `/opt/ml/input/data/recipe`, with the file's
//! own name in the hyperparameter `sagemaker_recipe_local_path`, and, if there is a prefix for them, its earlier checkpoints
//! under `/opt/ml/checkpoints`. What it leaves under `/opt/ml/model` is stored file by file in
//! `OUTPUT_PREFIX/JOB/output/model/`, so that an import job can read it.

mod jobs;
mod serverless;
mod start;
#[cfg(test)]
mod tests;

use aws_sdk_sagemaker::Client;
use perennial_ports::{ErrorKind, PortError, PortResult};

/// What every job needs besides its spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket that jobs read from and write to.
    pub bucket: String,
    /// The role that SageMaker takes on for a job whose spec names none.
    pub job_role_arn: String,
}

impl Settings {
    fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

/// SageMaker in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SageMaker {
    client: Client,
    settings: Option<Settings>,
}

impl SageMaker {
    /// For everything.
    pub fn new(client: Client, settings: Settings) -> Self {
        Self {
            client,
            settings: Some(settings),
        }
    }

    /// For everything but starting jobs, which is refused as `Invalid`.
    pub fn without_starting(client: Client) -> Self {
        Self {
            client,
            settings: None,
        }
    }

    fn settings(&self, operation: &str) -> PortResult<&Settings> {
        self.settings.as_ref().ok_or_else(|| {
            PortError::new(
                operation,
                ErrorKind::Invalid,
                "no bucket and job role were named; only train starts jobs",
            )
        })
    }
}

/// The error with the job that it is about.
fn about(job: &str, error: PortError) -> PortError {
    PortError {
        message: format!("{job}: {}", error.message),
        ..error
    }
}
