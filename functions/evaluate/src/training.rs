//! Following the training job: its true state, read by name.

use perennial_core::names::{Purpose, is_ours};
use perennial_core::routing::Trainer;
use perennial_core::run::{Event, Run, Seen, job_words};
use perennial_engine::{StepResult, weights};
use perennial_ports::{ContainerJob, PortResult, Tags, TrainingJob, TrainingStatus};

use crate::{Ports, checkpoint};

/// What a look at a job comes to, whichever service runs it.
struct Look {
    arn: String,
    tags: Tags,
    /// `None` while it goes on.
    event: Option<Event>,
}

pub(crate) async fn observe(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let resource = run.resource(run.training_purpose(), attempt);
    let name = resource.to_string();
    let later = |note: Option<String>| Event::Later {
        at: ports.desk.next_look(),
        note,
    };
    let Some(look) = find(ports, run, attempt, &name).await? else {
        return Ok(later(Some(format!(
            "{} {name} was seen before, but is not found now; looking again",
            job_words(resource.purpose)
        ))));
    };
    if !is_ours(&resource.tags(), &look.tags) {
        return Ok(later(Some(format!(
            "{} does not bear this run's tags any more; it is left alone",
            look.arn
        ))));
    }
    Ok(look.event.unwrap_or_else(|| later(None)))
}

async fn find(ports: &Ports, run: &Run, attempt: u32, name: &str) -> PortResult<Option<Look>> {
    Ok(match run.route.trainer {
        Trainer::Bedrock { .. } => ports.training.find_training(name).await?.map(customization),
        Trainer::SageMaker { .. } => match ports.containers.find_container(name).await? {
            // What a chain's first stage left is handed on as it is.
            Some(job) if run.training_purpose() == Purpose::Pretraining => Some(container(job)),
            Some(job) => Some(instances(ports, job).await?),
            None => None,
        },
        Trainer::Serverless { .. } => match ports.containers.find_container(name).await? {
            Some(job) => Some(serverless(ports, run, attempt, job).await?),
            None => None,
        },
    })
}

/// A job on instances leaves its model somewhere below its output: where, is looked up once the job is done.
async fn instances(ports: &Ports, mut job: ContainerJob) -> PortResult<Look> {
    if job.status != TrainingStatus::Completed {
        return Ok(container(job));
    }
    let Some(output) = &job.weights else {
        return Ok(container(job));
    };
    match weights::find(ports.read.as_ref(), output).await? {
        Ok(found) => {
            job.weights = Some(found);
            Ok(container(job))
        }
        Err(reason) => Ok(Look {
            event: Some(Event::Impossible {
                reason: format!(
                    "the job completed, but its model cannot be taken: {reason}. What it left is in {output}"
                ),
            }),
            arn: job.arn,
            tags: job.tags,
        }),
    }
}

/// A serverless job leaves no weights, but a pointer to a checkpoint, which is read once the job is done.
async fn serverless(ports: &Ports, run: &Run, attempt: u32, job: ContainerJob) -> PortResult<Look> {
    if job.status != TrainingStatus::Completed {
        return Ok(container(job));
    }
    let found = checkpoint::find(
        ports.read.as_ref(),
        &run.training_output(attempt),
        &job.name,
    )
    .await?;
    Ok(Look {
        event: Some(match found {
            Ok(weights) => Event::WeightsSeen { weights },
            Err(reason) => Event::Impossible {
                reason: format!(
                    "the job completed, but its checkpoint is not to be found: {reason}"
                ),
            },
        }),
        arn: job.arn,
        tags: job.tags,
    })
}

fn customization(job: TrainingJob) -> Look {
    let completed = Event::TrainingSeen(Seen::Completed {
        model_arn: job.model_arn,
    });
    Look {
        event: ended(job.status, job.message, completed),
        arn: job.arn,
        tags: job.tags,
    }
}

fn container(job: ContainerJob) -> Look {
    let completed = match job.weights {
        Some(weights) => Event::WeightsSeen { weights },
        None => Event::TrainingSeen(Seen::Completed { model_arn: None }),
    };
    // What SageMaker stopped by its own limits says so: nobody asked for that stop.
    let event = match (job.status, job.message) {
        (TrainingStatus::Stopped, Some(message)) => {
            Some(Event::TrainingSeen(Seen::Failed { message }))
        }
        (status, message) => ended(status, message, completed),
    };
    Look {
        event,
        arn: job.arn,
        tags: job.tags,
    }
}

fn ended(status: TrainingStatus, message: Option<String>, completed: Event) -> Option<Event> {
    match status {
        TrainingStatus::InProgress | TrainingStatus::Stopping => None,
        TrainingStatus::Completed => Some(completed),
        TrainingStatus::Failed => Some(Event::TrainingSeen(Seen::Failed {
            message: message.unwrap_or_else(|| "the service gave no reason".into()),
        })),
        TrainingStatus::Stopped => Some(Event::TrainingSeen(Seen::Stopped)),
    }
}

pub(crate) async fn stop(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let name = run.resource(run.training_purpose(), attempt).to_string();
    match run.route.trainer {
        Trainer::Bedrock { .. } => ports.stop.stop_training(&name).await?,
        Trainer::SageMaker { .. } | Trainer::Serverless { .. } => {
            ports.stop_containers.stop_container(&name).await?
        }
    }
    Ok(Event::TrainingStopAsked)
}
