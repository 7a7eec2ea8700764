//! `decide(pipeline, event, now) -> pipeline'`: every change of a pipeline.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::alias::{
    FIRST_REPAIR_MINUTES, MAX_MOVE_HOURS, Move, MovePhase, MoveReason, REPAIR_PACE_HOURS,
    SWEEP_HOURS, SWEEP_LIMIT_HOURS, SWEEP_PACE_HOURS,
};
use super::{Champion, InRun, MoveFailure, PAUSE_AFTER, Pipeline, PipelineEvent, Sweep};
use crate::announcement::{Announcement, happened};
use crate::names::{ModelId, PipelineName};
use crate::run::Outcome;
use crate::simulator::{self, Rule};
use crate::upload::{UploadKind, is_older};

/// Why an event does not apply. Nothing changes; people who asked are told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

/// The new state and what is to be said.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineDecision {
    /// The pipeline after the event.
    pub pipeline: Pipeline,
    /// Said after it is saved.
    pub say: Vec<Announcement>,
}

/// Applies an event. `now` is also where the trigger is looked at again.
pub fn decide(
    pipeline: &Pipeline,
    event: &PipelineEvent,
    now: Timestamp,
) -> Result<PipelineDecision, Refusal> {
    simulator::pipeline_decides(pipeline, event);
    let mut next = pipeline.clone();
    let mut say = Vec::new();
    let name = pipeline.name.clone();
    match event {
        PipelineEvent::Configured(in_force) => {
            if is_older(&in_force.sequencer, &next.config_sequencer) {
                return Err(Refusal("a newer configuration is known".into()));
            }
            next.config_sequencer = in_force.sequencer.clone();
            next.config_seen = in_force.version.clone();
            next.config = Some((**in_force).clone());
            next.config_error = None;
            next.changes += 1;
        }
        PipelineEvent::Misconfigured {
            error,
            version,
            sequencer,
        } => {
            if is_older(sequencer, &next.config_sequencer) {
                return Err(Refusal("a newer configuration is known".into()));
            }
            next.config_sequencer = sequencer.clone();
            next.config_seen = version.clone();
            next.config_error = Some(error.clone());
            say.push(happened(
                "Configuration Rejected",
                json!({ "pipeline": name, "error": error }),
            ));
        }
        PipelineEvent::Accepted {
            kind,
            records,
            replaces,
        } => {
            next.changes += 1;
            next.sequence += 1;
            if *kind == UploadKind::Training {
                if let Some((old, sequence)) = replaces {
                    forget_pending(&mut next, *old, *sequence);
                }
                next.pending_records += records;
                next.pending_uploads += 1;
                next.last_accepted = Some(now);
            }
        }
        PipelineEvent::Recompiled {
            kind,
            records,
            before,
            sequence,
        } => {
            next.changes += 1;
            if *kind == UploadKind::Training {
                let counted = if *sequence > next.sealed {
                    Some(&mut next.pending_records)
                } else {
                    let of_run = next.in_run.as_mut().filter(|run| *sequence > run.after);
                    of_run.map(|run| &mut run.records)
                };
                if let Some(counted) = counted {
                    *counted = counted.saturating_sub(*before) + records;
                }
            }
        }
        PipelineEvent::Withdrawn {
            kind,
            records,
            sequence,
        } => {
            next.changes += 1;
            if *kind == UploadKind::Training {
                forget_pending(&mut next, *records, *sequence);
            }
        }
        PipelineEvent::Opened { run } => {
            if let Some(active) = &next.active_run {
                return Err(Refusal(format!(
                    "run {active} is active: one run at a time"
                )));
            }
            if next.moving.is_some() {
                return Err(Refusal(
                    "the alias is moving: what serves may change".into(),
                ));
            }
            next.active_run = Some(run.clone());
            next.in_run = Some(InRun {
                after: next.sealed,
                records: next.pending_records,
                uploads: next.pending_uploads,
            });
            next.sealed = next.sequence;
            next.pending_records = 0;
            next.pending_uploads = 0;
            next.last_opened = Some(now);
            next.start_requested = false;
            next.failed_at = None;
        }
        PipelineEvent::Ended {
            run,
            outcome,
            sealed,
            pending,
            changes,
        } => {
            if next.active_run.as_ref() != Some(run) {
                return Err(Refusal(format!("run {run} is not the active run")));
            }
            next.active_run = None;
            let pending = match next.in_run.take() {
                Some(left) => (left.records, left.uploads),
                None => *pending,
            };
            match outcome {
                Outcome::Promoted => {
                    next.misses = 0;
                    let model = ModelId::of(run);
                    // A rollback may have been faster: then another model serves already.
                    if next.champion.as_ref().is_some_and(|c| c.model == model) {
                        next.champion_sealed = sealed.1;
                    }
                    next.sealed_by.insert(model, sealed.1);
                }
                Outcome::Declined => {
                    next.misses += 1;
                    if sealed.1 > sealed.0 {
                        next.quarantine.push(*sealed);
                    }
                }
                Outcome::Failed => {
                    next.misses += 1;
                    next.failed_at = Some(*changes);
                    unseal(&mut next, *sealed, pending);
                }
                Outcome::Cancelled => {
                    next.failed_at = Some(*changes);
                    unseal(&mut next, *sealed, pending);
                }
            }
            if next.misses >= PAUSE_AFTER && next.paused.is_none() {
                let reason = format!("{} runs in a row ended without a promotion", next.misses);
                say.push(happened(
                    "Pipeline Paused",
                    json!({ "pipeline": name, "reason": reason }),
                ));
                next.paused = Some(reason);
            }
        }
        PipelineEvent::MoveBegun { to, reason } => {
            begin(&mut next, to.clone(), reason.clone(), now)?
        }
        PipelineEvent::MoveUnderWay { look_at } => {
            let moving = before_serving(&mut next)?;
            if let MovePhase::Updating { asked } = &mut moving.phase {
                *asked = true;
            }
            moving.look_at = *look_at;
            let limit = SignedDuration::from_hours(MAX_MOVE_HOURS);
            if moving.since.checked_add(limit).is_ok_and(|end| now > end) {
                let reason = format!("the deployment was not ready within {MAX_MOVE_HOURS} hours");
                say.push(not_moved(&name, &reason));
                fail(&mut next, &reason, now);
            }
        }
        PipelineEvent::UpdateRefused => {
            let replaces = next.deployment.clone();
            let moving = before_serving(&mut next)?;
            if moving.phase == MovePhase::Creating {
                return Err(Refusal("a new deployment is being made already".into()));
            }
            moving.phase = MovePhase::Creating;
            moving.replaces = replaces;
            moving.look_at = now;
        }
        PipelineEvent::Serving { deployment } => {
            let moving = in_flight(&mut next)?;
            if moving.phase != MovePhase::Writing {
                let made = (moving.phase == MovePhase::Creating).then_some(moving.generation);
                moving.phase = MovePhase::Writing;
                moving.look_at = now;
                let (from, to) = (moving.from.clone(), moving.to.clone());
                next.previous.retain(|earlier| earlier.model != to.model);
                if let Some(from) = from.filter(|from| from.model != to.model) {
                    next.sealed_by
                        .entry(from.model.clone())
                        .or_insert(next.champion_sealed);
                    next.served_until.insert(from.model.clone(), now);
                    next.previous.retain(|earlier| earlier.model != from.model);
                    next.previous.insert(0, from);
                    next.previous.truncate(20);
                }
                if let Some(sealed) = next.sealed_by.get(&to.model) {
                    next.champion_sealed = *sealed;
                }
                let known = |model: &ModelId| {
                    *model == to.model || next.previous.iter().any(|c| c.model == *model)
                };
                next.sealed_by.retain(|model, _| known(model));
                next.served_until.retain(|model, _| known(model));
                next.rolled_from.retain(known);
                next.champion = Some(to);
                next.deployment = Some(deployment.clone());
                if made.is_some() {
                    left(&mut next, now);
                    next.deployed_by = made;
                }
            }
        }
        PipelineEvent::DeploymentGone { deployment }
        | PipelineEvent::DeploymentStrays { deployment, .. } => {
            let (None, Some(champion)) = (&next.moving, next.champion.clone()) else {
                return Err(Refusal("the alias is moving, or nothing serves".into()));
            };
            if next.deployment.as_ref() != Some(deployment) {
                return Err(Refusal(format!("clients do not call {deployment}")));
            }
            if !next.may_repair(now) {
                return Err(Refusal(
                    "the last repair has failed; it is tried again later".into(),
                ));
            }
            let phase = match event {
                PipelineEvent::DeploymentStrays { serves, .. } => {
                    say.push(happened(
                        "Deployment Strays",
                        json!({ "pipeline": name, "deployment": deployment, "model": champion.model, "serves": serves }),
                    ));
                    MovePhase::Updating { asked: false }
                }
                _ => {
                    say.push(happened(
                        "Deployment Gone",
                        json!({ "pipeline": name, "deployment": deployment, "model": champion.model }),
                    ));
                    left(&mut next, now);
                    MovePhase::Creating
                }
            };
            // The dead ARN stays until a new one serves, so that a repair that fails is tried again.
            next.generation += 1;
            next.moving = Some(Move {
                from: Some(champion.clone()),
                to: champion,
                generation: next.generation,
                reason: MoveReason::Repair,
                phase,
                replaces: None,
                since: now,
                look_at: now,
            });
        }
        PipelineEvent::Written => {
            let moving = in_flight(&mut next)?;
            if moving.phase != MovePhase::Writing {
                return Err(Refusal(
                    "the deployment is not known to serve the model yet".into(),
                ));
            }
            let rollback = moving.reason == MoveReason::Rollback;
            let to = moving.to.model.clone();
            let from = moving.from.as_ref().map(|from| from.model.clone());
            next.moving = None;
            next.repair_after = None;
            next.failed_repairs = 0;
            next.rolled_from.remove(&to);
            if rollback {
                next.rolled_from.extend(from);
                next.hold = Some(format!("rolled back to {to}"));
            }
            say.push(happened(
                "Alias Moved",
                json!({ "pipeline": name, "model": to, "deployment": next.deployment, "rollback": rollback }),
            ));
        }
        PipelineEvent::MoveFailed { reason } => {
            before_serving(&mut next)?;
            say.push(not_moved(&name, reason));
            fail(&mut next, reason, now);
        }
        PipelineEvent::Swept { generation, gone } => {
            let Some(place) = next
                .sweeps
                .iter()
                .position(|sweep| sweep.generation == *generation)
            else {
                return Err(Refusal(format!(
                    "nothing of move {generation} is looked for"
                )));
            };
            let age = now.duration_since(next.sweeps[place].since);
            let certain = *gone && age >= SignedDuration::from_hours(SWEEP_HOURS);
            if certain || age > SignedDuration::from_hours(SWEEP_LIMIT_HOURS) {
                next.sweeps.remove(place);
            } else {
                let wait = if *gone { SWEEP_HOURS } else { SWEEP_PACE_HOURS };
                next.sweeps[place].look_at = now
                    .checked_add(SignedDuration::from_hours(wait))
                    .unwrap_or(Timestamp::MAX);
            }
        }
        PipelineEvent::StartRequested => {
            if let Some(run) = &next.active_run {
                return Err(Refusal(format!(
                    "run {run} is active; it ends by itself, or `perennial cancel {run}`"
                )));
            }
            if let Some(reason) = &next.paused {
                return Err(Refusal(format!(
                    "the pipeline is paused ({reason}); `perennial resume {name}` first"
                )));
            }
            if next.sequence == 0 {
                return Err(Refusal(format!(
                    "nothing to train on: drop a file into data/{name}/ first"
                )));
            }
            next.start_requested = true;
        }
        PipelineEvent::PauseRequested => {
            next.paused = Some("a person paused it".into());
        }
        PipelineEvent::ResumeRequested => {
            next.paused = None;
            next.hold = None;
            next.misses = 0;
        }
        PipelineEvent::ReleaseRequested => {
            if next.quarantine.is_empty() {
                return Err(Refusal("no uploads are in quarantine".into()));
            }
            next.quarantine.clear();
            next.changes += 1;
        }
        PipelineEvent::RollbackRequested { to, from } => {
            let serves = next.champion.as_ref().map(|champion| &champion.model);
            if let Some(from) = from
                && serves != Some(from)
            {
                return Err(Refusal(format!(
                    "{from} served when the rollback was asked for, and does not now: it was carried out already, or another \
                     model was promoted"
                )));
            }
            let target = match to {
                Some(model) => next.previous.iter().find(|earlier| earlier.model == *model),
                None => next.rollback_target(),
            };
            let Some(target) = target.cloned() else {
                return Err(Refusal(
                    "there is no earlier champion to roll back to that was not rolled back from already; `--to RUN` names one".into(),
                ));
            };
            begin(&mut next, target, MoveReason::Rollback, now)?;
        }
        PipelineEvent::NothingToTrain { reason } => {
            next.start_requested = false;
            next.failed_at = Some(next.changes);
            say.push(happened(
                "Nothing To Train",
                json!({ "pipeline": name, "reason": reason }),
            ));
        }
        PipelineEvent::DeletionBegun { model } => {
            let is = |champion: &Champion| champion.model == *model;
            if next.champion.as_ref().is_some_and(is) {
                return Err(Refusal(format!("{model} serves")));
            }
            if next.moving.as_ref().is_some_and(|moving| is(&moving.to)) {
                return Err(Refusal(format!("the alias is moving to {model}")));
            }
            next.previous.retain(|earlier| !is(earlier));
            next.rolled_from.remove(model);
        }
        PipelineEvent::Looked => {}
    }
    next.reschedule(now);
    Ok(PipelineDecision {
        pipeline: next,
        say,
    })
}

