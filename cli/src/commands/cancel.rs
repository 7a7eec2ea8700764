//! `perennial cancel`: a run ends now, its job is stopped.

use perennial_core::announcement::Request;
use perennial_core::run::Outcome;
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
    if run.outcome().is_some() {
        let text = format!("run {} has ended already: {}", run.id, now(&run));
        return Err(Failure::Bad(output::clean(&text)));
    }
    let request = Request::Cancel {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    connection.send(&request).await?;
    if args.limits.no_wait {
        return Ok(());
    }
    let run = wait::until(
        connection.patience(&args.limits),
        "The request was sent.",
        async || {
            let Some(run) = records::run(table, &run.pipeline, &run.id).await? else {
                return Err(Failure::NotFound(format!(
                    "run {} is not in the table any more",
                    run.id
                )));
            };
            let taken = run.record.cancelled.is_some() || run.record.outcome().is_some();
            Ok(if taken {
                Look::Done(run.record)
            } else {
                Look::waiting("the run does not know of it yet")
            })
        },
    )
    .await?;
    if run.cancelled.is_none() {
        let text = format!(
            "run {} ended before it could be cancelled: {}",
            run.id,
            now(&run)
        );
        return Err(Failure::Bad(output::clean(&text)));
    }
    output::print(&format!(
        "run {} is being cancelled; its job, if one runs, is stopped",
        run.id
    ));
    if args.wait {
        let run = ended(connection, &run.pipeline, &run.id, &args.limits).await?;
        return judge(&run, Outcome::Cancelled);
    }
    Ok(())
}
