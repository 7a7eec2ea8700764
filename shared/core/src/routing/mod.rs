//! Who trains what: from (technique, base model, region) to one [`Route`], or to an error that says what would work (design
//! section 5). The rows are in `table`; the limits on data in [`crate::limits`], the prices in [`crate::prices`].

mod budget;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod budget_tests;
mod chain;
mod hyperparameters;
mod images;
mod lifetime;
mod pre_training;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod pre_training_tests;
mod preferences;
mod questions;
mod rows;
pub(crate) mod serverless;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod serverless_tests;
mod serving;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod serving_tests;
mod start;
mod table;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod technique_tests;
mod techniques;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests;
mod trainer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::{Approval, CompileConfig, Config, Technique};
use crate::limits::{DataLimits, RecordShape};
pub use chain::FirstStage;
pub(crate) use images::{BATCH as IMAGE_BATCH, STEPS as IMAGE_STEPS, images_seen};
pub use rows::{BedrockRow, Ends, bedrock_rows};
pub use start::Start;
use table::{MODELS, ModelRow};
pub use trainer::{Customization, Serving, Trainer};

/// How and where one pipeline's models are trained and asked. The three ids of a base model are three things: the one to
/// customize, the one to ask, and the plain one that the tables are keyed by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// How the model is customized.
    pub technique: Technique,
    /// The base model's plain id, without suffix: the key of the limits and the prices. Example `amazon.nova-micro-v1:0`.
    pub base_model: String,
    /// `baseModelIdentifier` of CreateModelCustomizationJob. Example `amazon.nova-micro-v1:0:128k`.
    pub customization_id: String,
    /// `modelId` by which the base model is asked, by Converse and in batch; an inference profile where AWS requires one.
    pub inference_id: String,
    /// The base model's name for people.
    pub base_name: String,
    /// The region of every job.
    pub region: String,
    /// What the trainer accepts as data.
    pub limits: DataLimits,
    /// How uploads are compiled to it.
    #[serde(default, skip_serializing_if = "CompileConfig::is_default")]
    pub compile: CompileConfig,
    /// What is sent to the job: the model's defaults, overridden by the configuration, each within its range.
    pub hyperparameters: BTreeMap<String, String>,
    /// Who trains.
    #[serde(default, skip_serializing_if = "Trainer::is_fine_tuning_on_bedrock")]
    pub trainer: Trainer,
    /// What is trained before, in a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Box<FirstStage>>,
    /// How the model is served.
    #[serde(default, skip_serializing_if = "Serving::is_on_demand")]
    pub serving: Serving,
    /// The fewest records that a batch inference job takes; fewer are padded. Source: Bedrock's default quota (2026).
    pub batch_minimum: u64,
    /// Where the row comes from.
    pub source: String,
}

impl Route {
    /// Whether the model's answers can be scored. Pictures are not: a person decides.
    #[must_use]
    pub fn is_scored(&self) -> bool {
        self.limits.shape != RecordShape::ImageCaptions
    }

    /// Whether a run may go without questions: where a person decides, and the data hold no answers of which some could be held out.
    #[must_use]
    pub fn may_go_unasked(&self, config: &Config) -> bool {
        !self.limits.shape.holds_answers() && config.promotion.approval == Approval::Manual
    }

    /// How often training goes through the data.
    #[must_use]
    pub fn epochs(&self) -> u64 {
        let epochs = self.hyperparameters.get(hyperparameters::EPOCHS);
        epochs.and_then(|epochs| epochs.parse().ok()).unwrap_or(1)
    }
}

