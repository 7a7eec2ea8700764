//! Following the training job: its true state, read by name.

use perennial_core::names::{Purpose, is_ours};
use perennial_core::run::{Event, Run, Seen};
use perennial_engine::StepResult;
use perennial_ports::TrainingStatus;

use crate::Ports;

pub(crate) async fn observe(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let resource = run.resource(Purpose::Training, attempt);
    let name = resource.to_string();
    let later = |note: Option<String>| Event::Later {
        at: ports.desk.next_look(),
        note,
    };
    let Some(job) = ports.training.find_training(&name).await? else {
        return Ok(later(Some(format!(
            "training job {name} was seen before, but is not found now; looking again"
        ))));
    };
    if !is_ours(&resource.tags(), &job.tags) {
        return Ok(later(Some(format!(
            "{} does not bear this run's tags any more; it is left alone",
            job.arn
        ))));
    }
    Ok(match job.status {
        TrainingStatus::InProgress | TrainingStatus::Stopping => later(None),
        TrainingStatus::Completed => Event::TrainingSeen(Seen::Completed {
            model_arn: job.model_arn,
        }),
        TrainingStatus::Failed => Event::TrainingSeen(Seen::Failed {
            message: job
                .message
                .unwrap_or_else(|| "the service gave no reason".into()),
        }),
        TrainingStatus::Stopped => Event::TrainingSeen(Seen::Stopped),
    })
}

pub(crate) async fn stop(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let name = run.resource(Purpose::Training, attempt).to_string();
    ports.stop.stop_training(&name).await?;
    Ok(Event::TrainingStopAsked)
}
