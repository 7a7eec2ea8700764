//! From what a training job left to a model on Bedrock: weights are imported by a job, and of a checkpoint a custom model is made.
//! Once per run and attempt, whatever is lost on the way.

use perennial_core::names::{Purpose, is_ours};
use perennial_core::routing::Trainer;
use perennial_core::run::{Event, Run, Seen};
use perennial_engine::StepResult;
use perennial_engine::adopt::{Created, adopt};
use perennial_ports::{ErrorKind, ImportJob, ImportSpec, ImportStatus, PortResult};

use crate::Ports;

/// Creates the job, or finds it and sees how it is.
pub(crate) async fn carry_on(ports: &Ports, run: &Run, attempt: u32, weights: &str) -> StepResult {
    let resource = run.resource(Purpose::Import, attempt);
    let name = resource.to_string();
    let tags = resource.tags();
    if let Some(found) = find(ports, run, &name).await? {
        return Ok(match is_ours(&tags, &found.tags) {
            true => seen(ports, run, &found),
            false => Event::ImportRefused {
                reason: format!(
                    "the name {name} is taken by {}, which Perennial did not make",
                    found.arn
                ),
            },
        });
    }
    // Somebody deleted it. The same call again would be answered with what is not there any more.
    if run.jobs.iter().any(|known| known.name == name) {
        return Ok(Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!(
                "{name} was seen before, but is not found now: somebody deleted it while it was made. It is looked for until the run's \
                 time is over"
            )),
        });
    }
    let spec = ImportSpec {
        name: name.clone(),
        model_name: name.clone(),
        token: name.clone(),
        weights: weights.to_owned(),
        tags,
    };
    let started = match run.route.trainer {
        Trainer::Serverless { .. } => ports.register.register_model(&spec).await,
        Trainer::Bedrock { .. } | Trainer::SageMaker { .. } => {
            ports.start_imports.start_import(&spec).await
        }
    };
    let error = match started {
        Ok(job) => return Ok(Event::ImportFound { job }),
        Err(error) => error,
    };
    let what = run.route.trainer.imports();
    let found = find(ports, run, &name).await?;
    let found = found.map(|job| (job.clone(), job.arn, job.tags));
    Ok(match adopt(&name, &spec.tags, &error, found) {
        Created::There(job) => seen(ports, run, &job),
        // What was trained is paid for: a right that is missing is mended by people, and the weights wait for them.
        Created::Never(reason) if error.kind == ErrorKind::Denied => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!(
                "the {what} from {weights} is denied: {reason}. It is tried until it is allowed"
            )),
        },
        Created::Never(reason) => Event::ImportRefused { reason },
        Created::Later(reason) => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!("the {what} is not started yet: {reason}")),
        },
    })
}

/// The job, or the model that is being made, of exactly this name.
async fn find(ports: &Ports, run: &Run, name: &str) -> PortResult<Option<ImportJob>> {
    match run.route.trainer {
        Trainer::Serverless { .. } => ports.registrations.find_registration(name).await,
        Trainer::Bedrock { .. } | Trainer::SageMaker { .. } => {
            ports.imports.find_import(name).await
        }
    }
}

fn seen(ports: &Ports, run: &Run, job: &ImportJob) -> Event {
    match job.status {
        // A job that a call without an answer has created is noted first.
        ImportStatus::InProgress if !run.jobs.iter().any(|known| known.name == job.name) => {
            Event::ImportFound {
                job: job.arn.clone(),
            }
        }
        ImportStatus::InProgress => Event::Later {
            at: ports.desk.next_look(),
            note: None,
        },
        ImportStatus::Completed => Event::ImportSeen(Seen::Completed {
            model_arn: job.model_arn.clone(),
        }),
        ImportStatus::Failed => Event::ImportSeen(Seen::Failed {
            message: job
                .message
                .clone()
                .unwrap_or_else(|| "the service gave no reason".into()),
        }),
    }
}
