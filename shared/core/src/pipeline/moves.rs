//! The moves of the alias: how one begins, goes on and ends.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::alias::{
    FIRST_REPAIR_MINUTES, MAX_MOVE_HOURS, Move, MovePhase, MoveReason, REPAIR_PACE_HOURS,
};
use super::sweeps::left;
use super::throughput::affordable;
use super::{Champion, MoveFailure, Pipeline, Refusal, Sweep, is_imported};
use crate::announcement::{Announcement, happened};
use crate::config::Commitment;
use crate::names::ModelId;
use crate::routing::Serving;
use crate::simulator::{self, Rule};

/// Earlier champions that a pipeline knows, whatever it keeps for rollback.
const EARLIER: usize = 20;

/// A move to another champion.
pub(super) fn begin(
    pipeline: &mut Pipeline,
    to: Champion,
    reason: MoveReason,
    serving: Serving,
    now: Timestamp,
) -> Result<(), Refusal> {
    if let Some(moving) = &pipeline.moving
        && !simulator::is_removed(Rule::OneMove)
    {
        return Err(Refusal(format!(
            "the alias is moving to {} already",
            moving.to.model
        )));
    }
    if pipeline
        .champion
        .as_ref()
        .is_some_and(|champion| champion.model == to.model)
        && pipeline.unserved.is_none()
    {
        return Err(Refusal(format!("{} serves already", to.model)));
    }
    pipeline.generation += 1;
    let served_by = pipeline.deployment.clone().filter(|arn| !is_imported(arn));
    let phase = match &served_by {
        _ if to.answers_by_itself() => MovePhase::Looking,
        Some(_) if pipeline.served_as.takes(serving) => MovePhase::Updating { asked: false },
        None | Some(_) => MovePhase::Creating,
    };
    // A deployment that the model does not need, or that serves in another way, goes once clients call what takes its place.
    let replaces = served_by.filter(|_| !matches!(phase, MovePhase::Updating { .. }));
    let moving = Move {
        from: pipeline.champion.clone(),
        to,
        generation: pipeline.generation,
        reason,
        phase,
        replaces,
        serving,
        since: now,
        look_at: now,
        waits_for: None,
    };
    affordable(pipeline, &moving)?;
    pipeline.moving = Some(moving);
    Ok(())
}

/// The deployment is not ready: looked at again, and given up after [`MAX_MOVE_HOURS`].
pub(super) fn under_way(
    pipeline: &mut Pipeline,
    look_at: Timestamp,
    waits_for: Option<&str>,
    now: Timestamp,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    let moving = before_serving(pipeline)?;
    if let MovePhase::Updating { asked } = &mut moving.phase {
        // What AWS has not taken is no update of this move: the failure of an earlier one must not be taken for its own.
        *asked |= waits_for.is_none();
    }
    moving.look_at = look_at;
    moving.waits_for = waits_for.map(str::to_owned);
    let why = waits_for.map_or_else(String::new, |why| format!(": {why}"));
    let limit = SignedDuration::from_hours(MAX_MOVE_HOURS);
    if moving.since.checked_add(limit).is_ok_and(|end| now > end) {
        let reason = format!("the deployment was not ready within {MAX_MOVE_HOURS} hours{why}");
        fail(pipeline, &reason, now, say);
    }
    Ok(())
}

/// The deployment takes no update: another is made in its place.
pub(super) fn update_refused(
    pipeline: &mut Pipeline,
    now: Timestamp,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    let replaces = pipeline.deployment.clone();
    let moving = before_serving(pipeline)?;
    match moving.phase {
        MovePhase::Creating => {
            return Err(Refusal("a new deployment is being made already".into()));
        }
        MovePhase::Looking => {
            return Err(Refusal("the model needs no deployment".into()));
        }
        MovePhase::Updating { .. } | MovePhase::Writing => {}
    }
    let next = Move {
        phase: MovePhase::Creating,
        replaces,
        look_at: now,
        waits_for: None,
        ..moving.clone()
    };
    match affordable(pipeline, &next) {
        Ok(()) => pipeline.moving = Some(next),
        Err(Refusal(reason)) => {
            fail(pipeline, &reason, now, say);
            for_its_price(pipeline);
        }
    }
    Ok(())
}

