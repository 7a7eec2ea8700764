//! `CreateProvisionedModelThroughput`, `UpdateProvisionedModelThroughput`, `DeleteProvisionedModelThroughput`.

use serde::{Deserialize, Serialize};

use super::throughput::{Commitment, Pending, Status, Throughput};
use crate::{
    bedrock::{
        foundation::foundation_arn,
        models::CustomModel,
        tags::{self, Tag},
    },
    catalog::Foundation,
    error::AwsError,
    faults,
    operation::{Call, Nothing, Operation},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateProvisionedModelThroughput {
    pub(super) client_request_token: Option<String>,
    pub(super) model_units: usize,
    pub(super) provisioned_model_name: String,
    model_id: String,
    pub(super) commitment_duration: Option<Commitment>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    provisioned_model_arn: String,
}

impl Operation for CreateProvisionedModelThroughput {
    const NAME: &'static str = "CreateProvisionedModelThroughput";
    const STATUS: u16 = 201;
    type Answer = Created;

    fn perform(self, call: &mut Call<'_>) -> Result<Created, AwsError> {
        tags::check("tags", &self.tags)?;
        let all = call.tx.all::<Throughput>()?;
        if let Some(earlier) = self.client_request_token.as_ref().and_then(|token| {
            all.iter()
                .find(|other| other.request.client_request_token.as_ref() == Some(token))
        }) {
            if earlier.request == self {
                return Ok(Created {
                    provisioned_model_arn: earlier.arn.clone(),
                });
            }
            // The operation declares no ConflictException.
            return Err(AwsError::validation(
                "The client request token was already used with other parameters.",
            ));
        }
        let model = Provisionable::of(&self.model_id, call)?;
        let name = &self.provisioned_model_name;
        if all.iter().any(|other| other.name == *name) {
            return Err(AwsError::validation(
                "The provided provisioned model name is already in use.",
            ));
        }
        let bought: usize = all.iter().map(|other| other.request.model_units).sum();
        if bought + self.model_units > call.settings.quotas.model_units {
            return Err(AwsError::quota(
                "You have reached the number of model units of this account.",
            ));
        }
        let throughput = Throughput {
            arn: call.arn(
                "bedrock",
                &format!("provisioned-model/{}", call.tx.short_id()?),
            ),
            tags: self.tags.clone(),
            name: self.provisioned_model_name.clone(),
            model_arn: model.arn.clone(),
            desired_model_arn: model.arn,
            foundation_model_arn: model.foundation_arn,
            status: Status::Creating,
            failure_message: None,
            pending: Some(Pending {
                deletion: false,
                due: call.pace.deployment.end(call.now, 0, 100),
                fails: faults::take(&mut call.faults.fail_provisioned_throughputs),
            }),
            commitment_ends: self
                .commitment_duration
                .map(|commitment| commitment.ends(call.now)),
            request: self,
            created: call.now,
            modified: call.now,
        };
        call.tx.put(&throughput)?;
        Ok(Created {
            provisioned_model_arn: throughput.arn,
        })
    }
}

/// A model that throughput can be bought for.
struct Provisionable {
    arn: String,
    foundation_arn: String,
    is_custom: bool,
}

impl Provisionable {
    /// An active custom model, or a foundation model that can be customized in this region.
    fn of(identifier: &str, call: &Call<'_>) -> Result<Self, AwsError> {
        let region = &call.settings.region;
        if let Some(model) = CustomModel::find(identifier, call)? {
            model.check_active()?;
            return Ok(Self {
                foundation_arn: foundation_arn(&model.foundation, region),
                arn: model.arn,
                is_custom: true,
            });
        }
        if identifier.contains(":custom-model/") {
            return Err(AwsError::not_found(
                "The specified custom model does not exist.",
            ));
        }
        // Only the id for customization can be provisioned: the one for inference is for on-demand use.
        let (foundation, _) = Foundation::to_tune(identifier, region)?;
        let id = foundation.customization_id().unwrap_or_default();
        let arn = foundation_arn(&id, region);
        Ok(Self {
            foundation_arn: arn.clone(),
            arn,
            is_custom: false,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateProvisionedModelThroughput {
    provisioned_model_id: String,
    desired_provisioned_model_name: Option<String>,
    desired_model_id: Option<String>,
}

impl Operation for UpdateProvisionedModelThroughput {
    const NAME: &'static str = "UpdateProvisionedModelThroughput";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let mut throughput = Throughput::existing(&self.provisioned_model_id, call)?;
        if throughput.status != Status::InService || throughput.pending.is_some() {
            return Err(AwsError::validation(
                "The provisioned model throughput can be updated only when it is InService and no change of it is in progress.",
            ));
        }
        if let Some(name) = self.desired_provisioned_model_name {
            let other = |other: &Throughput| other.name == name && other.arn != throughput.arn;
            if call.tx.find(other)?.is_some() {
                return Err(AwsError::validation(
                    "The provided provisioned model name is already in use.",
                ));
            }
            throughput.name = name;
        }
        if let Some(identifier) = self.desired_model_id {
            let model = Provisionable::of(&identifier, call)?;
            if model.foundation_arn != throughput.foundation_model_arn {
                return Err(AwsError::validation(
                    "The desired model must have the base model of the one that is provisioned.",
                ));
            }
            // A throughput that was bought for a foundation model stays with it.
            if throughput.model_arn == throughput.foundation_model_arn && model.is_custom {
                return Err(AwsError::validation(
                    "The model of a throughput that was bought for a foundation model cannot be changed.",
                ));
            }
            throughput.desired_model_arn = model.arn;
            throughput.status = Status::Updating;
            throughput.pending = Some(Pending {
                deletion: false,
                due: call.pace.update.end(call.now, 0, 100),
                fails: faults::take(&mut call.faults.fail_provisioned_throughputs),
            });
        }
        throughput.modified = call.now;
        call.tx.put(&throughput)?;
        Ok(Nothing {})
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteProvisionedModelThroughput {
    provisioned_model_id: String,
}

impl Operation for DeleteProvisionedModelThroughput {
    const NAME: &'static str = "DeleteProvisionedModelThroughput";
    type Answer = Nothing;

    /// It stays to be seen, and keeps its model in use, until the deletion is done.
    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let mut throughput = Throughput::existing(&self.provisioned_model_id, call)?;
        if throughput
            .commitment_ends
            .is_some_and(|ends| ends > call.now)
        {
            return Err(AwsError::conflict(
                "The provisioned model throughput cannot be deleted before its commitment ends.",
            ));
        }
        if throughput.pending.is_some() {
            return Err(AwsError::conflict(
                "A change of the provisioned model throughput is in progress.",
            ));
        }
        throughput.pending = Some(Pending {
            deletion: true,
            due: call.pace.deletion.end(call.now, 0, 100),
            fails: false,
        });
        call.tx.put(&throughput)?;
        Ok(Nothing {})
    }
}
