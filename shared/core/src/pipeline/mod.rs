//! A pipeline: what it has collected, what serves, and whether its alias is moving.
//!
//! [`decide`] is the one place in which a pipeline changes state.

mod alias;
mod decide;
mod event;
mod moves;
mod sweeps;
mod throughput;
mod trigger;
mod unserve;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use alias::{MAX_MOVE_HOURS, Move, MoveEffect, MovePhase, MoveReason, SWEEP_LIMIT_HOURS};
pub use decide::{PipelineDecision, Refusal, decide};
pub use event::PipelineEvent;
pub use throughput::{InsteadOfBuying, Throughput, bought_beside, instead_of_buying};
pub(crate) use trigger::after;
pub use trigger::{Trigger, trigger};

use crate::announcement::Stage;
use crate::config::{Config, TrialConfig};
use crate::manifest::Quarantine;
use crate::model::Mark;
use crate::names::{ModelId, PipelineName, RunId};
use crate::routing::Serving;

/// After this many declined or failed runs in a row a pipeline pauses.
pub const PAUSE_AFTER: u32 = 3;

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfigInForce {
    /// Parsed and checked.
    pub config: Config,
    /// The object's version.
    pub version: String,
    /// Its sequencer at fixed width.
    pub sequencer: String,
}

/// A model that serves, or has served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Champion {
    /// Which.
    pub model: ModelId,
    /// On Bedrock.
    pub arn: String,
    /// The plain id of the base model that it comes from in the end: what throughput of it costs depends on that. Empty in older
    /// records.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_model: String,
}

impl Champion {
    /// Whether it is an imported model: clients call its own ARN, and no deployment stands before it.
    #[must_use]
    pub fn answers_by_itself(&self) -> bool {
        is_imported(&self.arn)
    }
}

/// Whether an ARN is an imported model's (`…:imported-model/…`) and no deployment's. Source: Bedrock's service model,
/// `ImportedModelArn`.
#[must_use]
pub fn is_imported(arn: &str) -> bool {
    arn.contains(":imported-model/")
}

/// Whether an ARN is provisioned throughput's (`…:provisioned-model/…`). Source: Bedrock's service model, `ProvisionedModelArn`.
#[must_use]
pub fn is_provisioned(arn: &str) -> bool {
    arn.contains(":provisioned-model/")
}

/// A deployment that nobody calls any more and that may be there all the same: of a failed move, or one that was removed or
/// replaced, where a create that was on its way took effect later than anybody heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// The move: it ends the deployment's name.
    pub generation: u64,
    /// Since then.
    pub since: Timestamp,
    /// When to look for it.
    pub look_at: Timestamp,
    /// Whether it is provisioned throughput.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisioned: bool,
    /// Before then nobody is told again that it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say_after: Option<Timestamp>,
    /// It is bought, and paid for, until then, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bought_until: Option<Timestamp>,
}

/// The champion was idle, and its deployment was removed. The model stays, and the next move serves again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unserved {
    /// Since then.
    pub since: Timestamp,
    /// In words.
    pub reason: String,
}

/// What the alias parameter holds while nothing serves.
pub const UNSERVED: &str = "unserved";

/// How a move of the alias ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoveFailure {
    /// Which move.
    pub generation: u64,
    /// In words.
    pub reason: String,
    /// It would have bought what the configuration in force does not hold: people have to change that.
    #[serde(default)]
    pub over_budget: bool,
}

/// Why no run could be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NothingToTrain {
    /// In words.
    pub reason: String,
    /// When that was seen.
    pub at: Timestamp,
}

/// What a run took out of what was pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InRun {
    /// Sealed before it: what bears a larger number, up to the pipeline's `sealed`, was new in it.
    pub after: u64,
    /// New records in it that are still in force.
    pub records: u64,
    /// New uploads in it that are still in force.
    pub uploads: u64,
}

