//! Custom and imported models. An ARN says which of the two it is; each has calls of its own.

use async_trait::async_trait;
use aws_sdk_bedrock::types::ModelStatus as SdkStatus;
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::timestamp;
use perennial_core::pipeline::is_imported;
use perennial_ports::{
    CustomModel, DeleteModels, ErrorKind, ModelStatus, ObserveModels, PortError, PortResult, Tags,
};

use crate::{Bedrock, about, looked_into, unknown, unless_missing};

const GET: &str = "bedrock:GetCustomModel";
const LIST: &str = "bedrock:ListCustomModels";
const DELETE: &str = "bedrock:DeleteCustomModel";
const GET_IMPORTED: &str = "bedrock:GetImportedModel";
const DELETE_IMPORTED: &str = "bedrock:DeleteImportedModel";

/// Models that a customization job made exist only once they are there; they may come without a status.
fn status(operation: &str, arn: &str, status: Option<&SdkStatus>) -> PortResult<ModelStatus> {
    match status {
        None | Some(SdkStatus::Active) => Ok(ModelStatus::Active),
        Some(SdkStatus::Creating) => Ok(ModelStatus::Creating),
        Some(SdkStatus::Failed) => Ok(ModelStatus::Failed),
        Some(other) => Err(unknown(operation, arn, Some(other.as_str()))),
    }
}

impl Bedrock {
    /// Without its tags.
    async fn custom(&self, arn: &str) -> PortResult<Option<CustomModel>> {
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
        Ok(Some(CustomModel {
            status: status(GET, &found.model_arn, found.model_status.as_ref())?,
            arn: found.model_arn,
            name: found.model_name,
            created: timestamp(&found.creation_time),
            tags: Tags::new(),
        }))
    }

    /// Without its tags. It is there only once it is imported, and has no status.
    async fn imported(&self, arn: &str) -> PortResult<Option<CustomModel>> {
        let answer = self
            .client
            .get_imported_model()
            .model_identifier(arn)
            .send()
            .await
            .map_err(|error| about(arn, port_error(GET_IMPORTED, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        // A time of nobody's would make the model look older or younger than it is.
        let Some(created) = found.creation_time else {
            return Err(PortError::new(
                GET_IMPORTED,
                ErrorKind::Unanswered,
                format!("{arn}: the answer does not say when it was made"),
            ));
        };
        Ok(Some(CustomModel {
            arn: found.model_arn.unwrap_or_else(|| arn.to_owned()),
            name: found.model_name.unwrap_or_default(),
            status: ModelStatus::Active,
            created: timestamp(&created),
            tags: Tags::new(),
        }))
    }
}

#[async_trait]
impl ObserveModels for Bedrock {
    async fn get_model(&self, arn: &str) -> PortResult<Option<CustomModel>> {
        let found = if is_imported(arn) {
            self.imported(arn).await?
        } else {
            self.custom(arn).await?
        };
        let Some(model) = found else {
            return Ok(None);
        };
        // Gone between the two calls is gone.
        let tags = unless_missing(self.tags(&model.arn).await)?;
        Ok(tags.map(|tags| CustomModel { tags, ..model }))
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
        let sent = if is_imported(arn) {
            self.client
                .delete_imported_model()
                .model_identifier(arn)
                .send()
                .await
                .map(drop)
                .map_err(|error| port_error(DELETE_IMPORTED, error))
        } else {
            self.client
                .delete_custom_model()
                .model_identifier(arn)
                .send()
                .await
                .map(drop)
                .map_err(|error| port_error(DELETE, error))
        };
        let Err(error) = sent.map_err(|error| about(arn, error)) else {
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
