//! Jobs as they are, and stopping them.
//!
//! `DescribeTrainingJob` declares `ResourceNotFound`, and answers a `ValidationException` with these words instead (github.com/aws/aws-sdk,
//! issue 165); so does `StopTrainingJob`, and one of a job that has ended is a `ValidationException` as well.

use async_trait::async_trait;
use aws_sdk_sagemaker::operation::describe_training_job::DescribeTrainingJobOutput;
use aws_sdk_sagemaker::types::{SecondaryStatus, TrainingJobStatus};
use perennial_aws_errors::port_error;
use perennial_ports::{
    ContainerJob, ErrorKind, ObserveContainers, PortError, PortResult, StopContainers, Tags,
    TrainingStatus,
};

use crate::{SageMaker, about};

const DESCRIBE: &str = "sagemaker:DescribeTrainingJob";
const LIST_TAGS: &str = "sagemaker:ListTags";
const STOP: &str = "sagemaker:StopTrainingJob";

/// As SageMaker words it for a training job.
const NOT_FOUND: &str = "requested resource not found";

fn is_missing(error: &PortError) -> bool {
    error.kind == ErrorKind::NotFound
        || (error.kind == ErrorKind::Invalid && error.message.to_lowercase().contains(NOT_FOUND))
}

impl SageMaker {
    /// Without its tags.
    async fn look_at(&self, name: &str) -> PortResult<Option<ContainerJob>> {
        let answer = self
            .client
            .describe_training_job()
            .training_job_name(name)
            .send()
            .await
            .map_err(|error| about(name, port_error(DESCRIBE, error)));
        match answer {
            Ok(found) => job(name, found).map(Some),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn tags(&self, arn: &str) -> PortResult<Tags> {
        let mut tags = Tags::new();
        let mut next: Option<String> = None;
        loop {
            let page = self
                .client
                .list_tags()
                .resource_arn(arn)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| about(arn, port_error(LIST_TAGS, error)))?;
            for tag in page.tags.unwrap_or_default() {
                tags.insert(tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(tags);
            }
        }
    }
}

fn job(name: &str, found: DescribeTrainingJobOutput) -> PortResult<ContainerJob> {
    let reason = found.failure_reason.filter(|reason| !reason.is_empty());
    let (status, message) = match &found.training_job_status {
        Some(TrainingJobStatus::InProgress) => (TrainingStatus::InProgress, None),
        Some(TrainingJobStatus::Completed) => (TrainingStatus::Completed, None),
        Some(TrainingJobStatus::Failed) => (TrainingStatus::Failed, reason),
        Some(TrainingJobStatus::Stopping) => (TrainingStatus::Stopping, None),
        Some(TrainingJobStatus::Stopped) => {
            let limit = found.secondary_status.as_ref().and_then(limit);
            (
                TrainingStatus::Stopped,
                limit.map(ToOwned::to_owned).or(reason),
            )
        }
        // Only what has ended can be deleted.
        Some(TrainingJobStatus::Deleting) => (
            TrainingStatus::Stopped,
            Some("somebody deletes the job".to_owned()),
        ),
        other => {
            let status = other.as_ref().map_or("(none)", TrainingJobStatus::as_str);
            return Err(PortError::new(
                DESCRIBE,
                ErrorKind::Unanswered,
                format!(
                    "{name} has the status {status}, which this version of Perennial does not know; look for a newer one"
                ),
            ));
        }
    };
    // What a serverless job makes of Nova stays with AWS: it leaves a pointer, and no weights.
    let artifacts = found
        .model_artifacts
        .filter(|_| found.serverless_job_config.is_none())
        .and_then(|artifacts| artifacts.s3_model_artifacts)
        .filter(|uri| !uri.is_empty() && status == TrainingStatus::Completed);
    let job = ContainerJob {
        arn: found.training_job_arn.unwrap_or_default(),
        name: found.training_job_name.unwrap_or_else(|| name.to_owned()),
        status,
        message,
        weights: None,
        tags: Tags::new(),
    };
    Ok(match artifacts {
        None => job,
        // Such a job was not started here, and its weights are of no use to an import job: for the run it failed.
        Some(uri) if uri.ends_with(".tar.gz") => ContainerJob {
            status: TrainingStatus::Failed,
            message: Some(format!(
                "the job completed, but its weights are compressed, in {uri}, and an import job reads them uncompressed only: \
                 OutputDataConfig.CompressionType must be NONE"
            )),
            ..job
        },
        Some(uri) => ContainerJob {
            weights: Some(format!("{}/", uri.trim_end_matches('/'))),
            ..job
        },
    })
}

/// The limit that stopped a job, for people.
fn limit(secondary: &SecondaryStatus) -> Option<&'static str> {
    match secondary {
        SecondaryStatus::MaxRuntimeExceeded => Some(
            "MaxRuntimeExceeded: the job ran into its limit of running time; give it more (max_run), or less to do",
        ),
        SecondaryStatus::MaxWaitTimeExceeded => Some(
            "MaxWaitTimeExceeded: there was too little spare capacity within the job's limit of waiting and running time; give it \
             more (max_wait), or do without spot",
        ),
        _ => None,
    }
}

#[async_trait]
impl ObserveContainers for SageMaker {
    async fn find_container(&self, name: &str) -> PortResult<Option<ContainerJob>> {
        let Some(job) = self.look_at(name).await? else {
            return Ok(None);
        };
        let tags = self.tags(&job.arn).await?;
        Ok(Some(ContainerJob { tags, ..job }))
    }
}

#[async_trait]
impl StopContainers for SageMaker {
    /// A refusal is looked into: it is no error if the job has ended or is stopping.
    async fn stop_container(&self, name: &str) -> PortResult<()> {
        let sent = self
            .client
            .stop_training_job()
            .training_job_name(name)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let error = about(name, port_error(STOP, error));
        if is_missing(&error) {
            return Err(PortError {
                kind: ErrorKind::NotFound,
                ..error
            });
        }
        if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) {
            return match self.look_at(name).await {
                Ok(Some(job)) if job.status != TrainingStatus::InProgress => Ok(()),
                Ok(_) => Err(error),
                Err(failed) => Err(error.unseen(&failed)),
            };
        }
        Err(error)
    }
}
