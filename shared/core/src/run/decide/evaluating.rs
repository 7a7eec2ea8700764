//! Collecting the models' answers.

use jiff::Timestamp;
use serde_json::json;

use super::training::is_service_fault;
use super::{Step, Terms};
use crate::announcement::happened;
use crate::money::Usd;
use crate::names::Purpose;
use crate::pipeline::is_provisioned;
use crate::run::{
    BaseSide, CandidateSide, ChampionSide, EVALUATION_DEADLINE_HOURS, Event, MAX_ATTEMPTS, Outcome,
    RunState, Seen,
};
use crate::simulator::{self, Rule};

impl Step {
    /// Collecting answers.
    pub(super) fn evaluate(&mut self, event: &Event, terms: Terms<'_>) -> bool {
        let RunState::Evaluating {
            mut candidate,
            mut base,
            mut champion,
            mut deadline,
        } = self.run.state.clone()
        else {
            return false;
        };
        match (event, &candidate, &base, &champion) {
            (Event::CandidateDeployed { deployment }, CandidateSide::Deploying, _, _) => {
                candidate = CandidateSide::Asking {
                    deployment: deployment.clone(),
                };
                if is_provisioned(deployment) {
                    // What it waited for before was its own affair.
                    deadline = self.hours(EVALUATION_DEADLINE_HOURS);
                }
                self.note("the candidate's temporary deployment is active; it is being asked");
            }
            (Event::CandidateFailed { reason }, CandidateSide::Deploying, _, _) => {
                let attempt = self.run.candidate_attempts();
                if attempt >= MAX_ATTEMPTS || !is_service_fault(reason) {
                    return self.close(Outcome::Failed, reason);
                }
                // What failed was never billed, so the money that is reserved holds for the next.
                self.run.creates.push((Purpose::Candidate, attempt + 1));
                self.note(format!("{reason}; attempt {} follows", attempt + 1));
            }
            (Event::CandidateAnswered, CandidateSide::Asking { deployment }, _, _)
                if is_provisioned(deployment)
                    && !simulator::is_removed(Rule::CandidateGoesAtOnce) =>
            {
                candidate = CandidateSide::Removing {
                    deployment: deployment.clone(),
                };
                self.note(
                    "the candidate has answered; its provisioned throughput, billed by the hour, is removed now",
                );
            }
            (Event::CandidateAnswered, CandidateSide::Asking { .. }, _, _) => {
                candidate = CandidateSide::Answered;
                self.note("the candidate has answered");
            }
            (Event::Removed(Purpose::Candidate), CandidateSide::Removing { .. }, _, _) => {
                candidate = CandidateSide::Answered;
                self.note("the candidate's provisioned throughput is removed");
            }
            (Event::BaseFound { job }, _, BaseSide::Starting { attempt }, _) => {
                let attempt = *attempt;
                self.saw_job(Purpose::Base, attempt, job, "InProgress");
                base = BaseSide::Running {
                    attempt,
                    job: job.clone(),
                };
                self.note("the base model is being asked by a batch inference job");
            }
            (Event::BaseSeen(seen), _, BaseSide::Running { attempt, .. }, _) => {
                let attempt = *attempt;
                let (status, words) = match seen {
                    Seen::Running { .. } => return false,
                    Seen::Completed { .. } => {
                        self.saw_job(Purpose::Base, attempt, "", "Completed");
                        base = BaseSide::Asking;
                        self.note(
                            "the batch job left answers out; the base model is asked for them",
                        );
                        return self.evaluating(candidate, base, champion, deadline);
                    }
                    Seen::Failed { message } => ("Failed", message.clone()),
                    Seen::Stopped => ("Stopped", "it was stopped".to_owned()),
                };
                self.saw_job(Purpose::Base, attempt, "", status);
                let reason =
                    format!("the base model could not be asked (attempt {attempt}): {words}");
                // The other models' answers are reserved with the first attempt, and are not asked for again. An older record
                // does not know the share: then the whole is.
                let amount = self.run.prepared.as_ref().map_or(Usd::ZERO, |found| {
                    found.base_cost.unwrap_or(found.evaluation_cost)
                });
                if attempt >= MAX_ATTEMPTS {
                    return self.close(Outcome::Failed, reason);
                }
                if let Err(over) = self.affords(amount, terms) {
                    return self.close(
                        Outcome::Failed,
                        format!("{reason}. A second attempt is not bought: {over}"),
                    );
                }
                self.reserve(Purpose::Base, attempt + 1, amount);
                self.run.creates.push((Purpose::Base, attempt + 1));
                base = BaseSide::Starting {
                    attempt: attempt + 1,
                };
                self.note(format!("{reason}; attempt {} follows", attempt + 1));
            }
            (
                Event::BaseAnswered,
                _,
                BaseSide::Starting { .. } | BaseSide::Running { .. } | BaseSide::Asking,
                _,
            ) => {
                if let BaseSide::Running { attempt, .. } = &base {
                    self.saw_job(Purpose::Base, *attempt, "", "Completed");
                }
                base = BaseSide::Answered;
                self.note("the base model has answered");
            }
            (Event::ChampionAnswered, _, _, ChampionSide::Asking { .. }) => {
                champion = ChampionSide::Answered;
                self.note("the champion has answered");
            }
            (Event::ChampionGone { reason }, _, _, ChampionSide::Asking { .. }) => {
                return self.close(Outcome::Failed, reason);
            }
            _ => return false,
        }
        self.evaluating(candidate, base, champion, deadline)
    }

    /// Goes on collecting, or to the gate once every side has answered.
    pub(super) fn evaluating(
        &mut self,
        candidate: CandidateSide,
        base: BaseSide,
        champion: ChampionSide,
        deadline: Timestamp,
    ) -> bool {
        let all = candidate == CandidateSide::Answered
            && base == BaseSide::Answered
            && !matches!(champion, ChampionSide::Asking { .. });
        self.run.state = if all {
            self.say.push(happened(
                "Evaluation Complete",
                json!({ "pipeline": self.run.pipeline, "run": self.run.id }),
            ));
            RunState::Deciding
        } else {
            RunState::Evaluating {
                candidate,
                base,
                champion,
                deadline,
            }
        };
        true
    }
}
