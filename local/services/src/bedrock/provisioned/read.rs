//! `GetProvisionedModelThroughput`, `ListProvisionedModelThroughputs`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::throughput::{Commitment, Status, Throughput};
use crate::{
    bedrock::listing::Listing,
    error::AwsError,
    operation::{Call, Operation},
};

/// The members that a description and a summary have in common, which is all but the failure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    provisioned_model_name: String,
    provisioned_model_arn: String,
    model_arn: String,
    desired_model_arn: String,
    foundation_model_arn: String,
    model_units: usize,
    desired_model_units: usize,
    status: Status,
    commitment_duration: Option<Commitment>,
    commitment_expiration_time: Option<Timestamp>,
    creation_time: Timestamp,
    last_modified_time: Timestamp,
}

impl From<Throughput> for Told {
    fn from(throughput: Throughput) -> Self {
        Self {
            provisioned_model_name: throughput.name,
            provisioned_model_arn: throughput.arn,
            model_arn: throughput.model_arn,
            desired_model_arn: throughput.desired_model_arn,
            foundation_model_arn: throughput.foundation_model_arn,
            model_units: throughput.request.model_units,
            desired_model_units: throughput.request.model_units,
            status: throughput.status,
            commitment_duration: throughput.request.commitment_duration,
            commitment_expiration_time: throughput.commitment_ends,
            creation_time: throughput.created,
            last_modified_time: throughput.modified,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetProvisionedModelThroughput {
    provisioned_model_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    #[serde(flatten)]
    told: Told,
    failure_message: Option<String>,
}

impl Operation for GetProvisionedModelThroughput {
    const NAME: &'static str = "GetProvisionedModelThroughput";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let throughput = Throughput::existing(&self.provisioned_model_id, call)?;
        Ok(Description {
            failure_message: throughput.failure_message.clone(),
            told: throughput.into(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListProvisionedModelThroughputs {
    creation_time_after: Option<String>,
    creation_time_before: Option<String>,
    status_equals: Option<Status>,
    model_arn_equals: Option<String>,
    name_contains: Option<String>,
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
    provisioned_model_summaries: Vec<Told>,
}

impl Operation for ListProvisionedModelThroughputs {
    const NAME: &'static str = "ListProvisionedModelThroughputs";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut all = call.tx.all::<Throughput>()?;
        all.retain(|throughput| {
            self.status_equals
                .is_none_or(|status| throughput.status == status)
                && self
                    .model_arn_equals
                    .as_ref()
                    .is_none_or(|arn| throughput.model_arn == *arn)
                && self
                    .name_contains
                    .as_ref()
                    .is_none_or(|part| throughput.name.contains(part))
        });
        let listing = Listing {
            after: self.creation_time_after.as_ref(),
            before: self.creation_time_before.as_ref(),
            max_results: self.max_results.as_ref(),
            next_token: self.next_token.as_ref(),
            sort_order: self.sort_order.as_ref(),
        };
        let (all, next_token) = listing.page(
            all,
            |throughput| &throughput.arn,
            |throughput| throughput.created,
        )?;
        Ok(Summaries {
            next_token,
            provisioned_model_summaries: all.into_iter().map(Told::from).collect(),
        })
    }
}
