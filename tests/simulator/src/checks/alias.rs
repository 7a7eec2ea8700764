//! At most one champion and one target of the alias; one move at a time; the champion changes only when it truly serves.

use std::collections::BTreeSet;

use perennial_core::pipeline::{MoveReason, Pipeline, UNSERVED, is_imported};
use perennial_ports::{DeploymentStatus, UpdateStatus};

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
#[derive(Default)]
pub(crate) struct OneChampion {
    /// Every deployment that ever was what clients call.
    called: BTreeSet<String>,
    /// Rollbacks that were carried out.
    rolled_back: u32,
}

impl Check for OneChampion {
    fn name(&self) -> &'static str {
        "at most one champion, one target of the alias and one move"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            let (Change::Pipeline(before), Some(now)) = (change, &view.picture.pipeline) else {
                continue;
            };
            self.called.extend(now.deployment.clone());
            if now.unserved.is_some() {
                self.called.insert(UNSERVED.to_owned());
            }
            let Some(before) = before else { continue };
            if let (Some(old), Some(new)) = (&before.moving, &now.moving)
                && old.generation != new.generation
            {
                return Err(format!(
                    "move {} to {} began while move {} to {} is in flight",
                    new.generation, new.to.model, old.generation, old.to.model
                ));
            }
            let rollback = before
                .moving
                .as_ref()
                .is_some_and(|moving| moving.reason == MoveReason::Rollback);
            if rollback && before.champion != now.champion {
                self.rolled_back += 1;
                if self.rolled_back > view.rollbacks {
                    return Err(format!(
                        "{} rollbacks were carried out, and {} were asked for",
                        self.rolled_back, view.rollbacks
                    ));
                }
            }
            if before.champion != now.champion
                && let (Some(champion), Some(deployment)) = (&now.champion, &now.deployment)
            {
                let moving = before.moving.as_ref();
                if moving.is_none_or(|moving| moving.to != *champion) {
                    return Err(format!(
                        "{} became champion without a move to it",
                        champion.model
                    ));
                }
                if let Some(found) = view.cloud.bedrock.deployment(deployment)
                    && (found.status != DeploymentStatus::Active
                        || (found.model_arn != champion.arn
                            && !matches!(found.update, Some(UpdateStatus::Updating(_)))))
                {
                    return Err(format!(
                        "{} is champion, and {deployment} ({:?}) serves {}",
                        champion.model, found.status, found.model_arn
                    ));
                }
            }
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, _: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::AliasWritten { value } if !self.called.contains(value) => Err(format!(
                "the alias names {value}, which never was what clients call"
            )),
            _ => Ok(()),
        }
    }

    fn at_rest(&mut self, view: &View<'_>) -> Result<(), String> {
        let Some(pipeline) = &view.picture.pipeline else {
            return Ok(());
        };
        let name = perennial_core::names::alias_parameter(view.installation, view.pipeline);
        if pipeline.unserved.is_some() && view.cloud.alias.value(&name).as_deref() != Some(UNSERVED)
        {
            return Err("nothing serves, and the alias does not say so".to_owned());
        }
        let (Some(champion), Some(deployment)) = (&pipeline.champion, &pipeline.deployment) else {
            return Ok(());
        };
        let model_there = view.cloud.bedrock.model(&champion.arn).is_some();
        let served = view.cloud.bedrock.deployment(deployment);
        // Somebody deleted the model and its deployment: there is nothing that the alias could name.
        if !model_there && served.is_none() {
            return Ok(());
        }
        let value = view.cloud.alias.value(&name);
        if value.as_deref() != Some(deployment.as_str()) {
            return Err(format!(
                "the alias names {value:?}, and clients should call {deployment}"
            ));
        }
        match served {
            _ if view.hangs || !model_there => Ok(()),
            _ if is_imported(deployment) => match *deployment == champion.arn {
                true => Ok(()),
                false => Err(format!(
                    "clients call {deployment}, and the champion is {}",
                    champion.arn
                )),
            },
            // People have been told what it costs, and decide.
            None if repair_waits_for_its_price(pipeline) => Ok(()),
            None => Err(format!("{deployment}, which clients call, is not there")),
            Some(found) if found.model_arn != champion.arn => Err(format!(
                "{deployment} serves {}, and the champion is {}",
                found.model_arn, champion.arn
            )),
            Some(_) => Ok(()),
        }
    }
}

/// Whether what served is gone, and serving again would buy throughput whose price the configuration in force does not hold: nothing is
/// bought until people change that.
pub(crate) fn repair_waits_for_its_price(pipeline: &Pipeline) -> bool {
    let refused = pipeline.last_failure.as_ref();
    pipeline.repair_after.is_some() && refused.is_some_and(|failure| failure.over_budget)
}
