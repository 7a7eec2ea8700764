//! The deployment as it is kept, and how it moves on in time. AWS sends no event about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CreateCustomModelDeployment;
use crate::{bedrock::tags::Tag, error::AwsError, operation::Call, store::Document};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Creating,
    Active,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum UpdateStatus {
    Updating,
    UpdateCompleted,
    UpdateFailed,
}

/// The last update, as `updateDetails` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    pub(super) model_arn: String,
    pub(super) update_status: UpdateStatus,
}

/// What ends at `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) change: Change,
    pub(super) due: Timestamp,
    /// Whether it will fail, fixed when it began so that a restart does not change it.
    pub(super) fails: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Change {
    Creation,
    Update,
    Deletion,
}

/// A deployment of a custom model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    pub(super) request: CreateCustomModelDeployment,
    /// The model that answers now.
    pub(crate) model_arn: String,
    pub(crate) status: Status,
    pub(super) update: Option<Update>,
    pub(super) failure_message: Option<String>,
    pub(super) pending: Option<Pending>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

impl Document for Deployment {
    const KIND: &'static str = "deployment";
    fn id(&self) -> &str {
        &self.arn
    }
    fn advances(&self) -> bool {
        self.pending.is_some()
    }
}

impl Deployment {
    /// The deployment of an ARN or a name.
    pub(crate) fn existing(identifier: &str, call: &Call<'_>) -> Result<Self, AwsError> {
        let found = match call.tx.get(identifier)? {
            Some(deployment) => Some(deployment),
            None => call
                .tx
                .find(|deployment: &Self| deployment.request.model_deployment_name == identifier)?,
        };
        found.ok_or_else(|| {
            AwsError::not_found("The specified custom model deployment does not exist.")
        })
    }

    pub(super) fn pends(&self, change: Change) -> bool {
        self.pending.is_some_and(|pending| pending.change == change)
    }

    /// Whether it serves this model, or is about to.
    pub(crate) fn uses(&self, model_arn: &str) -> bool {
        let next = self
            .update
            .as_ref()
            .filter(|update| update.update_status == UpdateStatus::Updating);
        self.model_arn == model_arn || next.is_some_and(|update| update.model_arn == model_arn)
    }

    /// What happens when the pending change ends; nothing is left of a deleted deployment.
    fn settle(mut self, pending: Pending) -> Option<Self> {
        self.pending = None;
        self.updated = pending.due;
        match pending.change {
            Change::Deletion => return None,
            Change::Creation if pending.fails => {
                self.status = Status::Failed;
                self.failure_message = Some(
                    "The deployment could not be created because of an internal error.".to_owned(),
                );
            }
            Change::Creation => self.status = Status::Active,
            Change::Update => {
                if let Some(update) = &mut self.update {
                    if pending.fails {
                        update.update_status = UpdateStatus::UpdateFailed;
                    } else {
                        update.update_status = UpdateStatus::UpdateCompleted;
                        self.model_arn = update.model_arn.clone();
                    }
                }
            }
        }
        Some(self)
    }
}

/// Moves every deployment on to the call's time.
pub(in crate::bedrock) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for deployment in call.tx.advancing::<Deployment>()? {
        if let Some(pending) = deployment.pending.filter(|pending| pending.due <= call.now) {
            let arn = deployment.arn.clone();
            match deployment.settle(pending) {
                Some(deployment) => call.tx.put(&deployment)?,
                None => {
                    call.tx.delete::<Deployment>(&arn)?;
                }
            }
        }
    }
    Ok(())
}
