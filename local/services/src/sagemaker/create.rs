//! `CreateTrainingJob`: what is taken, and what is refused.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    job::{Fate, Secondary, Status, TrainingJob, Transition},
    request::{CreateTrainingJob, ServerlessJobConfig},
    tags,
    trainer::{Family, Trainer},
};
use crate::{
    error::AwsError,
    faults,
    objects::split_uri,
    operation::{Call, Operation},
};

/// 28 days, the longest that a job may run.
const LONGEST: i64 = 28 * 24 * 3600;

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Created {
    training_job_arn: String,
}

impl Operation for CreateTrainingJob {
    const NAME: &'static str = "CreateTrainingJob";
    type Answer = Created;

    fn perform(self, call: &mut Call<'_>) -> Result<Created, AwsError> {
        tags::check(&self.tags)?;
        match &self.serverless_job_config {
            Some(config) => self.check_serverless(config)?,
            None => self.check_instances()?,
        }
        let arn = call.arn(
            "sagemaker",
            &format!("training-job/{}", self.training_job_name),
        );
        if call
            .tx
            .get::<TrainingJob>(&self.training_job_name)?
            .is_some()
        {
            return Err(AwsError::new(
                "ResourceInUse",
                format!(
                    "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
                ),
            ));
        }
        let trainer = Trainer::of(&self).map_err(AwsError::validation)?;
        if let Some(config) = &self.serverless_job_config {
            check_technique(config, &trainer)?;
        }
        self.check_input(call)?;
        let jobs = call.tx.all::<TrainingJob>()?;
        self.check_quota(&jobs, call)?;
        let job = self.into_job(arn, trainer, &jobs, call);
        call.tx.put(&job)?;
        job.announce(call)?;
        Ok(Created {
            training_job_arn: job.arn,
        })
    }
}

fn refused(why: &str) -> Result<(), AwsError> {
    Err(AwsError::validation(why))
}

/// There are recipes for preferences for the first generation of Nova, without Premier, and for no other Nova (aws/sagemaker-hyperpod-recipes,
/// recipe_templatization/nova, read at 2631995, 2026-06-23).
fn check_technique(config: &ServerlessJobConfig, trainer: &Trainer) -> Result<(), AwsError> {
    const LEARN: [&str; 3] = [
        "amazon.nova-micro-v1:0",
        "amazon.nova-lite-v1:0",
        "amazon.nova-pro-v1:0",
    ];
    let prefers = config.customization_technique.as_deref() == Some("DPO");
    if prefers && trainer.family == Family::Nova && !LEARN.contains(&trainer.base.as_str()) {
        return Err(AwsError::validation(format!(
            "The customization technique DPO is not supported for the model {}.",
            config.base_model_arn
        )));
    }
    Ok(())
}

impl CreateTrainingJob {
    fn check_serverless(&self, config: &ServerlessJobConfig) -> Result<(), AwsError> {
        if config.job_type != "FineTuning" {
            return refused(
                "The local cloud simulates serverless jobs of the type FineTuning only.",
            );
        }
        match config.customization_technique.as_deref() {
            Some("SFT" | "DPO") => {}
            None => {
                return refused("CustomizationTechnique is required for the job type FineTuning.");
            }
            Some(other) => {
                return Err(AwsError::validation(format!(
                    "The local cloud does not simulate the customization technique {other}."
                )));
            }
        }
        if config.accept_eula != Some(true) {
            return refused("AcceptEula must be true: the model's licence has to be accepted.");
        }
        if self.algorithm_specification.is_some() || self.resource_config.is_some() {
            return refused(
                "AlgorithmSpecification and ResourceConfig do not go with ServerlessJobConfig.",
            );
        }
        if self.enable_managed_spot_training || self.checkpoint_config.is_some() {
            return refused(
                "EnableManagedSpotTraining and CheckpointConfig do not go with ServerlessJobConfig.",
            );
        }
        if self.input_data_config.is_empty() {
            return refused("InputDataConfig is required for a serverless job.");
        }
        Ok(())
    }

    fn check_instances(&self) -> Result<(), AwsError> {
        let image = self.algorithm_specification.as_ref();
        if image.and_then(|of| of.training_image.as_ref()).is_none() {
            return refused(
                "Either AlgorithmSpecification with a TrainingImage or ServerlessJobConfig is required.",
            );
        }
        let Some(resources) = &self.resource_config else {
            return refused("ResourceConfig is required.");
        };
        let some = |number: Option<i64>| number.is_some_and(|number| number > 0);
        if resources.instance_type.is_none()
            || !some(resources.instance_count)
            || !some(resources.volume_size_in_gb)
        {
            return refused(
                "ResourceConfig needs InstanceType, and InstanceCount and VolumeSizeInGB of at least 1.",
            );
        }
        let Some(stopping) = &self.stopping_condition else {
            return refused("StoppingCondition is required.");
        };
        let longest = stopping.max_runtime_in_seconds.unwrap_or(24 * 3600);
        if longest > LONGEST {
            return refused("MaxRuntimeInSeconds is at most 2419200.");
        }
        match (
            self.enable_managed_spot_training,
            stopping.max_wait_time_in_seconds,
        ) {
            (true, wait) if wait.is_none_or(|wait| wait < longest) => refused(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
            ),
            (false, Some(_)) => refused(
                "Invalid MaxWaitTimeInSeconds. It can be given only with EnableManagedSpotTraining",
            ),
            _ => Ok(()),
        }
    }

