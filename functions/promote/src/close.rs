//! Ending a run: what it made for itself is removed on every outcome, and its report is written.

use perennial_core::names::{Purpose, is_ours};
use perennial_core::run::{Event, MAX_ATTEMPTS, Run};
use perennial_engine::{StepResult, records, reports};
use perennial_ports::{BatchStatus, ErrorKind};

use crate::Ports;

pub(crate) async fn remove(ports: &Ports, run: &Run, purpose: Purpose) -> StepResult {
    match purpose {
        Purpose::Candidate => remove_candidate(ports, run).await,
        Purpose::Base => stop_base(ports, run).await,
        Purpose::Training => Ok(Event::Removed(Purpose::Training)),
    }
}

/// The temporary deployment, found by name and known by its tags; looked at until it is gone.
async fn remove_candidate(ports: &Ports, run: &Run) -> StepResult {
    let resource = run.resource(Purpose::Candidate, 1);
    let Some(found) = ports
        .deployments
        .find_deployment(&resource.to_string())
        .await?
    else {
        return Ok(Event::Removed(Purpose::Candidate));
    };
    if !is_ours(&resource.tags(), &found.tags) {
        return Ok(Event::Removed(Purpose::Candidate));
    }
    match ports.deploy.delete_deployment(&found.arn).await {
        Ok(()) => {}
        // It is being removed already.
        Err(error) if error.kind == ErrorKind::Conflict => {
            return Ok(Event::Later {
                at: ports.desk.next_look(),
                note: None,
            });
        }
        Err(error) if error.kind.is_transient() => {
            let note = Some(format!(
                "the temporary deployment is not removed yet: {error}"
            ));
            return Ok(Event::Later {
                at: ports.desk.next_look(),
                note,
            });
        }
        Err(error) => return Err(error.into()),
    }
    match ports
        .deployments
        .find_deployment(&resource.to_string())
        .await?
    {
        None => Ok(Event::Removed(Purpose::Candidate)),
        Some(_) => Ok(Event::Later {
            at: ports.desk.next_look(),
            note: None,
        }),
    }
}

/// A batch job that nobody waits for any more is stopped.
async fn stop_base(ports: &Ports, run: &Run) -> StepResult {
    for attempt in 1..=MAX_ATTEMPTS {
        let resource = run.resource(Purpose::Base, attempt);
        if let Some(job) = ports.batch.find_batch(&resource.to_string()).await?
            && job.status == BatchStatus::InProgress
            && is_ours(&resource.tags(), &job.tags)
        {
            ports.stop_batch.stop_batch(&job.arn).await?;
        }
    }
    Ok(Event::Removed(Purpose::Base))
}

pub(crate) async fn report(ports: &Ports, run: &Run) -> StepResult {
    let history = records::history(ports.desk.table.as_ref(), &run.id).await?;
    let text = reports::run_text(run, &history);
    reports::write(ports.write.as_ref(), &reports::run_report(run), text, run).await?;
    Ok(Event::Reported)
}
