//! Ending a run: what it made for itself is removed on every outcome, and its report is written.

use perennial_core::names::{Purpose, is_ours};
use perennial_core::routing::Trainer;
use perennial_core::run::{Event, MAX_ATTEMPTS, Run, Seen};
use perennial_engine::{StepResult, records, reports, temporary};
use perennial_ports::{
    BatchStatus, ContainerJob, ImportStatus, PortResult, TrainingJob, TrainingStatus,
};

use crate::Ports;

pub(crate) async fn remove(ports: &Ports, run: &Run, purpose: Purpose) -> StepResult {
    match purpose {
        Purpose::Candidate => {
            let (look, change) = (ports.deployments.as_ref(), ports.deploy.as_ref());
            temporary::remove_candidate(&ports.desk, look, change, run).await
        }
        Purpose::Base => stop_base(ports, run).await,
        Purpose::Training | Purpose::Pretraining => stop_training(ports, run, purpose).await,
        Purpose::Import => follow_import(ports, run).await,
    }
}

/// A training job that nobody waits for any more: one that a call without an answer has created, or one that was given up. It is
/// stopped and followed until it has ended; a model that it made all the same goes into the registry, where it is found idle.
async fn stop_training(ports: &Ports, run: &Run, purpose: Purpose) -> StepResult {
    for attempt in 1..=MAX_ATTEMPTS {
        let resource = run.resource(purpose, attempt);
        let name = resource.to_string();
        let Some((job, weights)) = find_training(ports, run, &name).await? else {
            continue;
        };
        if !is_ours(&resource.tags(), &job.tags) {
            continue;
        }
        if !run.jobs.iter().any(|known| known.name == name) {
            return Ok(Event::LeftoverFound {
                purpose,
                attempt,
                job: job.arn,
            });
        }
        // Of a chain's first stage they are kept for later runs.
        if let (Some(weights), Purpose::Pretraining, None) = (weights, purpose, &run.first_weights)
        {
            return Ok(Event::WeightsSeen { weights });
        }
        match job.status {
            TrainingStatus::InProgress => match run.route.trainer {
                Trainer::Bedrock { .. } => ports.stop_training.stop_training(&name).await?,
                Trainer::SageMaker { .. } | Trainer::Serverless { .. } => {
                    ports.stop_containers.stop_container(&name).await?
                }
            },
            TrainingStatus::Stopping => {}
            TrainingStatus::Completed if run.model_arn.is_none() && job.model_arn.is_some() => {
                return Ok(Event::TrainingSeen(Seen::Completed {
                    model_arn: job.model_arn,
                }));
            }
            TrainingStatus::Completed | TrainingStatus::Failed | TrainingStatus::Stopped => {
                continue;
            }
        }
        return Ok(Event::Later {
            at: ports.desk.next_look(),
            note: None,
        });
    }
    Ok(Event::Removed(purpose))
}

/// A customization job or a container's, whichever the run started, and the weights that the latter has left. They are no model:
/// they lie in the run's working folder and expire with it.
async fn find_training(
    ports: &Ports,
    run: &Run,
    name: &str,
) -> PortResult<Option<(TrainingJob, Option<String>)>> {
    if let Trainer::Bedrock { .. } = run.route.trainer {
        let found = ports.training.find_training(name).await?;
        return Ok(found.map(|job| (job, None)));
    }
    let found = ports.containers.find_container(name).await?;
    Ok(found.map(|job| {
        let weights = job.weights.clone();
        (customization(job), weights)
    }))
}

/// A container's job as it concerns an end: it makes no model by itself.
fn customization(job: ContainerJob) -> TrainingJob {
    TrainingJob {
        arn: job.arn,
        name: job.name,
        status: job.status,
        message: job.message,
        model_arn: None,
        tags: job.tags,
    }
}

/// An import, or a model made of a checkpoint, that nobody waits for any more cannot be stopped: it is followed until it has ended, and a model that it made goes
/// into the registry, where it is found idle.
async fn follow_import(ports: &Ports, run: &Run) -> StepResult {
    for attempt in 1..=MAX_ATTEMPTS {
        let resource = run.resource(Purpose::Import, attempt);
        let name = resource.to_string();
        let found = match run.route.trainer {
            Trainer::Serverless { .. } => ports.registrations.find_registration(&name).await?,
            Trainer::Bedrock { .. } | Trainer::SageMaker { .. } => {
                ports.imports.find_import(&name).await?
            }
        };
        let Some(job) = found else {
            continue;
        };
        if !is_ours(&resource.tags(), &job.tags) {
            continue;
        }
        if !run.jobs.iter().any(|known| known.name == name) {
            return Ok(Event::LeftoverFound {
                purpose: Purpose::Import,
                attempt,
                job: job.arn,
            });
        }
        match job.status {
            ImportStatus::InProgress => {
                return Ok(Event::Later {
                    at: ports.desk.next_look(),
                    note: None,
                });
            }
            ImportStatus::Completed if run.model_arn.is_none() && job.model_arn.is_some() => {
                return Ok(Event::ImportSeen(Seen::Completed {
                    model_arn: job.model_arn,
                }));
            }
            ImportStatus::Completed | ImportStatus::Failed => {}
        }
    }
    Ok(Event::Removed(Purpose::Import))
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
