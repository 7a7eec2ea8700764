//! A run: one pass from a dataset to an outcome.
//!
//! The saved state holds the intent, so [`effects`] can always say what must be done next, after a crash too;
//! [`decide`] is the one place in which a run changes state.

mod chain;
mod decide;
mod effects;
mod event;
mod sealed;
mod times;
mod waits;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use chain::{FirstPrepared, KeptWeights, job_words};
pub use decide::{Also, Decision, Terms, decide};
pub use effects::{Effect, effects};
pub use event::{Event, Seen};
pub use sealed::{Conflicts, DatasetRef, LeftOut, gone_for_good, may_be_gone};
pub use times::*;

use crate::announcement::Stage;
use crate::config::{Config, TrialConfig};
use crate::gate::{GateRule, Verdict};
use crate::money::Usd;
use crate::names::{Installation, ModelId, PipelineName, Purpose, ResourceName, RunId};
use crate::pipeline::Champion;
use crate::routing::{Route, Trainer};
use crate::score::ResolvedMetric;
use crate::span::Span;

/// Counted from the run's opening: earlier attempts had their time.
fn starting_limit_hours(run: &Run, attempt: u32) -> i64 {
    // The stages of a chain count like attempts; all of them have had their time but the last.
    let others = run.training_creates().count().saturating_sub(1);
    let earlier = i64::try_from(others)
        .unwrap_or(0)
        .max(i64::from(attempt.saturating_sub(1)));
    STARTING_LIMIT_HOURS + earlier * (run.training_deadline_hours() + STARTING_LIMIT_HOURS)
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its model serves.
    Promoted,
    /// A trial's model was good enough: the run on all data follows.
    Passed,
    /// Its model was not good enough.
    Declined,
    /// It could not be carried through.
    Failed,
    /// A person ended it.
    Cancelled,
}

impl Outcome {
    /// As in reports and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::Passed => "passed",
            Self::Declined => "declined",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where the candidate's answers stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side", rename_all = "kebab-case")]
pub enum CandidateSide {
    /// A temporary deployment is being made.
    Deploying,
    /// It is asked through the deployment.
    Asking {
        /// The deployment's ARN.
        deployment: String,
    },
    /// All answers are kept; what was billed by the hour for them is removed before anything else is waited for.
    Removing {
        /// The deployment's ARN.
        deployment: String,
    },
    /// All answers are kept.
    Answered,
}

/// Where the base model's answers stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side", rename_all = "kebab-case")]
pub enum BaseSide {
    /// A batch inference job is to be started for what is not kept yet.
    Starting {
        /// Counted from 1.
        attempt: u32,
    },
    /// It runs.
    Running {
        /// Counted from 1.
        attempt: u32,
        /// Its ARN.
        job: String,
    },
    /// The job completed without some answers: those are asked by `Converse`, so that no second job is bought.
    Asking,
    /// All answers are kept, or all that are to be had.
    Answered,
}

/// Where the champion's answers stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "side", rename_all = "kebab-case")]
pub enum ChampionSide {
    /// There is none.
    None,
    /// Kept answers are used; the missing ones are asked through the pipeline's deployment.
    Asking {
        /// The deployment's ARN.
        deployment: String,
    },
    /// All answers are kept.
    Answered,
}

/// Why a run waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaiting {
    /// `approval = "manual"`.
    Approval,
    /// A rollback holds promotions.
    Hold,
}

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum RunState {
    /// The training file and the evaluation prompts are assembled, checked and priced.
    Preparing,
    /// The training job of this attempt is to be created.
    Starting {
        /// Counted from 1.
        attempt: u32,
    },
    /// The training job was seen.
    Training {
        /// Counted from 1.
        attempt: u32,
        /// Its ARN.
        job: String,
        /// It is stopped then.
        deadline: Timestamp,
        /// Why it is to be stopped, if it is.
        stop: Option<String>,
        /// Whether a stop was asked for.
        stopping: bool,
    },
    /// What the training job left becomes a model.
    Importing {
        /// Counted from 1.
        attempt: u32,
        /// Where the weights are: an S3 URI.
        weights: String,
        /// The run fails then.
        deadline: Timestamp,
    },
    /// Answers are collected.
    Evaluating {
        /// The candidate.
        candidate: CandidateSide,
        /// The base model.
        base: BaseSide,
        /// The champion.
        champion: ChampionSide,
        /// The run fails then.
        deadline: Timestamp,
    },
    /// The answers are to be scored.
    Deciding,
    /// The gate is passed; a person is to say yes.
    AwaitingApproval {
        /// Why.
        awaiting: Awaiting,
    },
    /// The alias moves to the run's model.
    Promoting {
        /// The move.
        generation: u64,
    },
    /// Temporary things are removed, the report is written.
    Closing {
        /// How it will end.
        outcome: Outcome,
        /// In words.
        reason: String,
        /// Since then.
        since: Timestamp,
    },
    /// Over.
    Ended {
        /// How.
        outcome: Outcome,
        /// In words.
        reason: String,
        /// When.
        at: Timestamp,
        /// What it may have left behind is looked for once more then; none if that is done, or nothing was ever created.
        aftercare: Option<Timestamp>,
    },
}

