//! `decide(run, event, terms) -> run'`: every change of a run.
//!
//! What comes back also says what must be saved in the same transaction: money, the model, the pipeline.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Awaiting, BaseSide, CandidateSide, ChampionSide, EVALUATION_DEADLINE_HOURS, Event, Job,
    MAX_ATTEMPTS, Outcome, Prepared, Run, RunState, Seen, TRAINING_DEADLINE_HOURS,
};
use crate::announcement::{Announcement, happened};
use crate::config::Approval;
use crate::model::{Model, ModelLife};
use crate::money::Usd;
use crate::names::{ModelId, Purpose};
use crate::pipeline::{MoveReason, PipelineEvent};
use crate::prices;

/// What a decision rests on besides the run and the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'a> {
    /// The time.
    pub now: Timestamp,
    /// What is reserved in this month already, by every run of the pipeline.
    pub month_reserved: Usd,
    /// The invocation that decides: its own claim ends with its event, another's does not.
    pub by: &'a str,
}

/// Another record that changes in the same transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Also {
    /// Money is reserved before it is spent.
    Reserve {
        /// What for.
        purpose: Purpose,
        /// Counted from 1.
        attempt: u32,
        /// How much.
        amount: Usd,
    },
    /// Everything reserved for the run is released: nothing was ever created.
    ReleaseAll,
    /// The registry learns of the model.
    Register(Box<Model>),
    /// The pipeline changes too.
    Pipeline(Box<PipelineEvent>),
}

/// The new state, and what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The run after the event.
    pub run: Run,
    /// What happened, and why: a line of the run's history.
    pub history: Option<String>,
    /// Saved in the same transaction.
    pub also: Vec<Also>,
    /// Said after it is saved.
    pub say: Vec<Announcement>,
}

/// Applies an event. `None`: the event does not apply in this state (it is late, or a repetition), and nothing changes.
pub fn decide(run: &Run, event: &Event, terms: Terms<'_>) -> Option<Decision> {
    let mut step = Step {
        run: run.clone(),
        history: None,
        also: Vec::new(),
        say: Vec::new(),
        now: terms.now,
    };
    step.run.due = Some(terms.now);
    if !matches!(
        event,
        Event::Claimed(_) | Event::CancelRequested { .. } | Event::Approved { .. }
    ) {
        step.run.claim = None;
    }
    let applies = step.common(event)
        || step.train(event, terms)
        || step.evaluate(event)
        || step.promote(event);
    applies.then(|| step.done())
}

struct Step {
    run: Run,
    history: Option<String>,
    also: Vec<Also>,
    say: Vec<Announcement>,
    now: Timestamp,
}

impl Step {
    fn done(self) -> Decision {
        Decision {
            run: self.run,
            history: self.history,
            also: self.also,
            say: self.say,
        }
    }

    fn note(&mut self, text: impl Into<String>) -> bool {
        self.history = Some(text.into());
        true
    }

    fn hours(&self, hours: i64) -> Timestamp {
        self.now
            .checked_add(SignedDuration::from_hours(hours))
            .unwrap_or(Timestamp::MAX)
    }

    fn close(&mut self, outcome: Outcome, reason: impl Into<String>) -> bool {
        let reason = reason.into();
        self.note(format!("ending as {}: {reason}", outcome.word()));
        self.run.state = RunState::Closing { outcome, reason };
        true
    }