/// The deployment serves the model: it is the champion from now on, and the alias is to be written.
pub(super) fn serving(
    pipeline: &mut Pipeline,
    deployment: &str,
    bought_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let moving = in_flight(pipeline)?;
    if moving.phase != MovePhase::Writing {
        let serving = moving.serving;
        let made = (moving.phase == MovePhase::Creating).then_some(moving.generation);
        let by_itself = moving.phase == MovePhase::Looking;
        moving.phase = MovePhase::Writing;
        moving.waits_for = None;
        moving.look_at = now;
        let (from, to) = (moving.from.clone(), moving.to.clone());
        pipeline
            .previous
            .retain(|earlier| earlier.model != to.model);
        if let Some(from) = from.filter(|from| from.model != to.model) {
            pipeline
                .sealed_by
                .entry(from.model.clone())
                .or_insert(pipeline.champion_sealed);
            pipeline.served_until.insert(from.model.clone(), now);
            pipeline
                .previous
                .retain(|earlier| earlier.model != from.model);
            pipeline.previous.insert(0, from);
            forget_the_oldest(pipeline);
        }
        if let Some(sealed) = pipeline.sealed_by.get(&to.model) {
            pipeline.champion_sealed = *sealed;
        }
        let known = |model: &ModelId| {
            *model == to.model || pipeline.previous.iter().any(|c| c.model == *model)
        };
        pipeline.sealed_by.retain(|model, _| known(model));
        pipeline.withheld_from.retain(|model, _| known(model));
        pipeline.served_until.retain(|model, _| known(model));
        pipeline.rolled_from.retain(known);
        pipeline.champion = Some(to);
        let replaced = pipeline.deployment.replace(deployment.to_owned());
        if made.is_some() || by_itself {
            left(pipeline, replaced.as_deref(), now);
            pipeline.deployed_by = made;
            pipeline.served_as = serving;
        }
        pipeline.bought_until = bought_until;
        pipeline.served_since = Some(now);
        pipeline.serving_mark = None;
        pipeline.unserved = None;
    }
    Ok(())
}

/// [`EARLIER`] champions are known, and more where more are kept for rollback: a model that is forgotten is no longer protected from the
/// cleanup.
fn forget_the_oldest(pipeline: &mut Pipeline) {
    let oldest = pipeline.kept().last().map(|kept| kept.model.clone());
    let kept = pipeline
        .previous
        .iter()
        .position(|earlier| Some(&earlier.model) == oldest.as_ref())
        .map_or(0, |place| place + 1);
    pipeline.previous.truncate(kept.max(EARLIER));
}

/// What serves is not what the pipeline knows: the deployment is gone, or serves another model.
pub(super) fn repair(
    pipeline: &mut Pipeline,
    deployment: &str,
    serves: Option<&str>,
    now: Timestamp,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    let (None, Some(champion)) = (&pipeline.moving, pipeline.champion.clone()) else {
        return Err(Refusal("the alias is moving, or nothing serves".into()));
    };
    if pipeline.deployment.as_deref() != Some(deployment) {
        return Err(Refusal(format!("clients do not call {deployment}")));
    }
    if !pipeline.may_repair(now) {
        return Err(Refusal(
            "the last repair has failed; it is tried again later".into(),
        ));
    }
    let phase = match serves {
        None if champion.answers_by_itself() => {
            say.push(happened(
                "Deployment Gone",
                json!({ "pipeline": pipeline.name, "deployment": deployment, "model": champion.model }),
            ));
            MovePhase::Looking
        }
        Some(serves) => {
            say.push(happened(
                "Deployment Strays",
                json!({ "pipeline": pipeline.name, "deployment": deployment, "model": champion.model, "serves": serves }),
            ));
            MovePhase::Updating { asked: false }
        }
        None => {
            say.push(happened(
                "Deployment Gone",
                json!({ "pipeline": pipeline.name, "deployment": deployment, "model": champion.model }),
            ));
            left(pipeline, Some(deployment), now);
            MovePhase::Creating
        }
    };
    // The dead ARN stays until a new one serves, so that a repair that fails is tried again.
    pipeline.generation += 1;
    let moving = Move {
        from: Some(champion.clone()),
        to: champion,
        generation: pipeline.generation,
        reason: MoveReason::Repair,
        phase,
        replaces: None,
        serving: asked(pipeline),
        since: now,
        look_at: now,
        waits_for: None,
    };
    // A swap back to what it served before buys nothing.
    let may_be_bought = match moving.phase {
        MovePhase::Creating => affordable(pipeline, &moving),
        _ => Ok(()),
    };
    match may_be_bought {
        Ok(()) => pipeline.moving = Some(moving),
        Err(Refusal(reason)) => {
            not_moved(pipeline, &moving, &reason, now, say);
            for_its_price(pipeline);
        }
    }
    Ok(())
}

/// The alias is written: the move is over.
pub(super) fn written(pipeline: &mut Pipeline, say: &mut Vec<Announcement>) -> Result<(), Refusal> {
    let moving = in_flight(pipeline)?;
    if moving.phase != MovePhase::Writing {
        return Err(Refusal(
            "the deployment is not known to serve the model yet".into(),
        ));
    }
    let rollback = moving.reason == MoveReason::Rollback;
    let to = moving.to.model.clone();
    let from = moving.from.as_ref().map(|from| from.model.clone());
    pipeline.moving = None;
    pipeline.repair_after = None;
    pipeline.failed_repairs = 0;
    pipeline.rolled_from.remove(&to);
    if rollback {
        pipeline.rolled_from.extend(from);
        pipeline.hold = Some(format!("rolled back to {to}"));
    }
    let (name, deployment) = (&pipeline.name, &pipeline.deployment);
    say.push(happened(
        "Alias Moved",
        json!({ "pipeline": name, "model": to, "deployment": deployment, "rollback": rollback }),
    ));
    Ok(())
}

