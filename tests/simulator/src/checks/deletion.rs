//! Nothing that is needed is deleted, and nothing that Perennial did not make.

use jiff::SignedDuration;
use perennial_core::names::ModelId;
use perennial_core::run::{CandidateSide, Outcome, RunState};
use perennial_ports::{CustomModel, Deployment, Tags};

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The idle time of every configuration that people write here.
pub(crate) const IDLE_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// The checker.
pub(crate) struct NothingNeededDeleted;

impl Check for NothingNeededDeleted {
    fn name(&self) -> &'static str {
        "nothing that is needed or that someone else made is deleted"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            if let (Change::Pipeline(Some(before)), Some(now)) = (change, &view.picture.pipeline)
                && let (None, Some(_), Some(champion)) =
                    (&before.unserved, &now.unserved, &now.champion)
            {
                recently_called(&champion.arn, "is served no more", view)?;
            }
            let Change::Model(id, Some(before)) = change else {
                continue;
            };
            let Some(now) = view.picture.models.get(id) else {
                continue;
            };
            let begins = before.is_ready() && !now.is_ready();
            if let Some(model) = view.cloud.bedrock.model(&now.arn).filter(|_| begins) {
                needless(&model, view)?;
                unused_by_others(&model, view)?;
            }
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::ModelDeleted { model } => needless(model, view),
            Fact::DeploymentDeleted { deployment } => removable(deployment, view),
            _ => Ok(()),
        }
    }
}

fn ours(tags: &Tags, view: &View<'_>) -> bool {
    tags.get("perennial:installation").map(String::as_str) == Some(view.installation.as_str())
}

fn needless(model: &CustomModel, view: &View<'_>) -> Result<(), String> {
    let arn = &model.arn;
    if !ours(&model.tags, view) {
        return Err(format!("{arn} was deleted, and Perennial did not make it"));
    }
    let Some(known) = view.picture.models.values().find(|known| known.arn == *arn) else {
        return Err(format!("{arn} was deleted, and is not in the registry"));
    };
    let Some(pipeline) = &view.picture.pipeline else {
        return Err(format!("{arn} was deleted, and there is no pipeline"));
    };
    let is = |id: Option<&ModelId>| id == Some(&known.id);
    let why = if is(pipeline.champion.as_ref().map(|champion| &champion.model)) {
        Some("it is the champion".to_owned())
    } else if pipeline
        .moving
        .as_ref()
        .is_some_and(|moving| moving.to.model == known.id)
    {
        Some("the alias moves to it".to_owned())
    } else if pipeline.kept().any(|kept| kept.model == known.id) {
        Some("it is kept for rollback".to_owned())
    } else if let Some(run) = view.picture.active() {
        let over = match &run.state {
            RunState::Ended { .. } => true,
            RunState::Closing { outcome, .. } => *outcome != Outcome::Promoted,
            _ => false,
        };
        let ended = matches!(run.state, RunState::Ended { .. });
        if !over && known.run == run.id {
            Some(format!("it is the candidate of run {}", run.id))
        } else if !ended && is(run.starts_from.as_ref()) {
            Some(format!("run {} trains from it", run.id))
        } else if !ended && is(run.champion.as_ref().map(|champion| &champion.model)) {
            Some(format!("run {} is compared to it", run.id))
        } else {
            None
        }
    } else {
        None
    };
    if let Some(why) = why {
        return Err(format!("model {} was deleted, and {why}", known.id));
    }
    recently_called(arn, "was deleted", view)
}

/// A call within the idle time, which the metrics could show, is a use.
fn recently_called(arn: &str, what: &str, view: &View<'_>) -> Result<(), String> {
    if let Some(called) = view.calls.get(arn) {
        let ago = view.now.duration_since(*called);
        // What the metrics did not show yet when they were read nobody could know; nor the clocks' difference.
        let slack = view.metric_lag + SignedDuration::from_hours(1);
        // The questions of its own trial, and what came through the deployment that was made for them, are no use of a model.
        let mut models = view.picture.models.values();
        let of_trial = models.any(|known| {
            let age = called.duration_since(known.created_at);
            known.arn == arn && known.trial && age < SignedDuration::from_hours(48)
        });
        if !of_trial && ago > slack && ago < IDLE_AFTER - SignedDuration::from_mins(10) {
            return Err(format!(
                "model {arn} {what}, and was called {} minutes ago",
                ago.as_mins()
            ));
        }
    }
    Ok(())
}

/// Somebody else's deployment of one of our models is a use, once it has been there for the time of a cleanup.
fn unused_by_others(model: &CustomModel, view: &View<'_>) -> Result<(), String> {
    let hour = SignedDuration::from_hours(1);
    let used = view.cloud.bedrock.deployments().into_iter().find(|one| {
        one.model_arn == model.arn
            && !ours(&one.tags, view)
            && view.now.duration_since(one.created) > hour
    });
    match used {
        Some(one) => Err(format!(
            "the deletion of {} began, and {}, which Perennial did not make, serves it",
            model.arn, one.name
        )),
        None => Ok(()),
    }
}

fn removable(deployment: &Deployment, view: &View<'_>) -> Result<(), String> {
    let arn = &deployment.arn;
    if !ours(&deployment.tags, view) {
        return Err(format!("{arn} was removed, and Perennial did not make it"));
    }
    let Some(pipeline) = &view.picture.pipeline else {
        return Ok(());
    };
    if pipeline.deployment.as_ref() == Some(arn) {
        return Err(format!("{arn} was removed, and clients call it"));
    }
    if let Some(run) = view.picture.active()
        && let RunState::Evaluating {
            candidate: CandidateSide::Asking { deployment },
            ..
        } = &run.state
        && deployment == arn
    {
        return Err(format!("{arn} was removed while run {} asks it", run.id));
    }
    Ok(())
}
