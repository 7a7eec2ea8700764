//! The parts of a route: who trains, and how the model is served.

use serde::{Deserialize, Serialize};

use crate::config::{Commitment, PromotionConfig, SageMakerConfig, Serve, ServerlessConfig};

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
        /// `invocationLogsConfig.usePromptResponse`: the data are invocation logs. None: prompts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logged_answers: Option<bool>,
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
    /// Provisioned throughput, billed by the hour whether it is called or not. The model changes behind its ARN.
    Provisioned {
        /// Model units.
        units: u32,
        /// For how long they are bought.
        commitment: Commitment,
        /// Whether the model is served in no other way: then the candidate is asked through throughput of its own, too.
        only: bool,
    },
}

impl Serving {
    /// Whether there is a deployment by the token to make and to remove.
    #[must_use]
    pub fn is_on_demand(&self) -> bool {
        *self == Self::OnDemand
    }

    /// Whether it is provisioned throughput.
    #[must_use]
    pub fn is_provisioned(&self) -> bool {
        matches!(self, Self::Provisioned { .. })
    }

    /// What a configuration asks for, for a model that does not answer by itself.
    #[must_use]
    pub fn asked_by(promotion: &PromotionConfig) -> Self {
        match promotion.serve {
            Serve::OnDemand => Self::OnDemand,
            Serve::Provisioned => Self::Provisioned {
                units: promotion.model_units,
                commitment: promotion.commitment,
                only: false,
            },
        }
    }

    /// How the candidate answers while it is evaluated: by the token where that is possible, else through one model unit that can
    /// be deleted at any time.
    #[must_use]
    pub fn of_candidate(self) -> Self {
        match self {
            Self::Provisioned { only: true, .. } => Self::Provisioned {
                units: 1,
                commitment: Commitment::None,
                only: true,
            },
            Self::Provisioned { only: false, .. } => Self::OnDemand,
            Self::OnDemand | Self::Imported => self,
        }
    }

    /// Whether a model that is to be served as `wanted` can take the place behind what serves so. Bedrock changes neither the
    /// model units of provisioned throughput nor its commitment; one that was bought for a time is paid for anyway.
    #[must_use]
    pub fn takes(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::OnDemand, Self::OnDemand) => true,
            (
                Self::Provisioned {
                    units: present,
                    commitment,
                    ..
                },
                Self::Provisioned {
                    units: asked,
                    commitment: of_asked,
                    ..
                },
            ) => present == asked && (commitment == of_asked || commitment != Commitment::None),
            _ => false,
        }
    }
}
