//! The move of the alias: `{from, to, generation}`, one in flight per pipeline.
//!
//! The champion changes only when the deployment was read back as serving the right model; SSM is written last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Champion, Pipeline};
use crate::names::RunId;
use crate::routing::Serving;

/// A move that takes longer has failed.
pub const MAX_MOVE_HOURS: i64 = 6;

/// So long after a move failed its deployment is looked for once more: a call that was on its way then has taken effect by
/// now, or never will.
pub(super) const SWEEP_HOURS: i64 = 1;
/// What cannot be removed is tried again so often, and given up in the end.
pub(super) const SWEEP_PACE_HOURS: i64 = 6;
/// See [`SWEEP_PACE_HOURS`].
pub const SWEEP_LIMIT_HOURS: i64 = 7 * 24;

/// A repair that failed is tried again so long after, and each time twice as long: soon for what passes, and at most every
/// [`REPAIR_PACE_HOURS`] for what only people can mend, so that they are not told of it every few minutes.
pub(super) const FIRST_REPAIR_MINUTES: i64 = 10;
/// See [`FIRST_REPAIR_MINUTES`].
pub(super) const REPAIR_PACE_HOURS: i64 = 6;

/// Why the alias moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MoveReason {
    /// A run's model passed the gate.
    Promotion {
        /// Which run.
        run: RunId,
    },
    /// A person asked for an earlier model.
    Rollback,
    /// The pipeline's deployment was removed by someone: the champion gets a new one.
    Repair,
}

/// How far a move is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum MovePhase {
    /// The model answers by itself: it is only to be seen that it is there.
    Looking,
    /// The deployment is to be created, under this move's generation.
    Creating,
    /// The deployment is to be updated; `asked` once AWS took the request.
    Updating {
        /// Whether the update was asked for.
        asked: bool,
    },
    /// The deployment serves the model; the SSM parameter is to be written.
    Writing,
}

/// A move in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// What served before.
    pub from: Option<Champion>,
    /// What is to serve.
    pub to: Champion,
    /// The number of this move.
    pub generation: u64,
    /// Why.
    pub reason: MoveReason,
    /// How far it is.
    #[serde(flatten)]
    pub phase: MovePhase,
    /// A deployment that the move replaces and that is to be removed afterwards.
    pub replaces: Option<String>,
    /// How it is to serve, if a deployment is made.
    #[serde(default, skip_serializing_if = "Serving::is_on_demand")]
    pub serving: Serving,
    /// When it began.
    pub since: Timestamp,
    /// When to look again.
    pub look_at: Timestamp,
    /// Why AWS has not taken the step yet, in its words: a quota, most likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

/// What a moving pipeline calls for. Performing it twice is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveEffect {
    /// See whether the model is there: it answers by its own ARN.
    Look {
        /// The model.
        to: Champion,
    },
    /// Create the pipeline's deployment under this generation's name, or find it and see how it is.
    Create {
        /// Ends its name.
        generation: u64,
        /// The model.
        to: Champion,
        /// How it is to serve.
        serving: Serving,
    },
    /// Update the deployment to the model unless that was asked for already, and read it back.
    Update {
        /// The deployment.
        deployment: String,
        /// The model.
        to: Champion,
        /// Whether the update was asked for already.
        asked: bool,
    },
    /// Write the deployment's ARN into the alias parameter, and remove the deployment that was replaced.
    Write {
        /// The deployment.
        deployment: String,
        /// What it replaced.
        replaces: Option<String>,
    },
}

pub(super) fn effect(pipeline: &Pipeline, moving: &Move) -> MoveEffect {
    let create = || MoveEffect::Create {
        generation: moving.generation,
        to: moving.to.clone(),
        serving: moving.serving,
    };
    match (&moving.phase, &pipeline.deployment) {
        (MovePhase::Looking, _) => MoveEffect::Look {
            to: moving.to.clone(),
        },
        (MovePhase::Creating, _) | (_, None) => create(),
        (MovePhase::Updating { asked }, Some(deployment)) => MoveEffect::Update {
            deployment: deployment.clone(),
            to: moving.to.clone(),
            asked: *asked,
        },
        (MovePhase::Writing, Some(deployment)) => MoveEffect::Write {
            deployment: deployment.clone(),
            replaces: moving.replaces.clone(),
        },
    }
}
