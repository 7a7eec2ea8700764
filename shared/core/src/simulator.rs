//! What ships nowhere (feature `simulator`): rules that the simulator takes out to prove that it would notice, and a count of
//! which event was decided in which state. Without the feature everything here is nothing.

use crate::pipeline::{MovePhase, Pipeline, PipelineEvent};
use crate::run::{Awaiting, Event, Run, RunState, Seen};

/// A rule that can be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The gate compares the digests of dataset and questions with what was sealed.
    GateDigest,
    /// One move of the alias at a time.
    OneMove,
    /// A run is looked at once more after its end.
    Aftercare,
    /// What cannot be removed does not hold a run up for ever.
    ClosingLimit,
    /// The deployment of a failed move is looked for.
    Sweep,
    /// Of two versions the one with the later sequencer wins.
    Sequencer,
    /// A version that S3's order gives no place to is saved only over the record that was read before the bucket was.
    OwnPlace,
    /// A repair that failed waits longer each time.
    RepairPace,
    /// A rollback is refused where what served when it was asked for does not serve any more.
    RollbackFrom,
    /// What may be there unseen is given up only after a look.
    LooksFirst,
    /// What a chain's first stage left is used again.
    BoughtOnce,
    /// A trial that passed promotes nothing.
    TrialServesNobody,
    /// What is billed by the hour for a candidate's answers goes as soon as they are kept.
    CandidateGoesAtOnce,
}

/// The states of a run, as the coverage counts them.
pub const RUN_STATES: [&str; 17] = [
    "preparing",
    "starting",
    "starting, cancelled",
    "training",
    "training, to be stopped",
    "training, stopping",
    "evaluating, base starting",
    "evaluating, base running",
    "evaluating, base asked",
    "evaluating, base answered",
    "deciding",
    "approval",
    "approval, held",
    "promoting",
    "closing",
    "ended",
    "importing",
];

/// The events of a run, as the coverage counts them.
pub const RUN_EVENTS: [&str; 32] = [
    "claimed",
    "later",
    "cancel requested",
    "impossible",
    "prepared",
    "training found",
    "training refused",
    "training never started",
    "training running",
    "training completed",
    "training failed",
    "training stopped",
    "training stop asked",
    "candidate deployed",
    "candidate answered",
    "base found",
    "base ended without answers",
    "base answered",
    "champion answered",
    "champion gone",
    "judged",
    "approved",
    "hold lifted",
    "moved",
    "move failed",
    "removed, or found left over",
    "reported",
    "weights left",
    "import found",
    "import refused",
    "import completed",
    "import failed",
];

/// The states of a pipeline, as the coverage counts them.
pub const PIPELINE_STATES: [&str; 7] = [
    "unconfigured",
    "collecting",
    "in a run",
    "moving, creating",
    "moving, updating",
    "moving, writing",
    "moving, looking",
];

/// The events of a pipeline, as the coverage counts them.
pub const PIPELINE_EVENTS: [&str; 25] = [
    "configured",
    "misconfigured",
    "accepted",
    "recompiled",
    "withdrawn",
    "opened",
    "ended",
    "move begun",
    "move under way",
    "update refused",
    "serving",
    "deployment gone, or astray",
    "written",
    "move failed",
    "swept",
    "start requested",
    "pause requested",
    "resume requested",
    "release requested",
    "rollback requested",
    "nothing to train",
    "looked",
    "deletion begun",
    "serving marked",
    "unserved",
];

/// The place of a run's state in [`RUN_STATES`].
pub fn run_state(run: &Run) -> usize {
    use crate::run::BaseSide;
    match &run.state {
        RunState::Preparing => 0,
        RunState::Starting { .. } if run.cancelled.is_none() => 1,
        RunState::Starting { .. } => 2,
        RunState::Training { stop: None, .. } => 3,
        RunState::Training {
            stopping: false, ..
        } => 4,
        RunState::Training { .. } => 5,
        RunState::Evaluating { base, .. } => match base {
            BaseSide::Starting { .. } => 6,
            BaseSide::Running { .. } => 7,
            BaseSide::Asking => 8,
            BaseSide::Answered => 9,
        },
        RunState::Deciding => 10,
        RunState::AwaitingApproval {
            awaiting: Awaiting::Approval,
        } => 11,
        RunState::AwaitingApproval { .. } => 12,
        RunState::Promoting { .. } => 13,
        RunState::Closing { .. } => 14,
        RunState::Ended { .. } => 15,
        RunState::Importing { .. } => 16,
    }
}

/// The place of an event in [`RUN_EVENTS`].
pub fn run_event(event: &Event) -> usize {
    match event {
        Event::Claimed(_) => 0,
        Event::Later { .. } => 1,
        Event::CancelRequested { .. } => 2,
        Event::Impossible { .. } => 3,
        Event::Prepared(_) => 4,
        Event::TrainingFound { .. } => 5,
        Event::TrainingRefused { .. } => 6,
        Event::TrainingNeverStarted => 7,
        Event::TrainingSeen(Seen::Running { .. }) => 8,
        Event::TrainingSeen(Seen::Completed { .. }) => 9,
        Event::TrainingSeen(Seen::Failed { .. }) => 10,
        Event::TrainingSeen(Seen::Stopped) => 11,
        Event::TrainingStopAsked => 12,
        Event::CandidateDeployed { .. } | Event::CandidateFailed { .. } => 13,
        Event::CandidateAnswered => 14,
        Event::BaseFound { .. } => 15,
        Event::BaseSeen(_) => 16,
        Event::BaseAnswered => 17,
        Event::ChampionAnswered => 18,
        Event::ChampionGone { .. } => 19,
        Event::Judged { .. } => 20,
        Event::Approved { .. } => 21,
        Event::HoldLifted => 22,
        Event::Moved => 23,
        Event::MoveFailed { .. } => 24,
        Event::Removed(_) | Event::LeftoverFound { .. } => 25,
        Event::Reported => 26,
        Event::WeightsSeen { .. } => 27,
        Event::ImportFound { .. } => 28,
        Event::ImportRefused { .. } => 29,
        Event::ImportSeen(Seen::Completed { .. }) => 30,
        Event::ImportSeen(_) => 31,
    }
}

