//! `perennial resume`: runs are opened and promoted again, after a pause or a rollback.

use perennial_core::announcement::Request;

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
    if pipeline.paused.is_none() && pipeline.hold.is_none() {
        output::print(&format!(
            "{name} is neither paused nor on hold: there is nothing to resume"
        ));
        return Ok(());
    }
    connection
        .send(&Request::Resume {
            pipeline: name.clone(),
        })
        .await?;
    if args.wait.no_wait {
        return Ok(());
    }
    let resumed = |pipeline: &perennial_core::pipeline::Pipeline| {
        pipeline.paused.is_none() && pipeline.hold.is_none()
    };
    seen(
        connection,
        name,
        &args.wait,
        "it is not resumed yet",
        resumed,
    )
    .await?;
    output::print(&format!(
        "{name} is resumed: runs are opened and promoted again"
    ));
    Ok(())
}
