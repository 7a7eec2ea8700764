//! What is idle: a plan with a reason for every model, made from what is known and nothing else.
//!
//! A missing metric is never proof of idleness by itself: age, deployments, moves, runs and the record here are asked
//! as well. Only what stands in the registry is ever planned for deletion.

mod leftovers;
mod serving;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use leftovers::FailedModel;

use crate::model::{Mark, Model, ModelLife};
use crate::money::Usd;
use crate::names::{ModelId, RunId};
use crate::pipeline::{Pipeline, is_imported};
use crate::prices::Prices;
use crate::run::{EVALUATION_DEADLINE_HOURS, Outcome, Run, RunState};
use crate::span::Span;

/// Storage of one custom model for a month ([3] facts/aws.md, 2026).
pub const STORAGE_PER_MONTH: Usd = Usd::from_micros(1_950_000);

/// Calls seen of a model or a deployment in the time that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// How many, throttled and failed ones included.
    pub count: u64,
    /// The last one.
    pub last: Option<Timestamp>,
}

/// A deployment that serves one of the models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The model that it serves.
    pub model_arn: String,
    /// Whether it bears this installation's tags.
    pub ours: bool,
    /// It is provisioned throughput that is bought until then.
    pub bought_until: Option<Timestamp>,
    /// Its model units, if it is provisioned throughput.
    pub units: u32,
    /// The run whose candidate was to be asked through it, by its name and its tags.
    pub left_by: Option<RunId>,
}

/// Everything that a plan rests on.
#[derive(Debug, Clone, Copy)]
pub struct Inventory<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Its registry.
    pub models: &'a [Model],
    /// Its active run.
    pub active: Option<&'a Run>,
    /// By the ARN of a model or deployment, over at least the idle time; ids without any series are missing.
    pub calls: &'a BTreeMap<String, Calls>,
    /// Every deployment of the models, ours or not.
    pub deployments: &'a [Served],
    /// Custom models of its runs that could not be made.
    pub failed: &'a [FailedModel],
    /// The time.
    pub now: Timestamp,
}

impl Inventory<'_> {
    /// The active run, if it waits for a person: it asks the champion nothing any more, however long nobody answers.
    #[must_use]
    pub fn waiting(&self) -> Option<&RunId> {
        let run = self.active?;
        matches!(run.state, RunState::AwaitingApproval { .. }).then_some(&run.id)
    }
}

/// What is to be done with a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// It stays.
    Keep,
    /// It stays, and a mark is taken off.
    Unmark,
    /// It will be deleted after the grace period.
    Mark {
        /// The mark.
        mark: Mark,
    },
    /// It bears a mark, and the grace period runs.
    Wait {
        /// When the grace period ends.
        until: Timestamp,
    },
    /// It is deleted now, after these deployments of ours.
    Delete {
        /// Their ARNs.
        deployments: Vec<String>,
    },
    /// What serves the champion is idle: it will be removed after the grace period, and the model stays.
    MarkServing {
        /// The mark.
        mark: Mark,
    },
    /// What serves the champion is not idle any more: the mark is taken off.
    UnmarkServing,
    /// What serves the champion bears a mark, and the grace period runs.
    WaitServing {
        /// When the grace period ends.
        until: Timestamp,
    },
    /// What serves the champion is removed now; the model stays.
    Unserve {
        /// Its ARN.
        deployment: String,
    },
    /// What an ended run left is removed now: throughput for its candidate, or a model that could not be made.
    RemoveLeftover {
        /// Its ARN.
        arn: String,
    },
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanLine {
    /// Which model.
    pub model: ModelId,
    /// On Bedrock.
    pub arn: String,
    /// What is to be done.
    #[serde(flatten)]
    pub action: Action,
    /// Why, in words.
    pub reason: String,
    /// What deleting it saves in a month.
    pub saves_per_month: Usd,
    /// How to get it back once it is gone.
    pub bring_back: String,
}

/// Plans for every model of the registry that is not gone already.
pub fn plan(inventory: &Inventory<'_>) -> Vec<PlanLine> {
    inventory
        .models
        .iter()
        .filter(|model| !matches!(model.life, ModelLife::Deleted { .. }))
        .map(|model| line(inventory, model))
        .chain(serving::line(inventory))
        .chain(leftovers::lines(inventory))
        .collect()
}

/// Why a model may not be deleted whatever its use, if so. Checked again in the transaction that begins a deletion.
pub fn protected(pipeline: &Pipeline, active: Option<&Run>, model: &Model) -> Option<String> {
    let is = |id: Option<&ModelId>| id == Some(&model.id);
    if is(pipeline.champion.as_ref().map(|champion| &champion.model)) {
        return Some("it is the champion".into());
    }
    if let Some(moving) = &pipeline.moving
        && (is(Some(&moving.to.model)) || is(moving.from.as_ref().map(|from| &from.model)))
    {
        return Some("the alias is moving to it or from it".into());
    }
    if pipeline.kept().any(|kept| kept.model == model.id) {
        return Some("it is kept for rollback (idle.keep_previous)".into());
    }
    let run = active?;
    let ended = matches!(run.state, RunState::Ended { .. });
    let doomed =
        matches!(run.state, RunState::Closing { outcome, .. } if outcome != Outcome::Promoted);
    if !ended && !doomed && model.run == run.id {
        return Some(format!("it is the candidate of run {}", run.id));
    }
    if !ended
        && (is(run.starts_from.as_ref())
            || is(run.champion.as_ref().map(|champion| &champion.model)))
    {
        return Some(format!(
            "run {} starts from it or is compared to it",
            run.id
        ));
    }
    None
}

