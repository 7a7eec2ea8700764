//! Starting a training job: once per run and attempt, whatever is lost on the way.

use perennial_core::names::Purpose;
use perennial_core::run::{Event, Run};
use perennial_engine::StepResult;
use perennial_engine::adopt::{Created, adopt};
use perennial_ports::TrainingSpec;

use crate::Ports;

pub(crate) async fn start(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let Some(prepared) = &run.prepared else {
        return Ok(Event::TrainingRefused {
            reason: "the dataset was never prepared".into(),
        });
    };
    let resource = run.resource(Purpose::Training, attempt);
    let name = resource.to_string();
    let spec = TrainingSpec {
        name: name.clone(),
        model_name: name.clone(),
        token: name.clone(),
        base_model: run.trains_from.clone(),
        training_key: prepared.training_key.clone(),
        output_prefix: format!("{}/training-{attempt}/", run.work()),
        hyperparameters: run.route.hyperparameters.clone(),
        tags: resource.tags(),
    };
    let error = match ports.start.start_training(&spec).await {
        Ok(job) => return Ok(Event::TrainingFound { job }),
        Err(error) => error,
    };
    let found = ports.observe.find_training(&name).await?;
    let found = found.map(|job| (job.arn.clone(), job.arn, job.tags));
    Ok(match adopt(&name, &spec.tags, &error, found) {
        Created::There(job) => Event::TrainingFound { job },
        Created::Never(reason) => Event::TrainingRefused { reason },
        Created::Later(reason) => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!("the training job is not started yet: {reason}")),
        },
    })
}

/// The run was cancelled before its job was seen: a lost answer may have left one behind.
pub(crate) async fn look(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let resource = run.resource(Purpose::Training, attempt);
    let found = ports.observe.find_training(&resource.to_string()).await?;
    Ok(match found {
        Some(job) if perennial_core::names::is_ours(&resource.tags(), &job.tags) => {
            Event::TrainingFound { job: job.arn }
        }
        _ => Event::TrainingNeverStarted,
    })
}
