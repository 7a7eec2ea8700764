//! The customization job as it is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CreateModelCustomizationJob, technique::Technique};
use crate::{bedrock::tags::Tag, store::Document};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TrainingDataConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s3_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invocation_logs_config: Option<InvocationLogsConfig>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InvocationLogsConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) use_prompt_response: Option<bool>,
    pub(crate) invocation_log_source: InvocationLogSource,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InvocationLogSource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s3_uri: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OutputDataConfig {
    pub(crate) s3_uri: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ValidationDataConfig {
    pub(crate) validators: Vec<Validator>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Validator {
    pub(crate) s3_uri: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VpcConfig {
    pub(crate) subnet_ids: Vec<String>,
    pub(crate) security_group_ids: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metrics {
    pub(crate) training_loss: f64,
}

/// A job's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

/// The status of one of the three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StepStatus {
    NotStarted,
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) status: StepStatus,
    pub(super) creation_time: Timestamp,
    pub(super) last_modified_time: Timestamp,
}

/// The three steps, as `statusDetails` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusDetails {
    pub(super) validation_details: Step,
    pub(super) data_processing_details: Step,
    pub(super) training_details: Step,
}

impl StatusDetails {
    pub(super) fn begin(at: Timestamp) -> Self {
        let step = |status| Step {
            status,
            creation_time: at,
            last_modified_time: at,
        };
        Self {
            validation_details: step(StepStatus::InProgress),
            data_processing_details: step(StepStatus::NotStarted),
            training_details: step(StepStatus::NotStarted),
        }
    }

    pub(super) fn step(&mut self, step: StepName) -> &mut Step {
        match step {
            StepName::Validation => &mut self.validation_details,
            StepName::DataProcessing => &mut self.data_processing_details,
            StepName::Training => &mut self.training_details,
        }
    }

    /// Every step that is in `from` becomes `to`.
    pub(super) fn turn(&mut self, from: StepStatus, to: StepStatus, at: Timestamp) {
        for name in [
            StepName::Validation,
            StepName::DataProcessing,
            StepName::Training,
        ] {
            let step = self.step(name);
            if step.status == from {
                step.status = to;
                step.last_modified_time = at;
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StepName {
    Validation,
    DataProcessing,
    Training,
}

/// What is to become of a job, fixed when it was created so that a restart does not change it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fate {
    Train,
    Fail(String),
    Hang,
}

/// A customization job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomizationJob {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    /// As it was asked for; the tags' copies aside, it is what the job's description shows.
    pub(super) request: CreateModelCustomizationJob,
    #[serde(default)]
    pub(super) technique: Technique,
    /// The ARN of the foundation model, or of the custom model that training starts from.
    pub(super) base_model_arn: String,
    /// The foundation model's id for customization, also behind a custom model.
    pub(super) foundation: String,
    /// The ARN that the model will have.
    pub(super) model_arn: String,
    pub(super) status: Status,
    pub(super) details: StatusDetails,
    /// The step under way, and when it ends.
    pub(super) step: StepName,
    pub(super) due: Timestamp,
    pub(super) records: usize,
    pub(super) fate: Fate,
    pub(super) failure_message: Option<String>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

impl Document for CustomizationJob {
    const KIND: &'static str = "customization-job";
    fn id(&self) -> &str {
        &self.arn
    }
    fn advances(&self) -> bool {
        self.runs()
    }
}

impl CustomizationJob {
    /// Whether it has not ended.
    pub(super) fn runs(&self) -> bool {
        matches!(self.status, Status::InProgress | Status::Stopping)
    }

    /// Whether it is going to make a custom model of this name.
    pub(crate) fn will_make(&self, model_name: &str) -> bool {
        self.runs() && self.request.custom_model_name == model_name
    }

    /// Whether it trains on from this custom model.
    pub(crate) fn uses(&self, model_arn: &str) -> bool {
        self.runs() && self.base_model_arn == model_arn
    }

    pub(super) fn hyper_parameters(&self) -> &BTreeMap<String, String> {
        &self.request.hyper_parameters
    }
}
