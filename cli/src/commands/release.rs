//! `perennial release`: what a declined run left in quarantine is trained on again.

use jiff::Timestamp;
use perennial_core::announcement::Request;
use perennial_core::pipeline::{PipelineEvent, decide};

use super::pause::seen;
use crate::args::PipelineRequestArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::{find, output};

pub(super) async fn run(
    connection: &Connection,
    args: &PipelineRequestArgs,
) -> Result<(), Failure> {
    let name = &args.pipeline;
    let pipeline = find::pipeline(connection.table.as_ref(), name).await?;
    decide(
        &pipeline,
        &PipelineEvent::ReleaseRequested,
        Timestamp::now(),
    )
    .map_err(|refusal| Failure::Bad(refusal.to_string()))?;
    connection
        .send(&Request::Release {
            pipeline: name.clone(),
        })
        .await?;
    if args.wait.no_wait {
        return Ok(());
    }
    let released = |pipeline: &perennial_core::pipeline::Pipeline| pipeline.quarantine.is_empty();
    seen(
        connection,
        name,
        &args.wait,
        "the uploads are still in quarantine",
        released,
    )
    .await?;
    output::print(&format!(
        "{name}: the uploads in quarantine are trained on again from the next run on"
    ));
    Ok(())
}
