//! Changing a pipeline: load, decide, save with the version as condition, and again if someone else was first.

use perennial_core::announcement::Announcement;
use perennial_core::keys::Key;
use perennial_core::names::PipelineName;
use perennial_core::pipeline::{Pipeline, PipelineEvent, decide};
use perennial_ports::Write;

use crate::records::{self, Stored};
use crate::{Desk, EngineError};

/// How often a change is tried when others keep writing first.
const TRIES: u32 = 40;

/// Applies one event to a pipeline; creates the pipeline if it is not known yet.
pub async fn change(
    desk: &Desk,
    name: &PipelineName,
    event: &PipelineEvent,
) -> Result<Pipeline, EngineError> {
    for _ in 0..TRIES {
        let (write, say, pipeline) = apply(desk, name, event).await?;
        match desk
            .table
            .transact(vec![write])
            .await
            .map_err(EngineError::from)
        {
            Ok(()) => {
                desk.announce.announce(&say).await?;
                return Ok(pipeline);
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Err(EngineError::Contended {
        key: Key::pipeline(name),
        times: TRIES,
    })
}

/// Loads the pipeline and applies the event, for a caller that saves it together with other records.
pub async fn apply(
    desk: &Desk,
    name: &PipelineName,
    event: &PipelineEvent,
) -> Result<(Write, Vec<Announcement>, Pipeline), EngineError> {
    let stored = records::pipeline(desk.table.as_ref(), name).await?;
    let stored = stored.unwrap_or_else(|| Stored::new(Pipeline::new(name.clone())));
    let decision = decide(&stored.record, event, desk.now())?;
    let next = Stored {
        record: decision.pipeline,
        version: stored.version,
    };
    Ok((records::put_pipeline(&next), decision.say, next.record))
}

/// Applies what was seen of the pipeline as it was loaded; false if it was changed meanwhile, so that the sight may be of
/// another move or of other uploads: load and look again.
pub async fn change_as_seen(
    desk: &Desk,
    seen: &Stored<Pipeline>,
    event: &PipelineEvent,
) -> Result<bool, EngineError> {
    let decision = decide(&seen.record, event, desk.now())?;
    let next = Stored {
        record: decision.pipeline,
        version: seen.version,
    };
    let write = records::put_pipeline(&next);
    match desk
        .table
        .transact(vec![write])
        .await
        .map_err(EngineError::from)
    {
        Ok(()) => {
            desk.announce.announce(&decision.say).await?;
            Ok(true)
        }
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}