    /// Every channel is a prefix with something under it, and what the job writes has a bucket.
    fn check_input(&self, call: &Call<'_>) -> Result<(), AwsError> {
        for (place, channel) in self.input_data_config.iter().enumerate() {
            let name = &channel.channel_name;
            let again = |other: &super::request::Channel| other.channel_name == *name;
            if self.input_data_config[..place].iter().any(again) {
                return Err(AwsError::validation(format!(
                    "The channel name {name} stands twice."
                )));
            }
            let source = channel.data_source.s3.as_ref().ok_or_else(|| {
                AwsError::validation(format!("The channel {name} has no S3DataSource."))
            })?;
            if !matches!(source.s3_data_type.as_str(), "S3Prefix" | "Converse")
                || channel.compression_type.as_deref() == Some("Gzip")
                || channel.record_wrapper_type.as_deref() == Some("RecordIO")
            {
                return Err(AwsError::validation(format!(
                    "The local cloud takes channels of the type S3Prefix without compression or wrapping only; {name} is another."
                )));
            }
            let uri = &source.s3_uri;
            let there = match split_uri(uri) {
                Some((bucket, prefix)) => call.objects.list(bucket, prefix),
                None => Ok(Vec::new()),
            };
            if there.map_or(true, |keys| keys.is_empty()) {
                let bucket = split_uri(uri).unwrap_or_default().0;
                return Err(AwsError::validation(format!(
                    "No S3 objects found under S3 URL \"{uri}\" given in input data source. Please ensure that the bucket exists in the selected region ({}), that objects exist under that S3 prefix, and that the role \"{}\" has \"s3:ListBucket\" permissions on bucket \"{bucket}\".",
                    call.settings.region, self.role_arn
                )));
            }
        }
        let out = &self.output_data_config.s3_output_path;
        match split_uri(out) {
            Some((bucket, _)) if !bucket.is_empty() => Ok(()),
            _ => Err(AwsError::validation(format!(
                "S3OutputPath {out} is not an s3:// URI."
            ))),
        }
    }

    /// Service Quotas' instances of a type for training jobs at a time; a type that is not named has no quota here.
    fn check_quota(&self, jobs: &[TrainingJob], call: &Call<'_>) -> Result<(), AwsError> {
        let config = self.resource_config.as_ref();
        let wanted = config.and_then(|config| {
            let count = usize::try_from(config.instance_count?).ok()?;
            Some((config.instance_type.as_deref()?, count))
        });
        let Some((kind, count)) = wanted else {
            return Ok(());
        };
        let Some(quota) = call.settings.quotas.training_instances.get(kind) else {
            return Ok(());
        };
        let used: usize = jobs
            .iter()
            .filter(|job| job.runs())
            .filter_map(TrainingJob::instances)
            .filter(|(other, _)| *other == kind)
            .map(|(_, count)| count)
            .sum();
        if used + count <= *quota {
            return Ok(());
        }
        Err(AwsError::new(
            "ResourceLimitExceeded",
            format!(
                "The account-level service limit '{kind} for training job usage' is {quota} Instances, with current utilization of {used} Instances and a request delta of {count} Instances. Please use AWS Service Quotas to request an increase for this quota."
            ),
        ))
    }

    fn into_job(
        self,
        arn: String,
        trainer: Trainer,
        jobs: &[TrainingJob],
        call: &mut Call<'_>,
    ) -> TrainingJob {
        let fate = fate(call);
        // A group's packages are numbered.
        let group = self.model_package_config.as_ref();
        let model_package_arn = group.map(|config| {
            let group = &config.model_package_group_arn;
            let name = group.rsplit('/').next().unwrap_or_default();
            let same = |job: &&TrainingJob| {
                let other = job.request.model_package_config.as_ref();
                other.is_some_and(|other| other.model_package_group_arn == *group)
            };
            let version = jobs.iter().filter(same).count() + 1;
            call.arn("sagemaker", &format!("model-package/{name}/{version}"))
        });
        let mut job = TrainingJob {
            arn,
            tags: self.tags.clone(),
            request: self,
            trainer,
            status: Status::InProgress,
            transitions: vec![Transition {
                status: Secondary::Starting,
                start: call.now,
                end: None,
            }],
            due: call.pace.training.end(call.now, 0, 10),
            records: 0,
            tokens: 0,
            fate,
            interruptions: 0,
            failure_reason: None,
            checkpoint: None,
            model_package_arn,
            created: call.now,
            modified: call.now,
            started: None,
            ended: None,
        };
        if job.fate == Fate::Hang(Secondary::Starting) {
            job.due = Timestamp::MAX;
        }
        job
    }
}

/// What was planted for the next job, if anything was.
fn fate(call: &mut Call<'_>) -> Fate {
    if faults::take(&mut call.faults.fail_training_jobs) {
        let message = call.faults.training_failure_message.clone();
        return Fate::Fail(message.unwrap_or_else(|| {
            "InternalServerError: We encountered an internal error. Please try again.".to_owned()
        }));
    }
    if !faults::take(&mut call.faults.hang_training_jobs) {
        return Fate::Train;
    }
    let named = call.faults.hang_in_status.clone().map(Value::String);
    let status = named.and_then(|name| serde_json::from_value(name).ok());
    Fate::Hang(status.unwrap_or(Secondary::Training))
}