/// A pipeline, as a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its name.
    pub name: PipelineName,
    /// None until the first good configuration.
    pub config: Option<ConfigInForce>,
    /// What is wrong with the newest configuration, when it was refused.
    pub config_error: Option<String>,
    /// The newest configuration's version, good or not; empty if it was deleted.
    #[serde(default)]
    pub config_seen: String,
    /// Its sequencer.
    pub config_sequencer: String,

    /// Grows with every accepted upload; uploads bear the number that they took.
    pub sequence: u64,
    /// The last run sealed everything up to here.
    pub sealed: u64,
    /// Records accepted since.
    pub pending_records: u64,
    /// Uploads accepted since.
    pub pending_uploads: u64,
    /// What the active run sealed, less what was replaced or withdrawn since.
    #[serde(default)]
    pub in_run: Option<InRun>,
    /// When the newest was accepted.
    pub last_accepted: Option<Timestamp>,
    /// Grows with everything that could make a failed run pass: data, evaluation data, configuration.
    pub changes: u64,
    /// The value of `changes` when the last failed run was opened: no further run before something changes.
    pub failed_at: Option<u64>,
    /// Ranges of sequence numbers that a declined run left behind.
    pub quarantine: Quarantine,
    /// A run was due and none could be opened: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing_to_train: Option<NothingToTrain>,
    /// A person asked for a run now.
    pub start_requested: bool,
    /// The version of the configuration under which the active run was opened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub opened_under: String,
    /// The trial that passed: the run on all data is the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<RunId>,

    /// Why no runs are opened.
    pub paused: Option<String>,
    /// The run in progress.
    pub active_run: Option<RunId>,
    /// When the last run was opened.
    pub last_opened: Option<Timestamp>,
    /// Runs without a promotion since the last promotion.
    pub misses: u32,

    /// What serves.
    pub champion: Option<Champion>,
    /// The sequence up to which the champion has been trained.
    pub champion_sealed: u64,
    /// The sequence up to which each model that serves or has served was trained: what a rollback goes back to.
    #[serde(default)]
    pub sealed_by: BTreeMap<ModelId, u64>,
    /// What was in quarantine, or withheld before, when the dataset of each model that serves or has served was sealed, and was not in
    /// it: with `use = "new"` it is new again once it is released.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withheld_from: BTreeMap<ModelId, Quarantine>,
    /// Until when each earlier champion served: what it was asked until then was asked through the pipeline's deployment.
    #[serde(default)]
    pub served_until: BTreeMap<ModelId, Timestamp>,
    /// Earlier champions, the newest first.
    pub previous: Vec<Champion>,
    /// Models that a person rolled back from: no rollback returns to them unless it names them.
    #[serde(default)]
    pub rolled_from: BTreeSet<ModelId>,
    /// What clients call: the ARN of the pipeline's deployment.
    pub deployment: Option<String>,
    /// The move that made `deployment`: its generation ends the deployment's name.
    #[serde(default)]
    pub deployed_by: Option<u64>,
    /// How `deployment` serves, as it was made.
    #[serde(default, skip_serializing_if = "Serving::is_on_demand")]
    pub served_as: Serving,
    /// Until when `deployment` is paid for and cannot be removed: provisioned throughput with a commitment, as Bedrock told it when the
    /// champion began to serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bought_until: Option<Timestamp>,
    /// Since when the champion serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_since: Option<Timestamp>,
    /// What is idle and will be removed, if the deployment of an idle champion is (`idle.champion = "unserve"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving_mark: Option<Mark>,
    /// Why the champion serves nobody, since its deployment was removed as idle; none while it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unserved: Option<Unserved>,
    /// Counts the moves of the alias.
    pub generation: u64,
    /// The move in flight.
    pub moving: Option<Move>,
    /// The last move that did not succeed.
    pub last_failure: Option<MoveFailure>,
    /// A repair has failed, as when somebody deleted the model too: not before then is it tried again.
    #[serde(default)]
    pub repair_after: Option<Timestamp>,
    /// Repairs that failed one after the other: each waits longer than the one before.
    #[serde(default)]
    pub failed_repairs: u32,
    /// Deployments that clients do not call, or not any more: looked for until nothing of them can come.
    #[serde(default)]
    pub sweeps: Vec<Sweep>,
    /// Set by a rollback: promotions wait for `resume` or `approve`.
    pub hold: Option<String>,

    /// When something is to be done.
    pub due: Option<Timestamp>,
}

