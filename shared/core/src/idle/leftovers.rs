//! What ended runs and moves left behind and no line on a model names: throughput that is billed by the hour and that clients do not call,
//! and custom models that could not be made and take places of the account's quota. Whose they are their names and tags prove.

use jiff::Timestamp;

use super::{Action, Inventory, PlanLine, Served};
use crate::model::Model;
use crate::money::Usd;
use crate::names::{ModelId, RunId};
use crate::pipeline::{Pipeline, after, is_provisioned};
use crate::prices;
use crate::routing::{Serving, plain_id};

/// A custom model that Bedrock could not make of a checkpoint, ours by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedModel {
    /// The run that asked for it.
    pub run: RunId,
    /// On Bedrock.
    pub arn: String,
    /// When it was asked for.
    pub created: Timestamp,
}

pub(super) fn lines(inventory: &Inventory<'_>) -> Vec<PlanLine> {
    let pipeline = inventory.pipeline;
    let billed = inventory.deployments.iter().filter(|served| {
        served.ours
            && is_provisioned(&served.arn)
            && pipeline.deployment.as_ref() != Some(&served.arn)
    });
    let failed = inventory.failed.iter();
    let failed = failed.filter(|failed| pipeline.active_run.as_ref() != Some(&failed.run));
    billed
        .filter_map(|served| throughput(inventory, served))
        .chain(failed.map(|failed| never_made(inventory, failed)))
        .collect()
}

fn throughput(inventory: &Inventory<'_>, served: &Served) -> Option<PlanLine> {
    let mut models = inventory.models.iter();
    let model = models.find(|model| model.arn == served.model_arn);
    let id = match (model, &served.left_by) {
        (Some(model), _) => model.id.clone(),
        (None, Some(run)) => ModelId::of(run),
        (None, None) => return None,
    };
    let (action, why) = decide(inventory.pipeline, served);
    let saves = model.map_or(Usd::ZERO, |model| {
        a_month(inventory.pipeline, model, served.units)
    });
    let cost = match saves {
        Usd::ZERO => "it is billed by the hour, at a price that is not stated".to_owned(),
        saves => format!("it is billed by the hour, {saves} a month"),
    };
    Some(PlanLine {
        model: id,
        arn: served.arn.clone(),
        action,
        reason: format!(
            "provisioned throughput {} serves it, and clients do not call that: {why}; {cost}",
            served.name
        ),
        saves_per_month: saves,
        bring_back: "nothing is lost: the model stays, and nobody was sent there".to_owned(),
    })
}

fn decide(pipeline: &Pipeline, served: &Served) -> (Action, String) {
    let keep = |why: String| (Action::Keep, why);
    if let Some(run) = &served.left_by {
        return match pipeline.active_run.as_ref() == Some(run) {
            true => keep(format!("run {run} asks its candidate through it")),
            false => (
                Action::RemoveLeftover {
                    arn: served.arn.clone(),
                },
                format!(
                    "the candidate of run {run} was asked through it, and it could not be removed when that ended"
                ),
            ),
        };
    }
    if pipeline.moving.is_some() {
        return keep("the alias is moving, and what it leaves is removed afterwards".into());
    }
    let ends = |generation: u64| {
        let end = format!("-{}-g{generation}", pipeline.name);
        served.name.ends_with(&end)
    };
    match pipeline.sweeps.iter().any(|sweep| ends(sweep.generation)) {
        true => keep(match served.bought_until {
            Some(until) => {
                format!("an earlier move left it, it is bought until {until}, and removed then")
            }
            None => {
                "an earlier move left it; its removal is tried every hour until it succeeds".into()
            }
        }),
        false => keep(format!(
            "it bears this installation's tags, but no run and no move of this pipeline knows it. Look at it: \
             `aws bedrock delete-provisioned-model-throughput --provisioned-model-id {}` ends it",
            served.arn
        )),
    }
}

/// At the price of the configuration, where the model has its base model.
fn a_month(pipeline: &Pipeline, model: &Model, units: u32) -> Usd {
    let price = || {
        let config = &pipeline.config.as_ref()?.config;
        let serving = Serving::Provisioned {
            units,
            commitment: Default::default(),
            only: true,
        };
        prices::serving_again(plain_id(&model.base), serving, config).ok()?
    };
    price().map_or(Usd::ZERO, |price| price.per_month)
}

/// Nobody can ask it, so no use is waited for; only the grace period, in which a person may look at it.
fn never_made(inventory: &Inventory<'_>, failed: &FailedModel) -> PlanLine {
    let in_force = inventory.pipeline.config.as_ref();
    let until = in_force.map(|in_force| after(failed.created, in_force.config.idle.grace));
    let action = match until {
        None => Action::Keep,
        Some(until) if inventory.now < until => Action::Wait { until },
        Some(_) => Action::RemoveLeftover {
            arn: failed.arn.clone(),
        },
    };
    PlanLine {
        model: ModelId::of(&failed.run),
        arn: failed.arn.clone(),
        action,
        reason: format!(
            "Bedrock could not make a model of run {}'s checkpoint: this one has failed, and takes a place of the account's quota",
            failed.run
        ),
        saves_per_month: Usd::ZERO,
        bring_back: "there is nothing to bring back: it was never made".to_owned(),
    }
}
