//! What kind of customization a job is, and the configuration that goes with it.

use serde::{Deserialize, Serialize};

use super::{create::CreateModelCustomizationJob, job::TrainingDataConfig};
use crate::{catalog::Foundation, error::AwsError};

/// The customization types that Bedrock's jobs have here, and the one of models that were trained elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Technique {
    #[default]
    FineTuning,
    Distillation,
    ReinforcementFineTuning,
    Imported,
}

/// A union: one of its members, never both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CustomizationConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    distillation_config: Option<DistillationConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rft_config: Option<RftConfig>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DistillationConfig {
    teacher_model_config: TeacherModelConfig,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TeacherModelConfig {
    pub(super) teacher_model_identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_response_length_for_inference: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RftConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    grader_config: Option<GraderConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hyper_parameters: Option<RftHyperParameters>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GraderConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda_grader: Option<LambdaGrader>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LambdaGrader {
    lambda_arn: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct RftHyperParameters {
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_prompt_length: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_sample_per_prompt: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference_max_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_interval: Option<i64>,
}

fn refused<T>(why: impl Into<String>) -> Result<T, AwsError> {
    Err(AwsError::validation(why))
}

impl CreateModelCustomizationJob {
    /// The kind of the job, if the members that go with it are there and no others.
    pub(super) fn technique(&self) -> Result<Technique, AwsError> {
        let config = self.customization_config.as_ref();
        let distillation = config.and_then(|config| config.distillation_config.as_ref());
        let rft = config.and_then(|config| config.rft_config.as_ref());
        let technique = match self.customization_type.as_deref() {
            None | Some("FINE_TUNING") => Technique::FineTuning,
            Some("DISTILLATION") => Technique::Distillation,
            Some("REINFORCEMENT_FINE_TUNING") => Technique::ReinforcementFineTuning,
            Some("CONTINUED_PRE_TRAINING") => {
                return refused(
                    "The customization type CONTINUED_PRE_TRAINING is no longer supported.",
                );
            }
            Some(kind) => {
                return refused(format!(
                    "The customization type {kind} is not one of customization jobs."
                ));
            }
        };
        match (technique, config, distillation, rft) {
            (Technique::FineTuning, None, ..) => {}
            (Technique::FineTuning, ..) => {
                return refused(
                    "customizationConfig does not go with the customization type FINE_TUNING.",
                );
            }
            (Technique::Distillation, _, Some(distillation), None) => {
                let length = &distillation.teacher_model_config;
                if length
                    .max_response_length_for_inference
                    .is_some_and(|length| length < 1)
                {
                    return refused("maxResponseLengthForInference must be at least 1.");
                }
            }
            (Technique::Distillation, ..) => {
                return refused("The customization type DISTILLATION needs a distillationConfig.");
            }
            (Technique::ReinforcementFineTuning, _, None, Some(rft)) => {
                let grader = rft.grader_config.as_ref();
                if grader.is_none_or(|grader| grader.lambda_grader.is_none()) {
                    return refused("The rftConfig needs a graderConfig with a lambdaGrader.");
                }
            }
            (Technique::ReinforcementFineTuning | Technique::Imported, ..) => {
                return refused(
                    "The customization type REINFORCEMENT_FINE_TUNING needs an rftConfig.",
                );
            }
        }
        self.training_data_config.check(technique)?;
        Ok(technique)
    }

    /// The teacher of a distillation job.
    pub(super) fn teacher(&self) -> Option<&TeacherModelConfig> {
        let config = self.customization_config.as_ref()?;
        let distillation = config.distillation_config.as_ref()?;
        Some(&distillation.teacher_model_config)
    }

    /// Whether the base model can be customized in this way.
    pub(super) fn check_base(
        &self,
        technique: Technique,
        base: &Foundation,
    ) -> Result<(), AwsError> {
        match (technique, self.teacher()) {
            (Technique::Distillation, Some(teacher)) => {
                let teacher = &teacher.teacher_model_identifier;
                let known = Foundation::find(teacher);
                if known.is_some_and(|known| known.teaches(base)) {
                    return Ok(());
                }
                refused(format!(
                    "The teacher model {teacher} cannot be used with the student model {}.",
                    base.id
                ))
            }
            (Technique::ReinforcementFineTuning, _) if !base.takes_reinforcement() => {
                refused(format!(
                    "The customization type REINFORCEMENT_FINE_TUNING is not supported for {}.",
                    base.id
                ))
            }
            (Technique::Distillation, _) if base.makes_images() => refused(format!(
                "The customization type DISTILLATION is not supported for {}.",
                base.id
            )),
            _ => Ok(()),
        }
    }
}

impl TrainingDataConfig {
    fn check(&self, technique: Technique) -> Result<(), AwsError> {
        match (&self.s3_uri, &self.invocation_logs_config) {
            (Some(_), None) => Ok(()),
            (None, Some(logs)) if technique == Technique::Distillation => {
                match logs.invocation_log_source.s3_uri {
                    Some(_) => Ok(()),
                    None => refused("The invocationLogSource needs an s3Uri."),
                }
            }
            (None, Some(_)) => refused(
                "The local cloud takes invocationLogsConfig for the customization type DISTILLATION only.",
            ),
            _ => refused("trainingDataConfig needs either s3Uri or invocationLogsConfig."),
        }
    }
}
