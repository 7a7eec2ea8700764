//! A pipeline's configuration, `pipelines/<pipeline>.toml`: its keys, their meaning and their defaults (design section 4).
//! Reading it is in `read`, with one error per problem; whether this version can run it is in `supported` and [`crate::routing`].

mod containers;
mod errors;
mod hyperparameters;
mod keys;
mod read;
mod section;
mod serverless;
mod stages;
mod supported;
mod template;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod template_tests;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests;
mod trainers;
mod values;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use errors::{ConfigError, ConfigErrors};
pub use hyperparameters::RECIPE_PATH;
pub(crate) use keys::nearest;
pub use serverless::ServerlessConfig;
pub use stages::StageConfig;
pub use template::init_template;
pub use trainers::{DistillationConfig, ReinforcementConfig, SageMakerConfig};
pub use values::{
    Approval, Commitment, DataUse, Evidence, IdleChampion, JUDGE_METRICS, Metric, Peft, Secrets,
    Serve, ServerlessTechnique, StartFrom, Technique, TrainOn, UnknownValue,
};

use crate::money::Usd;
use crate::span::Span;

/// The largest configuration that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// Everything that a pipeline's owner can decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// How the model is customized.
    pub technique: Technique,
    /// The model that is customized, as written: with or without the customization suffix. [`crate::routing::route`] resolves it.
    pub base_model: String,
    /// When uploads become a run.
    #[serde(default)]
    pub trigger: TriggerConfig,
    /// What a run trains on.
    #[serde(default)]
    pub data: DataConfig,
    /// How a run trains.
    #[serde(default)]
    pub training: TrainingConfig,
    /// `[[stage]]`: what a run trains one after the other, each on the model before; empty for a single stage.
    #[serde(default, rename = "stage", skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageConfig>,
    /// How a candidate is measured, and what it must reach.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// How a candidate that passed the gate is put to use.
    #[serde(default)]
    pub promotion: PromotionConfig,
    /// What may be spent.
    #[serde(default)]
    pub budget: Budget,
    /// When what nobody uses is removed.
    #[serde(default)]
    pub idle: IdleConfig,
}

impl Config {
    /// A configuration with every default.
    #[must_use]
    pub fn new(technique: Technique, base_model: impl Into<String>) -> Self {
        Self {
            technique,
            base_model: base_model.into(),
            trigger: TriggerConfig::default(),
            data: DataConfig::default(),
            training: TrainingConfig::default(),
            stages: Vec::new(),
            evaluation: EvaluationConfig::default(),
            promotion: PromotionConfig::default(),
            budget: Budget::default(),
            idle: IdleConfig::default(),
        }
    }
}

/// `[trigger]`: when uploads become a run. All three must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TriggerConfig {
    /// New records that must have come together.
    pub min_records: u64,
    /// How long no further upload may have come.
    pub quiet_for: Span,
    /// The least time from one run's start to the next.
    pub at_most_every: Span,
    /// A run on a sample that must pass before the full run is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialConfig>,
}

/// `trigger.trial`: a sample is trained on first, and judged against the base model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrialConfig {
    /// Records of the sample; no fewer than the trainer takes.
    pub records: u64,
    /// The most that the trial may cost.
    pub max_usd: Usd,
    /// What the lower confidence bound of its gain over the base model must reach; in score, from 0 to below 1.
    pub min_gain_over_base: f64,
}

impl Default for TriggerConfig {
    fn default() -> Self {
        Self {
            min_records: 500,
            quiet_for: Span::minutes(10),
            at_most_every: Span::days(1),
            trial: None,
        }
    }
}

/// `[data]`: which accepted uploads a run trains on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataConfig {
    /// The key `use`.
    #[serde(rename = "use")]
    pub use_: DataUse,
    /// The key `from`: only uploads whose key goes on with one of these behind `data/<pipeline>/` belong to the pipeline. Empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// How uploads are compiled.
    #[serde(flatten)]
    pub compile: CompileConfig,
}

impl DataConfig {
    /// Whether an upload with this key belongs to its pipeline. `from` speaks of training data only: an evaluation set always does.
    #[must_use]
    pub fn takes(&self, key: &str) -> bool {
        let inside = key
            .strip_prefix("data/")
            .and_then(|rest| rest.split_once('/'));
        match inside {
            Some((_, inside)) if !self.from.is_empty() => {
                self.from.iter().any(|start| inside.starts_with(start))
            }
            _ => true,
        }
    }
}

