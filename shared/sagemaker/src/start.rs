//! From a spec to `CreateTrainingJob`.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_sagemaker::types::{
    AlgorithmSpecification, Channel, CheckpointConfig, DataSource, OutputCompressionType,
    OutputDataConfig, ResourceConfig, S3DataDistribution, S3DataSource, S3DataType,
    StoppingCondition, Tag, TrainingInputMode, TrainingInstanceType, VpcConfig,
};
use perennial_aws_errors::port_error;
use perennial_ports::{ContainerSpec, ErrorKind, PortError, PortResult, StartContainers};

use crate::{SageMaker, about};

const CREATE: &str = "sagemaker:CreateTrainingJob";

/// By this AWS's own recipe images are told where the recipe lies (aws/sagemaker-python-sdk,
/// `sagemaker-train/src/sagemaker/train/model_trainer.py`).
const RECIPE_PATH: &str = perennial_core::config::RECIPE_PATH;

#[async_trait]
impl StartContainers for SageMaker {
    async fn start_container(&self, spec: &ContainerSpec) -> PortResult<String> {
        let settings = self.settings(CREATE)?;
        let role = spec.role.as_ref().unwrap_or(&settings.job_role_arn);
        let checkpoints = spec.checkpoint_prefix.as_ref().map(|prefix| {
            CheckpointConfig::builder()
                .s3_uri(folder(&settings.uri(prefix)))
                .build()
        });
        let output = OutputDataConfig::builder()
            .s3_output_path(folder(&settings.uri(&spec.output_prefix)))
            .compression_type(OutputCompressionType::None)
            .build();
        let mut channels = vec![channel("train", &settings.uri(&spec.training_prefix))];
        channels.extend(spec.model.as_deref().map(|uri| channel("model", uri)));
        channels.extend(spec.recipe.as_deref().map(|uri| channel("recipe", uri)));
        let answer = self
            .client
            .create_training_job()
            .training_job_name(&spec.name)
            .algorithm_specification(
                AlgorithmSpecification::builder()
                    .training_image(&spec.image)
                    .training_input_mode(TrainingInputMode::File)
                    .build(),
            )
            .role_arn(role)
            .set_input_data_config(Some(channels))
            .output_data_config(output)
            .resource_config(machines(spec)?)
            .stopping_condition(limits(spec)?)
            .enable_managed_spot_training(spec.spot_max_wait_seconds.is_some())
            .set_checkpoint_config(checkpoints)
            .set_hyper_parameters(Some(hyperparameters(spec)))
            .set_vpc_config(network(spec))
            .set_tags(Some(tags(spec)))
            .enable_network_isolation(false)
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        answer.training_job_arn.ok_or_else(|| {
            PortError::new(
                CREATE,
                ErrorKind::Unanswered,
                format!("{}: the answer names no ARN", spec.name),
            )
        })
    }
}

/// Paths to which SageMaker itself appends `/JOB/…`.
fn folder(uri: &str) -> &str {
    uri.trim_end_matches('/')
}

/// Everything below a prefix, all of it on every machine.
fn channel(name: &str, uri: &str) -> Channel {
    let source = S3DataSource::builder()
        .s3_data_type(S3DataType::S3Prefix)
        .s3_uri(uri)
        .s3_data_distribution_type(S3DataDistribution::FullyReplicated)
        .build();
    Channel::builder()
        .channel_name(name)
        .data_source(DataSource::builder().s3_data_source(source).build())
        .input_mode(TrainingInputMode::File)
        .build()
}

/// With where the recipe lies, which nothing else may say.
fn hyperparameters(spec: &ContainerSpec) -> HashMap<String, String> {
    let mut all: HashMap<_, _> = spec.hyperparameters.clone().into_iter().collect();
    if let Some(file) = spec
        .recipe
        .as_deref()
        .and_then(|uri| uri.rsplit('/').next())
    {
        let lies = format!("/opt/ml/input/data/recipe/{file}");
        all.insert(RECIPE_PATH.to_owned(), lies);
    }
    all
}

fn machines(spec: &ContainerSpec) -> PortResult<ResourceConfig> {
    Ok(ResourceConfig::builder()
        .instance_type(TrainingInstanceType::from(spec.instance_type.as_str()))
        .instance_count(number(spec, "instance count", spec.instance_count.into())?)
        .volume_size_in_gb(number(spec, "volume", spec.volume_gb.into())?)
        .build())
}

fn limits(spec: &ContainerSpec) -> PortResult<StoppingCondition> {
    let wait = spec
        .spot_max_wait_seconds
        .map(|seconds| number(spec, "longest wait", seconds))
        .transpose()?;
    Ok(StoppingCondition::builder()
        .max_runtime_in_seconds(number(spec, "longest run", spec.max_run_seconds)?)
        .set_max_wait_time_in_seconds(wait)
        .build())
}

/// What the service has as a 32-bit integer.
fn number(spec: &ContainerSpec, what: &str, value: u64) -> PortResult<i32> {
    i32::try_from(value).map_err(|_| {
        PortError::new(
            CREATE,
            ErrorKind::Invalid,
            format!(
                "{}: a {what} of {value} is more than SageMaker takes",
                spec.name
            ),
        )
    })
}

fn network(spec: &ContainerSpec) -> Option<VpcConfig> {
    if spec.subnets.is_empty() {
        return None;
    }
    Some(
        VpcConfig::builder()
            .set_subnets(Some(spec.subnets.clone()))
            .set_security_group_ids(Some(spec.security_groups.clone()))
            .build(),
    )
}

fn tags(spec: &ContainerSpec) -> Vec<Tag> {
    spec.tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect()
}
