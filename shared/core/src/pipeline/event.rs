//! What may happen to a pipeline.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::alias::MoveReason;
use super::{Champion, ConfigInForce};
use crate::manifest::Quarantine;
use crate::model::Mark;
use crate::names::{ModelId, RunId};
use crate::routing::Serving;
use crate::run::Outcome;
use crate::upload::UploadKind;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PipelineEvent {
    /// A good configuration came.
    Configured(Box<ConfigInForce>),
    /// A bad one came; the last good one stays in force.
    Misconfigured {
        /// What is wrong.
        error: String,
        /// The object's version; empty if it was deleted.
        version: String,
        /// Of the object.
        sequencer: String,
    },
    /// An upload was accepted; it bears the new sequence number.
    Accepted {
        /// For training or for evaluation.
        kind: UploadKind,
        /// Records in the new shard.
        records: u64,
        /// The pending shard that it replaces, if there was one: (records, sequence).
        replaces: Option<(u64, u64)>,
    },
    /// An accepted upload was compiled anew, for another model: it keeps its sequence number, and what goes with it.
    Recompiled {
        /// For training or for evaluation.
        kind: UploadKind,
        /// Records in the new shard.
        records: u64,
        /// Records in the old one.
        before: u64,
        /// Its number.
        sequence: u64,
    },
    /// An object was deleted: (records, sequence) of its shard.
    Withdrawn {
        /// For training or for evaluation.
        kind: UploadKind,
        /// Records in the shard.
        records: u64,
        /// Its number.
        sequence: u64,
    },
    /// A run seals what is pending. Refused while another is active.
    Opened {
        /// The new run.
        run: RunId,
    },
    /// The active run ended.
    Ended {
        /// Which.
        run: RunId,
        /// How.
        outcome: Outcome,
        /// The sequence range that was new in it.
        sealed: (u64, u64),
        /// What was pending at the opening (records, uploads): pending again if no verdict was reached on it.
        pending: (u64, u64),
        /// The value of `changes` when it was opened.
        changes: u64,
        /// Whether it was a trial: its verdict is on a sample, and not on what it sealed.
        trial: bool,
        /// What its dataset was withheld, as it was in quarantine.
        #[serde(default)]
        withheld: Quarantine,
    },
    /// The alias is to move.
    MoveBegun {
        /// To this model.
        to: Champion,
        /// Why.
        reason: MoveReason,
        /// How it is to serve.
        serving: Serving,
    },
    /// AWS took the update, or the deployment is still being made: look again.
    MoveUnderWay {
        /// When.
        look_at: Timestamp,
        /// AWS has not taken it yet: why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waits_for: Option<String>,
    },
    /// AWS refuses to update this deployment to this model: a new one is created and the alias switched.
    UpdateRefused,
    /// The deployment was read back as Active with the right model.
    Serving {
        /// What clients call.
        deployment: String,
        /// Provisioned throughput: it is paid for, and cannot be removed, until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bought_until: Option<Timestamp>,
    },
    /// The deployment that clients call is not there any more, though nothing of ours removed it.
    DeploymentGone {
        /// Which.
        deployment: String,
    },
    /// The deployment that clients call serves another model than the champion: somebody changed it, or a call of an earlier
    /// move took effect late.
    DeploymentStrays {
        /// Which.
        deployment: String,
        /// The model that it serves.
        serves: String,
    },
    /// The alias parameter was written.
    Written,
    /// The move cannot succeed; what served before still serves.
    MoveFailed {
        /// In words.
        reason: String,
    },
    /// The deployment of a failed move was looked for.
    Swept {
        /// The move.
        generation: u64,
        /// Whether nothing by its name is there.
        gone: bool,
        /// It is provisioned throughput that is bought until then and cannot be removed before.
        bought_until: Option<Timestamp>,
    },
    /// The deployment of an idle champion bears a mark from now on, or none any more.
    ServingMarked {
        /// The mark.
        mark: Option<Mark>,
        /// The active run, if it was seen to wait for a person: it asks the champion nothing any more.
        waiting: Option<RunId>,
    },
    /// The champion is idle still, and the grace period is over: clients call nothing any more, and the deployment goes.
    Unserved {
        /// The deployment.
        deployment: String,
        /// Why, in words.
        reason: String,
        /// The active run, if it was seen to wait for a person.
        waiting: Option<RunId>,
    },
    /// `perennial start`.
    StartRequested,
    /// `perennial pause`.
    PauseRequested,
    /// `perennial resume`.
    ResumeRequested,
    /// `perennial release`.
    ReleaseRequested,
    /// `perennial rollback`, to a named model or the newest kept one.
    RollbackRequested {
        /// The model.
        to: Option<ModelId>,
        /// What served when it was asked for, if that is known: nothing moves if it does not serve any more.
        from: Option<ModelId>,
    },
    /// A run was due, but nothing is left to train on: no further try before something changes.
    NothingToTrain {
        /// In words.
        reason: String,
    },
    /// The deletion of an earlier champion begins, in the transaction that marks it so: from now on it is no target of a
    /// rollback.
    DeletionBegun {
        /// Which model.
        model: ModelId,
    },
    /// The trigger was looked at and does not hold: note when to look again.
    Looked,
}
