//! Provisioned throughput: what it has of its own. It lives among the deployments, and its ARN tells it apart.

use jiff::{SignedDuration, Timestamp};
use perennial_core::config::Commitment;
use perennial_core::pipeline::is_provisioned;

use super::checks;
use super::deployments::Deployed;
use super::state::State;
use crate::memory::clock::later;
use crate::memory::faults::operation;
use crate::{Bought, Deployment, DeploymentSpec, ErrorKind, PortError, PortResult, Purchase};

pub(super) fn create_operation(spec: &DeploymentSpec) -> &'static str {
    match spec.buy {
        Some(_) => operation::CREATE_THROUGHPUT,
        None => operation::CREATE_DEPLOYMENT,
    }
}

pub(super) fn get_operation(arn: &str) -> &'static str {
    match is_provisioned(arn) {
        true => operation::GET_THROUGHPUT,
        false => operation::GET_DEPLOYMENT,
    }
}

pub(super) fn update_operation(arn: &str) -> &'static str {
    match is_provisioned(arn) {
        true => operation::UPDATE_THROUGHPUT,
        false => operation::UPDATE_DEPLOYMENT,
    }
}

pub(super) fn delete_operation(arn: &str) -> &'static str {
    match is_provisioned(arn) {
        true => operation::DELETE_THROUGHPUT,
        false => operation::DELETE_DEPLOYMENT,
    }
}

/// As it is told from the beginning.
pub(super) fn bought(purchase: Purchase, now: Timestamp) -> Bought {
    let days = match purchase.commitment {
        Commitment::None => None,
        Commitment::OneMonth => Some(30),
        Commitment::SixMonths => Some(180),
    };
    Bought {
        units: purchase.units,
        until: days.map(|days| later(now, SignedDuration::from_hours(24 * days))),
        modified: now,
    }
}

impl Deployed {
    /// Names and tokens of the two kinds know nothing of each other.
    pub(super) fn is_like(&self, spec: &DeploymentSpec) -> bool {
        self.spec.buy.is_some() == spec.buy.is_some()
    }

    /// Until when it is bought, if that is not over.
    pub(super) fn committed(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.shown.bought.and_then(|bought| bought.until);
        until.filter(|until| *until > now)
    }
}

impl State {
    /// What was to hang for ever ends after all, well.
    pub(super) fn end_what_hangs(&mut self, now: Timestamp) {
        for deployed in self.deployments.values_mut() {
            if deployed.spec.buy.is_some() && deployed.in_progress() {
                deployed.ends_at(now);
            }
        }
    }

    /// The ARN of what is bought, if the account's model units allow it.
    pub(super) fn buy(&mut self, purchase: &Purchase) -> PortResult<String> {
        let op = operation::CREATE_THROUGHPUT;
        if purchase.units == 0 {
            return Err(checks::invalid(op, "no model units".to_owned()));
        }
        let all = self.deployments.values();
        let there: u32 = all
            .filter_map(|one| one.shown.bought)
            .map(|bought| bought.units)
            .sum();
        if there + purchase.units > self.quotas.model_units {
            return Err(PortError::new(
                op,
                ErrorKind::Quota,
                "ServiceQuotaExceededException: the account has no more model units",
            ));
        }
        Ok(self.arn("provisioned-model"))
    }

    pub(super) fn throughput_named(&self, name: &str) -> Option<Deployment> {
        let mut all = self.deployments.values();
        all.find(|one| one.spec.buy.is_some() && one.shown.name == name)
            .map(|one| one.shown.clone())
    }

    /// Throughput stays with the base model that it was bought for.
    pub(super) fn same_base(&self, arn: &str, model_arn: &str) -> PortResult<()> {
        let Some(deployed) = self.deployments.get(arn).filter(|_| is_provisioned(arn)) else {
            return Ok(());
        };
        let base = |model: &str| self.models.get(model).map(|model| model.base.as_str());
        match base(&deployed.shown.model_arn) == base(model_arn) {
            true => Ok(()),
            false => Err(checks::invalid(
                operation::UPDATE_THROUGHPUT,
                format!("{model_arn} comes from another base model than {arn} was bought for"),
            )),
        }
    }
}
