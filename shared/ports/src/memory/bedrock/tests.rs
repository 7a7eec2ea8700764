//! Tests of the Bedrock twin.

mod answers;
mod batches;
mod deployments;
mod trainings;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::memory::{MemoryCloud, now};
use crate::{
    ChangeDeployments, DeploymentSpec, ErrorKind, PortResult, StartTraining, TrainingSpec,
};

const BASE: &str = "amazon.nova-micro-v1:0:128k";

/// The base model knows nothing; a custom model names its training files and repeats the prompt.
fn cloud() -> MemoryCloud {
    MemoryCloud::new(1, |model, prompt| match model {
        ModelRef::Base { id } => format!("{id} says {prompt}"),
        ModelRef::Custom { files, .. } => {
            let files: Vec<_> = files
                .iter()
                .map(|file| String::from_utf8_lossy(file).into_owned())
                .collect();
            format!("{} says {prompt}", files.join("+"))
        }
    })
}

fn tags() -> Tags {
    BTreeMap::from([("perennial".to_owned(), "test".to_owned())])
}

fn training(name: &str) -> TrainingSpec {
    TrainingSpec {
        name: name.into(),
        model_name: format!("{name}-model"),
        token: name.into(),
        base_model: BASE.into(),
        training_key: "work/p/train.jsonl".into(),
        output_prefix: "work/p/out/".into(),
        customization: perennial_core::routing::Customization::FineTuning,
        hyperparameters: BTreeMap::from([("epochCount".into(), "2".into())]),
        tags: tags(),
    }
}

fn deployment(name: &str, model_arn: &str) -> DeploymentSpec {
    DeploymentSpec {
        buy: None,
        name: name.into(),
        token: name.into(),
        model_arn: model_arn.into(),
        description: "for a test".into(),
        tags: tags(),
    }
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

fn kind<T>(result: PortResult<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("this call must fail"),
        Err(error) => error.kind,
    }
}

/// The ARN of a model that was trained by the job of this name.
fn trained(cloud: &MemoryCloud, spec: &TrainingSpec, file: &'static str) -> String {
    cloud.objects.upload(&spec.training_key, file);
    now(cloud.bedrock.start_training(spec)).expect("started");
    cloud.clock.advance(minutes(60));
    let jobs = cloud.bedrock.training_jobs();
    let job = jobs.into_iter().find(|job| job.spec == *spec);
    job.and_then(|job| job.job.model_arn).expect("a model")
}

/// The ARN of an active deployment.
fn deployed(cloud: &MemoryCloud, name: &str, model_arn: &str) -> String {
    let spec = deployment(name, model_arn);
    let arn = now(cloud.bedrock.create_deployment(&spec)).expect("created");
    cloud.clock.advance(minutes(8));
    arn
}
