//! Batch inference jobs.
//!
//! `GetModelInvocationJob` takes no name, so a job is found by listing and matching its name exactly.

use async_trait::async_trait;
use aws_sdk_bedrock::types::{
    ModelInvocationJobInputDataConfig, ModelInvocationJobOutputDataConfig,
    ModelInvocationJobS3InputDataConfig, ModelInvocationJobS3OutputDataConfig,
    ModelInvocationJobStatus, ModelInvocationType, S3InputFormat, SortJobsBy, SortOrder,
};
use perennial_aws_errors::port_error;
use perennial_ports::{
    BatchJob, BatchSpec, BatchStatus, ErrorKind, ObserveBatch, PortResult, StartBatch, StopBatch,
    Tags,
};

use crate::{Bedrock, about, sdk_tags, unknown, unless_missing, wrong};

const CREATE: &str = "bedrock:CreateModelInvocationJob";
const GET: &str = "bedrock:GetModelInvocationJob";
const LIST: &str = "bedrock:ListModelInvocationJobs";
const STOP: &str = "bedrock:StopModelInvocationJob";

#[async_trait]
impl StartBatch for Bedrock {
    async fn start_batch(&self, spec: &BatchSpec) -> PortResult<String> {
        let settings = self.settings(CREATE)?;
        let input = ModelInvocationJobS3InputDataConfig::builder()
            .s3_input_format(S3InputFormat::Jsonl)
            .s3_uri(settings.uri(&spec.input_key))
            .build()
            .map_err(wrong(CREATE))?;
        let output = ModelInvocationJobS3OutputDataConfig::builder()
            .s3_uri(settings.uri(&spec.output_prefix))
            .build()
            .map_err(wrong(CREATE))?;
        let answer = self
            .client
            .create_model_invocation_job()
            .job_name(&spec.name)
            .client_request_token(&spec.token)
            .role_arn(&settings.job_role_arn)
            .model_id(&spec.model_id)
            .model_invocation_type(ModelInvocationType::Converse)
            .input_data_config(ModelInvocationJobInputDataConfig::S3InputDataConfig(input))
            .output_data_config(ModelInvocationJobOutputDataConfig::S3OutputDataConfig(
                output,
            ))
            .set_tags(Some(sdk_tags(CREATE, &spec.tags)?))
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        Ok(answer.job_arn)
    }
}

impl Bedrock {
    /// The ARN of the newest job of exactly this name.
    async fn batch_arn(&self, name: &str) -> PortResult<Option<String>> {
        let mut next: Option<String> = None;
        loop {
            let page = self
                .client
                .list_model_invocation_jobs()
                .name_contains(name)
                .sort_by(SortJobsBy::CreationTime)
                .sort_order(SortOrder::Descending)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| about(name, port_error(LIST, error)))?;
            let found = page
                .invocation_job_summaries()
                .iter()
                .find(|job| job.job_name() == name);
            if let Some(found) = found {
                return Ok(Some(found.job_arn().to_owned()));
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(None);
            }
        }
    }

    /// Without its tags.
    async fn look_at_batch(&self, arn: &str) -> PortResult<Option<BatchJob>> {
        let answer = self
            .client
            .get_model_invocation_job()
            .job_identifier(arn)
            .send()
            .await
            .map_err(|error| about(arn, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        let status = match &found.status {
            Some(
                ModelInvocationJobStatus::Submitted
                | ModelInvocationJobStatus::Validating
                | ModelInvocationJobStatus::Scheduled
                | ModelInvocationJobStatus::InProgress
                | ModelInvocationJobStatus::Stopping,
            ) => BatchStatus::InProgress,
            Some(ModelInvocationJobStatus::Completed) => BatchStatus::Completed,
            Some(
                ModelInvocationJobStatus::PartiallyCompleted | ModelInvocationJobStatus::Expired,
            ) => BatchStatus::Partial,
            Some(ModelInvocationJobStatus::Failed) => BatchStatus::Failed,
            Some(ModelInvocationJobStatus::Stopped) => BatchStatus::Stopped,
            other => {
                let status = other.as_ref().map(ModelInvocationJobStatus::as_str);
                return Err(unknown(GET, &found.job_arn, status));
            }
        };
        Ok(Some(BatchJob {
            arn: found.job_arn,
            name: found.job_name.unwrap_or_default(),
            status,
            message: found.message.filter(|message| !message.is_empty()),
            tags: Tags::new(),
        }))
    }
}

#[async_trait]
impl ObserveBatch for Bedrock {
    async fn find_batch(&self, name: &str) -> PortResult<Option<BatchJob>> {
        let Some(arn) = self.batch_arn(name).await? else {
            return Ok(None);
        };
        let Some(job) = self.look_at_batch(&arn).await? else {
            return Ok(None);
        };
        let tags = self.tags(&job.arn).await?;
        Ok(Some(BatchJob { tags, ..job }))
    }
}

#[async_trait]
impl StopBatch for Bedrock {
    /// A refusal is looked into: it is no error if the job has ended.
    async fn stop_batch(&self, arn: &str) -> PortResult<()> {
        let sent = self
            .client
            .stop_model_invocation_job()
            .job_identifier(arn)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let error = about(arn, port_error(STOP, error));
        if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) {
            let job = self.look_at_batch(arn).await?;
            if job.is_some_and(|job| job.status != BatchStatus::InProgress) {
                return Ok(());
            }
        }
        Err(error)
    }
}
