//! What may happen to a run. Events are what was truly seen, never what a message claimed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Claim, Prepared};
use crate::gate::Verdict;

/// A paid job's state as the service told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Runs, or is being stopped.
    Running {
        /// In the service's words.
        status: String,
    },
    /// Ended with its result.
    Completed {
        /// The model, for a training job.
        model_arn: Option<String>,
    },
    /// Ended without one.
    Failed {
        /// The service's reason.
        message: String,
    },
    /// Was stopped.
    Stopped,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A long step begins.
    Claimed(Claim),
    /// Nothing has changed: look again then.
    Later {
        /// When.
        at: Timestamp,
        /// Worth a line in the history.
        note: Option<String>,
    },
    /// A person ends the run.
    CancelRequested {
        /// Who.
        by: String,
    },
    /// The step cannot ever succeed.
    Impossible {
        /// In words, with what to do.
        reason: String,
    },

    /// The dataset is assembled.
    Prepared(Box<Prepared>),
    /// The training job is there: created, or found and known as ours.
    TrainingFound {
        /// Its ARN.
        job: String,
    },
    /// No training job was created, and none can be: refused for good, and none by its name is there.
    TrainingRefused {
        /// In words.
        reason: String,
    },
    /// There is no training job by its name; the run was cancelled, so none will be.
    TrainingNeverStarted,
    /// The training job as the service tells it.
    TrainingSeen(Seen),
    /// A stop was asked for.
    TrainingStopAsked,
    /// The training job completed and left weights in the bucket.
    WeightsSeen {
        /// Where: an S3 URI.
        weights: String,
    },

    /// The import job is there: created, or found and known as ours.
    ImportFound {
        /// Its ARN.
        job: String,
    },
    /// No import job was created, and none can be.
    ImportRefused {
        /// In words.
        reason: String,
    },
    /// The import job as the service tells it.
    ImportSeen(Seen),

    /// The candidate's deployment is Active.
    CandidateDeployed {
        /// Its ARN.
        deployment: String,
    },
    /// The candidate's provisioned throughput ended as Failed, and is removed.
    CandidateFailed {
        /// In words.
        reason: String,
    },
    /// Every prompt has the candidate's answer, or a reason why not.
    CandidateAnswered,
    /// The base model's batch job is there.
    BaseFound {
        /// Its ARN.
        job: String,
    },
    /// The batch job as the service tells it, when it ended without all answers.
    BaseSeen(Seen),
    /// Every answer of the base model that is to be had is kept.
    BaseAnswered,
    /// Every prompt has the champion's answer.
    ChampionAnswered,
    /// The champion changed since the run was opened, or its model is gone: it cannot be asked.
    ChampionGone {
        /// In words.
        reason: String,
    },

    /// The gate's verdict on exactly this run's dataset.
    Judged {
        /// With its figures.
        verdict: Box<Verdict>,
        /// The dataset that the judged model was trained on, by the registry.
        dataset: String,
        /// The digest of the questions that it was judged by, as they were read.
        questions: String,
        /// Why promotions wait, when they do.
        hold: Option<String>,
        /// The number of the move that would follow.
        generation: u64,
    },
    /// A person says yes.
    Approved {
        /// Who.
        by: String,
        /// The number of the move that follows.
        generation: u64,
    },
    /// Promotions are not held any more. What served may have changed meanwhile, so the gate is asked again.
    HoldLifted,
    /// The run's model is champion, and the alias says so.
    Moved,
    /// The alias could not be moved; what served before serves.
    MoveFailed {
        /// In words.
        reason: String,
    },

    /// A job was found that the run did not know of: a call that nobody heard of has created it.
    LeftoverFound {
        /// What for.
        purpose: crate::names::Purpose,
        /// Counted from 1.
        attempt: u32,
        /// Its ARN.
        job: String,
    },
    /// A temporary thing is gone.
    Removed(crate::names::Purpose),
    /// The report is written; the run may end.
    Reported,
}

impl Event {
    /// Whether money may be reserved by it, so that what is reserved in the month must be known.
    pub fn may_reserve(&self) -> bool {
        matches!(
            self,
            Self::Prepared(_)
                | Self::TrainingSeen(Seen::Failed { .. })
                | Self::BaseSeen(Seen::Failed { .. } | Seen::Stopped)
        )
    }
}
