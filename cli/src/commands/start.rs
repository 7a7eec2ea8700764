//! `perennial start`: a run now, whatever the trigger says.

use jiff::Timestamp;
use perennial_core::announcement::Request;
use perennial_core::names::{PipelineName, RunId};
use perennial_core::pipeline::{NothingToTrain, Pipeline, PipelineEvent, Trigger, decide, trigger};
use perennial_core::run::{Awaiting, Outcome, Run, RunState};
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
    connection
        .send(&Request::Start {
            pipeline: name.clone(),
        })
        .await?;
    if args.limits.no_wait {
        return Ok(());
    }
    let mut last = before.last_opened;
    let said = before.nothing_to_train.as_ref();
    loop {
        let (id, opened) = next(connection, name, args, last, said).await?;
        output::print(&format!(
            "run {id} is open; `perennial show {id}` follows it"
        ));
        if !args.wait {
            return Ok(());
        }
        let run = ended(connection, name, &id, &args.limits).await?;
        if run.outcome() != Some(Outcome::Passed) {
            return judge(&run, Outcome::Promoted);
        }
        // The run on all data follows by itself.
        judge(&run, Outcome::Passed)?;
        last = opened;
    }
}

/// The first run that is opened after `last`, and when. `said` is what was known before of why none could be opened.
///
/// # Errors
/// [`Failure::Bad`] if there is nothing to train on, [`Failure::TimedOut`] if neither is seen.
async fn next(
    connection: &Connection,
    name: &PipelineName,
    args: &StartArgs,
    last: Option<Timestamp>,
    said: Option<&NothingToTrain>,
) -> Result<(RunId, Option<Timestamp>), Failure> {
    wait::until(connection.patience(&args.limits), ADVICE, async || {
        let pipeline = find::pipeline(connection.table.as_ref(), name).await?;
        if pipeline.last_opened == last {
            if let Some(why) = no_run(&pipeline, said) {
                return Err(Failure::Bad(why));
            }
            return Ok(Look::waiting("the run is not opened yet"));
        }
        let runs = records::runs(connection.table.as_ref(), name).await?;
        Ok(match runs.last() {
            Some(run) => Look::Done((run.record.id.clone(), pipeline.last_opened)),
            None => Look::waiting("the run is not opened yet"),
        })
    })
    .await
}

/// Why no run was opened, if that was noted since what is `said`.
fn no_run(pipeline: &Pipeline, said: Option<&NothingToTrain>) -> Option<String> {
    let nothing = pipeline.nothing_to_train.as_ref();
    let nothing = nothing.filter(|nothing| Some(*nothing) != said)?;
    Some(format!(
        "{}: no run is opened, as {}",
        pipeline.name, nothing.reason
    ))
}

/// Waits until the run has ended. A run that waits for a person does not end by waiting: that is said at once.
///
/// # Errors
/// [`Failure::Bad`] if a person must decide, [`Failure::TimedOut`] if the run goes on for longer.
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
        if let Some(what) = what_a_person_must_do(&run) {
            return Err(Failure::Bad(what));
        }
        let (done, of, text) = progress(&run);
        Ok(Look::Waiting { done, of, text })
    })
    .await
}

/// What a run waits for that only a person can give; a cancelled one waits for nobody.
fn what_a_person_must_do(run: &Run) -> Option<String> {
    let RunState::AwaitingApproval { awaiting } = &run.state else {
        return None;
    };
    if run.cancelled.is_some() {
        return None;
    }
    let (id, pipeline) = (&run.id, &run.pipeline);
    Some(match awaiting {
        Awaiting::Approval => format!(
            "run {id} passed the gate and waits for a person: `perennial approve {id}` promotes its model, `perennial cancel {id}` ends it"
        ),
        Awaiting::Hold => format!(
            "run {id} passed the gate, but promotions are on hold: `perennial approve {id}` promotes its model, `perennial resume {pipeline}` ends the hold, `perennial cancel {id}` ends the run"
        ),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::samples;

    #[test]
    fn where_nothing_is_left_to_train_on_the_waiting_ends_with_the_reason() {
        let reason = "every upload is withdrawn".to_owned();
        let noted = |second| {
            Some(NothingToTrain {
                reason: reason.clone(),
                at: samples::at(second),
            })
        };
        let mut pipeline = samples::configured();
        assert_eq!(no_run(&pipeline, None), None);
        pipeline.nothing_to_train = noted(60);
        let said = no_run(&pipeline, None).unwrap();
        assert_eq!(
            said,
            "support-bot: no run is opened, as every upload is withdrawn"
        );
        // What was noted before the request is no answer to it.
        assert_eq!(no_run(&pipeline, noted(60).as_ref()), None);
        assert_eq!(no_run(&pipeline, noted(0).as_ref()), Some(said));
    }

    #[test]
    fn a_run_that_waits_for_a_person_says_what_to_do() {
        let waiting = |awaiting| samples::run(RunState::AwaitingApproval { awaiting });
        let id = samples::run_id(3);
        let mut run = waiting(Awaiting::Approval);
        let said = what_a_person_must_do(&run).unwrap();
        assert!(
            said.contains(&format!("`perennial approve {id}`")),
            "{said}"
        );
        run.cancelled = Some("a person cancelled it".into());
        assert_eq!(what_a_person_must_do(&run), None);
        let said = what_a_person_must_do(&waiting(Awaiting::Hold)).unwrap();
        assert!(said.contains("`perennial resume support-bot`"), "{said}");
        assert_eq!(
            what_a_person_must_do(&samples::run(RunState::Deciding)),
            None
        );
    }
}