fn line(inventory: &Inventory<'_>, model: &Model) -> PlanLine {
    let (action, reason) = decide(inventory, model);
    PlanLine {
        model: model.id.clone(),
        arn: model.arn.clone(),
        action,
        reason,
        saves_per_month: storage(inventory.pipeline),
        bring_back: bring_back(model),
    }
}

fn bring_back(model: &Model) -> String {
    let data = format!(
        "shards/{}/datasets/{}.json lists it",
        model.pipeline,
        model.trained_on.first().map_or("…", String::as_str)
    );
    match &model.weights {
        None => format!(
            "a deleted Bedrock model cannot be restored, only trained again, by a new run. What it was trained on is kept: \
             {data}"
        ),
        // What a serverless job left lies with AWS, and Bedrock alone reads it.
        Some(weights) if !is_imported(&model.arn) => format!(
            "make it again from {weights} (`aws bedrock create-custom-model`) as long as AWS keeps the checkpoint. What it was \
             trained on is kept, too: {data}"
        ),
        Some(weights) => format!(
            "import it again from {weights} (`aws bedrock create-model-import-job`) as long as the weights are there. What it \
             was trained on is kept, too: {data}"
        ),
    }
}

/// What storing one of the pipeline's models costs a month.
fn storage(pipeline: &Pipeline) -> Usd {
    pipeline
        .config
        .as_ref()
        .map_or(STORAGE_PER_MONTH, |in_force| {
            let config = &in_force.config;
            let prices = Prices::of(&config.base_model, &config.budget);
            Usd::from_dollars(prices.storage_usd_per_model_month)
        })
}

fn decide(inventory: &Inventory<'_>, model: &Model) -> (Action, String) {
    let Inventory {
        pipeline,
        active,
        calls,
        deployments,
        now,
        ..
    } = *inventory;
    let of_model = || {
        deployments
            .iter()
            .filter(|served| served.model_arn == model.arn)
    };
    let ours = || {
        of_model()
            .filter(|served| served.ours && pipeline.deployment.as_ref() != Some(&served.arn))
            .map(|served| served.arn.clone())
            .collect::<Vec<_>>()
    };
    if let ModelLife::Deleting { since } = model.life {
        return (
            Action::Delete {
                deployments: ours(),
            },
            format!("its deletion began at {since}"),
        );
    }
    let keep = |reason: String| {
        let action = if model.mark.is_some() {
            Action::Unmark
        } else {
            Action::Keep
        };
        (action, reason)
    };
    if let Some(reason) = protected(pipeline, active, model) {
        return keep(reason);
    }
    if let Some(other) = of_model().find(|served| !served.ours) {
        return keep(format!(
            "deployment {} serves it, which Perennial did not make",
            other.name
        ));
    }
    if of_model().any(|served| pipeline.deployment.as_ref() == Some(&served.arn)) {
        return keep("the pipeline's own deployment serves it, whatever the record says".into());
    }
    let Some(in_force) = &pipeline.config else {
        return keep("its pipeline has no configuration, so no idle time is known".into());
    };
    let idle = &in_force.config.idle;
    let used = std::iter::once(model.arn.as_str())
        .chain(of_model().map(|served| served.arn.as_str()))
        .filter_map(|arn| calls.get(arn))
        .filter(|calls| calls.count > 0);
    let (count, last) = used.fold((0, None), |(count, last), calls| {
        (count + calls.count, calls.last.max(last))
    });
    let recent = |time: Timestamp| since(time, now) < idle.after.as_secs();
    // The questions of its own trial are no use of it.
    let evaluated = SignedDuration::from_hours(EVALUATION_DEADLINE_HOURS);
    let of_trial =
        |time: Timestamp| model.trial && time.duration_since(model.created_at) < evaluated;
    // What was called until it was replaced was Perennial's own asking as well: the time from its replacement counts, which is later.
    let until = pipeline.served_until.get(&model.id);
    let replaced_since = |last: Timestamp| until.is_some_and(|until| last <= *until);
    if count > 0 && last.is_none_or(|last| recent(last) && !of_trial(last) && !replaced_since(last))
    {
        return keep(format!(
            "it was called {count} times in the last {}",
            idle.after
        ));
    }
    if model.trial {
        let facts = "a trial made it, the trial is over, and it never serves".to_owned();
        return marked(model, idle.grace, now, ours(), facts);
    }
    if recent(model.created_at) {
        return keep(format!("it was made less than {} ago", idle.after));
    }
    if let Some(until) = until.filter(|until| recent(**until)) {
        return keep(format!(
            "it served until {until}, less than {} ago",
            idle.after
        ));
    }
    let age = Span(since(model.created_at, now));
    let facts = format!(
        "no call in the last {}; made {age} ago; not the champion, not kept for rollback",
        idle.after
    );
    marked(model, idle.grace, now, ours(), facts)
}

/// Marks what is idle, waits for the grace period, and deletes.
fn marked(
    model: &Model,
    grace: Span,
    now: Timestamp,
    deployments: Vec<String>,
    facts: String,
) -> (Action, String) {
    match &model.mark {
        None => {
            let delete_after = crate::pipeline::after(now, grace);
            let reason = format!("idle: {facts}");
            (
                Action::Mark {
                    mark: Mark {
                        at: now,
                        delete_after,
                        reason: reason.clone(),
                    },
                },
                reason,
            )
        }
        Some(mark) if now < mark.delete_after => (
            Action::Wait {
                until: mark.delete_after,
            },
            format!("marked at {}: {facts}", mark.at),
        ),
        Some(mark) => (
            Action::Delete { deployments },
            format!(
                "marked at {}, and still idle after {grace}: {facts}",
                mark.at
            ),
        ),
    }
}

fn since(time: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(time).as_secs()).unwrap_or(0)
}
