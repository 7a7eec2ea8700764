//! Customization jobs.

use async_trait::async_trait;
use aws_sdk_bedrock::types::{ModelCustomizationJobStatus, OutputDataConfig};
use perennial_aws_errors::port_error;
use perennial_ports::{
    ErrorKind, ObserveTraining, PortResult, StartTraining, StopTraining, TrainingJob, TrainingSpec,
    TrainingStatus,
};

use crate::{Bedrock, about, customization, sdk_tags, unknown, unless_missing, wrong};

pub(crate) const CREATE: &str = "bedrock:CreateModelCustomizationJob";
const GET: &str = "bedrock:GetModelCustomizationJob";
const STOP: &str = "bedrock:StopModelCustomizationJob";

#[async_trait]
impl StartTraining for Bedrock {
    async fn start_training(&self, spec: &TrainingSpec) -> PortResult<String> {
        let settings = self.settings(CREATE)?;
        let tags = sdk_tags(CREATE, &spec.tags)?;
        let output = OutputDataConfig::builder()
            .s3_uri(settings.uri(&spec.output_prefix))
            .build()
            .map_err(wrong(CREATE))?;
        let customization = customization::members(spec)?;
        let data = customization::data(spec, |key| settings.uri(key))?;
        let answer = self
            .client
            .create_model_customization_job()
            .job_name(&spec.name)
            .custom_model_name(&spec.model_name)
            .client_request_token(&spec.token)
            .role_arn(&settings.job_role_arn)
            .base_model_identifier(&spec.base_model)
            .customization_type(customization.kind)
            .set_customization_config(customization.config)
            .training_data_config(data)
            .output_data_config(output)
            .set_hyper_parameters(customization.hyperparameters)
            .set_job_tags(Some(tags.clone()))
            .set_custom_model_tags(Some(tags))
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        Ok(answer.job_arn)
    }
}

impl Bedrock {
    /// Without its tags.
    async fn look_at_training(&self, name: &str) -> PortResult<Option<TrainingJob>> {
        let answer = self
            .client
            .get_model_customization_job()
            .job_identifier(name)
            .send()
            .await
            .map_err(|error| about(name, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        let status = match &found.status {
            Some(ModelCustomizationJobStatus::InProgress) => TrainingStatus::InProgress,
            Some(ModelCustomizationJobStatus::Completed) => TrainingStatus::Completed,
            Some(ModelCustomizationJobStatus::Failed) => TrainingStatus::Failed,
            Some(ModelCustomizationJobStatus::Stopping) => TrainingStatus::Stopping,
            Some(ModelCustomizationJobStatus::Stopped) => TrainingStatus::Stopped,
            other => {
                let status = other.as_ref().map(ModelCustomizationJobStatus::as_str);
                return Err(unknown(GET, &found.job_arn, status));
            }
        };
        Ok(Some(TrainingJob {
            arn: found.job_arn,
            name: found.job_name,
            status,
            message: found.failure_message,
            model_arn: found.output_model_arn.filter(|arn| !arn.is_empty()),
            tags: perennial_ports::Tags::new(),
        }))
    }
}

#[async_trait]
impl ObserveTraining for Bedrock {
    async fn find_training(&self, name: &str) -> PortResult<Option<TrainingJob>> {
        let Some(job) = self.look_at_training(name).await? else {
            return Ok(None);
        };
        let tags = self.tags(&job.arn).await?;
        Ok(Some(TrainingJob { tags, ..job }))
    }
}

#[async_trait]
impl StopTraining for Bedrock {
    /// A refusal is looked into: it is no error if the job has ended or is stopping.
    async fn stop_training(&self, name: &str) -> PortResult<()> {
        let sent = self
            .client
            .stop_model_customization_job()
            .job_identifier(name)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let error = about(name, port_error(STOP, error));
        if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid) {
            let job = self.look_at_training(name).await?;
            if job.is_some_and(|job| job.status != TrainingStatus::InProgress) {
                return Ok(());
            }
        }
        Err(error)
    }
}
