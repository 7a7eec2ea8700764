//! Continued pre-training: by itself, and as the first stage of a chain. It left Bedrock, and lives on in SageMaker: for open weights in a
//! training job, for Amazon Nova on HyperPod.

use super::table::{MODELS, OPEN_WEIGHTS, OpenWeightsRow};
use super::techniques::{on_sagemaker, refused};
use super::{Route, RoutingError, find, images, nearest};
use crate::config::{Config, Technique, TrainOn};

/// Since when Bedrock takes no such job. Source: facts collected 2026-11-20.
const ENDED: &str = "2025-10-07";

/// Asked before anything else, whatever the other tables say: each of their refusals would lead to another one, and none of them to what
/// works.
pub(super) fn refuse_nova(config: &Config) -> Result<(), RoutingError> {
    let in_a_chain = config
        .stages
        .iter()
        .any(|stage| stage.technique == Technique::ContinuedPreTraining);
    if !(in_a_chain || config.technique == Technique::ContinuedPreTraining)
        || !is_nova(&config.base_model)
    {
        return Ok(());
    }
    let (asked, again) = match in_a_chain {
        true => ("[[stage]] ", "a chain"),
        false => ("", "continued pre-training"),
    };
    refused(
        format!(
            "{asked}technique = \"continued-pre-training\" with base_model = {:?}: Amazon Nova is pre-trained further on SageMaker \
             HyperPod only, which has no job API and is not driven by this version; on Bedrock continued pre-training \
             ended on {ENDED}",
            config.base_model
        ),
        format!(
            "What works today: fine-tuning of {}, or {again} of a model with open weights in SageMaker training jobs: {}",
            fine_tuned(&config.base_model),
            open_ids()
        ),
    )
}

/// As a plain id, with a customization suffix, as an inference profile (`us.`, `eu.`), or as an ARN of any of these.
fn is_nova(written: &str) -> bool {
    written
        .to_lowercase()
        .split([':', '/', '.'])
        .any(|part| part.starts_with("nova-"))
}

/// What of Nova can be fine-tuned, by the id that is then to be written: that of an inference profile is refused.
fn fine_tuned(written: &str) -> String {
    let own = images::find(written).map_or_else(|| nearest(written), |row| Some(row.id));
    match own.filter(|id| is_nova(id)) {
        Some(id) => {
            format!("this model (technique = \"fine-tuning\", base_model = \"{id}\")")
        }
        None => {
            let known = MODELS.iter().map(|row| row.id).filter(|id| is_nova(id));
            format!(
                "another Nova (technique = \"fine-tuning\") such as {}",
                known.collect::<Vec<_>>().join(", ")
            )
        }
    }
}

pub(super) fn alone(config: &Config, region: &str) -> Result<Route, RoutingError> {
    not_on_bedrock(
        config,
        &format!(
            "technique = \"continued-pre-training\": continued pre-training left Bedrock on {ENDED}, and a job there would be refused"
        ),
    )?;
    on_sagemaker(config, region)
}

/// The same for a chain, whose second stage trains on what the first left.
pub(super) fn no_chain_on_bedrock(config: &Config) -> Result<(), RoutingError> {
    not_on_bedrock(
        config,
        &format!(
            "[[stage]]: continued pre-training left Bedrock on {ENDED}, so that both stages of a chain run in SageMaker training jobs"
        ),
    )
}

fn not_on_bedrock(config: &Config, what: &str) -> Result<(), RoutingError> {
    let on_bedrock = config.training.on == Some(TrainOn::Bedrock);
    let has_table = config.training.sagemaker.is_some();
    if has_table && !on_bedrock {
        return Ok(());
    }
    let instead = match open_weights(&config.base_model) {
        Some(_) if has_table => "Write training.on = \"sagemaker\", or leave it out".to_owned(),
        Some(_) => format!(
            "Add [training.sagemaker] with image and instance_type{}: the model has open weights, and a SageMaker training job \
             pre-trains it further; the result is imported into Bedrock",
            match on_bedrock {
                true => ", and leave training.on out",
                false => "",
            }
        ),
        None => format!(
            "It runs in SageMaker training jobs for models with open weights: base_model = one of {}, with [training.sagemaker]",
            open_ids()
        ),
    };
    refused(what, instead)
}

/// The row of a model as written: every form of its id that Bedrock's own table knows.
pub(super) fn open_weights(written: &str) -> Option<&'static OpenWeightsRow> {
    let known = find(written).ok()?;
    OPEN_WEIGHTS.iter().find(|row| row.id == known.id)
}

pub(super) fn open_ids() -> String {
    let ids = OPEN_WEIGHTS.iter().map(|row| row.id);
    ids.collect::<Vec<_>>().join(", ")
}
