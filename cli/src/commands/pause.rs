//! `perennial pause`: no further runs in a pipeline; a run that is open goes on.

use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::pipeline::Pipeline;

use crate::args::{PipelineRequestArgs, WaitArgs};
use crate::connect::Connection;
use crate::exit::Failure;
use crate::wait::{self, Look};
use crate::{find, output};

pub(super) async fn run(
    connection: &Connection,
    args: &PipelineRequestArgs,
) -> Result<(), Failure> {
    let name = &args.pipeline;
    let pipeline = find::pipeline(connection.table.as_ref(), name).await?;
    if let Some(reason) = &pipeline.paused {
        output::print(&format!(
            "{name} is paused already: {}",
            output::clean(reason)
        ));
        return Ok(());
    }
    connection
        .send(&Request::Pause {
            pipeline: name.clone(),
        })
        .await?;
    if args.wait.no_wait {
        return Ok(());
    }
    seen(
        connection,
        name,
        &args.wait,
        "it is not paused yet",
        |pipeline| pipeline.paused.is_some(),
    )
    .await?;
    let open = match &pipeline.active_run {
        Some(run) => format!(" Run {run} goes on; `perennial cancel {run}` ends it."),
        None => String::new(),
    };
    output::print(&format!(
        "{name} is paused: no further runs are opened until `perennial resume {name}`.{open}"
    ));
    Ok(())
}

/// Waits until the pipeline shows the effect.
pub(super) async fn seen(
    connection: &Connection,
    name: &PipelineName,
    wait: &WaitArgs,
    while_not: &str,
    effect: impl Fn(&Pipeline) -> bool,
) -> Result<(), Failure> {
    wait::until(
        connection.patience(wait),
        "The request was sent.",
        async || {
            let pipeline = find::pipeline(connection.table.as_ref(), name).await?;
            Ok(if effect(&pipeline) {
                Look::Done(())
            } else {
                Look::waiting(while_not)
            })
        },
    )
    .await
}
