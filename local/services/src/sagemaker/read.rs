//! `DescribeTrainingJob`, `StopTrainingJob`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::job::{Secondary, Status, TrainingJob, seconds};
use crate::{
    error::AwsError,
    operation::{Call, Nothing, Operation},
};

/// AWS answers `ValidationException` here, although the model declares `ResourceNotFound`
/// (<https://github.com/aws/aws-sdk/issues/165>).
fn existing(name: &str, call: &Call<'_>) -> Result<TrainingJob, AwsError> {
    let missing = || AwsError::validation("Requested resource not found.");
    call.tx.get(name)?.ok_or_else(missing)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct DescribeTrainingJob {
    training_job_name: String,
}

impl Operation for DescribeTrainingJob {
    const NAME: &'static str = "DescribeTrainingJob";
    type Answer = Value;

    fn perform(self, call: &mut Call<'_>) -> Result<Value, AwsError> {
        let job = existing(&self.training_job_name, call)?;
        let request = &job.request;
        let serverless = job.trainer.serverless;
        let took = job.seconds();
        let completed = job.status == Status::Completed;
        let or_default = json!({ "MaxRuntimeInSeconds": 86_400 });
        let stopping = request.stopping_condition.as_ref();
        let mut told = json!({
            "TrainingJobName": job.name(),
            "TrainingJobArn": job.arn,
            "ModelArtifacts": { "S3ModelArtifacts": job.model_artifacts() },
            "TrainingJobStatus": job.status,
            "SecondaryStatus": job.secondary(),
            "FailureReason": job.failure_reason,
            "HyperParameters": request.hyper_parameters,
            "AlgorithmSpecification": request.algorithm_specification,
            "RoleArn": request.role_arn,
            "OutputDataConfig": request.output_data_config,
            "ResourceConfig": request.resource_config,
            "VpcConfig": request.vpc_config,
            "StoppingCondition": stopping.map_or(or_default, |stopping| json!(stopping)),
            "CreationTime": seconds(job.created),
            "LastModifiedTime": seconds(job.modified),
            "TrainingStartTime": job.started.map(seconds),
            "TrainingEndTime": job.ended.map(seconds),
            "SecondaryStatusTransitions": job.history(seconds),
            "EnableNetworkIsolation": request.enable_network_isolation,
            "EnableInterContainerTrafficEncryption": request.enable_inter_container_traffic_encryption,
            "EnableManagedSpotTraining": request.enable_managed_spot_training,
            "CheckpointConfig": request.checkpoint_config,
            "TrainingTimeInSeconds": took.map(|(trained, _)| trained),
            "RetryStrategy": request.retry_strategy,
            "ServerlessJobConfig": request.serverless_job_config,
            "ModelPackageConfig": request.model_package_config,
            "OutputModelPackageArn": job.model_package_arn.as_ref().filter(|_| completed),
        });
        // Instances are paid for by the second, serverless jobs by the token.
        if serverless {
            told["BillableTokenCount"] = json!(job.ended.map(|_| job.tokens));
        } else {
            told["BillableTimeInSeconds"] = json!(took.map(|(_, billed)| billed));
        }
        if !request.input_data_config.is_empty() {
            told["InputDataConfig"] = json!(request.input_data_config);
        }
        if !request.environment.is_empty() {
            told["Environment"] = json!(request.environment);
        }
        Ok(told)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct StopTrainingJob {
    training_job_name: String,
}

impl Operation for StopTrainingJob {
    const NAME: &'static str = "StopTrainingJob";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let mut job = existing(&self.training_job_name, call)?;
        if job.status == Status::Stopping {
            return Ok(Nothing {});
        }
        if job.status != Status::InProgress {
            return Err(AwsError::validation(format!(
                "The request was rejected because the training job is in status {:?}.",
                job.status
            )));
        }
        job.status = Status::Stopping;
        job.enter(Secondary::Stopping, call.now);
        job.due = call.pace.deletion.end(call.now, 0, 100);
        call.tx.put(&job)?;
        job.announce(call)?;
        Ok(Nothing {})
    }
}
