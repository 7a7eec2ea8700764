//! People's requests: approve, roll back; and runs that waited for a person.

use perennial_core::announcement::{Request, Stage, pipeline_due};
use perennial_core::names::{ModelId, PipelineName, RunId};
use perennial_core::pipeline::PipelineEvent;
use perennial_core::run::{Awaiting, Event, RunState};
use perennial_engine::drive::{Saved, save};
use perennial_engine::{EngineError, Invocation, drive, pipelines, records};
use perennial_ports::{Expect, Write};

use crate::{Ports, alias};

const TRIES: u32 = 20;

pub(crate) async fn take(
    ports: &Ports,
    request: Request,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    match request {
        Request::Approve { pipeline, run } => {
            approve(
                ports,
                &pipeline,
                &run,
                "a person (`perennial approve`)",
                invocation,
            )
            .await?;
            drive(&ports.desk, ports, &pipeline, &run, invocation).await
        }
        Request::Rollback { pipeline, to, from } => roll_back(ports, &pipeline, to, from).await,
        other => Err(EngineError::Event(format!(
            "“{}” is not for promote",
            other.detail_type()
        ))),
    }
}

async fn approve(
    ports: &Ports,
    pipeline: &PipelineName,
    id: &RunId,
    by: &str,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let table = ports.desk.table.as_ref();
    for _ in 0..TRIES {
        let Some(run) = records::run(table, pipeline, id).await? else {
            return Ok(());
        };
        let Some(stored) = records::pipeline(table, pipeline).await? else {
            return Ok(());
        };
        let event = Event::Approved {
            by: by.to_owned(),
            generation: stored.record.generation + 1,
        };
        match save(&ports.desk, &run, &event, invocation).await? {
            Saved::Yes { .. } => return Ok(()),
            Saved::DoesNotApply => {
                tracing::warn!(%pipeline, run = %id, "nothing to approve: the run does not wait for a person, its model is \
                    gone, or the alias is moving");
                return Ok(());
            }
            Saved::SomeoneElseWasFirst => {}
        }
    }
    Ok(())
}

/// After `resume`, a run that only the hold kept from promoting is judged anew, against what serves now.
pub(crate) async fn resume_held(
    ports: &Ports,
    pipeline: &PipelineName,
    id: &RunId,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let table = ports.desk.table.as_ref();
    let Some(run) = records::run(table, pipeline, id).await? else {
        return Ok(());
    };
    if !matches!(
        run.record.state,
        RunState::AwaitingApproval {
            awaiting: Awaiting::Hold
        }
    ) {
        return Ok(());
    }
    let Some(stored) = records::pipeline(table, pipeline).await? else {
        return Ok(());
    };
    if stored.record.hold.is_some() {
        return Ok(());
    }
    // Anything but a save means that the run has gone on meanwhile.
    save(&ports.desk, &run, &Event::HoldLifted, invocation)
        .await
        .map(drop)
}

/// The same move backwards. The earlier model must be ready, and stays so in the same transaction.
async fn roll_back(
    ports: &Ports,
    pipeline: &PipelineName,
    to: Option<RunId>,
    from: Option<RunId>,
) -> Result<(), EngineError> {
    let desk = &ports.desk;
    let event = PipelineEvent::RollbackRequested {
        to: to.map(|run| ModelId::of(&run)),
        from: from.map(|run| ModelId::of(&run)),
    };
    for _ in 0..TRIES {
        let (write, say, after) = match pipelines::apply(desk, pipeline, &event).await {
            Ok(applied) => applied,
            Err(EngineError::Refused(refusal)) => {
                tracing::warn!(%pipeline, "the rollback is refused: {refusal}");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(moving) = &after.moving else {
            return Ok(());
        };
        let target = &moving.to.model;
        let Some(model) = records::model(desk.table.as_ref(), pipeline, target)
            .await?
            .filter(|m| m.record.is_ready())
        else {
            tracing::warn!(%pipeline, model = %target, "the rollback is refused: the model is deleted or being deleted");
            return Ok(());
        };
        let key = perennial_core::keys::Key::model(pipeline, target);
        let check = Write::Check {
            key,
            expect: Expect::Version(model.version),
        };
        match desk
            .table
            .transact(vec![write, check])
            .await
            .map_err(EngineError::from)
        {
            Ok(()) => {
                desk.announce.announce(&say).await?;
                return alias::carry_on(ports, pipeline).await;
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    desk.announce
        .announce(&[pipeline_due(pipeline, Stage::Moving)])
        .await?;
    Ok(())
}

/// A move that a run waits for has gone on: so does the run.
pub(crate) async fn follow_active_run(
    ports: &Ports,
    pipeline: &PipelineName,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let Some(stored) = records::pipeline(ports.desk.table.as_ref(), pipeline).await? else {
        return Ok(());
    };
    match stored.record.active_run {
        Some(run) => drive(&ports.desk, ports, pipeline, &run, invocation).await,
        None => Ok(()),
    }
}
