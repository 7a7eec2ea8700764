//! The provisioned throughput as it is kept, and how it moves on in time.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::write::CreateProvisionedModelThroughput;
use crate::{bedrock::tags::Tag, error::AwsError, operation::Call, store::Document};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Creating,
    InService,
    Updating,
    Failed,
}

/// For how long it is paid for in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Commitment {
    OneMonth,
    SixMonths,
}

impl Commitment {
    pub(super) fn ends(self, from: Timestamp) -> Timestamp {
        let days = match self {
            Self::OneMonth => 30,
            Self::SixMonths => 180,
        };
        let span = SignedDuration::from_hours(24 * days);
        from.saturating_add(span).unwrap_or(Timestamp::MAX)
    }
}

/// What ends at `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) deletion: bool,
    pub(super) due: Timestamp,
    /// Whether it will fail, fixed when it began so that a restart does not change it.
    pub(super) fails: bool,
}

/// A provisioned throughput.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Throughput {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    pub(super) request: CreateProvisionedModelThroughput,
    pub(super) name: String,
    /// The model that answers now.
    pub(crate) model_arn: String,
    /// The model that is to answer.
    pub(super) desired_model_arn: String,
    pub(super) foundation_model_arn: String,
    pub(crate) status: Status,
    pub(super) failure_message: Option<String>,
    pub(super) pending: Option<Pending>,
    pub(super) commitment_ends: Option<Timestamp>,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
}

impl Document for Throughput {
    const KIND: &'static str = "provisioned-model";
    fn id(&self) -> &str {
        &self.arn
    }
    fn advances(&self) -> bool {
        self.pending.is_some()
    }
}

impl Throughput {
    /// The throughput of an ARN or a name.
    pub(crate) fn existing(identifier: &str, call: &Call<'_>) -> Result<Self, AwsError> {
        let found = match call.tx.get(identifier)? {
            Some(throughput) => Some(throughput),
            None => call
                .tx
                .find(|throughput: &Self| throughput.name == identifier)?,
        };
        let missing =
            || AwsError::not_found("The specified provisioned model throughput does not exist.");
        found.ok_or_else(missing)
    }

    /// Whether it serves this model, or is about to.
    pub(crate) fn uses(&self, model_arn: &str) -> bool {
        self.model_arn == model_arn || self.desired_model_arn == model_arn
    }

    /// What happens when the pending change ends; nothing is left of a deleted throughput.
    fn settle(mut self, pending: Pending) -> Option<Self> {
        if pending.deletion {
            return None;
        }
        self.pending = None;
        self.modified = pending.due;
        match (self.status, pending.fails) {
            (Status::Creating, true) => {
                self.status = Status::Failed;
                self.failure_message =
                    Some("The throughput could not be provisioned: no capacity.".to_owned());
            }
            // A swap that fails leaves the model that was there.
            (_, true) => {
                self.desired_model_arn = self.model_arn.clone();
                self.status = Status::InService;
            }
            (_, false) => {
                self.model_arn = self.desired_model_arn.clone();
                self.status = Status::InService;
            }
        }
        Some(self)
    }
}

/// Moves every throughput on to the call's time.
pub(in crate::bedrock) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for throughput in call.tx.advancing::<Throughput>()? {
        if let Some(pending) = throughput.pending.filter(|pending| pending.due <= call.now) {
            let arn = throughput.arn.clone();
            match throughput.settle(pending) {
                Some(throughput) => call.tx.put(&throughput)?,
                None => {
                    call.tx.delete::<Throughput>(&arn)?;
                }
            }
        }
    }
    Ok(())
}
