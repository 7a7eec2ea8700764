//! The training job as it is kept.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{request::CreateTrainingJob, tags::Tag, trainer::Trainer};
use crate::store::Document;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
    /// Never here: nothing deletes a job.
    Deleting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Secondary {
    Starting,
    Downloading,
    Training,
    Interrupted,
    Uploading,
    Stopping,
    Stopped,
    MaxRuntimeExceeded,
    MaxWaitTimeExceeded,
    Completed,
    Failed,
}

impl Secondary {
    fn message(self) -> &'static str {
        match self {
            Self::Starting => "Preparing the instances for training",
            Self::Downloading => "Downloading the training image and the input data",
            Self::Training => "Training image download completed. Training in progress.",
            Self::Interrupted => "Training was interrupted: the spot instances were taken back",
            Self::Uploading => "Uploading generated training model",
            Self::Stopping => "Stopping the training job",
            Self::Stopped => "Training job stopped",
            Self::MaxRuntimeExceeded => "Training job runtime exceeded MaxRuntimeInSeconds",
            Self::MaxWaitTimeExceeded => "Training job wait time exceeded MaxWaitTimeInSeconds",
            Self::Completed => "Training job completed",
            Self::Failed => "Training job failed",
        }
    }
}

/// One secondary status that the job was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Transition {
    pub(super) status: Secondary,
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
}

/// What is to become of a job, fixed when it was created so that a restart does not change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fate {
    Train,
    Fail(String),
    /// It stays in this status until it is stopped, or its time is over.
    Hang(Secondary),
}

/// A training job; its name is its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TrainingJob {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    pub(super) request: CreateTrainingJob,
    pub(super) trainer: Trainer,
    pub(super) status: Status,
    pub(super) transitions: Vec<Transition>,
    /// When the present secondary status ends.
    pub(super) due: Timestamp,
    pub(super) records: usize,
    pub(super) tokens: usize,
    pub(super) fate: Fate,
    /// How often its spot instances were taken back.
    pub(super) interruptions: u32,
    pub(super) failure_reason: Option<String>,
    /// Where the checkpoint of a Nova model is, once it is there.
    pub(super) checkpoint: Option<String>,
    pub(super) model_package_arn: Option<String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
}

impl Document for TrainingJob {
    const KIND: &'static str = "training-job";
    fn id(&self) -> &str {
        &self.request.training_job_name
    }
    fn advances(&self) -> bool {
        self.runs()
    }
}

impl TrainingJob {
    pub(super) fn name(&self) -> &str {
        &self.request.training_job_name
    }

    /// Whether it has not ended.
    pub(super) fn runs(&self) -> bool {
        matches!(self.status, Status::InProgress | Status::Stopping)
    }

    pub(super) fn secondary(&self) -> Secondary {
        let last = self.transitions.last();
        last.map_or(Secondary::Starting, |transition| transition.status)
    }

    /// Where everything that the job writes is: `s3://bucket/prefix/job`.
    pub(super) fn folder(&self) -> String {
        let out = &self.request.output_data_config.s3_output_path;
        format!("{}/{}", out.trim_end_matches('/'), self.name())
    }

    /// The instances that it runs on, by type; none for a serverless job.
    pub(super) fn instances(&self) -> Option<(&str, usize)> {
        let config = self.request.resource_config.as_ref()?;
        let count = usize::try_from(config.instance_count?).ok()?;
        Some((config.instance_type.as_deref()?, count))
    }

    /// The package that a finished serverless job made.
    pub(crate) fn made_package(&self, arn: &str) -> bool {
        self.status == Status::Completed && self.model_package_arn.as_deref() == Some(arn)
    }

    /// Where its checkpoint is.
    pub(crate) fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// The seconds of training, and those that are paid for: a third of them on spot instances.
    pub(super) fn seconds(&self) -> Option<(i64, i64)> {
        let (started, ended) = (self.started?, self.ended?);
        let took = ended.duration_since(started).max(SignedDuration::ZERO);
        let whole = took.as_secs() + i64::from(took.subsec_nanos() > 0);
        let trained = whole.max(1);
        let billed = if self.request.enable_managed_spot_training {
            (trained / 3).max(1)
        } else {
            trained
        };
        Some((trained, billed))
    }

    /// `SecondaryStatusTransitions`, each time written by `time`.
    pub(super) fn history(&self, time: impl Fn(Timestamp) -> Value) -> Value {
        let one = |transition: &Transition| {
            let mut told = json!({
                "Status": transition.status,
                "StartTime": time(transition.start),
                "StatusMessage": transition.status.message(),
            });
            if let Some(end) = transition.end {
                told["EndTime"] = time(end);
            }
            told
        };
        self.transitions.iter().map(one).collect()
    }
}

/// A time as awsJson1_1 carries it: seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> Value {
    json!(at.as_millisecond() as f64 / 1000.0)
}
