//! The parts of a route: who trains, and how the model is served.

use serde::{Deserialize, Serialize};

use crate::config::{SageMakerConfig, ServerlessConfig};

/// Who trains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "kebab-case")]
pub enum Trainer {
    /// A customization job (`bedrock:CreateModelCustomizationJob`).
    Bedrock {
        /// Its `customizationType`, with what belongs to it.
        customization: Customization,
    },
    /// A training job of one's own container or recipe (`sagemaker:CreateTrainingJob`).
    #[serde(rename = "sagemaker")]
    SageMaker {
        /// Container, machines, limits.
        job: SageMakerConfig,
    },
    /// A serverless customization job (`sagemaker:CreateTrainingJob` with `ServerlessJobConfig`). It leaves a pointer to a
    /// checkpoint, of which Bedrock makes a custom model (`bedrock:CreateCustomModel`).
    Serverless {
        /// Technique, licence, group, limit.
        job: ServerlessConfig,
        /// `BaseModelArn`: the model in SageMaker's public hub.
        base_model_arn: String,
    },
}

impl Default for Trainer {
    fn default() -> Self {
        Self::Bedrock {
            customization: Customization::FineTuning,
        }
    }
}

impl Trainer {
    /// What there was before there was a choice.
    #[must_use]
    pub fn is_fine_tuning_on_bedrock(&self) -> bool {
        *self == Self::default()
    }

    /// The service's name for people.
    #[must_use]
    pub fn service(&self) -> &'static str {
        match self {
            Self::Bedrock { .. } => "Bedrock",
            Self::SageMaker { .. } | Self::Serverless { .. } => "SageMaker",
        }
    }

    /// What Bedrock makes of what the training job left, for people.
    #[must_use]
    pub fn imports(&self) -> &'static str {
        match self {
            Self::Serverless { .. } => "registration of the custom model",
            Self::Bedrock { .. } | Self::SageMaker { .. } => "import job",
        }
    }
}

/// What a customization job on Bedrock does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Customization {
    /// `FINE_TUNING`.
    FineTuning,
    /// `DISTILLATION`.
    Distillation {
        /// `teacherModelIdentifier`.
        teacher: String,
        /// `maxResponseLengthForInference`, in tokens.
        max_response_tokens: u32,
    },
    /// `REINFORCEMENT_FINE_TUNING`.
    #[serde(rename = "reinforcement-fine-tuning")]
    Reinforcement {
        /// `graderConfig.lambdaGrader.lambdaArn`.
        grader: String,
    },
}

/// How the model is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Serving {
    /// A custom model deployment, billed by the token. The model changes behind its ARN.
    #[default]
    OnDemand,
    /// An imported model answers by its own ARN, billed by the minutes in which it is asked. The alias is the SSM parameter alone.
    Imported,
}

impl Serving {
    /// Whether there is a deployment to make and to remove.
    #[must_use]
    pub fn is_on_demand(&self) -> bool {
        *self == Self::OnDemand
    }
}