/// Takes a replaced or withdrawn shard out of what is pending, or of what will be pending again if the active run ends
/// without a verdict.
fn forget_pending(pipeline: &mut Pipeline, records: u64, sequence: u64) {
    if sequence > pipeline.sealed {
        pipeline.pending_records = pipeline.pending_records.saturating_sub(records);
        pipeline.pending_uploads = pipeline.pending_uploads.saturating_sub(1);
    } else if let Some(in_run) = &mut pipeline.in_run
        && sequence > in_run.after
    {
        in_run.records = in_run.records.saturating_sub(records);
        in_run.uploads = in_run.uploads.saturating_sub(1);
    }
}

fn not_moved(pipeline: &PipelineName, reason: &str) -> Announcement {
    happened(
        "Alias Not Moved",
        json!({ "pipeline": pipeline, "reason": reason }),
    )
}

/// The move in flight, while what served before still serves. Afterwards it can only be finished.
fn before_serving(pipeline: &mut Pipeline) -> Result<&mut Move, Refusal> {
    let moving = in_flight(pipeline)?;
    if moving.phase == MovePhase::Writing {
        return Err(Refusal(format!("{} serves already", moving.to.model)));
    }
    Ok(moving)
}

/// No verdict was reached on what a run sealed: it is pending again.
fn unseal(pipeline: &mut Pipeline, sealed: (u64, u64), pending: (u64, u64)) {
    pipeline.sealed = pipeline.sealed.min(sealed.0);
    pipeline.pending_records += pending.0;
    pipeline.pending_uploads += pending.1;
}

