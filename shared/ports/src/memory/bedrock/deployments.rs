//! On-demand deployments of custom models; what provisioned throughput has of its own is in `throughput`.

use async_trait::async_trait;
use jiff::Timestamp;

use super::state::State;
use super::{MemoryBedrock, Outcome, Work, checks, throughput};
use crate::memory::clock::later;
use crate::memory::faults::operation;
use crate::{
    ChangeDeployments, Deployment, DeploymentSpec, DeploymentStatus, ModelStatus,
    ObserveDeployments, PortResult, UpdateStatus,
};

pub(crate) struct Deployed {
    pub(super) spec: DeploymentSpec,
    pub(crate) shown: Deployment,
    /// Of the creation or the update.
    next: Option<Timestamp>,
    outcome: Outcome,
    pub(crate) gone_at: Option<Timestamp>,
    pub(crate) token_known: bool,
}

impl Deployed {
    pub(crate) fn changes_at(&self) -> Option<Timestamp> {
        match (self.next, self.gone_at) {
            (Some(next), Some(gone)) => Some(next.min(gone)),
            (next, gone) => next.or(gone),
        }
    }

    /// Whether it serves the model, or is about to.
    pub(crate) fn holds(&self, model_arn: &str) -> bool {
        self.shown.model_arn == model_arn
            || matches!(&self.shown.update, Some(UpdateStatus::Updating(to)) if to == model_arn)
    }

    pub(super) fn in_progress(&self) -> bool {
        self.shown.status == DeploymentStatus::Creating
            || matches!(self.shown.update, Some(UpdateStatus::Updating(_)))
    }

    pub(super) fn ends_at(&mut self, at: Timestamp) {
        self.next.get_or_insert(at);
    }

    fn failure(&self) -> Option<&String> {
        match &self.outcome {
            Outcome::Fails(message) => Some(message),
            _ => None,
        }
    }
}

impl State {
    /// The operation declares no conflict error, nor does the update: what AWS refuses is `Invalid`.
    fn create_deployment(&mut self, spec: &DeploymentSpec, now: Timestamp) -> PortResult<String> {
        let op = throughput::create_operation(spec);
        checks::name(op, "deployment's name", &spec.name, "-_")?;
        checks::token(op, &spec.token)?;
        let known = self
            .deployments
            .values()
            .find(|one| one.is_like(spec) && one.spec.name == spec.name);
        if let Some(known) = known {
            if known.token_known && known.spec == *spec && known.gone_at.is_none() {
                return Ok(known.shown.arn.clone());
            }
            return Err(checks::invalid(
                op,
                format!("the name {} is taken by {}", spec.name, known.shown.arn),
            ));
        }
        let other = self
            .deployments
            .values()
            .find(|one| one.is_like(spec) && one.token_known && one.spec.token == spec.token);
        if let Some(other) = other {
            return Err(checks::invalid(
                op,
                format!("the client token was used for {}", other.shown.arn),
            ));
        }
        match self.models.get(&spec.model_arn) {
            None => return Err(checks::not_found(op, &spec.model_arn)),
            Some(model) if model.shown.status != ModelStatus::Active => {
                let status = model.shown.status;
                return Err(checks::invalid(
                    op,
                    format!("{} is {status:?} and cannot be used", spec.model_arn),
                ));
            }
            Some(_) => {}
        }
        let arn = match &spec.buy {
            Some(purchase) => self.buy(purchase)?,
            None => self.deploy()?,
        };
        let (outcome, next) = self.draw(Work::Deployment, now, self.pace.deployment);
        self.deployments.insert(
            arn.clone(),
            Deployed {
                spec: spec.clone(),
                shown: Deployment {
                    arn: arn.clone(),
                    name: spec.name.clone(),
                    status: DeploymentStatus::Creating,
                    model_arn: spec.model_arn.clone(),
                    update: None,
                    message: None,
                    created: now,
                    tags: spec.tags.clone(),
                    bought: spec.buy.map(|purchase| throughput::bought(purchase, now)),
                },
                next,
                outcome,
                gone_at: None,
                token_known: true,
            },
        );
        Ok(arn)
    }

    fn deploy(&mut self) -> PortResult<String> {
        let op = operation::CREATE_DEPLOYMENT;
        let quotas = self.quotas;
        let all = || {
            let all = self.deployments.values();
            all.filter(|one| one.spec.buy.is_none())
        };
        checks::quota(op, all().count(), quotas.deployments, "deployments")?;
        checks::quota(
            op,
            all().filter(|one| one.in_progress()).count(),
            quotas.deployments_in_progress,
            "deployments in progress",
        )?;
        Ok(self.arn("custom-model-deployment"))
    }

