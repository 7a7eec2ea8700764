//! Judging, moving the alias, ending.

use serde_json::json;

use super::{Also, Step};
use crate::announcement::happened;
use crate::config::Approval;
use crate::money::Usd;
use crate::names::Purpose;
use crate::pipeline::{MoveReason, PipelineEvent};
use crate::run::{AFTERCARE_HOURS, Awaiting, Event, Job, Outcome, RunState, Seen};
use crate::simulator::{Rule, is_removed};

impl Step {
    /// Judging, moving, ending.
    pub(super) fn promote(&mut self, event: &Event) -> bool {
        match (self.run.state.clone(), event) {
            (
                RunState::Deciding,
                Event::Judged {
                    verdict,
                    dataset,
                    questions,
                    hold,
                    generation,
                },
            ) => {
                let compared = !is_removed(Rule::GateDigest);
                if compared && *dataset != self.run.dataset.digest {
                    return self.close(
                        Outcome::Failed,
                        format!(
                            "the answers belong to dataset {dataset}, not to this run's {}",
                            self.run.dataset.digest
                        ),
                    );
                }
                let sealed = self
                    .run
                    .prepared
                    .as_ref()
                    .map(|prepared| prepared.evaluation_digest.as_str());
                if compared && sealed != Some(questions) {
                    return self.close(
                        Outcome::Failed,
                        format!(
                            "the questions under {} were changed since the dataset was sealed (their digest is {questions}, \
                             not {}), so the answers prove nothing",
                            self.run.work(),
                            sealed.unwrap_or("known")
                        ),
                    );
                }
                self.run.verdict = Some((**verdict).clone());
                if !verdict.passed {
                    return self.close(Outcome::Declined, verdict.reason.clone());
                }
                if self.run.trial.is_some() && !is_removed(Rule::TrialServesNobody) {
                    return self.close(Outcome::Passed, verdict.reason.clone());
                }
                if let Some(hold) = hold {
                    return self.wait_for_person(Awaiting::Hold, hold);
                }
                if self.run.config.promotion.approval == Approval::Manual {
                    return self.wait_for_person(Awaiting::Approval, "approval is manual");
                }
                self.begin_move(
                    *generation,
                    format!("the gate is passed: {}", verdict.reason),
                )
            }
            (RunState::AwaitingApproval { .. }, Event::Approved { by, generation })
                if self.run.trial.is_none() =>
            {
                self.begin_move(*generation, format!("approved by {by}"))
            }
            (
                RunState::AwaitingApproval {
                    awaiting: Awaiting::Hold,
                },
                Event::HoldLifted,
            ) => {
                self.run.state = RunState::Deciding;
                self.note("promotions are not held any more; the gate decides anew")
            }
            (RunState::Promoting { .. }, Event::Moved) => {
                let reason = self.run.verdict.as_ref().map_or_else(
                    || "a person approved it; there was nothing to score it by".to_owned(),
                    |verdict| verdict.reason.clone(),
                );
                self.close(Outcome::Promoted, reason)
            }
            (RunState::Promoting { .. }, Event::MoveFailed { reason }) => self.close(
                Outcome::Failed,
                format!("the alias was not moved, the champion still serves: {reason}"),
            ),
            (RunState::Closing { .. }, Event::Removed(purpose))
                if self.run.leftovers.contains(purpose) =>
            {
                self.run.leftovers.retain(|left| left != purpose);
                true
            }
            (
                RunState::Ended {
                    aftercare: Some(at),
                    ..
                },
                Event::Removed(purpose),
            ) if self.run.leftovers.contains(purpose) => {
                if self.now < at {
                    // Too early to be sure.
                    self.run.due = Some(at);
                    return true;
                }
                self.run.leftovers.retain(|left| left != purpose);
                if self.run.leftovers.is_empty() {
                    self.aftercare_done();
                }
                true
            }
            (
                RunState::Closing { .. } | RunState::Ended { .. },
                Event::LeftoverFound {
                    purpose,
                    attempt,
                    job,
                },
            ) if self.run.leftovers.contains(purpose) => {
                self.saw_job(*purpose, *attempt, job, "InProgress");
                self.note(format!(
                    "{job} was found, which a call that was not answered has created; it is stopped, and its money stays reserved"
                ))
            }
            (
                RunState::Closing { .. } | RunState::Ended { .. },
                Event::TrainingSeen(Seen::Completed {
                    model_arn: Some(arn),
                }),
            ) if self.run.leftovers.contains(&Purpose::Training)
                && self.run.model_arn.is_none() =>
            {
                self.register(arn);
                self.note(format!(
                    "{arn} was made all the same; it serves nobody and will be found idle"
                ))
            }
            (
                RunState::Closing {
                    outcome, reason, ..
                },
                Event::Reported,
            ) if self.run.leftovers.is_empty() => self.end(outcome, reason),
            _ => false,
        }
    }

