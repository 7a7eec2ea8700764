//! `perennial start`: a run now, whatever the trigger says.

use perennial_core::announcement::Request;
use perennial_core::names::{PipelineName, RunId};
use perennial_core::pipeline::{PipelineEvent, Trigger, decide, trigger};
use perennial_core::run::{Outcome, Run};
use perennial_engine::records;

use crate::args::{StartArgs, WaitArgs};
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::pipeline::progress;
use crate::wait::{self, Look};
use crate::{find, output};

const ADVICE: &str =
    "The request was sent and is not lost; `perennial status` shows how it goes on.";

pub(super) async fn run(connection: &Connection, args: &StartArgs) -> Result<(), Failure> {
    let name = &args.pipeline;
    let before = find::pipeline(connection.table.as_ref(), name).await?;
    let now = jiff::Timestamp::now();
    let asked = decide(&before, &PipelineEvent::StartRequested, now)
        .map_err(|refusal| Failure::Bad(refusal.to_string()))?;
    if let Trigger::Wait { missing, .. } = trigger(&asked.pipeline, now) {
        return Err(Failure::Bad(format!(
            "no run can be opened: it waits for {}",
            missing.join("; ")
        )));
    }
    let last = before.last_opened;
    connection
        .send(&Request::Start {
            pipeline: name.clone(),
        })
        .await?;
    if args.limits.no_wait {
        return Ok(());
    }
    let id = wait::until(connection.patience(&args.limits), ADVICE, async || {
        let pipeline = find::pipeline(connection.table.as_ref(), name).await?;
        if pipeline.last_opened == last {
            return Ok(Look::waiting("the run is not opened yet"));
        }
        let runs = records::runs(connection.table.as_ref(), name).await?;
        Ok(match runs.last() {
            Some(run) => Look::Done(run.record.id.clone()),
            None => Look::waiting("the run is not opened yet"),
        })
    })
    .await?;
    output::print(&format!(
        "run {id} is open; `perennial show {id}` follows it"
    ));
    if args.wait {
        let run = ended(connection, name, &id, &args.limits).await?;
        return judge(&run, Outcome::Promoted);
    }
    Ok(())
}

/// Waits until the run has ended.
pub(super) async fn ended(
    connection: &Connection,
    pipeline: &PipelineName,
    id: &RunId,
    limits: &WaitArgs,
) -> Result<Run, Failure> {
    wait::until(connection.patience(limits), ADVICE, async || {
        let run = records::run(connection.table.as_ref(), pipeline, id).await?;
        let Some(run) = run.map(|stored| stored.record) else {
            return Err(Failure::NotFound(format!(
                "run {id} is not in the table any more"
            )));
        };
        if run.outcome().is_some() {
            return Ok(Look::Done(run));
        }
        let (done, of, text) = progress(&run);
        Ok(Look::Waiting { done, of, text })
    })
    .await
}

/// Prints how a run ended; anything but `wanted` is bad.
pub(super) fn judge(run: &Run, wanted: Outcome) -> Result<(), Failure> {
    let text = format!("run {}: {}", run.id, crate::views::run::now(run));
    if run.outcome() == Some(wanted) {
        output::print(&output::clean(&text));
        Ok(())
    } else {
        Err(Failure::Bad(output::clean(&text)))
    }
}
