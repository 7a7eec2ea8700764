//! How long each part of a run may take, and how often something is tried again: so that every run ends.

use jiff::SignedDuration;

use crate::span::Span;

/// A job that failed for the service's own reasons is tried again, up to this many attempts.
pub const MAX_ATTEMPTS: u32 = 2;
/// A training job that is not done by then is stopped (jobs have hung for days: facts/aws.md).
pub const TRAINING_DEADLINE_HOURS: i64 = 72;
/// An import that is not done by then fails the run. It cannot be stopped; what it makes is found afterwards.
pub const IMPORTING_LIMIT_HOURS: i64 = 24;
/// An import that cannot be started for so long, for a quota or a right that people have to mend, fails the run. The weights are
/// paid for, so it is days.
pub const IMPORT_STARTING_LIMIT_HOURS: i64 = 7 * 24;
/// A candidate whose provisioned throughput cannot be had for so long, for the quota of model units, fails the run. The model is paid
/// for, so it is days; the answers have their own time from then on.
pub const THROUGHPUT_LIMIT_HOURS: i64 = 7 * 24;
/// What a training job on SageMaker may take beyond its own limits, for capacity to be found and weights to be written.
pub const CAPACITY_HOURS: i64 = 24;
/// What a run works with lies under `work/` and is removed after so many days (`infra/template.yaml`); a configuration whose runs may
/// need it for longer is refused.
pub const WORK_DAYS: i64 = 60;
/// A dataset that cannot be assembled for so long never will be.
pub const PREPARING_LIMIT_HOURS: i64 = 48;
/// A training job whose create is throttled, bound by a quota or unanswered for so long is given up, if there is none.
pub const STARTING_LIMIT_HOURS: i64 = 48;
/// A training job that was stopped, or is not found any more, is given up so long after its deadline.
pub const STOPPING_LIMIT_HOURS: i64 = 24;
/// Answers that are not collected by then fail the run.
pub const EVALUATION_DEADLINE_HOURS: i64 = 48;

/// A run that was due for longer than this is overdue: every tick says that it is due, and nobody acts.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What a run made for itself and what cannot be removed within this time is left to the aftercare.
pub const CLOSING_LIMIT_HOURS: i64 = 24;
/// So long after its end a run is looked at once more: by then every call that was on its way when the run ended has taken
/// effect or never will (a function lives for 15 minutes, a call for less), so that nothing is created unseen afterwards.
pub const AFTERCARE_HOURS: i64 = 1;
/// What is left then is tried again so often.
pub const AFTERCARE_PACE_HOURS: i64 = 6;
/// What cannot be removed within this time after the end is named in the history and given up.
pub const AFTERCARE_LIMIT_HOURS: i64 = 7 * 24;

/// Hours that a job with a limit of its own may take.
pub(crate) fn after_capacity(limit: Span) -> i64 {
    let hours = limit.as_secs().div_ceil(3_600);
    CAPACITY_HOURS + i64::try_from(hours).unwrap_or(TRAINING_DEADLINE_HOURS)
}
