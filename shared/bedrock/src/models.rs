//! Custom models.

use async_trait::async_trait;
use aws_sdk_bedrock::types::ModelStatus as SdkStatus;
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::timestamp;
use perennial_ports::{
    CustomModel, DeleteModels, ErrorKind, ModelStatus, ObserveModels, PortResult, Tags,
};

use crate::{Bedrock, about, looked_into, unknown, unless_missing};

const GET: &str = "bedrock:GetCustomModel";
const LIST: &str = "bedrock:ListCustomModels";
const DELETE: &str = "bedrock:DeleteCustomModel";

/// Models that a customization job made exist only once they are there; they may come without a status.
fn status(operation: &str, arn: &str, status: Option<&SdkStatus>) -> PortResult<ModelStatus> {
    match status {
        None | Some(SdkStatus::Active) => Ok(ModelStatus::Active),
        Some(SdkStatus::Creating) => Ok(ModelStatus::Creating),
        Some(SdkStatus::Failed) => Ok(ModelStatus::Failed),
        Some(other) => Err(unknown(operation, arn, Some(other.as_str()))),
    }
}

#[async_trait]
impl ObserveModels for Bedrock {
    async fn get_model(&self, arn: &str) -> PortResult<Option<CustomModel>> {
        let answer = self
            .client
            .get_custom_model()
            .model_identifier(arn)
            .send()
            .await
            .map_err(|error| about(arn, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        // Gone between the two calls is gone.
        let Some(tags) = unless_missing(self.tags(&found.model_arn).await)? else {
            return Ok(None);
        };
        Ok(Some(CustomModel {
            status: status(GET, &found.model_arn, found.model_status.as_ref())?,
            arn: found.model_arn,
            name: found.model_name,
            created: timestamp(&found.creation_time),
            tags,
        }))
    }

    async fn list_models(&self) -> PortResult<Vec<CustomModel>> {
        let mut models = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self
                .client
                .list_custom_models()
                .is_owned(true)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(LIST, error))?;
            for found in page.model_summaries.unwrap_or_default() {
                models.push(CustomModel {
                    status: status(LIST, &found.model_arn, found.model_status.as_ref())?,
                    arn: found.model_arn,
                    name: found.model_name,
                    created: timestamp(&found.creation_time),
                    tags: Tags::new(),
                });
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(models);
            }
        }
    }
}

#[async_trait]
impl DeleteModels for Bedrock {
    async fn delete_model(&self, arn: &str) -> PortResult<()> {
        let sent = self
            .client
            .delete_custom_model()
            .model_identifier(arn)
            .send()
            .await;
        let Err(error) = sent.map_err(|error| about(arn, port_error(DELETE, error))) else {
            return Ok(());
        };
        match error.kind {
            ErrorKind::NotFound => Ok(()),
            // As with deployments: what is not there bears no tag that the role could go by.
            ErrorKind::Denied => {
                let found = self.get_model(arn).await;
                looked_into(error, found.map(|found| found.is_none()))
            }
            _ => Err(error),
        }
    }
}