/// The place of a pipeline's state in [`PIPELINE_STATES`].
pub fn pipeline_state(pipeline: &Pipeline) -> usize {
    match &pipeline.moving {
        Some(moving) => match moving.phase {
            MovePhase::Creating => 3,
            MovePhase::Updating { .. } => 4,
            MovePhase::Writing => 5,
            MovePhase::Looking => 6,
        },
        None if pipeline.active_run.is_some() => 2,
        None if pipeline.config.is_some() => 1,
        None => 0,
    }
}

/// The place of an event in [`PIPELINE_EVENTS`].
pub fn pipeline_event(event: &PipelineEvent) -> usize {
    match event {
        PipelineEvent::Configured(_) => 0,
        PipelineEvent::Misconfigured { .. } => 1,
        PipelineEvent::Accepted { .. } => 2,
        PipelineEvent::Recompiled { .. } => 3,
        PipelineEvent::Withdrawn { .. } => 4,
        PipelineEvent::Opened { .. } => 5,
        PipelineEvent::Ended { .. } => 6,
        PipelineEvent::MoveBegun { .. } => 7,
        PipelineEvent::MoveUnderWay { .. } => 8,
        PipelineEvent::UpdateRefused => 9,
        PipelineEvent::Serving { .. } => 10,
        PipelineEvent::DeploymentGone { .. } | PipelineEvent::DeploymentStrays { .. } => 11,
        PipelineEvent::Written => 12,
        PipelineEvent::MoveFailed { .. } => 13,
        PipelineEvent::Swept { .. } => 14,
        PipelineEvent::StartRequested => 15,
        PipelineEvent::PauseRequested => 16,
        PipelineEvent::ResumeRequested => 17,
        PipelineEvent::ReleaseRequested => 18,
        PipelineEvent::RollbackRequested { .. } => 19,
        PipelineEvent::NothingToTrain { .. } => 20,
        PipelineEvent::Looked => 21,
        PipelineEvent::DeletionBegun { .. } => 22,
        PipelineEvent::ServingMarked { .. } => 23,
        PipelineEvent::Unserved { .. } => 24,
    }
}

/// Which events were decided in each state: a bit for each event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decided {
    /// By the place in [`RUN_STATES`].
    pub runs: [u32; RUN_STATES.len()],
    /// By the place in [`PIPELINE_STATES`].
    pub pipelines: [u32; PIPELINE_STATES.len()],
}

impl Decided {
    /// Adds what another one saw.
    pub fn merge(&mut self, other: &Self) {
        for (mine, others) in self.runs.iter_mut().zip(other.runs) {
            *mine |= others;
        }
        for (mine, others) in self.pipelines.iter_mut().zip(other.pipelines) {
            *mine |= others;
        }
    }
}

#[cfg(feature = "simulator")]
mod on {
    use std::cell::Cell;

    use super::{Decided, Rule};
    use crate::pipeline::{Pipeline, PipelineEvent};
    use crate::run::{Event, Run};

    thread_local! {
        static REMOVED: Cell<Option<Rule>> = const { Cell::new(None) };
        static DECIDED: Cell<Decided> = Cell::default();
    }

    /// Takes a rule out, on this thread, or puts it back.
    pub fn remove(rule: Option<Rule>) {
        REMOVED.set(rule);
    }

    /// What this thread has decided since the last time.
    pub fn take_decided() -> Decided {
        DECIDED.take()
    }

    pub(crate) fn is_removed(rule: Rule) -> bool {
        REMOVED.get() == Some(rule)
    }

    pub(crate) fn run_decides(run: &Run, event: &Event) {
        let mut decided = DECIDED.get();
        decided.runs[super::run_state(run)] |= 1 << super::run_event(event);
        DECIDED.set(decided);
    }

    pub(crate) fn pipeline_decides(pipeline: &Pipeline, event: &PipelineEvent) {
        let mut decided = DECIDED.get();
        decided.pipelines[super::pipeline_state(pipeline)] |= 1 << super::pipeline_event(event);
        DECIDED.set(decided);
    }
}

#[cfg(not(feature = "simulator"))]
mod on {
    use super::Rule;
    use crate::pipeline::{Pipeline, PipelineEvent};
    use crate::run::{Event, Run};

    pub(crate) const fn is_removed(_: Rule) -> bool {
        false
    }

    pub(crate) const fn run_decides(_: &Run, _: &Event) {}

    pub(crate) const fn pipeline_decides(_: &Pipeline, _: &PipelineEvent) {}
}

pub(crate) use on::{is_removed, pipeline_decides, run_decides};
#[cfg(feature = "simulator")]
pub use on::{remove, take_decided};
