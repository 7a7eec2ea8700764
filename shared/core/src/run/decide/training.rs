//! Preparing, starting, training.

use serde_json::json;

use super::{Also, Step, Terms};
use crate::announcement::happened;
use crate::model::{Model, ModelLife};
use crate::money::Usd;
use crate::names::{ModelId, Purpose};
use crate::routing::Trainer;
use crate::run::{
    Awaiting, BaseSide, CandidateSide, ChampionSide, EVALUATION_DEADLINE_HOURS, Event,
    MAX_ATTEMPTS, Outcome, Prepared, RunState, Seen, THROUGHPUT_LIMIT_HOURS, job_words,
};

impl Step {
    /// Preparing, starting, training.
    pub(super) fn train(&mut self, event: &Event, terms: Terms<'_>) -> bool {
        match (self.run.state.clone(), event) {
            (RunState::Preparing, Event::Prepared(prepared)) => self.prepared(prepared, terms),
            (RunState::Starting { attempt }, Event::TrainingFound { job }) => {
                let deadline = self.hours(self.run.training_deadline_hours());
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
                let purpose = self.run.training_purpose();
                self.saw_job(purpose, attempt, job, "InProgress");
                let name = self.run.resource(purpose, attempt);
                self.note(format!(
                    "{} {name} is started (attempt {attempt})",
                    job_words(purpose)
                ))
            }
            (RunState::Starting { .. }, Event::TrainingRefused { reason }) => {
                self.close(Outcome::Failed, reason)
            }
            (RunState::Starting { .. }, Event::TrainingNeverStarted)
                if self.run.cancelled.is_some() =>
            {
                let by = self.run.cancelled.clone().unwrap_or_default();
                let which = match self.run.jobs.is_empty() {
                    true => "a",
                    false => "the next",
                };
                self.close(
                    Outcome::Cancelled,
                    format!("cancelled by {by} before {which} job was started"),
                )
            }
            (
                RunState::Training {
                    attempt,
                    job,
                    deadline,
                    stop: stop @ Some(_),
                    stopping: false,
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
                let words = job_words(self.run.training_purpose());
                self.note(format!("a stop of the {words} was asked for"))
            }
            (RunState::Training { attempt, stop, .. }, Event::TrainingSeen(seen)) => {
                self.training_seen(attempt, stop, seen, terms)
            }
            _ => false,
        }
    }

    pub(super) fn prepared(&mut self, prepared: &Prepared, terms: Terms<'_>) -> bool {
        let first = prepared.first.as_ref();
        let first_cost = first.map_or(Usd::ZERO, |first| first.cost);
        let total = first_cost + prepared.training_cost + prepared.evaluation_cost;
        self.run.prepared = Some(prepared.clone());
        if let Err(over) = self.affords(total, terms) {
            self.say.push(happened(
                "Budget Reached",
                json!({ "pipeline": self.run.pipeline, "run": self.run.id, "reason": over.to_string() }),
            ));
            return self.close(Outcome::Failed, over.to_string());
        }
        let first_words = self.keep_first().unwrap_or_default();
        let purpose = self.run.training_purpose();
        if purpose == Purpose::Training {
            self.limit_trial();
        }
        if purpose == Purpose::Pretraining {
            self.reserve(Purpose::Pretraining, 1, first_cost);
        }
        self.reserve(Purpose::Training, 1, prepared.training_cost);
        if !self.run.is_unscored() {
            self.reserve(Purpose::Base, 1, prepared.evaluation_cost);
        }
        self.run.state = RunState::Starting { attempt: 1 };
        self.run.creates.push((purpose, 1));
        self.note(format!(
            "dataset {} is sealed: {} records, {} evaluation prompts; {total} is reserved; {}{first_words}",
            self.run.dataset.digest, prepared.records, prepared.prompts, prepared.power
        ))
    }

    /// The job on a trial's sample has the time that its money pays for. The first stage of a chain trains on all documents, and has its own.
    pub(super) fn limit_trial(&mut self) {
        let limit = self.run.prepared.as_ref().and_then(|found| found.max_run);
        if let (Some(limit), Trainer::SageMaker { job }) = (limit, &mut self.run.route.trainer) {
            job.max_run = limit;
        }
    }

    pub(super) fn training_seen(
        &mut self,
        attempt: u32,
        stop: Option<String>,
        seen: &Seen,
        terms: Terms,
    ) -> bool {
        let cancelled = self.run.cancelled.is_some();
        let purpose = self.run.training_purpose();
        let words = job_words(purpose);
        match seen {
            Seen::Running { .. } => false,
            Seen::Completed { .. } if purpose == Purpose::Pretraining => {
                self.saw_job(purpose, attempt, "", "Completed");
                self.close(
                    Outcome::Failed,
                    "the pre-training job completed, but left no weights",
                )
            }
            Seen::Completed { model_arn: None } => {
                self.saw_job(purpose, attempt, "", "Completed");
                self.close(
                    Outcome::Failed,
                    "the training job completed, but names no model",
                )
            }
            Seen::Completed {
                model_arn: Some(arn),
            } => {
                self.saw_job(purpose, attempt, "", "Completed");
                if cancelled {
                    self.register(arn);
                    return self.close(Outcome::Cancelled, stop.unwrap_or_default());
                }
                self.made(arn)
            }
            Seen::Stopped => {
                self.saw_job(purpose, attempt, "", "Stopped");
                let reason = stop.unwrap_or_else(|| format!("the {words} was stopped by someone"));
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
                self.saw_job(purpose, attempt, "", "Failed");
                if cancelled {
                    return self.close(Outcome::Cancelled, stop.unwrap_or_default());
                }
                if attempt >= MAX_ATTEMPTS || stop.is_some() || !is_service_fault(message) {
                    let more = self.why_so_short(message);
                    return self.close(
                        Outcome::Failed,
                        format!("the {words} failed (attempt {attempt}): {message}{more}"),
                    );
                }
                let amount = match purpose {
                    Purpose::Pretraining => self.run.first_prepared().map(|first| first.cost),
                    _ => self.run.prepared.as_ref().map(|all| all.training_cost),
                }
                .unwrap_or(Usd::ZERO);
                if let Err(over) = self.affords(amount, terms) {
                    return self.close(
                        Outcome::Failed,
                        format!(
                            "the {words} failed: {message}. A second attempt is not bought: {over}"
                        ),
                    );
                }
                self.reserve(purpose, attempt + 1, amount);
                self.run.creates.push((purpose, attempt + 1));
                self.run.state = RunState::Starting {
                    attempt: attempt + 1,
                };
                self.note(format!(
                    "the {words} failed ({message}); attempt {} follows",
                    attempt + 1
                ))
            }
        }
    }

    /// The job completed, and what it left is of no use. It is paid for, and another one like it would leave no more.
    pub(super) fn left_nothing(
        &mut self,
        attempt: u32,
        stop: Option<String>,
        reason: &str,
    ) -> bool {
        self.saw_job(self.run.training_purpose(), attempt, "", "Completed");
        match self.run.cancelled.is_some() {
            true => self.close(Outcome::Cancelled, stop.unwrap_or_default()),
            false => self.close(Outcome::Failed, reason),
        }
    }

    /// A trial's job is stopped early because of its money, and more of `max_run` would not help.
    fn why_so_short(&self, message: &str) -> String {
        let limit = self.run.prepared.as_ref().and_then(|found| found.max_run);
        match limit {
            Some(limit) if message.contains("MaxRuntimeExceeded") => {
                format!(". In this trial trigger.trial.max_usd lets it run for {limit}")
            }
            _ => String::new(),
        }
    }

    /// The model is there: it is registered, and asked.
    pub(super) fn made(&mut self, arn: &str) -> bool {
        self.register(arn);
        if self.run.is_unscored() && self.run.trial.is_some() {
            return self.close(
                Outcome::Failed,
                "a trial is judged by its answers, and there is nothing to score it by",
            );
        }
        if self.run.is_unscored() {
            return self.wait_for_person(
                Awaiting::Approval,
                "there is nothing to score the model by, and approval is manual",
            );
        }
        if self.run.champion.is_some() && self.run.champion_deployment.is_none() {
            return self.close(
                Outcome::Failed,
                "the champion has no deployment through which it could be asked, so the model cannot be compared to it",
            );
        }
        self.evaluate_now();
        self.note(format!(
            "training is done: model {arn}; its answers are collected now"
        ))
    }

    pub(super) fn register(&mut self, arn: &str) {
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
            weights: self.run.weights.clone(),
            trial: self.run.trial.is_some(),
            created_at: self.now,
            life: ModelLife::Ready,
            mark: None,
            notes: vec![match self.run.trial {
                Some(_) => format!("made by trial {}; it never serves", self.run.id),
                None => format!("made by run {}", self.run.id),
            }],
        })));
    }

    pub(super) fn evaluate_now(&mut self) {
        // An imported model answers by its own ARN; for any other a temporary deployment is made.
        let by_itself = self
            .run
            .candidate()
            .filter(|candidate| candidate.answers_by_itself());
        let candidate = match by_itself {
            Some(candidate) => CandidateSide::Asking {
                deployment: candidate.arn,
            },
            None => {
                self.run.creates.push((Purpose::Candidate, 1));
                CandidateSide::Deploying
            }
        };
        self.run.creates.push((Purpose::Base, 1));
        let waits_for_throughput = candidate == CandidateSide::Deploying
            && self.run.route.serving.of_candidate().is_provisioned();
        let hours = match waits_for_throughput {
            true => THROUGHPUT_LIMIT_HOURS,
            false => EVALUATION_DEADLINE_HOURS,
        };
        self.run.state = RunState::Evaluating {
            candidate,
            base: BaseSide::Starting { attempt: 1 },
            champion: match (&self.run.champion, &self.run.champion_deployment) {
                (Some(_), Some(deployment)) => ChampionSide::Asking {
                    deployment: deployment.clone(),
                },
                _ => ChampionSide::None,
            },
            deadline: self.hours(hours),
        };
    }
}

/// Whether a failed job's message speaks of the service's own fault, so that the same data may pass a second time. A
/// message that also speaks of what was sent does not: "fix the file and try again" would buy the same failure twice.
pub(super) fn is_service_fault(message: &str) -> bool {
    let message = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    has(&[
        "internal error",
        "internal server",
        "internal service",
        "internal failure",
        "internalserver",
        "service unavailable",
        "serviceunavailable",
        "try again",
        "insufficient capacity",
        "capacity",
        "timed out",
    ]) && !has(&[
        "validation",
        "invalid",
        "malformed",
        "not valid",
        "access denied",
        "accessdenied",
        "not authorized",
        "permission",
        "quota",
        "exceed",
        "your dataset",
        "your data",
        "training data",
        "correct",
        "fix ",
        // What a container's own script did, and SageMaker's own limits: the same again would cost the same again. An exhausted
        // GPU speaks of its "total capacity".
        "algorithmerror",
        "executeuserscript",
        "clienterror",
        "out of memory",
        "maxruntime",
        "maxwait",
    ])
}