/// The move cannot succeed.
pub(super) fn failed(
    pipeline: &mut Pipeline,
    reason: &str,
    now: Timestamp,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    before_serving(pipeline)?;
    fail(pipeline, reason, now, say);
    Ok(())
}

/// A person asks for an earlier champion.
pub(super) fn roll_back(
    pipeline: &mut Pipeline,
    to: Option<&ModelId>,
    from: Option<&ModelId>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let serves = pipeline.champion.as_ref().map(|champion| &champion.model);
    if let Some(from) = from
        && serves != Some(from)
        && !simulator::is_removed(Rule::RollbackFrom)
    {
        return Err(Refusal(format!(
            "{from} served when the rollback was asked for, and does not now: it was carried out already, or another \
         model was promoted"
        )));
    }
    // Nothing serves: whoever names the champion wants it served again, and nothing held.
    if let (Some(_), Some(champion)) = (&pipeline.unserved, &pipeline.champion)
        && to == Some(&champion.model)
    {
        let (champion, serving) = (champion.clone(), asked(pipeline));
        return begin(pipeline, champion, MoveReason::Repair, serving, now);
    }
    let target = match to {
        Some(model) => pipeline
            .previous
            .iter()
            .find(|earlier| earlier.model == *model),
        None => pipeline.rollback_target(),
    };
    let Some(target) = target.cloned() else {
        return Err(Refusal(
            "there is no earlier champion to roll back to that was not rolled back from already; \
             `--to RUN` names one"
                .into(),
        ));
    };
    let serving = asked(pipeline);
    begin(pipeline, target, MoveReason::Rollback, serving, now)
}

/// How the configuration in force wants a model served: a rollback and a repair buy nothing else.
fn asked(pipeline: &Pipeline) -> Serving {
    let in_force = pipeline.config.as_ref();
    in_force.map_or(Serving::OnDemand, |in_force| {
        match Serving::asked_by(&in_force.config.promotion) {
            // A commitment is for a promotion to make.
            Serving::Provisioned { units, only, .. } => Serving::Provisioned {
                units,
                commitment: Commitment::None,
                only,
            },
            other => other,
        }
    })
}

/// A model is to be deleted: it serves nobody, and nothing moves to it.
pub(super) fn deletion_begun(pipeline: &mut Pipeline, model: &ModelId) -> Result<(), Refusal> {
    let is = |champion: &Champion| champion.model == *model;
    if pipeline.champion.as_ref().is_some_and(is) {
        return Err(Refusal(format!("{model} serves")));
    }
    if pipeline
        .moving
        .as_ref()
        .is_some_and(|moving| is(&moving.to))
    {
        return Err(Refusal(format!("the alias is moving to {model}")));
    }
    pipeline.previous.retain(|earlier| !is(earlier));
    pipeline.rolled_from.remove(model);
    Ok(())
}

/// The move in flight, while what served before still serves. Afterwards it can only be finished.
fn before_serving(pipeline: &mut Pipeline) -> Result<&mut Move, Refusal> {
    let moving = in_flight(pipeline)?;
    if moving.phase == MovePhase::Writing {
        return Err(Refusal(format!("{} serves already", moving.to.model)));
    }
    Ok(moving)
}

fn in_flight(pipeline: &mut Pipeline) -> Result<&mut Move, Refusal> {
    pipeline
        .moving
        .as_mut()
        .ok_or_else(|| Refusal("the alias is not moving".into()))
}

fn fail(pipeline: &mut Pipeline, reason: &str, now: Timestamp, say: &mut Vec<Announcement>) {
    let Some(moving) = pipeline.moving.take() else {
        return;
    };
    if moving.phase == MovePhase::Creating && !simulator::is_removed(Rule::Sweep) {
        pipeline.sweeps.push(Sweep {
            generation: moving.generation,
            since: now,
            look_at: now,
            provisioned: moving.serving.is_provisioned(),
            say_after: None,
            bought_until: None,
        });
    }
    not_moved(pipeline, &moving, reason, now, say);
}

/// It is said, and a repair is tried again later.
fn not_moved(
    pipeline: &mut Pipeline,
    moving: &Move,
    reason: &str,
    now: Timestamp,
    say: &mut Vec<Announcement>,
) {
    say.push(happened(
        "Alias Not Moved",
        json!({ "pipeline": pipeline.name, "reason": reason }),
    ));
    if moving.reason == MoveReason::Repair {
        let failed = match simulator::is_removed(Rule::RepairPace) {
            true => 0,
            false => pipeline.failed_repairs.min(16),
        };
        let doubled = FIRST_REPAIR_MINUTES << failed;
        let wait =
            SignedDuration::from_mins(doubled).min(SignedDuration::from_hours(REPAIR_PACE_HOURS));
        pipeline.failed_repairs += 1;
        pipeline.repair_after = now.checked_add(wait).ok();
    }
    pipeline.last_failure = Some(MoveFailure {
        generation: moving.generation,
        reason: reason.to_owned(),
        over_budget: false,
    });
}

/// What failed just now was refused for the price of what it would have bought.
fn for_its_price(pipeline: &mut Pipeline) {
    if let Some(failure) = &mut pipeline.last_failure {
        failure.over_budget = true;
    }
}