/// Why a configuration has no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RoutingError {
    /// The configuration is valid, but asks for what this version does not do yet.
    #[error("{}.", asked.join(".\n"))]
    NotYet {
        /// One sentence for each, without the full stop: what was asked, why not, and what to use instead.
        asked: Vec<String>,
    },
    /// The base model cannot be fine-tuned, as far as the table knows.
    #[error(
        "base_model = {model:?} cannot be fine-tuned on Bedrock, as far as this version knows. {hint}"
    )]
    UnknownModel {
        /// What was written.
        model: String,
        /// The nearest model, and the models that can.
        hint: String,
    },
    /// The base model can be fine-tuned, but in other regions.
    #[error(
        "{name} cannot be fine-tuned in {region}; it can in {}. In {region} these can: {}.",
        regions.join(", "), or_none(here)
    )]
    WrongRegion {
        /// The model's name for people.
        name: String,
        /// The installation's region.
        region: String,
        /// The regions that would do.
        regions: Vec<String>,
        /// The models that could be fine-tuned and served in this region.
        here: Vec<String>,
    },
    /// The base model can be fine-tuned, but its custom models are not served on demand.
    #[error(
        "{name} can be fine-tuned, but Bedrock serves its custom models by provisioned throughput only; nothing was trained. \
         promotion.serve = \"provisioned\" would work: {price}. Models that can be served on demand: {}.", servable.join(", ")
    )]
    NoOnDemand {
        /// The model's name for people.
        name: String,
        /// What provisioned throughput of it costs, without the full stop.
        price: String,
        /// Base models whose custom models are served on demand, each with its regions.
        servable: Vec<String>,
    },
    /// The technique, the model and the region do not go together.
    #[error("{what}. {instead}.")]
    Technique {
        /// What was asked and why it cannot be, without the full stop.
        what: String,
        /// What would work, without the full stop.
        instead: String,
    },
    /// Hyperparameters that the model does not take, or not with these values.
    #[error("{}.", problems.join(".\n"))]
    Hyperparameters {
        /// One sentence for each, without the full stop.
        problems: Vec<String>,
    },
}

fn or_none(list: &[String]) -> String {
    if list.is_empty() {
        "none".to_owned()
    } else {
        list.join(", ")
    }
}

/// Resolves where and how a configuration trains in `region`. Pure, and asked before anything is spent.
///
/// # Errors
/// [`RoutingError`], each saying what would work.
pub fn route(config: &Config, region: &str) -> Result<Route, RoutingError> {
    config.supported()?;
    pre_training::refuse_nova(config)?;
    techniques::unused(config)?;
    let route = match config.technique {
        _ if !config.stages.is_empty() => chain::route(config, region),
        Technique::FineTuning => techniques::fine_tuning(config, region),
        Technique::ContinuedPreTraining => pre_training::alone(config, region),
        Technique::Distillation => techniques::distillation(config, region),
        Technique::Reinforcement => techniques::reinforcement(config, region),
    }?;
    lifetime::check(&route)?;
    questions::check(config, &route)?;
    techniques::trial(config, &route)?;
    budget::check(config, &route)?;
    budget::check_both(config, &route)?;
    Ok(route)
}

/// The plain id of a model as written, as far as the table knows it.
pub(crate) fn plain_id(written: &str) -> &str {
    match images::find(written) {
        Some(row) => row.id,
        None => find(written).map_or(written, |row| row.id),
    }
}

/// The row of a model as written: the plain id, the id with its customization suffix, or a foundation model's ARN of either.
fn find(written: &str) -> Result<&'static ModelRow, RoutingError> {
    let id = match written.split_once(":foundation-model/") {
        Some((arn, id)) if arn.starts_with("arn:") => id,
        _ => written,
    };
    MODELS
        .iter()
        .find(|row| row.id == id || row.customization_id() == id)
        .ok_or_else(|| unknown(written))
}

fn unknown(written: &str) -> RoutingError {
    let hint = match nearest(written) {
        Some(id) => format!(
            "Did you mean {id:?}? Models that work: {}.",
            servable().join(", ")
        ),
        None => format!("Models that work: {}.", servable().join(", ")),
    };
    RoutingError::UnknownModel {
        model: written.chars().take(200).collect(),
        hint,
    }
}

/// The model that a slip, a part of an id, another suffix or an inference profile stands for. Another model's correct id is
/// none of these: Nova Premier is not a slip of Nova Pro.
fn nearest(written: &str) -> Option<&'static str> {
    const A_SLIP: f64 = 0.88;
    let written: String = written.chars().take(200).collect::<String>().to_lowercase();
    if written.len() < 4 {
        return None;
    }
    let ids = || MODELS.iter().map(|row| row.id);
    ids()
        .find(|id| id.contains(&written) || written.contains(id))
        .or_else(|| {
            ids()
                .map(|id| (strsim::normalized_damerau_levenshtein(id, &written), id))
                .filter(|(similarity, _)| *similarity >= A_SLIP)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, id)| id)
        })
}

fn servable_in(region: &str) -> Vec<String> {
    MODELS
        .iter()
        .filter(|row| row.on_demand && row.regions.contains(&region))
        .map(|row| row.id.to_owned())
        .collect()
}

fn servable() -> Vec<String> {
    MODELS
        .iter()
        .filter(|row| row.on_demand)
        .map(|row| format!("{} ({})", row.id, row.regions.join(", ")))
        .collect()
}
