//! The state-change events of jobs, in the documented forms.
//!
//! Source: Amazon Bedrock User Guide, "Monitor job state changes using EventBridge"; `shared/facts/events`.

use serde_json::{Value, json};

use super::batch::Batch;
use super::containers::Container;
use super::training::Training;
use crate::memory::{ACCOUNT, BUCKET, REGION};
use crate::{BatchStatus, TrainingStatus};

fn training_word(status: TrainingStatus) -> &'static str {
    match status {
        TrainingStatus::InProgress => "InProgress",
        TrainingStatus::Completed => "Completed",
        TrainingStatus::Failed => "Failed",
        TrainingStatus::Stopping => "Stopping",
        TrainingStatus::Stopped => "Stopped",
    }
}

fn uri(key: &str) -> Value {
    json!({ "s3Uri": format!("s3://{BUCKET}/{key}") })
}

pub(crate) fn training(training: &Training, id: String) -> Value {
    let (spec, job) = (&training.spec, &training.job);
    let mut detail = json!({
        "version": "0.0",
        "jobName": job.name,
        "jobArn": job.arn,
        "outputModelName": spec.model_name,
        "roleArn": format!("arn:aws:iam::{ACCOUNT}:role/JobExecutionRole"),
        "jobStatus": training_word(job.status),
        "creationTime": format!("{:.0}", training.created),
        "lastModifiedTime": format!("{:.0}", training.modified),
        "baseModelArn": base_arn(&spec.base_model),
        "hyperParameters": spec.hyperparameters,
        "trainingDataConfig": uri(&spec.training_key),
        "outputDataConfig": uri(&spec.output_prefix),
    });
    if let Some(arn) = &job.model_arn {
        detail["outputModelArn"] = arn.as_str().into();
    }
    if let Some(message) = &job.message {
        detail["failureMessage"] = message.as_str().into();
    }
    if let Some(ended) = training.ended {
        detail["endTime"] = format!("{ended:.0}").into();
    }
    json!({
        "version": "0",
        "account": ACCOUNT,
        "region": REGION,
        "id": id,
        "detail-type": "Model Customization Job State Change",
        "source": "aws.bedrock",
        "time": format!("{:.0}", training.modified),
        "resources": [job.arn],
        "detail": detail,
    })
}

/// Its times are epoch milliseconds, as documented.
pub(crate) fn container(container: &Container, id: String) -> Value {
    let record = &container.record;
    let job = &record.job;
    let secondary = match job.status {
        TrainingStatus::InProgress => "Starting",
        TrainingStatus::Completed => "Completed",
        TrainingStatus::Failed => "Failed",
        TrainingStatus::Stopping => "Stopping",
        TrainingStatus::Stopped => "Stopped",
    };
    let mut detail = json!({
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": training_word(job.status),
        "SecondaryStatus": secondary,
        "HyperParameters": record.spec.hyperparameters(),
        "CreationTime": record.created.as_millisecond(),
        "LastModifiedTime": container.modified.as_millisecond(),
    });
    if let Some(message) = &job.message {
        detail["FailureReason"] = message.as_str().into();
    }
    json!({
        "version": "0",
        "account": ACCOUNT,
        "region": REGION,
        "id": id,
        "detail-type": "SageMaker Training Job State Change",
        "source": "aws.sagemaker",
        "time": format!("{:.0}", container.modified),
        "resources": [job.arn],
        "detail": detail,
    })
}

/// Its dates are no ISO 8601, as documented.
pub(crate) fn batch(batch: &Batch, id: String) -> Value {
    let job = &batch.job;
    let status = match job.status {
        BatchStatus::InProgress if batch.stopping => "Stopping",
        BatchStatus::InProgress => "InProgress",
        BatchStatus::Completed => "Completed",
        BatchStatus::Partial => "PartiallyCompleted",
        BatchStatus::Failed => "Failed",
        BatchStatus::Stopped => "Stopped",
    };
    json!({
        "version": "0",
        "account": ACCOUNT,
        "region": REGION,
        "id": id,
        "detail-type": "Batch Inference Job State Change",
        "source": "aws.bedrock",
        "time": batch.modified.strftime("%a %b %d %H:%M:%S UTC %Y").to_string(),
        "resources": [job.arn],
        "detail": {
            "version": "0.0",
            "accountId": ACCOUNT,
            "batchJobName": job.name,
            "batchJobArn": job.arn,
            "batchModelId": base_arn(&batch.spec.model_id),
            "status": status,
            "failureMessage": job.message.as_deref().unwrap_or_default(),
            "creationTime": batch.created.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string(),
        },
    })
}

fn base_arn(id: &str) -> String {
    if id.starts_with("arn:") {
        return id.to_owned();
    }
    format!("arn:aws:bedrock:{REGION}::foundation-model/{id}")
}
