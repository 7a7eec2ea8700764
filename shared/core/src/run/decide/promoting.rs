//! Judging, moving the alias, ending.

use serde_json::json;

use super::{Also, Step};
use crate::announcement::happened;
use crate::config::Approval;
use crate::pipeline::{MoveReason, PipelineEvent};
use crate::run::{Awaiting, Event, Outcome, RunState};

impl Step {
    /// Judging, moving, ending.
    pub(super) fn promote(&mut self, event: &Event) -> bool {
        match (self.run.state.clone(), event) {
            (
                RunState::Deciding,
                Event::Judged {
                    verdict,
                    dataset,
                    hold,
                    generation,
                },
            ) => {
                if *dataset != self.run.dataset.digest {
                    return self.close(
                        Outcome::Failed,
                        format!(
                            "the answers belong to dataset {dataset}, not to this run's {}",
                            self.run.dataset.digest
                        ),
                    );
                }
                self.run.verdict = Some((**verdict).clone());
                if !verdict.passed {
                    return self.close(Outcome::Declined, verdict.reason.clone());
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
            (RunState::AwaitingApproval { .. }, Event::Approved { by, generation }) => {
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
                let reason = self
                    .run
                    .verdict
                    .as_ref()
                    .map_or_else(String::new, |v| v.reason.clone());
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
            (RunState::Closing { outcome, reason }, Event::Reported)
                if self.run.leftovers.is_empty() =>
            {
                self.end(outcome, reason)
            }
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
        self.note(format!(
            "the gate is passed; waiting for a person, as {why}: `perennial approve {id}`"
        ))
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
            })));
        let word = match outcome {
            Outcome::Promoted => "Run Promoted",
            Outcome::Declined => "Run Declined",
            Outcome::Failed => "Run Failed",
            Outcome::Cancelled => "Run Cancelled",
        };
        self.say.push(happened(
            word,
            json!({ "pipeline": self.run.pipeline, "run": self.run.id, "reason": reason }),
        ));
        self.run.state = RunState::Ended {
            outcome,
            reason,
            at: self.now,
        };
        self.run.due = None;
        self.note(format!("ended: {}", outcome.word()))
    }
}
