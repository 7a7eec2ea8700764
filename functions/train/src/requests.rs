//! What people ask of a pipeline or a run. A request that does not fit is logged and changes nothing.

use perennial_core::announcement::{Request, Stage, run_due};
use perennial_core::names::{PipelineName, RunId};
use perennial_core::pipeline::PipelineEvent;
use perennial_core::run::{Awaiting, Event, RunState};
use perennial_engine::drive::{Saved, save};
use perennial_engine::{EngineError, Invocation, pipelines, records};

use crate::{Ports, open};

const TRIES: u32 = 20;

pub(crate) async fn take(
    ports: &Ports,
    request: Request,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    match request {
        Request::Start { pipeline } => {
            if change(ports, &pipeline, &PipelineEvent::StartRequested).await? {
                open::consider(ports, &pipeline, invocation).await?;
            }
            Ok(())
        }
        Request::Pause { pipeline } => change(ports, &pipeline, &PipelineEvent::PauseRequested)
            .await
            .map(drop),
        Request::Release { pipeline } => {
            if change(ports, &pipeline, &PipelineEvent::ReleaseRequested).await? {
                open::consider(ports, &pipeline, invocation).await?;
            }
            Ok(())
        }
        Request::Resume { pipeline } => {
            if change(ports, &pipeline, &PipelineEvent::ResumeRequested).await? {
                release_held(ports, &pipeline).await?;
                open::consider(ports, &pipeline, invocation).await?;
            }
            Ok(())
        }
        Request::Cancel { pipeline, run } => cancel(ports, &pipeline, &run, invocation).await,
        other => Err(EngineError::Event(format!(
            "“{}” is not for train",
            other.detail_type()
        ))),
    }
}

async fn change(
    ports: &Ports,
    pipeline: &PipelineName,
    event: &PipelineEvent,
) -> Result<bool, EngineError> {
    if records::pipeline(ports.desk.table.as_ref(), pipeline)
        .await?
        .is_none()
    {
        tracing::warn!(%pipeline, "the request is refused: there is no such pipeline");
        return Ok(false);
    }
    match pipelines::change(&ports.desk, pipeline, event).await {
        Ok(_) => Ok(true),
        Err(EngineError::Refused(refusal)) => {
            tracing::warn!(%pipeline, "the request is refused: {refusal}");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// A run that only a rollback's hold kept from promoting goes on: its gate decides anew.
async fn release_held(ports: &Ports, pipeline: &PipelineName) -> Result<(), EngineError> {
    let desk = &ports.desk;
    let Some(stored) = records::pipeline(desk.table.as_ref(), pipeline).await? else {
        return Ok(());
    };
    let Some(id) = stored.record.active_run else {
        return Ok(());
    };
    let Some(run) = records::run(desk.table.as_ref(), pipeline, &id).await? else {
        return Ok(());
    };
    if matches!(
        run.record.state,
        RunState::AwaitingApproval {
            awaiting: Awaiting::Hold
        }
    ) {
        desk.announce
            .announce(&[run_due(pipeline, &id, Stage::Approval)])
            .await?;
    }
    Ok(())
}

async fn cancel(
    ports: &Ports,
    pipeline: &PipelineName,
    id: &RunId,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let desk = &ports.desk;
    for _ in 0..TRIES {
        let Some(stored) = records::run(desk.table.as_ref(), pipeline, id).await? else {
            tracing::warn!(%pipeline, run = %id, "the request is refused: there is no such run");
            return Ok(());
        };
        let event = Event::CancelRequested {
            by: "a person (`perennial cancel`)".into(),
        };
        match save(desk, &stored, &event, invocation).await? {
            Saved::Yes { stored, .. } => {
                let stage = stored.record.stage();
                desk.announce
                    .announce(&[run_due(pipeline, id, stage)])
                    .await?;
                return Ok(());
            }
            Saved::DoesNotApply => {
                tracing::warn!(%pipeline, run = %id, "the request is refused: the run is ending, has ended, or its model \
                    is being promoted (`perennial rollback {pipeline}` undoes that)");
                return Ok(());
            }
            Saved::SomeoneElseWasFirst => {}
        }
    }
    Ok(())
}