impl Pipeline {
    /// A pipeline of which nothing is known but its name.
    pub fn new(name: PipelineName) -> Self {
        Self {
            name,
            config: None,
            config_error: None,
            config_seen: String::new(),
            config_sequencer: String::new(),
            sequence: 0,
            sealed: 0,
            pending_records: 0,
            pending_uploads: 0,
            in_run: None,
            last_accepted: None,
            changes: 0,
            failed_at: None,
            quarantine: Vec::new(),
            nothing_to_train: None,
            start_requested: false,
            opened_under: String::new(),
            tried: None,
            paused: None,
            active_run: None,
            last_opened: None,
            misses: 0,
            champion: None,
            champion_sealed: 0,
            sealed_by: BTreeMap::new(),
            withheld_from: BTreeMap::new(),
            served_until: BTreeMap::new(),
            previous: Vec::new(),
            rolled_from: BTreeSet::new(),
            deployment: None,
            deployed_by: None,
            served_as: Serving::OnDemand,
            bought_until: None,
            served_since: None,
            serving_mark: None,
            unserved: None,
            generation: 0,
            moving: None,
            last_failure: None,
            repair_after: None,
            failed_repairs: 0,
            sweeps: Vec::new(),
            hold: None,
            due: None,
        }
    }

    /// What is due: a move goes before collecting, and so does what a failed move left, once it is to be looked for.
    pub fn stage(&self) -> Stage {
        let swept = self.next_sweep().is_some_and(|at| self.due == Some(at));
        if self.moving.is_some() || swept {
            Stage::Moving
        } else {
            Stage::Collecting
        }
    }

    /// The terms of the trial that comes before the next run on all data; none if there is none, or it has passed.
    pub fn next_trial(&self) -> Option<TrialConfig> {
        let in_force = self.config.as_ref()?;
        match self.tried {
            Some(_) => None,
            None => in_force.config.trigger.trial,
        }
    }

    /// Earlier champions that are kept for rollback, the newest first; not those that were rolled back from.
    pub fn kept(&self) -> impl Iterator<Item = &Champion> {
        let keep = self
            .config
            .as_ref()
            .map_or(1, |c| c.config.idle.keep_previous) as usize;
        let good = |earlier: &&Champion| !self.rolled_from.contains(&earlier.model);
        self.previous.iter().filter(good).take(keep)
    }

    /// Where a rollback without a name leads: the newest earlier champion that was not rolled back from.
    pub fn rollback_target(&self) -> Option<&Champion> {
        self.previous
            .iter()
            .find(|earlier| !self.rolled_from.contains(&earlier.model))
    }

    /// The effect that the saved state calls for, if the alias is moving.
    pub fn effect(&self) -> Option<MoveEffect> {
        self.moving
            .as_ref()
            .map(|moving| alias::effect(self, moving))
    }

    /// The model that a candidate is compared to: the champion, unless it serves nobody.
    pub fn compared(&self) -> Option<&Champion> {
        self.champion.as_ref().filter(|_| self.unserved.is_none())
    }

    /// Whether a run's comparison with this champion holds still. Where what serves it was removed as idle meanwhile, its kept answers are
    /// what they were.
    pub fn is_compared_to(&self, champion: Option<&Champion>) -> bool {
        match champion {
            Some(champion) => self.champion.as_ref() == Some(champion),
            None => self.compared().is_none(),
        }
    }

    /// Whether the deployment that clients call may be made anew if it is gone: nothing moves, and no repair has just failed.
    pub fn may_repair(&self, now: Timestamp) -> bool {
        self.moving.is_none() && self.repair_after.is_none_or(|after| now >= after)
    }

    /// When the next deployment that nobody calls is to be looked for.
    pub fn next_sweep(&self) -> Option<Timestamp> {
        self.sweeps.iter().map(|sweep| sweep.look_at).min()
    }

    /// Looks at the trigger anew and notes when to look again.
    pub fn reschedule(&mut self, now: Timestamp) {
        self.due = if let Some(moving) = &self.moving {
            Some(moving.look_at)
        } else {
            match trigger(self, now) {
                Trigger::Open { .. } => Some(now),
                Trigger::Wait { until, .. } => {
                    [until, self.next_sweep()].into_iter().flatten().min()
                }
            }
        };
    }
}
