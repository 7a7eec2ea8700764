//! `CreateCustomModelDeployment`, `UpdateCustomModelDeployment`, `DeleteCustomModelDeployment`.

use serde::{Deserialize, Serialize};

use super::deployment::{Change, Deployment, Pending, Status, Update, UpdateStatus};
use crate::{
    bedrock::{
        models::CustomModel,
        tags::{self, Tag},
    },
    catalog::Foundation,
    error::AwsError,
    faults,
    operation::{Call, Nothing, Operation},
    settings::OnDemand,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateCustomModelDeployment {
    pub(super) model_deployment_name: String,
    pub(super) model_arn: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    pub(super) client_request_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written {
    custom_model_deployment_arn: String,
}

impl Operation for CreateCustomModelDeployment {
    const NAME: &'static str = "CreateCustomModelDeployment";
    const STATUS: u16 = 202;
    type Answer = Written;

    fn perform(self, call: &mut Call<'_>) -> Result<Written, AwsError> {
        tags::check("tags", &self.tags)?;
        let deployments = call.tx.all::<Deployment>()?;
        if let Some(earlier) = self.client_request_token.as_ref().and_then(|token| {
            deployments
                .iter()
                .find(|other| other.request.client_request_token.as_ref() == Some(token))
        }) {
            if earlier.request == self {
                return Ok(Written {
                    custom_model_deployment_arn: earlier.arn.clone(),
                });
            }
            // The operation declares no ConflictException.
            return Err(AwsError::validation(
                "The client request token was already used with other parameters.",
            ));
        }
        deployable(&self.model_arn, call)?;
        if deployments
            .iter()
            .any(|other| other.request.model_deployment_name == self.model_deployment_name)
        {
            return Err(AwsError::validation(
                "The provided custom model deployment name is already in use.",
            ));
        }
        check_quotas(&deployments, call)?;
        let deployment = Deployment {
            arn: call.arn(
                "bedrock",
                &format!("custom-model-deployment/{}", call.tx.short_id()?),
            ),
            tags: self.tags.clone(),
            model_arn: self.model_arn.clone(),
            request: self,
            status: Status::Creating,
            update: None,
            failure_message: None,
            pending: Some(Pending {
                change: Change::Creation,
                due: call.pace.deployment.end(call.now, 0, 100),
                fails: faults::take(&mut call.faults.fail_deployments),
            }),
            created: call.now,
            updated: call.now,
        };
        call.tx.put(&deployment)?;
        Ok(Written {
            custom_model_deployment_arn: deployment.arn,
        })
    }
}

/// The model, if there is one and it can be deployed on demand.
fn deployable(model_arn: &str, call: &Call<'_>) -> Result<CustomModel, AwsError> {
    let missing = || AwsError::not_found("The specified custom model does not exist.");
    let model: CustomModel = call.tx.get(model_arn)?.ok_or_else(missing)?;
    model.check_active()?;
    let registered = model.registration.is_some();
    let refused = match call.settings.registered_on_demand {
        OnDemand::Adapters => model.full_rank,
        OnDemand::None => true,
    };
    if registered && refused {
        return Err(AwsError::validation(
            "On-demand inference is not supported for this custom model. Purchase Provisioned Throughput for it.",
        ));
    }
    let tuning =
        Foundation::find(&model.foundation).and_then(|foundation| foundation.tuning.as_ref());
    if tuning.is_some_and(|tuning| tuning.deployable) {
        return Ok(model);
    }
    Err(AwsError::validation(format!(
        "Custom models of {} cannot be deployed on demand.",
        model.foundation
    )))
}

fn check_quotas(deployments: &[Deployment], call: &Call<'_>) -> Result<(), AwsError> {
    let quotas = &call.settings.quotas;
    let in_progress =
        |other: &&Deployment| other.pends(Change::Creation) || other.pends(Change::Update);
    if deployments.len() >= quotas.deployments {
        let most = quotas.deployments;
        return Err(AwsError::quota(format!(
            "You have reached the {most} custom model deployments of this account."
        )));
    }
    if deployments.iter().filter(in_progress).count() >= quotas.deployments_in_progress {
        let most = quotas.deployments_in_progress;
        return Err(AwsError::quota(format!(
            "You have reached the {most} in-progress custom model deployments of this account."
        )));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateCustomModelDeployment {
    model_arn: String,
    custom_model_deployment_identifier: String,
}

impl Operation for UpdateCustomModelDeployment {
    const NAME: &'static str = "UpdateCustomModelDeployment";
    const STATUS: u16 = 202;
    type Answer = Written;

    fn perform(self, call: &mut Call<'_>) -> Result<Written, AwsError> {
        let mut deployment = Deployment::existing(&self.custom_model_deployment_identifier, call)?;
        let model = deployable(&self.model_arn, call)?;
        if deployment.status != Status::Active || deployment.pending.is_some() {
            return Err(AwsError::validation(
                "The custom model deployment can be updated only when it is Active and no change of it is in progress.",
            ));
        }
        // AWS documents no rule for a change of base; the strict reading is that there is none.
        let same_base = match call.tx.get::<CustomModel>(&deployment.model_arn)? {
            Some(serving) => serving.foundation == model.foundation,
            None => true,
        };
        if !same_base {
            return Err(AwsError::validation(
                "The new custom model must have the base model of the one deployed.",
            ));
        }
        deployment.update = Some(Update {
            model_arn: self.model_arn,
            update_status: UpdateStatus::Updating,
        });
        deployment.pending = Some(Pending {
            change: Change::Update,
            due: call.pace.update.end(call.now, 0, 100),
            fails: faults::take(&mut call.faults.fail_deployment_updates),
        });
        deployment.updated = call.now;
        call.tx.put(&deployment)?;
        Ok(Written {
            custom_model_deployment_arn: deployment.arn,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteCustomModelDeployment {
    custom_model_deployment_identifier: String,
}

impl Operation for DeleteCustomModelDeployment {
    const NAME: &'static str = "DeleteCustomModelDeployment";
    type Answer = Nothing;

    /// The deployment stays to be seen, and keeps its model in use, until the deletion is done.
    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let mut deployment = Deployment::existing(&self.custom_model_deployment_identifier, call)?;
        if deployment.pending.is_some() {
            return Err(AwsError::conflict(
                "A change of the custom model deployment is in progress.",
            ));
        }
        let due = call.pace.deletion.end(call.now, 0, 100);
        deployment.pending = Some(Pending {
            change: Change::Deletion,
            due,
            fails: false,
        });
        call.tx.put(&deployment)?;
        Ok(Nothing {})
    }
}