fn in_flight(pipeline: &mut Pipeline) -> Result<&mut Move, Refusal> {
    pipeline
        .moving
        .as_mut()
        .ok_or_else(|| Refusal("the alias is not moving".into()))
}

fn begin(
    pipeline: &mut Pipeline,
    to: Champion,
    reason: MoveReason,
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
    {
        return Err(Refusal(format!("{} serves already", to.model)));
    }
    pipeline.generation += 1;
    let phase = match pipeline.deployment {
        None => MovePhase::Creating,
        Some(_) => MovePhase::Updating { asked: false },
    };
    pipeline.moving = Some(Move {
        from: pipeline.champion.clone(),
        to,
        generation: pipeline.generation,
        reason,
        phase,
        replaces: None,
        since: now,
        look_at: now,
    });
    Ok(())
}

/// Clients do not call this deployment any more. An invocation that has seen neither its removal nor what took its place may
/// still create it anew under its name.
fn left(pipeline: &mut Pipeline, now: Timestamp) {
    if let Some(generation) = pipeline.deployed_by.take()
        && !simulator::is_removed(Rule::Sweep)
    {
        let wait = SignedDuration::from_hours(SWEEP_HOURS);
        pipeline.sweeps.push(Sweep {
            generation,
            since: now,
            look_at: now.checked_add(wait).unwrap_or(Timestamp::MAX),
        });
    }
}

fn fail(pipeline: &mut Pipeline, reason: &str, now: Timestamp) {
    if let Some(moving) = pipeline.moving.take() {
        if moving.reason == MoveReason::Repair {
            let doubled = FIRST_REPAIR_MINUTES << pipeline.failed_repairs.min(16);
            let wait = SignedDuration::from_mins(doubled)
                .min(SignedDuration::from_hours(REPAIR_PACE_HOURS));
            pipeline.failed_repairs += 1;
            pipeline.repair_after = now.checked_add(wait).ok();
        }
        if moving.phase == MovePhase::Creating && !simulator::is_removed(Rule::Sweep) {
            pipeline.sweeps.push(Sweep {
                generation: moving.generation,
                since: now,
                look_at: now,
            });
        }
        pipeline.last_failure = Some(MoveFailure {
            generation: moving.generation,
            reason: reason.to_owned(),
        });
    }
}
