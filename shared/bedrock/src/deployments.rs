//! On-demand deployments of custom models. What is bought as provisioned throughput is handed on to `provisioned`.

use async_trait::async_trait;
use aws_sdk_bedrock::operation::get_custom_model_deployment::GetCustomModelDeploymentOutput;
use aws_sdk_bedrock::types::{CustomModelDeploymentStatus, CustomModelDeploymentUpdateStatus};
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::timestamp;
use perennial_core::pipeline::{is_imported, is_provisioned};
use perennial_ports::{
    ChangeDeployments, Deployment, DeploymentSpec, DeploymentStatus, ErrorKind, ObserveDeployments,
    PortResult, Tags, UpdateStatus,
};

use crate::{Bedrock, about, looked_into, sdk_tags, unknown, unless_missing};

const CREATE: &str = "bedrock:CreateCustomModelDeployment";
const GET: &str = "bedrock:GetCustomModelDeployment";
const LIST: &str = "bedrock:ListCustomModelDeployments";
const UPDATE: &str = "bedrock:UpdateCustomModelDeployment";
const DELETE: &str = "bedrock:DeleteCustomModelDeployment";

fn deployment(found: GetCustomModelDeploymentOutput, tags: Tags) -> PortResult<Deployment> {
    let arn = found.custom_model_deployment_arn;
    let status = match &found.status {
        CustomModelDeploymentStatus::Creating => DeploymentStatus::Creating,
        CustomModelDeploymentStatus::Active => DeploymentStatus::Active,
        CustomModelDeploymentStatus::Failed => DeploymentStatus::Failed,
        other => return Err(unknown(GET, &arn, Some(other.as_str()))),
    };
    let update = match found.update_details {
        None => None,
        Some(details) => Some(match details.update_status {
            CustomModelDeploymentUpdateStatus::Updating => {
                UpdateStatus::Updating(details.model_arn)
            }
            CustomModelDeploymentUpdateStatus::UpdateCompleted => {
                UpdateStatus::Completed(details.model_arn)
            }
            CustomModelDeploymentUpdateStatus::UpdateFailed => {
                UpdateStatus::Failed(details.model_arn)
            }
            other => return Err(unknown(GET, &arn, Some(other.as_str()))),
        }),
    };
    Ok(Deployment {
        arn,
        name: found.model_deployment_name,
        status,
        model_arn: found.model_arn,
        update,
        message: found.failure_message,
        created: timestamp(&found.created_at),
        tags,
        bought: None,
    })
}

impl Bedrock {
    /// By ARN or name, as `GetCustomModelDeployment` takes both.
    async fn deployment(&self, identifier: &str) -> PortResult<Option<Deployment>> {
        let answer = self
            .client
            .get_custom_model_deployment()
            .custom_model_deployment_identifier(identifier)
            .send()
            .await
            .map_err(|error| about(identifier, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        // Gone between the two calls is gone.
        let tags = unless_missing(self.tags(&found.custom_model_deployment_arn).await)?;
        tags.map(|tags| deployment(found, tags)).transpose()
    }
}

/// What became of a removal. One that was refused is looked into: what is neither being made nor updated nor bought for longer is being
/// removed already, and has no status of its own for that; and a role that may delete what bears its tag is denied what is not there, for
/// that bears none.
pub(crate) async fn removed(
    sent: PortResult<()>,
    look: impl Future<Output = PortResult<Option<Deployment>>> + Send,
) -> PortResult<()> {
    let Err(error) = sent else {
        return Ok(());
    };
    match error.kind {
        ErrorKind::NotFound => Ok(()),
        ErrorKind::Conflict => {
            let found = look.await;
            looked_into(
                error,
                found.map(|found| !found.is_some_and(|one| holds(&one))),
            )
        }
        ErrorKind::Denied => {
            let found = look.await;
            looked_into(error, found.map(|found| found.is_none()))
        }
        _ => Err(error),
    }
}

/// Whether it cannot be removed now. A commitment is over when the service says so, whatever any clock says: the refusal is believed
/// as long as there is one.
fn holds(found: &Deployment) -> bool {
    found.status == DeploymentStatus::Creating
        || matches!(found.update, Some(UpdateStatus::Updating(_)))
        || found.bought.is_some_and(|bought| bought.until.is_some())
}

#[async_trait]
impl ObserveDeployments for Bedrock {
    async fn find_deployment(&self, name: &str) -> PortResult<Option<Deployment>> {
        let found = self.deployment(name).await?;
        Ok(found.filter(|deployment| deployment.name == name))
    }

    async fn find_throughput(&self, name: &str) -> PortResult<Option<Deployment>> {
        let found = self.throughput(name).await?;
        Ok(found.filter(|throughput| throughput.name == name))
    }

    async fn get_deployment(&self, arn: &str) -> PortResult<Option<Deployment>> {
        if is_provisioned(arn) {
            return self.throughput(arn).await;
        }
        self.deployment(arn).await
    }

    /// An imported model answers by itself, and the listing takes no ARN of one.
    async fn deployments_of(&self, model_arn: &str) -> PortResult<Vec<Deployment>> {
        let mut found = Vec::new();
        if is_imported(model_arn) {
            return Ok(found);
        }
        let mut next: Option<String> = None;
        loop {
            let page = self
                .client
                .list_custom_model_deployments()
                .model_arn_equals(model_arn)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| about(model_arn, port_error(LIST, error)))?;
            for summary in page.model_deployment_summaries() {
                found.extend(
                    self.deployment(summary.custom_model_deployment_arn())
                        .await?,
                );
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                found.extend(self.throughputs_of(model_arn).await?);
                return Ok(found);
            }
        }
    }
}

#[async_trait]
impl ChangeDeployments for Bedrock {
    async fn create_deployment(&self, spec: &DeploymentSpec) -> PortResult<String> {
        if let Some(purchase) = spec.buy {
            return self.buy(spec, purchase).await;
        }
        let description = Some(spec.description.clone()).filter(|text| !text.is_empty());
        let answer = self
            .client
            .create_custom_model_deployment()
            .model_deployment_name(&spec.name)
            .client_request_token(&spec.token)
            .model_arn(&spec.model_arn)
            .set_description(description)
            .set_tags(Some(sdk_tags(CREATE, &spec.tags)?))
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        Ok(answer.custom_model_deployment_arn)
    }

    async fn update_deployment(&self, arn: &str, model_arn: &str) -> PortResult<()> {
        if is_provisioned(arn) {
            return self.swap(arn, model_arn).await;
        }
        self.client
            .update_custom_model_deployment()
            .custom_model_deployment_identifier(arn)
            .model_arn(model_arn)
            .send()
            .await
            .map_err(|error| about(arn, port_error(UPDATE, error)))?;
        Ok(())
    }

    async fn delete_deployment(&self, arn: &str) -> PortResult<()> {
        if is_provisioned(arn) {
            return self.end(arn).await;
        }
        let sent = self
            .client
            .delete_custom_model_deployment()
            .custom_model_deployment_identifier(arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| about(arn, port_error(DELETE, error)));
        removed(sent, self.deployment(arn)).await
    }
}
