//! `decide(run, event, terms) -> run'`: every change of a run, a file per part of its life.
//!
//! What comes back also says what must be saved in the same transaction: money, the model, the pipeline.

mod chain;
mod evaluating;
mod importing;
mod promoting;
mod training;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    AFTERCARE_LIMIT_HOURS, AFTERCARE_PACE_HOURS, CLOSING_LIMIT_HOURS, CandidateSide,
    EVALUATION_DEADLINE_HOURS, Event, Job, Outcome, PREPARING_LIMIT_HOURS, Run, RunState,
    STARTING_LIMIT_HOURS, STOPPING_LIMIT_HOURS, job_words, starting_limit_hours, waits::is_told,
};
use crate::announcement::Announcement;
use crate::model::Model;
use crate::money::Usd;
use crate::names::Purpose;
use crate::pipeline::PipelineEvent;
use crate::pretrained::Pretrained;
use crate::prices::{self, OverBudget};
use crate::simulator::{self, Rule};

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
    /// What the first stage of a chain left is kept for later runs.
    Pretrained(Box<Pretrained>),
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
    simulator::run_decides(run, event);
    let mut step = Step {
        run: run.clone(),
        history: None,
        also: Vec::new(),
        say: Vec::new(),
        now: terms.now,
    };
    step.run.due = Some(terms.now);
    if !matches!(event, Event::Later { .. } | Event::Claimed(_)) {
        step.run.waits_for = None;
    }
    let others_claim = step
        .run
        .claim
        .as_ref()
        .is_some_and(|claim| claim.by != terms.by && terms.now < claim.until);
    if !others_claim {
        step.run.claim = None;
    }
    let applies = step.common(event)
        || step.train(event, terms)
        || step.first_left(event)
        || step.import(event)
        || step.evaluate(event, terms)
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
        self.run.state = RunState::Closing {
            outcome,
            reason,
            since: self.now,
        };
        self.run.leftovers = self.left();
        true
    }

    /// What may be there: all that a create was sent for, but training and import jobs that were seen to end.
    fn left(&self) -> Vec<Purpose> {
        let mut left = Vec::new();
        for (purpose, _) in self.open_creates() {
            if !left.contains(&purpose) {
                left.push(purpose);
            }
        }
        left
    }

    fn open_creates(&self) -> impl Iterator<Item = (Purpose, u32)> + '_ {
        let ended = |purpose, attempt| {
            self.run.jobs.iter().any(|job| {
                (job.purpose, job.attempt) == (purpose, attempt)
                    && matches!(job.status.as_str(), "Completed" | "Failed" | "Stopped")
            })
        };
        let open = move |(purpose, attempt): &(Purpose, u32)| {
            !matches!(
                purpose,
                Purpose::Training | Purpose::Pretraining | Purpose::Import
            ) || !ended(*purpose, *attempt)
        };
        self.run.creates.iter().copied().filter(open)
    }

    /// What may happen in any state.
    fn common(&mut self, event: &Event) -> bool {
        match event {
            Event::Claimed(claim) => {
                if self.rests() || self.run.claim.is_some() {
                    return false;
                }
                // A step that fails each time is claimed each time: here such a run ends. What may be there unseen, a job or
                // something left over, is given up only after one more look.
                let looks_first = matches!(
                    self.run.state,
                    RunState::Starting { .. }
                        | RunState::Importing { .. }
                        | RunState::Closing { .. }
                        | RunState::Ended { .. }
                );
                let looks_first = looks_first && !simulator::is_removed(Rule::LooksFirst);
                if !looks_first && self.overdue() {
                    return true;
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
                RunState::Training { attempt, stop, .. } => {
                    let (attempt, stop) = (*attempt, stop.clone());
                    self.left_nothing(attempt, stop, reason)
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
        if self.rests() {
            return false;
        }
        self.run.due = Some(match self.run.state {
            RunState::Ended { .. } => at.max(self.hours(AFTERCARE_PACE_HOURS)),
            _ => at,
        });
        if let Some(note) = note
            && !is_told(self.run.waits_for.as_deref(), note)
        {
            self.run.waits_for = Some(note.to_owned());
            self.note(note);
        }
        // The move of the alias is one thing: where it waits for nothing, the run does not either.
        if note.is_none() && matches!(self.run.state, RunState::Promoting { .. }) {
            self.run.waits_for = None;
        }
        self.overdue();
        true
    }

    /// Whether nothing is to be done about the run now.
    fn rests(&self) -> bool {
        match self.run.state {
            RunState::AwaitingApproval { .. } => true,
            RunState::Ended { .. } => self.run.leftovers.is_empty(),
            _ => false,
        }
    }

    /// Ends what takes longer than its stage may, so that every run ends. Whether it was so.
    fn overdue(&mut self) -> bool {
        let now = self.now;
        let past = |since: Timestamp, hours: i64| {
            since
                .checked_add(SignedDuration::from_hours(hours))
                .is_ok_and(|limit| now > limit)
        };
        let due = self.run.due;
        let longest = self.run.training_deadline_hours();
        let limit_of_starting = match self.run.state {
            RunState::Starting { attempt } => starting_limit_hours(&self.run, attempt),
            _ => 0,
        };
        let words = job_words(self.run.training_purpose());
        self.run.due = Some(now);
        match &mut self.run.state {
            RunState::Preparing if past(self.run.opened_at, PREPARING_LIMIT_HOURS) => self.close(
                Outcome::Failed,
                format!(
                    "the dataset could not be assembled within {PREPARING_LIMIT_HOURS} hours; the log of `train` says \
                     why. Nothing was started"
                ),
            ),
            // Another's claim: a create may be under way. Without one, the job was looked for by its name and is not there.
            RunState::Starting { attempt }
                if self.run.claim.is_none()
                    && past(self.run.opened_at, limit_of_starting) =>
            {
                let attempt = *attempt;
                let name = self.run.resource(self.run.training_purpose(), attempt);
                let why = self.last_told();
                // The money stays reserved: an answer that was lost may still have been a job.
                self.close(
                    match self.run.cancelled {
                        Some(_) => Outcome::Cancelled,
                        None => Outcome::Failed,
                    },
                    format!(
                        "{words} {name} could not be started within {STARTING_LIMIT_HOURS} hours, and there is none \
                     by that name. {why}"
                    ),
                )
            }
            RunState::Training {
                deadline,
                stop,
                stopping: _,
                job,
                ..
            } if stop.is_some() && past(*deadline, STOPPING_LIMIT_HOURS) => {
                let reason = format!(
                    "{}; it was not seen to end within {STOPPING_LIMIT_HOURS} more hours and is given up. Look at {job}: \
                     it may still cost money",
                    stop.clone().unwrap_or_default()
                );
                let outcome = match self.run.cancelled {
                    Some(_) => Outcome::Cancelled,
                    None => Outcome::Failed,
                };
                self.close(outcome, reason)
            }
            RunState::Training { deadline, stop, .. } if now > *deadline && stop.is_none() => {
                let reason = format!("the {words} was not done within {longest} hours");
                *stop = Some(reason.clone());
                self.note(format!("stopping the {words}: {reason}"))
            }
            // Another's claim: a look is under way.
            RunState::Importing { deadline, .. }
                if now > *deadline && self.run.claim.is_none() =>
            {
                let why = self.last_told();
                self.close(
                    Outcome::Failed,
                    format!("the weights could not be imported in time. {why}"),
                )
            }
            RunState::Evaluating {
                deadline,
                candidate: CandidateSide::Deploying,
                ..
            } if now > *deadline => {
                let why = self.last_told();
                self.close(
                    Outcome::Failed,
                    format!("the candidate could not be deployed in time. {why}"),
                )
            }
            RunState::Evaluating { deadline, .. } if now > *deadline => {
                let late =
                    format!("the answers were not there within {EVALUATION_DEADLINE_HOURS} hours");
                let why = self.last_told();
                self.close(Outcome::Failed, format!("{late}. {why}").trim_end_matches(". "))
            }
            RunState::Closing { since, .. }
                if past(*since, CLOSING_LIMIT_HOURS)
                    && !self.run.leftovers.is_empty()
                    && !simulator::is_removed(Rule::ClosingLimit) =>
            {
                let left = self.names_of_leftovers();
                self.run.leftovers.clear();
                self.note(format!(
                    "{left} could not be removed within {CLOSING_LIMIT_HOURS} hours; it is tried again after the run's end"
                ))
            }
            RunState::Ended { at, aftercare, .. } if past(*at, AFTERCARE_LIMIT_HOURS) => {
                *aftercare = None;
                let left = self.names_of_leftovers();
                self.run.leftovers.clear();
                self.run.due = None;
                self.note(format!(
                    "{left} could not be removed within {AFTERCARE_LIMIT_HOURS} hours after the end and is given up. Look at \
                     it: it may cost money"
                ))
            }
            _ => {
                self.run.due = due;
                false
            }
        }
    }

    /// What the run waits for, as it was last told: the same words again are no new line of the history.
    fn last_told(&mut self) -> String {
        let told = self.history.take();
        told.or_else(|| self.run.waits_for.clone())
            .unwrap_or_default()
    }

    fn names_of_leftovers(&self) -> String {
        let names: Vec<String> = self
            .open_creates()
            .filter(|(purpose, _)| self.run.leftovers.contains(purpose))
            .map(|(purpose, attempt)| self.run.resource(purpose, attempt).to_string())
            .collect();
        names.join(", ")
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
            | RunState::Importing { .. }
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

    /// Whether `amount` fits the month, and the run, or the trial, together with what is reserved for it already.
    fn affords(&self, amount: Usd, terms: Terms<'_>) -> Result<(), OverBudget> {
        let all = self.run.reserved + amount;
        if let Some(trial) = &self.run.trial
            && all > trial.max_usd
        {
            return Err(OverBudget::of_trial(&self.run.route, all, trial.max_usd));
        }
        let others = terms.month_reserved.saturating_sub(self.run.reserved);
        prices::fits(&self.run.route, &self.run.config.budget, others, all)
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
}
