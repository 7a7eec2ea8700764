//! The pipeline's events, short enough for tables.

use perennial_core::pipeline::{MoveReason, Pipeline, PipelineEvent, decide};
use perennial_core::routing::Serving;
use perennial_core::run::Outcome;
use perennial_core::upload::UploadKind;

use super::*;

pub(crate) fn accepted(records: u64, replaces: Option<(u64, u64)>) -> PipelineEvent {
    PipelineEvent::Accepted {
        kind: UploadKind::Training,
        records,
        replaces,
    }
}

pub(crate) fn withdrawn(records: u64, sequence: u64) -> PipelineEvent {
    PipelineEvent::Withdrawn {
        kind: UploadKind::Training,
        records,
        sequence,
    }
}

pub(crate) fn opened(number: u64) -> PipelineEvent {
    PipelineEvent::Opened {
        run: run_id(number),
    }
}

/// How `run` tells it: with what was true when it was opened.
pub(crate) fn ended(number: u64, outcome: Outcome, at_opening: &Pipeline) -> PipelineEvent {
    PipelineEvent::Ended {
        run: run_id(number),
        outcome,
        sealed: (at_opening.sealed, at_opening.sequence),
        pending: (at_opening.pending_records, at_opening.pending_uploads),
        changes: at_opening.changes,
        trial: false,
        withheld: at_opening.quarantine.clone(),
    }
}

/// The same of a trial.
pub(crate) fn trial_ended(number: u64, outcome: Outcome, at_opening: &Pipeline) -> PipelineEvent {
    let mut event = ended(number, outcome, at_opening);
    if let PipelineEvent::Ended { trial, .. } = &mut event {
        *trial = true;
    }
    event
}

pub(crate) fn promotion(number: u64) -> PipelineEvent {
    PipelineEvent::MoveBegun {
        to: champion(number),
        reason: MoveReason::Promotion {
            run: run_id(number),
        },
        serving: Serving::OnDemand,
    }
}

pub(crate) fn serving(deployment: &str) -> PipelineEvent {
    PipelineEvent::Serving {
        deployment: deployment.into(),
        bought_until: None,
    }
}

pub(crate) fn failed() -> PipelineEvent {
    PipelineEvent::MoveFailed {
        reason: "words".into(),
    }
}

pub(crate) fn under_way(hour: i64) -> PipelineEvent {
    PipelineEvent::MoveUnderWay {
        look_at: at(hour),
        waits_for: None,
    }
}

pub(crate) fn rollback(number: Option<u64>) -> PipelineEvent {
    PipelineEvent::RollbackRequested {
        to: number.map(model_id),
        from: None,
    }
}

pub(crate) fn happens(pipeline: &Pipeline, events: &[PipelineEvent]) -> Pipeline {
    events.iter().fold(pipeline.clone(), |pipeline, event| {
        decide(&pipeline, event, at(1))
            .unwrap_or_else(|refusal| panic!("{event:?}: {refusal}"))
            .pipeline
    })
}
