//! Import jobs: from weights in the bucket to imported models.

use async_trait::async_trait;
use aws_sdk_bedrock::types::{ModelDataSource, ModelImportJobStatus, S3DataSource};
use perennial_aws_errors::port_error;
use perennial_ports::{
    ErrorKind, ImportJob, ImportSpec, ImportStatus, ObserveImports, PortError, PortResult,
    StartImports,
};

use crate::{Bedrock, about, sdk_tags, unknown, unless_missing, wrong};

const CREATE: &str = "bedrock:CreateModelImportJob";
const GET: &str = "bedrock:GetModelImportJob";
const LIST: &str = "bedrock:ListImportedModels";

#[async_trait]
impl StartImports for Bedrock {
    async fn start_import(&self, spec: &ImportSpec) -> PortResult<String> {
        let settings = self.settings(CREATE)?;
        let tags = sdk_tags(CREATE, &spec.tags)?;
        let weights = S3DataSource::builder()
            .s3_uri(&spec.weights)
            .build()
            .map_err(wrong(CREATE))?;
        let answer = self
            .client
            .create_model_import_job()
            .job_name(&spec.name)
            .imported_model_name(&spec.model_name)
            .client_request_token(&spec.token)
            .role_arn(&settings.job_role_arn)
            .model_data_source(ModelDataSource::S3DataSource(weights))
            .set_job_tags(Some(tags.clone()))
            .set_imported_model_tags(Some(tags))
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        Ok(answer.job_arn)
    }
}

#[async_trait]
impl ObserveImports for Bedrock {
    async fn find_import(&self, name: &str) -> PortResult<Option<ImportJob>> {
        let answer = self
            .client
            .get_model_import_job()
            .job_identifier(name)
            .send()
            .await
            .map_err(|error| about(name, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        let status = match &found.status {
            Some(ModelImportJobStatus::InProgress) => ImportStatus::InProgress,
            Some(ModelImportJobStatus::Completed) => ImportStatus::Completed,
            Some(ModelImportJobStatus::Failed) => ImportStatus::Failed,
            other => {
                let status = other.as_ref().map(ModelImportJobStatus::as_str);
                return Err(unknown(GET, name, status));
            }
        };
        let Some(arn) = found.job_arn else {
            return Err(PortError::new(
                GET,
                ErrorKind::Unanswered,
                format!("{name}: the answer names no ARN"),
            ));
        };
        let tags = self.tags(&arn).await?;
        Ok(Some(ImportJob {
            arn,
            name: found.job_name.unwrap_or_else(|| name.to_owned()),
            status,
            message: found.failure_message.filter(|message| !message.is_empty()),
            model_arn: found.imported_model_arn.filter(|arn| !arn.is_empty()),
            tags,
        }))
    }

    async fn imported_models(&self) -> PortResult<Vec<String>> {
        let mut names = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self
                .client
                .list_imported_models()
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(LIST, error))?;
            let found = page.model_summaries.unwrap_or_default();
            names.extend(found.into_iter().map(|model| model.model_name));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(names);
            }
        }
    }
}
