//! `decide(pipeline, event, now) -> pipeline'`: every change of a pipeline.

use jiff::Timestamp;
use serde_json::json;

use super::{InRun, NothingToTrain, PAUSE_AFTER, Pipeline, PipelineEvent, moves, sweeps, unserve};
use crate::announcement::{Announcement, happened};
use crate::names::ModelId;
use crate::run::Outcome;
use crate::simulator;
use crate::upload::{UploadKind, is_older};
use crate::withheld::released;

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
            next.tried = None;
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
            next.tried = None;
            next.opened_under = next
                .config
                .as_ref()
                .map_or_else(String::new, |in_force| in_force.version.clone());
            next.failed_at = None;
            next.nothing_to_train = None;
        }
        PipelineEvent::Ended {
            run,
            outcome,
            sealed,
            pending,
            changes,
            trial,
            withheld,
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
                    if withheld.is_empty() {
                        next.withheld_from.remove(&model);
                    } else {
                        next.withheld_from.insert(model.clone(), withheld.clone());
                    }
                    next.sealed_by.insert(model, sealed.1);
                }
                Outcome::Passed => {
                    // What passed was tried with the configuration of its opening.
                    let same =
                        |in_force: &super::ConfigInForce| in_force.version == next.opened_under;
                    next.tried = next.config.as_ref().is_some_and(same).then(|| run.clone());
                    unseal(&mut next, *sealed, pending);
                }
                // A sample gained too little: that is no verdict on every upload in it, and more of the same may gain more.
                Outcome::Declined if *trial => {
                    next.misses += 1;
                    next.failed_at = Some(*changes);
                    unseal(&mut next, *sealed, pending);
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
        PipelineEvent::MoveBegun {
            to,
            reason,
            serving,
        } => {
            moves::begin(&mut next, to.clone(), reason.clone(), *serving, now)?;
        }
        PipelineEvent::MoveUnderWay { look_at, waits_for } => {
            moves::under_way(&mut next, *look_at, waits_for.as_deref(), now, &mut say)?
        }
        PipelineEvent::UpdateRefused => moves::update_refused(&mut next, now, &mut say)?,
        PipelineEvent::Serving {
            deployment,
            bought_until,
        } => moves::serving(&mut next, deployment, *bought_until, now)?,
        PipelineEvent::DeploymentGone { deployment } => {
            moves::repair(&mut next, deployment, None, now, &mut say)?;
        }
        PipelineEvent::DeploymentStrays { deployment, serves } => {
            moves::repair(&mut next, deployment, Some(serves), now, &mut say)?;
        }
        PipelineEvent::Written => moves::written(&mut next, &mut say)?,
        PipelineEvent::MoveFailed { reason } => moves::failed(&mut next, reason, now, &mut say)?,
        PipelineEvent::Swept {
            generation,
            gone,
            bought_until,
        } => {
            let swept = (*gone, *bought_until);
            sweeps::swept(&mut next, *generation, swept, now, &mut say)?
        }
        PipelineEvent::ServingMarked { mark, waiting } => {
            unserve::marked(&mut next, mark.as_ref(), waiting.as_ref(), &mut say)?
        }
        PipelineEvent::Unserved {
            deployment,
            reason,
            waiting,
        } => {
            unserve::idle_may_go(&next, waiting.as_ref())?;
            unserve::unserve(&mut next, deployment, reason, now, &mut say)?
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
            released(&mut next);
            next.changes += 1;
        }
        PipelineEvent::RollbackRequested { to, from } => {
            moves::roll_back(&mut next, to.as_ref(), from.as_ref(), now)?
        }
        PipelineEvent::NothingToTrain { reason } => {
            next.start_requested = false;
            next.tried = None;
            next.failed_at = Some(next.changes);
            next.nothing_to_train = Some(NothingToTrain {
                reason: reason.clone(),
                at: now,
            });
            say.push(happened(
                "Nothing To Train",
                json!({ "pipeline": name, "reason": reason }),
            ));
        }
        PipelineEvent::DeletionBegun { model } => moves::deletion_begun(&mut next, model)?,
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

/// No verdict was reached on what a run sealed: it is pending again.
fn unseal(pipeline: &mut Pipeline, sealed: (u64, u64), pending: (u64, u64)) {
    pipeline.sealed = pipeline.sealed.min(sealed.0);
    pipeline.pending_records += pending.0;
    pipeline.pending_uploads += pending.1;
}
