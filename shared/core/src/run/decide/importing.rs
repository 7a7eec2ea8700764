//! From the weights that a training job left to a model.

use super::Step;
use super::training::is_service_fault;
use crate::names::Purpose;
use crate::routing::Trainer;
use crate::run::{
    Event, IMPORT_STARTING_LIMIT_HOURS, IMPORTING_LIMIT_HOURS, MAX_ATTEMPTS, Outcome, RunState,
    Seen,
};

impl Step {
    /// Weights seen, import started, import seen.
    pub(super) fn import(&mut self, event: &Event) -> bool {
        match (self.run.state.clone(), event) {
            (RunState::Training { attempt, stop, .. }, Event::WeightsSeen { weights })
                if self.run.training_purpose() == Purpose::Pretraining =>
            {
                self.first_done(attempt, stop, weights)
            }
            (RunState::Training { attempt, stop, .. }, Event::WeightsSeen { weights }) => {
                self.saw_job(Purpose::Training, attempt, "", "Completed");
                self.run.weights = Some(weights.clone());
                if self.run.cancelled.is_some() {
                    return self.close(Outcome::Cancelled, stop.unwrap_or_default());
                }
                self.begin_import(1, weights.clone());
                self.note(match self.run.route.trainer {
                    Trainer::Serverless { .. } => format!(
                        "training is done: its checkpoint is {weights}; Bedrock makes a custom model of it now"
                    ),
                    Trainer::Bedrock { .. } | Trainer::SageMaker { .. } => format!(
                        "training is done: its weights are in {weights}; they are imported into Bedrock now"
                    ),
                })
            }
            (RunState::Importing { attempt, .. }, Event::ImportFound { job }) => {
                let known = self.run.resource(Purpose::Import, attempt).to_string();
                if self.run.jobs.iter().any(|job| job.name == known) {
                    return false;
                }
                // Its time runs from here: what it waited for before was its own affair.
                let deadline = self.hours(IMPORTING_LIMIT_HOURS);
                if let RunState::Importing {
                    deadline: limit, ..
                } = &mut self.run.state
                {
                    *limit = deadline;
                }
                self.saw_job(Purpose::Import, attempt, job, "InProgress");
                let what = self.run.route.trainer.imports();
                self.note(format!("{what} {known} is started (attempt {attempt})"))
            }
            (RunState::Importing { .. }, Event::ImportRefused { reason }) => {
                self.close(Outcome::Failed, reason)
            }
            (
                RunState::Importing {
                    attempt, weights, ..
                },
                Event::ImportSeen(seen),
            ) => self.import_seen(attempt, weights, seen),
            (
                RunState::Closing { .. } | RunState::Ended { .. },
                Event::ImportSeen(Seen::Completed {
                    model_arn: Some(arn),
                }),
            ) if self.run.leftovers.contains(&Purpose::Import) && self.run.model_arn.is_none() => {
                self.register(arn);
                self.note(format!(
                    "{arn} was imported all the same; it serves nobody and will be found idle"
                ))
            }
            _ => false,
        }
    }

    fn begin_import(&mut self, attempt: u32, weights: String) {
        self.run.creates.push((Purpose::Import, attempt));
        self.run.state = RunState::Importing {
            attempt,
            weights,
            deadline: self.hours(IMPORT_STARTING_LIMIT_HOURS),
        };
    }

    fn import_seen(&mut self, attempt: u32, weights: String, seen: &Seen) -> bool {
        let what = self.run.route.trainer.imports();
        match seen {
            Seen::Running { .. } => false,
            Seen::Completed { model_arn: None } => {
                self.saw_job(Purpose::Import, attempt, "", "Completed");
                self.close(
                    Outcome::Failed,
                    format!("the {what} completed, but names no model"),
                )
            }
            Seen::Completed {
                model_arn: Some(arn),
            } => {
                self.saw_job(Purpose::Import, attempt, "", "Completed");
                self.made(arn)
            }
            Seen::Stopped => {
                self.saw_job(Purpose::Import, attempt, "", "Stopped");
                self.close(Outcome::Failed, format!("the {what} was stopped"))
            }
            Seen::Failed { message } => {
                self.saw_job(Purpose::Import, attempt, "", "Failed");
                let reason = format!("the {what} failed (attempt {attempt}): {message}");
                // An import costs nothing, and what it starts from is paid for: the service's own faults are worth a second try.
                if attempt >= MAX_ATTEMPTS || !is_service_fault(message) {
                    return self.close(Outcome::Failed, reason);
                }
                self.begin_import(attempt + 1, weights);
                self.note(format!("{reason}; attempt {} follows", attempt + 1))
            }
        }
    }
}
