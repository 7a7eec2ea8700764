//! Provisioned throughput. It comes and goes behind the same ports as deployments by the token; its ARN tells it apart.

use aws_sdk_bedrock::operation::get_provisioned_model_throughput::GetProvisionedModelThroughputOutput;
use aws_sdk_bedrock::types::{CommitmentDuration, ProvisionedModelStatus};
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::timestamp;
use perennial_core::config::Commitment;
use perennial_ports::{
    Bought, Deployment, DeploymentSpec, DeploymentStatus, PortResult, Purchase, Tags, UpdateStatus,
};

use crate::deployments::removed;
use crate::{Bedrock, about, sdk_tags, unknown, unless_missing};

const CREATE: &str = "bedrock:CreateProvisionedModelThroughput";
const GET: &str = "bedrock:GetProvisionedModelThroughput";
const LIST: &str = "bedrock:ListProvisionedModelThroughputs";
const UPDATE: &str = "bedrock:UpdateProvisionedModelThroughput";
const DELETE: &str = "bedrock:DeleteProvisionedModelThroughput";

/// The model that is wanted differs from the one that serves as long as an update is not complete.
fn throughput(found: GetProvisionedModelThroughputOutput, tags: Tags) -> PortResult<Deployment> {
    let arn = found.provisioned_model_arn;
    let status = match &found.status {
        ProvisionedModelStatus::Creating => DeploymentStatus::Creating,
        ProvisionedModelStatus::InService | ProvisionedModelStatus::Updating => {
            DeploymentStatus::Active
        }
        ProvisionedModelStatus::Failed => DeploymentStatus::Failed,
        other => return Err(unknown(GET, &arn, Some(other.as_str()))),
    };
    let updating = found.status == ProvisionedModelStatus::Updating
        || (status == DeploymentStatus::Active && found.desired_model_arn != found.model_arn);
    Ok(Deployment {
        arn,
        name: found.provisioned_model_name,
        status,
        update: updating.then_some(UpdateStatus::Updating(found.desired_model_arn)),
        model_arn: found.model_arn,
        message: found.failure_message,
        created: timestamp(&found.creation_time),
        tags,
        bought: Some(Bought {
            units: u32::try_from(found.model_units).unwrap_or(0),
            until: found.commitment_expiration_time.as_ref().map(timestamp),
            modified: timestamp(&found.last_modified_time),
        }),
    })
}

fn duration(commitment: Commitment) -> Option<CommitmentDuration> {
    match commitment {
        Commitment::None => None,
        Commitment::OneMonth => Some(CommitmentDuration::OneMonth),
        Commitment::SixMonths => Some(CommitmentDuration::SixMonths),
    }
}

impl Bedrock {
    /// By ARN or name, as `GetProvisionedModelThroughput` takes both.
    pub(crate) async fn throughput(&self, identifier: &str) -> PortResult<Option<Deployment>> {
        let answer = self
            .client
            .get_provisioned_model_throughput()
            .provisioned_model_id(identifier)
            .send()
            .await
            .map_err(|error| about(identifier, port_error(GET, error)));
        let Some(found) = unless_missing(answer)? else {
            return Ok(None);
        };
        // Gone between the two calls is gone.
        let tags = unless_missing(self.tags(&found.provisioned_model_arn).await)?;
        tags.map(|tags| throughput(found, tags)).transpose()
    }

    /// All that serves this model.
    pub(crate) async fn throughputs_of(&self, model_arn: &str) -> PortResult<Vec<Deployment>> {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = self
                .client
                .list_provisioned_model_throughputs()
                .model_arn_equals(model_arn)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| about(model_arn, port_error(LIST, error)))?;
            for summary in page.provisioned_model_summaries() {
                found.extend(self.throughput(summary.provisioned_model_arn()).await?);
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Answers the ARN.
    pub(crate) async fn buy(
        &self,
        spec: &DeploymentSpec,
        purchase: Purchase,
    ) -> PortResult<String> {
        let answer = self
            .client
            .create_provisioned_model_throughput()
            .provisioned_model_name(&spec.name)
            .client_request_token(&spec.token)
            .model_id(&spec.model_arn)
            .model_units(i32::try_from(purchase.units).unwrap_or(i32::MAX))
            .set_commitment_duration(duration(purchase.commitment))
            .set_tags(Some(sdk_tags(CREATE, &spec.tags)?))
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        Ok(answer.provisioned_model_arn)
    }

    pub(crate) async fn swap(&self, arn: &str, model_arn: &str) -> PortResult<()> {
        self.client
            .update_provisioned_model_throughput()
            .provisioned_model_id(arn)
            .desired_model_id(model_arn)
            .send()
            .await
            .map_err(|error| about(arn, port_error(UPDATE, error)))?;
        Ok(())
    }

    pub(crate) async fn end(&self, arn: &str) -> PortResult<()> {
        let sent = self
            .client
            .delete_provisioned_model_throughput()
            .provisioned_model_id(arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| about(arn, port_error(DELETE, error)));
        removed(sent, self.throughput(arn)).await
    }
}