    pub(super) fn wait_for_person(&mut self, awaiting: Awaiting, why: &str) -> bool {
        self.run.state = RunState::AwaitingApproval { awaiting };
        self.run.due = None;
        let (pipeline, id) = (&self.run.pipeline, &self.run.id);
        self.say.push(happened(
            "Approval Needed",
            json!({ "pipeline": pipeline, "run": id, "why": why }),
        ));
        let gate = match self.run.is_unscored() {
            true => "no gate was asked",
            false => "the gate is passed",
        };
        let id = &self.run.id;
        let words = format!("{gate}; waiting for a person, as {why}: `perennial approve {id}`");
        self.note(words)
    }

    pub(super) fn begin_move(&mut self, generation: u64, why: String) -> bool {
        let Some(to) = self.run.candidate() else {
            return false;
        };
        let reason = MoveReason::Promotion {
            run: self.run.id.clone(),
        };
        self.also
            .push(Also::Pipeline(Box::new(PipelineEvent::MoveBegun {
                to,
                reason,
                serving: self.run.route.serving,
            })));
        self.run.state = RunState::Promoting { generation };
        self.note(why)
    }

    pub(super) fn end(&mut self, outcome: Outcome, reason: String) -> bool {
        self.also
            .push(Also::Pipeline(Box::new(PipelineEvent::Ended {
                run: self.run.id.clone(),
                outcome,
                sealed: self.run.dataset.sealed,
                pending: self.run.dataset.pending,
                changes: self.run.dataset.changes,
                trial: self.run.trial.is_some(),
                withheld: self.run.dataset.withheld.clone(),
            })));
        let word = match outcome {
            Outcome::Promoted => "Run Promoted",
            Outcome::Passed => "Trial Passed",
            Outcome::Declined => "Run Declined",
            Outcome::Failed => "Run Failed",
            Outcome::Cancelled => "Run Cancelled",
        };
        self.say.push(happened(
            word,
            json!({ "pipeline": self.run.pipeline, "run": self.run.id, "reason": reason }),
        ));
        self.run.leftovers = self.left();
        if is_removed(Rule::Aftercare) {
            self.run.leftovers.clear();
        }
        let look = self.hours(AFTERCARE_HOURS);
        let aftercare = (!self.run.leftovers.is_empty()).then_some(look);
        self.run.state = RunState::Ended {
            outcome,
            reason,
            at: self.now,
            aftercare,
        };
        self.run.due = aftercare;
        self.note(format!("ended: {}", outcome.word()))
    }

    /// Nothing can come any more. What was reserved for a job that never came into being is free again.
    fn aftercare_done(&mut self) {
        if let RunState::Ended { aftercare, .. } = &mut self.run.state {
            *aftercare = None;
        }
        self.run.due = None;
        let trained = |job: &Job| matches!(job.purpose, Purpose::Training | Purpose::Pretraining);
        if self.run.reserved > Usd::ZERO && !self.run.jobs.iter().any(trained) {
            self.also.push(Also::ReleaseAll);
            self.note("no job was ever started; what was reserved is released");
        }
    }
}