    fn update_deployment(&mut self, arn: &str, model_arn: &str, now: Timestamp) -> PortResult<()> {
        let op = throughput::update_operation(arn);
        if !self.models.contains_key(model_arn) {
            return Err(checks::not_found(op, model_arn));
        }
        self.same_base(arn, model_arn)?;
        let Some(deployed) = self.deployments.get(arn) else {
            return Err(checks::not_found(op, arn));
        };
        if deployed.shown.status != DeploymentStatus::Active
            || deployed.in_progress()
            || deployed.gone_at.is_some()
        {
            return Err(checks::invalid(
                op,
                format!("{arn} is not active, or is being changed: wait until it is active"),
            ));
        }
        let (outcome, next) = self.draw(Work::Update, now, self.pace.update);
        if let Some(deployed) = self.deployments.get_mut(arn) {
            deployed.shown.update = Some(UpdateStatus::Updating(model_arn.to_owned()));
            deployed.outcome = outcome;
            deployed.next = next;
        }
        Ok(())
    }

    pub(crate) fn deployment_changes(&mut self, arn: &str, at: Timestamp) {
        let Some(deployed) = self.deployments.get_mut(arn) else {
            return;
        };
        if deployed.gone_at.is_some_and(|gone| gone <= at) {
            self.deployments.remove(arn);
            return;
        }
        deployed.next = None;
        let failure = deployed.failure().cloned();
        let failed = failure.is_some();
        let shown = &mut deployed.shown;
        match shown.update.take() {
            // Bedrock has words only for a deployment that failed, none for an update.
            Some(UpdateStatus::Updating(to)) => {
                if !failed {
                    shown.model_arn.clone_from(&to);
                }
                // Of provisioned throughput nobody tells later whether it was updated: only the model that serves, and when.
                shown.update = match &mut shown.bought {
                    Some(bought) => {
                        bought.modified = at;
                        None
                    }
                    None if failed => Some(UpdateStatus::Failed(to)),
                    None => Some(UpdateStatus::Completed(to)),
                };
            }
            other => {
                shown.update = other;
                shown.message = failure;
                shown.status = if failed {
                    DeploymentStatus::Failed
                } else {
                    DeploymentStatus::Active
                };
            }
        }
    }
}

#[async_trait]
impl ObserveDeployments for MemoryBedrock {
    async fn find_deployment(&self, name: &str) -> PortResult<Option<Deployment>> {
        self.call(operation::GET_DEPLOYMENT, |state, _| {
            let mut all = state.deployments.values();
            Ok(all
                .find(|one| one.spec.buy.is_none() && one.shown.name == name)
                .map(|one| one.shown.clone()))
        })
    }

    async fn find_throughput(&self, name: &str) -> PortResult<Option<Deployment>> {
        self.call(operation::GET_THROUGHPUT, |state, _| {
            Ok(state.throughput_named(name))
        })
    }

    async fn get_deployment(&self, arn: &str) -> PortResult<Option<Deployment>> {
        self.call(throughput::get_operation(arn), |state, _| {
            Ok(state.deployments.get(arn).map(|one| one.shown.clone()))
        })
    }

    async fn deployments_of(&self, model_arn: &str) -> PortResult<Vec<Deployment>> {
        self.call(operation::LIST_DEPLOYMENTS, |state, _| {
            Ok(state
                .deployments
                .values()
                .filter(|one| one.shown.model_arn == model_arn)
                .map(|one| one.shown.clone())
                .collect())
        })
    }
}

#[async_trait]
impl ChangeDeployments for MemoryBedrock {
    async fn create_deployment(&self, spec: &DeploymentSpec) -> PortResult<String> {
        self.call(throughput::create_operation(spec), |state, now| {
            state.create_deployment(spec, now)
        })
    }

    async fn update_deployment(&self, arn: &str, model_arn: &str) -> PortResult<()> {
        self.call(throughput::update_operation(arn), |state, now| {
            state.update_deployment(arn, model_arn, now)
        })
    }

    async fn delete_deployment(&self, arn: &str) -> PortResult<()> {
        let op = throughput::delete_operation(arn);
        self.call(op, |state, now| {
            let gone_at = later(now, state.pace.removal);
            let Some(deployed) = state.deployments.get_mut(arn) else {
                return Ok(());
            };
            if deployed.in_progress() {
                return Err(checks::conflict(
                    op,
                    format!("{arn} is being created or updated: wait until that has ended"),
                ));
            }
            if let Some(until) = deployed.committed(now) {
                return Err(checks::conflict(
                    op,
                    format!("{arn} is bought until {until} and cannot be deleted before"),
                ));
            }
            if gone_at <= now {
                state.deployments.remove(arn);
            } else {
                deployed.gone_at.get_or_insert(gone_at);
            }
            Ok(())
        })
    }
}