/// What preparing found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// The training file.
    pub training_key: String,
    /// Records in it.
    pub records: u64,
    /// Exact duplicates across uploads that were left out.
    pub duplicates: u64,
    /// Records left out because they also stand in the evaluation set.
    pub leaked: u64,
    /// Those of them that stand there to the letter; the others differ in case or white space only.
    pub leaked_to_the_letter: u64,
    /// Records held out for evaluation.
    pub held_out: u64,
    /// Held-out records whose prompt was held out before: each prompt is asked once, with the newest upload's answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held_out_again: u64,
    /// Questions that two uploads answer differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Conflicts>,
    /// Records left out because the model takes no more.
    pub left_out: u64,
    /// Records that a trial's sample left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_sampled: u64,
    /// The uploads that they stand in, the newest first, as far as they are named: the oldest go first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out_of: Vec<LeftOut>,
    /// An estimate for one epoch.
    pub training_tokens: u64,
    /// The evaluation prompts that are asked.
    pub evaluation_key: String,
    /// The digest of their file: the gate judges these questions and no others.
    pub evaluation_digest: String,
    /// How many.
    pub prompts: u64,
    /// How many there were before a subsample was drawn.
    pub prompts_available: u64,
    /// Prompts left out because the champion was trained on them.
    pub prompts_seen_by_champion: u64,
    /// How answers are scored.
    pub metric: ResolvedMetric,
    /// What this set can tell apart, in words.
    pub power: String,
    /// The training job, estimated.
    pub training_cost: Usd,
    /// All questions, estimated.
    pub evaluation_cost: Usd,
    /// The base model's share of it; not in older records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_cost: Option<Usd>,
    /// How the estimate came about, in words.
    pub cost_lines: Vec<String>,
    /// The first stage of a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Box<FirstPrepared>>,
    /// A trial's job in a container is stopped after so long, as the trial's money goes no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_run: Option<Span>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A paid job of this run, as it was last seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What for.
    pub purpose: Purpose,
    /// Counted from 1.
    pub attempt: u32,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// In the service's words.
    pub status: String,
}

/// Someone works on a long step; others leave it alone until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The invocation.
    pub by: String,
    /// It is over then, whatever became of the invocation.
    pub until: Timestamp,
}

/// A run, as a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Of this pipeline.
    pub pipeline: PipelineName,
    /// Of this installation.
    pub installation: Installation,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Why, in words.
    pub because: String,
    /// It is a trial: it trains on a sample, is judged against the base model alone, and promotes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialConfig>,
    /// The configuration that it follows to its end.
    pub config: Config,
    /// Who trains, answers and serves.
    pub route: Route,
    /// What it trains on.
    pub dataset: DatasetRef,
    /// `baseModelIdentifier` of its job.
    pub trains_from: String,
    /// The champion whose model it starts from, for iterative training.
    pub starts_from: Option<ModelId>,
    /// The champion that it is compared to, and the datasets that that one has seen.
    pub champion: Option<Champion>,
    /// What clients call while that champion serves.
    pub champion_deployment: Option<String>,
    /// The datasets that the candidate will have seen: its own, and those of the model it starts from.
    pub trained_on: Vec<String>,
    /// Where it stands.
    pub state: RunState,
    /// What preparing found.
    pub prepared: Option<Prepared>,
    /// Its jobs, the newest last.
    pub jobs: Vec<Job>,
    /// The weights from which the second stage of a chain starts, once the first stage has left them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_weights: Option<String>,
    /// The weights that its training job left in the bucket, where the model is made of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// The ARN of the model that it made.
    pub model_arn: Option<String>,
    /// What a create may have been sent for, whether or not its answer was heard, and the attempt.
    pub creates: Vec<(Purpose, u32)>,
    /// What it may have made for itself and must remove before it ends, and once more in its aftercare.
    pub leftovers: Vec<Purpose>,
    /// The gate's verdict.
    pub verdict: Option<Verdict>,
    /// Who cancelled it.
    pub cancelled: Option<String>,
    /// Reserved for it, all attempts.
    pub reserved: Usd,
    /// Someone is on it.
    pub claim: Option<Claim>,
    /// Why it waits, as it was last told: the same words again are not another line of the history.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// When the next step is due.
    pub due: Option<Timestamp>,
}

