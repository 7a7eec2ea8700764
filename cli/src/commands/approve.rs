//! `perennial approve`: the model of a run that waits for a person may serve.

use perennial_core::announcement::Request;
use perennial_core::run::{Outcome, RunState};
use perennial_engine::records;

use super::start::{ended, judge};
use crate::args::RunRequestArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::run::now;
use crate::wait::{self, Look};
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &RunRequestArgs) -> Result<(), Failure> {
    let table = connection.table.as_ref();
    let run = find::run(table, &args.run).await?;
    if !matches!(run.state, RunState::AwaitingApproval { .. }) {
        let text = format!("run {} does not wait for approval: {}", run.id, now(&run));
        return Err(Failure::Bad(output::clean(&text)));
    }
    let request = Request::Approve {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    connection.send(&request).await?;
    if args.limits.no_wait {
        return Ok(());
    }
    wait::until(
        connection.patience(&args.limits),
        "The request was sent.",
        async || {
            let run = records::run(table, &run.pipeline, &run.id).await?;
            let waits = run
                .is_some_and(|run| matches!(run.record.state, RunState::AwaitingApproval { .. }));
            Ok(if waits {
                Look::waiting("the run still waits")
            } else {
                Look::Done(())
            })
        },
    )
    .await?;
    output::print(&format!("run {} is approved; its alias moves", run.id));
    if args.wait {
        let run = ended(connection, &run.pipeline, &run.id, &args.limits).await?;
        return judge(&run, Outcome::Promoted);
    }
    Ok(())
}