    /// What may happen in any state.
    fn common(&mut self, event: &Event) -> bool {
        match event {
            Event::Claimed(claim) => {
                if matches!(self.run.state, RunState::Ended { .. }) {
                    return false;
                }
                self.run.claim = Some(claim.clone());
                self.run.due = Some(claim.until);
                true
            }
            Event::Later { at, note } => self.later(*at, note.as_deref()),
            Event::CancelRequested { by } => self.cancel(by),
            Event::Impossible { reason } => match &self.run.state {
                RunState::Preparing => {
                    self.also.push(Also::ReleaseAll);
                    self.close(Outcome::Failed, reason)
                }
                RunState::Evaluating { .. } | RunState::Deciding => {
                    self.close(Outcome::Failed, reason)
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn later(&mut self, at: Timestamp, note: Option<&str>) -> bool {
        self.run.due = Some(at);
        self.history = note.map(str::to_owned);
        let now = self.now;
        match &mut self.run.state {
            RunState::Training { deadline, stop, .. } if now > *deadline && stop.is_none() => {
                let reason =
                    format!("the training job was not done within {TRAINING_DEADLINE_HOURS} hours");
                *stop = Some(reason.clone());
                self.run.due = Some(now);
                self.note(format!("stopping the training job: {reason}"))
            }
            RunState::Evaluating { deadline, .. } if now > *deadline => self.close(
                Outcome::Failed,
                format!("the answers were not there within {EVALUATION_DEADLINE_HOURS} hours"),
            ),
            RunState::Ended { .. } => false,
            _ => true,
        }
    }

    fn cancel(&mut self, by: &str) -> bool {
        let reason = format!("cancelled by {by}");
        match &mut self.run.state {
            RunState::Closing { .. } | RunState::Ended { .. } | RunState::Promoting { .. } => {
                return false;
            }
            RunState::Starting { .. } => {}
            RunState::Training { stop, .. } => {
                stop.get_or_insert_with(|| reason.clone());
            }
            RunState::Preparing
            | RunState::Evaluating { .. }
            | RunState::Deciding
            | RunState::AwaitingApproval { .. } => {
                self.run.cancelled = Some(by.to_owned());
                return self.close(Outcome::Cancelled, reason);
            }
        }
        self.run.cancelled = Some(by.to_owned());
        self.note(reason)
    }

    /// Preparing, starting, training.
    fn train(&mut self, event: &Event, terms: Terms<'_>) -> bool {
        match (self.run.state.clone(), event) {
            (RunState::Preparing, Event::Prepared(prepared)) => self.prepared(prepared, terms),
            (RunState::Starting { attempt }, Event::TrainingFound { job }) => {
                let deadline = self.hours(TRAINING_DEADLINE_HOURS);
                let stop = self
                    .run
                    .cancelled
                    .as_ref()
                    .map(|by| format!("cancelled by {by}"));
                self.run.state = RunState::Training {
                    attempt,
                    job: job.clone(),
                    deadline,
                    stop,
                    stopping: false,
                };
                self.saw_job(Purpose::Training, attempt, job, "InProgress");
                let name = self.run.resource(Purpose::Training, attempt);
                self.note(format!(
                    "training job {name} is started (attempt {attempt})"
                ))
            }
            (RunState::Starting { attempt }, Event::TrainingRefused { reason }) => {
                if attempt == 1 {
                    self.also.push(Also::ReleaseAll);
                }
                self.close(Outcome::Failed, reason)
            }
            (RunState::Starting { attempt }, Event::TrainingNeverStarted)
                if self.run.cancelled.is_some() =>
            {
                if attempt == 1 {
                    self.also.push(Also::ReleaseAll);
                }
                let by = self.run.cancelled.clone().unwrap_or_default();
                self.close(
                    Outcome::Cancelled,
                    format!("cancelled by {by} before a job was started"),
                )
            }
            (
                RunState::Training {
                    attempt,
                    job,
                    deadline,
                    stop,
                    ..
                },
                Event::TrainingStopAsked,
            ) => {
                self.run.state = RunState::Training {
                    attempt,
                    job,
                    deadline,
                    stop,
                    stopping: true,
                };
                self.note("a stop of the training job was asked for")
            }
            (RunState::Training { attempt, stop, .. }, Event::TrainingSeen(seen)) => {
                self.training_seen(attempt, stop, seen, terms)
            }
            _ => false,
        }
    }

    fn prepared(&mut self, prepared: &Prepared, terms: Terms<'_>) -> bool {
        let total = prepared.training_cost + prepared.evaluation_cost;
        self.run.prepared = Some(prepared.clone());
        if let Err(over) = prices::fits(&self.run.config.budget, terms.month_reserved, total) {
            self.say.push(happened(
                "Budget Reached",
                json!({ "pipeline": self.run.pipeline, "run": self.run.id, "reason": over.to_string() }),
            ));
            return self.close(Outcome::Failed, over.to_string());
        }
        self.reserve(Purpose::Training, 1, prepared.training_cost);
        self.reserve(Purpose::Base, 1, prepared.evaluation_cost);
        self.run.state = RunState::Starting { attempt: 1 };
        self.note(format!(
            "dataset {} is sealed: {} records, {} evaluation prompts; {total} is reserved; {}",
            self.run.dataset.digest, prepared.records, prepared.prompts, prepared.power
        ))
    }

    fn reserve(&mut self, purpose: Purpose, attempt: u32, amount: Usd) {
        self.run.reserved = self.run.reserved + amount;
        self.also.push(Also::Reserve {
            purpose,
            attempt,
            amount,
        });
    }

    fn saw_job(&mut self, purpose: Purpose, attempt: u32, arn: &str, status: &str) {
        let name = self.run.resource(purpose, attempt).to_string();
        match self.run.jobs.iter_mut().find(|job| job.name == name) {
            Some(job) => job.status = status.to_owned(),
            None => self.run.jobs.push(Job {
                purpose,
                attempt,
                name,
                arn: arn.to_owned(),
                status: status.to_owned(),
            }),
        }
    }

    fn training_seen(
        &mut self,
        attempt: u32,
        stop: Option<String>,
        seen: &Seen,
        terms: Terms,
    ) -> bool {
        let cancelled = self.run.cancelled.is_some();
        match seen {
            Seen::Running { .. } => false,
            Seen::Completed { model_arn: None } => {
                self.saw_job(Purpose::Training, attempt, "", "Completed");
                self.close(
                    Outcome::Failed,
                    "the training job completed, but names no model",
                )
            }
            Seen::Completed {
                model_arn: Some(arn),
            } => {
                self.saw_job(Purpose::Training, attempt, "", "Completed");
                self.register(arn);
                if cancelled {
                    return self.close(Outcome::Cancelled, stop.unwrap_or_default());
                }
                self.evaluate_now();
                self.note(format!(
                    "training is done: model {arn}; its answers are collected now"
                ))
            }
            Seen::Stopped => {
                self.saw_job(Purpose::Training, attempt, "", "Stopped");
                let reason =
                    stop.unwrap_or_else(|| "the training job was stopped by someone".into());
                self.close(
                    if cancelled {
                        Outcome::Cancelled
                    } else {
                        Outcome::Failed
                    },
                    reason,
                )
            }
            Seen::Failed { message } => {
                self.saw_job(Purpose::Training, attempt, "", "Failed");
                if cancelled {
                    return self.close(Outcome::Cancelled, stop.unwrap_or_default());
                }
                if attempt >= MAX_ATTEMPTS || stop.is_some() || !is_service_fault(message) {
                    return self.close(
                        Outcome::Failed,
                        format!("the training job failed (attempt {attempt}): {message}"),
                    );
                }
                let amount = self
                    .run
                    .prepared
                    .as_ref()
                    .map_or(Usd::ZERO, |prepared| prepared.training_cost);
                if let Err(over) =
                    prices::fits(&self.run.config.budget, terms.month_reserved, amount)
                {
                    return self.close(
                        Outcome::Failed,
                        format!("the training job failed: {message}. A second attempt is not bought: {over}"),
                    );
                }
                self.reserve(Purpose::Training, attempt + 1, amount);
                self.run.state = RunState::Starting {
                    attempt: attempt + 1,
                };
                self.note(format!(
                    "the training job failed ({message}); attempt {} follows",
                    attempt + 1
                ))
            }
        }
    }

    fn register(&mut self, arn: &str) {
        self.run.model_arn = Some(arn.to_owned());
        let training_key = self
            .run
            .prepared
            .as_ref()
            .map(|p| p.training_key.clone())
            .unwrap_or_default();
        self.also.push(Also::Register(Box::new(Model {
            id: ModelId::of(&self.run.id),
            pipeline: self.run.pipeline.clone(),
            run: self.run.id.clone(),
            arn: arn.to_owned(),
            base: self.run.trains_from.clone(),
            trained_on: self.run.trained_on.clone(),
            training_key,
            created_at: self.now,
            life: ModelLife::Ready,
            mark: None,
            notes: vec![format!("made by run {}", self.run.id)],
        })));
    }

    fn evaluate_now(&mut self) {
        self.run.leftovers = vec![Purpose::Candidate, Purpose::Base];
        self.run.state = RunState::Evaluating {
            candidate: CandidateSide::Deploying,
            base: BaseSide::Starting { attempt: 1 },
            champion: match (&self.run.champion, &self.run.champion_deployment) {
                (Some(_), Some(deployment)) => ChampionSide::Asking {
                    deployment: deployment.clone(),
                },
                _ => ChampionSide::None,
            },
            deadline: self.hours(EVALUATION_DEADLINE_HOURS),
        };
    }

    /// Collecting answers.
    fn evaluate(&mut self, event: &Event) -> bool {
        let RunState::Evaluating {
            mut candidate,
            mut base,
            mut champion,
            deadline,
        } = self.run.state.clone()
        else {
            return false;
        };
        match (event, &candidate, &base, &champion) {
            (Event::CandidateDeployed { deployment }, CandidateSide::Deploying, _, _) => {
                candidate = CandidateSide::Asking {
                    deployment: deployment.clone(),
                };
                self.note("the candidate's temporary deployment is active; it is being asked");
            }
            (Event::CandidateAnswered, CandidateSide::Asking { .. }, _, _) => {
                candidate = CandidateSide::Answered;
                self.note("the candidate has answered");
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
                    Seen::Completed { .. } => ("Completed", "answers are missing".to_owned()),
                    Seen::Failed { message } => ("Failed", message.clone()),
                    Seen::Stopped => ("Stopped", "it was stopped".to_owned()),
                };
                self.saw_job(Purpose::Base, attempt, "", status);
                if attempt >= MAX_ATTEMPTS {
                    return self.close(
                        Outcome::Failed,
                        format!("the base model could not be asked (attempt {attempt}): {words}"),
                    );
                }
                base = BaseSide::Starting {
                    attempt: attempt + 1,
                };
                self.note(format!(
                    "the base model's batch job ended without all answers ({words}); asking again"
                ));
            }
            (Event::BaseAnswered, _, BaseSide::Starting { .. } | BaseSide::Running { .. }, _) => {
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

    /// Judging, moving, ending.
    fn promote(&mut self, event: &Event) -> bool {
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
            (RunState::Closing { .. }, Event::Removed(purpose)) => {
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

    fn wait_for_person(&mut self, awaiting: Awaiting, why: &str) -> bool {
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

    fn begin_move(&mut self, generation: u64, why: String) -> bool {
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

    fn end(&mut self, outcome: Outcome, reason: String) -> bool {
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

/// Whether a failed job's message speaks of the service's own fault, so that the same data may pass a second time.
fn is_service_fault(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "internal",
        "service unavailable",
        "try again",
        "capacity",
        "timed out",
    ]
    .iter()
    .any(|word| message.contains(word))
}