impl Run {
    /// Where it stands, as far as it decides who acts.
    pub fn stage(&self) -> Stage {
        match self.state {
            RunState::Preparing => Stage::Preparing,
            RunState::Starting { .. } => Stage::Starting,
            RunState::Training { .. } => Stage::Training,
            RunState::Importing { .. } => Stage::Importing,
            RunState::Evaluating { .. } => Stage::Evaluating,
            RunState::Deciding => Stage::Deciding,
            RunState::AwaitingApproval { .. } => Stage::Approval,
            RunState::Promoting { .. } => Stage::Promoting,
            RunState::Closing { .. } => Stage::Closing,
            RunState::Ended { .. } => Stage::Ended,
        }
    }

    /// Its name for one purpose and attempt: a pure function, so that performing twice is harmless.
    pub fn resource(&self, purpose: Purpose, attempt: u32) -> ResourceName {
        ResourceName {
            installation: self.installation.clone(),
            pipeline: self.pipeline.clone(),
            run: self.id.clone(),
            purpose,
            attempt,
        }
    }

    /// Its outcome, once it has ended.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.state {
            RunState::Ended { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// Whether its model is put before a person without scores: there are no questions to ask it, and the pipeline's owner has
    /// said that a person decides.
    pub fn is_unscored(&self) -> bool {
        self.prepared
            .as_ref()
            .is_some_and(|prepared| prepared.prompts == 0)
    }

    /// What its model must reach: a trial's own threshold over the base model, or the configuration's.
    #[must_use]
    pub fn gate_rule(&self, metric: ResolvedMetric) -> GateRule {
        let mut rule = GateRule::new(&self.config.evaluation, metric);
        if let Some(trial) = &self.trial {
            rule.min_gain_over_base = trial.min_gain_over_base;
        }
        rule
    }

    /// How long its training job may take, in hours: the service stops it by its own limits where it has some.
    pub fn training_deadline_hours(&self) -> i64 {
        match &self.route.trainer {
            Trainer::Bedrock { .. } => TRAINING_DEADLINE_HOURS,
            Trainer::SageMaker { job } if job.spot => after_capacity(job.max_wait),
            Trainer::SageMaker { job } => after_capacity(job.max_run),
            Trainer::Serverless { job, .. } => after_capacity(job.max_run),
        }
    }

    /// Whether the step that it is at may be given up: nothing paid runs unseen then, and nothing is moving.
    pub fn can_be_impossible(&self) -> bool {
        matches!(
            self.state,
            RunState::Preparing | RunState::Evaluating { .. } | RunState::Deciding
        )
    }

    /// Whether it has been due for longer than [`OVERDUE_AFTER`].
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due
            .is_some_and(|due| now.duration_since(due) > OVERDUE_AFTER)
    }

    /// The run's working folder in the bucket.
    pub fn work(&self) -> String {
        format!("work/{}/{}", self.pipeline, self.id)
    }

    /// Where its training job writes, in the bucket; the service puts a folder of the job's name there.
    pub fn training_output(&self, attempt: u32) -> String {
        format!("{}/training-{attempt}/", self.work())
    }

    /// The model as a champion to be.
    pub fn candidate(&self) -> Option<Champion> {
        let arn = self.model_arn.clone()?;
        Some(Champion {
            model: ModelId::of(&self.id),
            arn,
            base_model: self.route.base_model.clone(),
        })
    }
}
