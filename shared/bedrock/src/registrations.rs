//! Custom models that Bedrock makes of checkpoints which SageMaker left in a bucket of AWS's own.

use async_trait::async_trait;
use aws_sdk_bedrock::types::{ModelDataSource, ModelStatus, S3DataSource};
use perennial_aws_errors::port_error;
use perennial_ports::{
    ImportJob, ImportSpec, ImportStatus, ObserveRegistrations, PortResult, RegisterModels,
};

use crate::{Bedrock, about, sdk_tags, unknown, unless_missing, wrong};

const CREATE: &str = "bedrock:CreateCustomModel";
const GET: &str = "bedrock:GetCustomModel";

#[async_trait]
impl RegisterModels for Bedrock {
    async fn register_model(&self, spec: &ImportSpec) -> PortResult<String> {
        let settings = self.settings(CREATE)?;
        let checkpoint = S3DataSource::builder()
            .s3_uri(&spec.weights)
            .build()
            .map_err(wrong(CREATE))?;
        let answer = self
            .client
            .create_custom_model()
            .model_name(&spec.model_name)
            .client_request_token(&spec.token)
            .role_arn(&settings.job_role_arn)
            .model_source_config(ModelDataSource::S3DataSource(checkpoint))
            .set_model_tags(Some(sdk_tags(CREATE, &spec.tags)?))
            .send()
            .await
            .map_err(|error| about(&spec.model_name, port_error(CREATE, error)))?;
        Ok(answer.model_arn)
    }
}

#[async_trait]
impl ObserveRegistrations for Bedrock {
    async fn find_registration(&self, name: &str) -> PortResult<Option<ImportJob>> {
        let answer = self
            .client
            .get_custom_model()
            .model_identifier(name)
            .send()
            .await
            .map_err(|error| about(name, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        let status = match &found.model_status {
            Some(ModelStatus::Creating) => ImportStatus::InProgress,
            None | Some(ModelStatus::Active) => ImportStatus::Completed,
            Some(ModelStatus::Failed) => ImportStatus::Failed,
            Some(other) => return Err(unknown(GET, name, Some(other.as_str()))),
        };
        // Gone between the two calls is gone.
        let Some(tags) = unless_missing(self.tags(&found.model_arn).await)? else {
            return Ok(None);
        };
        Ok(Some(ImportJob {
            model_arn: (status == ImportStatus::Completed).then(|| found.model_arn.clone()),
            arn: found.model_arn,
            name: found.model_name,
            status,
            message: found.failure_message.filter(|message| !message.is_empty()),
            tags,
        }))
    }
}
