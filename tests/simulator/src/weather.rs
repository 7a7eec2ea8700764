//! What one seed makes of the world: which faults there are in it, how often, and how long things take.
//!
//! Each kind of fault is there in about half of the schedules only, so that every combination is met, also those in
//! which a fault of one kind would hide one of another (swarm testing: Groce et al., ISSTA 2012).

use fastrand::Rng;
use jiff::SignedDuration;
use perennial_ports::memory::{Outcome, Pace, Quotas, Work};

/// Of 65,536: how often something happens.
type Rate = u32;

/// The faults of a schedule.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    /// An event is lost.
    pub(crate) drop: Rate,
    /// An event comes twice.
    pub(crate) double: Rate,
    /// An event comes minutes late.
    pub(crate) late: Rate,
    /// An event comes days late.
    pub(crate) very_late: Rate,
    /// A call fails without an effect.
    pub(crate) fail: Rate,
    /// A call takes effect, and its answer is lost.
    pub(crate) lose_answer: Rate,
    /// A call takes effect after its caller gave up.
    pub(crate) late_effect: Rate,
    /// The invocation dies before a call.
    pub(crate) crash_before: Rate,
    /// The invocation dies after a call.
    pub(crate) crash_after: Rate,
    /// A call takes seconds.
    pub(crate) slow: Rate,
    /// A call takes longer than the invocation may.
    pub(crate) stall: Rate,
    /// How far clocks may be off, in seconds.
    pub(crate) skew: i64,
    /// So many writes pass before the index shows one.
    pub(crate) index_lag: u64,
    /// Work at AWS ends badly, or never.
    pub(crate) bad_ends: Rate,
    /// Metrics are seen so late.
    pub(crate) metric_lag: SignedDuration,
    pub(crate) pace: Pace,
    pub(crate) quotas: Quotas,
    /// Bedrock forgets client tokens at once.
    pub(crate) forgets_tokens: bool,
    /// People act right when something has changed.
    pub(crate) meddling: Rate,
    /// How often `reconcile` runs, in minutes.
    pub(crate) reconcile_minutes: u64,
    /// How often cleanup and the listing of the bucket run, in hours.
    pub(crate) daily_hours: u64,
}

fn sometimes(rng: &mut Rng, most: Rate) -> Rate {
    if rng.bool() { rng.u32(1..=most) } else { 0 }
}

/// Imported models of an account whose quota was raised.
const MANY_MODELS: usize = 100;

impl Weather {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let minutes = |rng: &mut Rng, most: i64| SignedDuration::from_mins(rng.i64(1..=most));
        let pace = Pace {
            training: minutes(rng, 60),
            stopping: minutes(rng, 30),
            import: Pace::default().import,
            batch: minutes(rng, 60),
            deployment: minutes(rng, 20),
            update: minutes(rng, 20),
            removal: if rng.bool() {
                SignedDuration::ZERO
            } else {
                minutes(rng, 5)
            },
        };
        // Drawn from what is drawn already: another draw would make every seed another schedule.
        let few_models = pace.deployment.as_mins() % 8 == 0;
        let mut quotas = Quotas {
            imported_models: if few_models { 3 } else { MANY_MODELS },
            ..Quotas::default()
        };
        if rng.u8(..) < 32 {
            quotas.questions_per_minute = Some(rng.u64(3..20));
        }
        if rng.u8(..) < 24 {
            // Until the faults stop, no job can be started.
            quotas.training_jobs = 0;
        }
        if rng.u8(..) < 16 {
            quotas.deployments = rng.usize(1..4);
        }
        Self {
            drop: sometimes(rng, 20_000),
            double: sometimes(rng, 20_000),
            late: sometimes(rng, 16_000),
            very_late: sometimes(rng, 2_000),
            fail: sometimes(rng, 2_000),
            lose_answer: sometimes(rng, 2_000),
            late_effect: sometimes(rng, 1_000),
            crash_before: sometimes(rng, 1_000),
            crash_after: sometimes(rng, 1_000),
            slow: sometimes(rng, 4_000),
            stall: sometimes(rng, 300),
            skew: if rng.bool() { rng.i64(1..=240) } else { 0 },
            index_lag: if rng.bool() { rng.u64(1..=12) } else { 0 },
            bad_ends: sometimes(rng, 16_000),
            metric_lag: if rng.bool() {
                minutes(rng, 90)
            } else {
                SignedDuration::ZERO
            },
            pace,
            forgets_tokens: rng.u8(..) < 64,
            quotas,
            meddling: sometimes(rng, 2_000),
            reconcile_minutes: *rng.choice([10, 30, 60, 120]).as_ref().unwrap_or(&10),
            daily_hours: *rng
                .choice([6, 24, 24, 24, 24, 24, 24, 24])
                .as_ref()
                .unwrap_or(&24),
        }
    }

    /// No further faults.
    pub(crate) fn calm(&mut self) {
        *self = Self {
            drop: 0,
            double: 0,
            late: 0,
            very_late: 0,
            fail: 0,
            lose_answer: 0,
            late_effect: 0,
            crash_before: 0,
            crash_after: 0,
            slow: 0,
            stall: 0,
            skew: 0,
            index_lag: 0,
            bad_ends: 0,
            metric_lag: SignedDuration::ZERO,
            pace: self.pace,
            forgets_tokens: false,
            quotas: Quotas {
                imported_models: MANY_MODELS,
                ..Quotas::default()
            },
            meddling: 0,
            reconcile_minutes: self.reconcile_minutes,
            daily_hours: self.daily_hours,
        };
    }
}

/// How a piece of work at AWS ends badly.
pub(crate) fn bad_end(rng: &mut Rng, work: Work) -> Outcome {
    match rng.u8(0..24) {
        0 => Outcome::Hangs,
        // Own questions come first in a batch job's input, then padding up to a hundred.
        1..12 if work == Work::Batch => Outcome::Misses(rng.usize(89..100)),
        12..15 => Outcome::Fails("Validation failed: line 3 of your training data".into()),
        _ => Outcome::Fails("Internal server error, try again".into()),
    }
}
