//! `GetCustomModelDeployment`, `ListCustomModelDeployments`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deployment::{Deployment, Status, Update};
use crate::{
    bedrock::listing::Listing,
    error::AwsError,
    operation::{Call, Operation},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetCustomModelDeployment {
    custom_model_deployment_identifier: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    custom_model_deployment_arn: String,
    model_deployment_name: String,
    model_arn: String,
    created_at: Timestamp,
    status: Status,
    description: Option<String>,
    update_details: Option<Update>,
    failure_message: Option<String>,
    last_updated_at: Timestamp,
}

impl Operation for GetCustomModelDeployment {
    const NAME: &'static str = "GetCustomModelDeployment";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let deployment = Deployment::existing(&self.custom_model_deployment_identifier, call)?;
        Ok(Description {
            custom_model_deployment_arn: deployment.arn,
            model_deployment_name: deployment.request.model_deployment_name,
            model_arn: deployment.model_arn,
            created_at: deployment.created,
            status: deployment.status,
            description: deployment.request.description,
            update_details: deployment.update,
            failure_message: deployment.failure_message,
            last_updated_at: deployment.updated,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListCustomModelDeployments {
    created_after: Option<String>,
    created_before: Option<String>,
    name_contains: Option<String>,
    status_equals: Option<Status>,
    model_arn_equals: Option<String>,
    max_results: Option<String>,
    next_token: Option<String>,
    #[serde(rename = "sortBy")]
    _sort_by: Option<String>,
    sort_order: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summaries {
    next_token: Option<String>,
    model_deployment_summaries: Vec<Summary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    custom_model_deployment_arn: String,
    custom_model_deployment_name: String,
    model_arn: String,
    created_at: Timestamp,
    status: Status,
    last_updated_at: Timestamp,
    failure_message: Option<String>,
}

impl Operation for ListCustomModelDeployments {
    const NAME: &'static str = "ListCustomModelDeployments";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut deployments = call.tx.all::<Deployment>()?;
        deployments.retain(|deployment| {
            self.status_equals
                .is_none_or(|status| deployment.status == status)
                && self
                    .model_arn_equals
                    .as_ref()
                    .is_none_or(|arn| deployment.model_arn == *arn)
                && self
                    .name_contains
                    .as_ref()
                    .is_none_or(|part| deployment.request.model_deployment_name.contains(part))
        });
        let listing = Listing {
            after: self.created_after.as_ref(),
            before: self.created_before.as_ref(),
            max_results: self.max_results.as_ref(),
            next_token: self.next_token.as_ref(),
            sort_order: self.sort_order.as_ref(),
        };
        let (deployments, next_token) = listing.page(
            deployments,
            |deployment| &deployment.arn,
            |deployment| deployment.created,
        )?;
        let summary = |deployment: Deployment| Summary {
            custom_model_deployment_arn: deployment.arn,
            custom_model_deployment_name: deployment.request.model_deployment_name,
            model_arn: deployment.model_arn,
            created_at: deployment.created,
            status: deployment.status,
            last_updated_at: deployment.updated,
            failure_message: deployment.failure_message,
        };
        Ok(Summaries {
            next_token,
            model_deployment_summaries: deployments.into_iter().map(summary).collect(),
        })
    }
}
