//! What a run's saved state calls for. Performing an effect twice is harmless; whoever comes after a crash does.

use serde::{Deserialize, Serialize};

use super::{BaseSide, CandidateSide, ChampionSide, Run, RunState};
use crate::names::Purpose;

/// One thing to do, or to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Effect {
    /// Assemble, check and price the dataset.
    Prepare,
    /// Create the training job of this attempt.
    StartTraining {
        /// Counted from 1.
        attempt: u32,
    },
    /// The run was cancelled before its job was seen: see whether there is one.
    LookForTraining {
        /// Counted from 1.
        attempt: u32,
    },
    /// Read the training job's true state.
    ObserveTraining {
        /// Counted from 1.
        attempt: u32,
    },
    /// Ask for a stop.
    StopTraining {
        /// Counted from 1.
        attempt: u32,
    },
    /// Create the import job of this attempt, or see how it is.
    Import {
        /// Counted from 1.
        attempt: u32,
        /// Where the weights are: an S3 URI.
        weights: String,
    },
    /// Create the candidate's temporary deployment, or see how it is.
    DeployCandidate,
    /// Ask the candidate.
    AskCandidate {
        /// The deployment's ARN.
        deployment: String,
    },
    /// Start the base model's batch job.
    StartBase {
        /// Counted from 1.
        attempt: u32,
    },
    /// Read the batch job's true state; collect its answers.
    ObserveBase {
        /// Counted from 1.
        attempt: u32,
    },
    /// Ask the base model what its batch job left out.
    AskBase,
    /// Ask the champion what is not kept.
    AskChampion {
        /// The deployment's ARN.
        deployment: String,
    },
    /// Score and judge.
    Judge,
    /// See how the move of the alias goes, and carry it on.
    FollowMove {
        /// The move.
        generation: u64,
    },
    /// Remove what the run made for itself.
    Remove(Purpose),
    /// Write the run's report.
    Report,
}

impl Effect {
    /// Whether it is done by one invocation at a time: what takes long, what creates something, and what then looks
    /// whether it was created. Without the claim, a cancelled run could find nothing and end while the create is on its way.
    pub fn needs_claim(&self) -> bool {
        matches!(
            self,
            Self::Prepare
                | Self::StartTraining { .. }
                | Self::LookForTraining { .. }
                | Self::Import { .. }
                | Self::DeployCandidate
                | Self::Remove(_)
                | Self::AskCandidate { .. }
                | Self::AskBase
                | Self::AskChampion { .. }
                | Self::StartBase { .. }
        )
    }
}

/// Everything that the state calls for, in order; each on its own may have to wait.
pub fn effects(run: &Run) -> Vec<Effect> {
    match &run.state {
        RunState::Preparing => vec![Effect::Prepare],
        RunState::Starting { attempt } if run.cancelled.is_some() => {
            vec![Effect::LookForTraining { attempt: *attempt }]
        }
        RunState::Starting { attempt } => vec![Effect::StartTraining { attempt: *attempt }],
        RunState::Training {
            attempt,
            stop,
            stopping,
            ..
        } => {
            let mut effects = vec![Effect::ObserveTraining { attempt: *attempt }];
            if stop.is_some() && !stopping {
                effects.insert(0, Effect::StopTraining { attempt: *attempt });
            }
            effects
        }
        RunState::Importing {
            attempt, weights, ..
        } => vec![Effect::Import {
            attempt: *attempt,
            weights: weights.clone(),
        }],
        RunState::Evaluating {
            candidate,
            base,
            champion,
            ..
        } => {
            let mut effects = Vec::new();
            match base {
                BaseSide::Starting { attempt } => {
                    effects.push(Effect::StartBase { attempt: *attempt })
                }
                BaseSide::Running { attempt, .. } => {
                    effects.push(Effect::ObserveBase { attempt: *attempt })
                }
                BaseSide::Asking => effects.push(Effect::AskBase),
                BaseSide::Answered => {}
            }
            match candidate {
                CandidateSide::Deploying => effects.push(Effect::DeployCandidate),
                CandidateSide::Asking { deployment } => {
                    effects.push(Effect::AskCandidate {
                        deployment: deployment.clone(),
                    });
                }
                CandidateSide::Removing { .. } => effects.push(Effect::Remove(Purpose::Candidate)),
                CandidateSide::Answered => {}
            }
            if let ChampionSide::Asking { deployment } = champion {
                effects.push(Effect::AskChampion {
                    deployment: deployment.clone(),
                });
            }
            effects
        }
        RunState::Deciding => vec![Effect::Judge],
        RunState::AwaitingApproval { .. } => Vec::new(),
        RunState::Ended { .. } => run
            .leftovers
            .first()
            .map(|purpose| Effect::Remove(*purpose))
            .into_iter()
            .collect(),
        RunState::Promoting { generation } => vec![Effect::FollowMove {
            generation: *generation,
        }],
        RunState::Closing { .. } => match run.leftovers.first() {
            Some(purpose) => vec![Effect::Remove(*purpose)],
            None => vec![Effect::Report],
        },
    }
}