/// What of `[data]` decides how an upload is compiled: a change of it compiles every upload anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompileConfig {
    /// The key `columns`: members of a record, each with the name of its column in a CSV or TSV file. Empty: the header decides.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// The key `secrets`.
    #[serde(skip_serializing_if = "Secrets::is_default")]
    pub secrets: Secrets,
}

impl CompileConfig {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[training]`: how a run trains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingConfig {
    /// The model that training starts from.
    pub start_from: StartFrom,
    /// Which service trains, where both can; [`crate::routing::route`] chooses if it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<TrainOn>,
    /// `[training.distillation]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distillation: Option<DistillationConfig>,
    /// `[training.reinforcement]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reinforcement: Option<ReinforcementConfig>,
    /// `[training.sagemaker]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sagemaker: Option<SageMakerConfig>,
    /// `[training.serverless]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serverless: Option<ServerlessConfig>,
    /// By the service's own names and units, as text. Checked against the model's ranges by [`crate::routing::route`].
    pub hyperparameters: BTreeMap<String, String>,
}

/// The highest `evaluation.max_prompts`.
pub const MOST_PROMPTS: u32 = 10_000;

/// `[evaluation]`: how a candidate is measured, and what it must reach (design section 8).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationConfig {
    /// How one answer is scored, from 0 to 1.
    pub metric: Metric,
    /// What the lower confidence bound of the gain over the base model must reach; in score, from 0 to below 1.
    pub min_gain_over_base: f64,
    /// How far the candidate may stay behind the champion; in score, from 0 to 1. `evidence` says what of it is compared.
    pub max_loss_to_champion: f64,
    /// What counts as not worse than the champion.
    pub evidence: Evidence,
    /// The level of each confidence bound; above 0.5, below 1.
    pub confidence: f64,
    /// The most prompts asked of a model, 1 to 10,000.
    pub max_prompts: u32,
    /// The share of prompts kept from training when there is no `eval/`; from 0 to 0.5.
    pub holdout: f64,
    /// How much may be lost on `eval/<pipeline>/general/`; in score, from 0 to 1.
    pub max_general_loss: f64,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            metric: Metric::Auto,
            min_gain_over_base: 0.02,
            max_loss_to_champion: 0.02,
            evidence: Evidence::Balanced,
            confidence: 0.95,
            max_prompts: 1_000,
            holdout: 0.1,
            max_general_loss: 0.02,
        }
    }
}

/// `[promotion]`: how a candidate that passed the gate is put to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromotionConfig {
    /// How the champion is served.
    pub serve: Serve,
    /// Model units of provisioned throughput, 1 or more.
    pub model_units: u32,
    /// For how long they are bought.
    pub commitment: Commitment,
    /// Whether a person is asked first.
    pub approval: Approval,
}

impl Default for PromotionConfig {
    fn default() -> Self {
        Self {
            serve: Serve::default(),
            model_units: 1,
            commitment: Commitment::default(),
            approval: Approval::default(),
        }
    }
}

/// `[budget]`: what may be spent. Training and evaluation share one budget; serving has its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// The most that one run may reserve.
    pub per_run_usd: Usd,
    /// The most that the pipeline's runs may reserve in one calendar month.
    pub per_month_usd: Usd,
    /// The most that serving may cost a month; must be stated before provisioned throughput is bought.
    pub serving_per_month_usd: Usd,
    /// Prices that override the table, by the names in [`crate::prices::KEYS`].
    pub prices: BTreeMap<String, f64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            per_run_usd: Usd::from_micros(50_000_000),
            per_month_usd: Usd::from_micros(200_000_000),
            serving_per_month_usd: Usd::ZERO,
            prices: BTreeMap::new(),
        }
    }
}

/// `[idle]`: when what nobody uses is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdleConfig {
    /// Without use for so long, a model or an on-demand deployment is idle.
    pub after: Span,
    /// The same for what is billed by the hour.
    pub provisioned_after: Span,
    /// The time between the mark and the deletion.
    pub grace: Span,
    /// The same for what is billed by the hour.
    pub provisioned_grace: Span,
    /// Earlier champions kept for rollback, 0 to 50.
    pub keep_previous: u32,
    /// What happens to an idle champion.
    pub champion: IdleChampion,
}

impl Default for IdleConfig {
    fn default() -> Self {
        Self {
            after: Span::days(30),
            provisioned_after: Span::days(1),
            grace: Span::days(3),
            provisioned_grace: Span::hours(6),
            keep_previous: 1,
            champion: IdleChampion::Keep,
        }
    }
}
