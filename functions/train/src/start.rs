//! Starting a training job: once per run and attempt, whatever is lost on the way.

use perennial_core::config::{SageMakerConfig, ServerlessConfig};
use perennial_core::names::{Purpose, ResourceName, is_ours};
use perennial_core::routing::{Customization, Trainer};
use perennial_core::run::{Event, Prepared, Run, job_words};
use perennial_engine::StepResult;
use perennial_engine::adopt::{Created, adopt};
use perennial_ports::{ContainerSpec, PortResult, ServerlessSpec, Tags, TrainingSpec};

use crate::{Ports, chain};

pub(crate) async fn start(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let Some(prepared) = &run.prepared else {
        return Ok(Event::TrainingRefused {
            reason: "the dataset was never prepared".into(),
        });
    };
    let resource = run.resource(run.training_purpose(), attempt);
    let name = resource.to_string();
    let started = match &run.route.trainer {
        Trainer::Bedrock { customization } => {
            let spec = customization_spec(run, prepared, &resource, customization);
            ports.start.start_training(&spec).await
        }
        Trainer::SageMaker { job } => {
            let spec = match (resource.purpose, &run.route.first, &prepared.first) {
                (Purpose::Pretraining, Some(stage), Some(first)) => {
                    chain::first_spec(run, stage, first, prepared, &resource, job)
                }
                _ => container_spec(run, prepared, &resource, job),
            };
            ports.start_containers.start_container(&spec).await
        }
        Trainer::Serverless {
            job,
            base_model_arn,
        } => {
            let spec = serverless_spec(run, prepared, &resource, job, base_model_arn);
            ports.start_serverless.start_serverless(&spec).await
        }
    };
    let error = match started {
        Ok(job) => return Ok(Event::TrainingFound { job }),
        Err(error) => error,
    };
    let found = find(ports, run, &name).await?;
    let found = found.map(|(arn, tags)| (arn.clone(), arn, tags));
    Ok(match adopt(&name, &resource.tags(), &error, found) {
        Created::There(job) => Event::TrainingFound { job },
        Created::Never(reason) => Event::TrainingRefused { reason },
        Created::Later(reason) => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!(
                "the {} is not started yet: {reason}",
                job_words(resource.purpose)
            )),
        },
    })
}

/// The run was cancelled before its job was seen: a lost answer may have left one behind.
pub(crate) async fn look(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let resource = run.resource(run.training_purpose(), attempt);
    let found = find(ports, run, &resource.to_string()).await?;
    Ok(match found {
        Some((job, tags)) if is_ours(&resource.tags(), &tags) => Event::TrainingFound { job },
        _ => Event::TrainingNeverStarted,
    })
}

/// The ARN and the tags of the job of exactly this name.
async fn find(ports: &Ports, run: &Run, name: &str) -> PortResult<Option<(String, Tags)>> {
    Ok(match run.route.trainer {
        Trainer::Bedrock { .. } => {
            let found = ports.observe.find_training(name).await?;
            found.map(|job| (job.arn, job.tags))
        }
        Trainer::SageMaker { .. } | Trainer::Serverless { .. } => {
            let found = ports.containers.find_container(name).await?;
            found.map(|job| (job.arn, job.tags))
        }
    })
}

fn customization_spec(
    run: &Run,
    prepared: &Prepared,
    resource: &ResourceName,
    customization: &Customization,
) -> TrainingSpec {
    let name = resource.to_string();
    TrainingSpec {
        name: name.clone(),
        model_name: name.clone(),
        token: name,
        base_model: run.trains_from.clone(),
        training_key: prepared.training_key.clone(),
        output_prefix: run.training_output(resource.attempt),
        customization: customization.clone(),
        hyperparameters: run.route.hyperparameters.clone(),
        tags: resource.tags(),
    }
}

pub(crate) fn container_spec(
    run: &Run,
    prepared: &Prepared,
    resource: &ResourceName,
    job: &SageMakerConfig,
) -> ContainerSpec {
    let checkpoints = || format!("{}/checkpoints-{}/", run.work(), resource.attempt);
    ContainerSpec {
        name: resource.to_string(),
        image: job.image.clone(),
        recipe: job.recipe.clone(),
        role: job.role.clone(),
        training_prefix: prepared.training_key.clone(),
        model: run.first_weights.clone(),
        output_prefix: run.training_output(resource.attempt),
        checkpoint_prefix: job.spot.then(checkpoints),
        hyperparameters: run.route.hyperparameters.clone(),
        instance_type: job.instance_type.clone(),
        instance_count: job.instance_count,
        volume_gb: job.volume_gb,
        subnets: job.subnets.clone(),
        security_groups: job.security_groups.clone(),
        max_run_seconds: job.max_run.as_secs(),
        spot_max_wait_seconds: job.spot.then(|| job.max_wait.as_secs()),
        tags: resource.tags(),
    }
}

fn serverless_spec(
    run: &Run,
    prepared: &Prepared,
    resource: &ResourceName,
    job: &ServerlessConfig,
    base_model_arn: &str,
) -> ServerlessSpec {
    ServerlessSpec {
        name: resource.to_string(),
        base_model_arn: base_model_arn.to_owned(),
        technique: job.technique,
        peft: job.peft,
        accept_eula: job.accept_eula,
        model_package_group: job.model_package_group.clone(),
        role: job.role.clone(),
        training_key: prepared.training_key.clone(),
        output_prefix: run.training_output(resource.attempt),
        hyperparameters: run.route.hyperparameters.clone(),
        max_run_seconds: job.max_run.as_secs(),
        tags: resource.tags(),
    }
}
