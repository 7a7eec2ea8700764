//! When the faults have stopped every run has ended, and nothing that costs money is left behind.

use std::collections::BTreeSet;

use perennial_core::names::{Purpose, ResourceName};
use perennial_core::run::RunState;
use perennial_ports::{BatchStatus, DeploymentStatus, ImportStatus, TrainingStatus, UpdateStatus};

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
#[derive(Default)]
pub(crate) struct EverythingEnds {
    /// The names of what was removed: a create that took effect late may bring it back, and then the aftercare finds it.
    removed: BTreeSet<String>,
}

impl Check for EverythingEnds {
    fn name(&self) -> &'static str {
        "every run ends and leaves nothing that costs money"
    }

    /// What a candidate is asked through and is billed by the hour is gone before anybody is waited for, who may take days.
    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            let Change::Run(id, Some(before)) = change else {
                continue;
            };
            let Some(run) = view.picture.runs.get(id) else {
                continue;
            };
            let waits = matches!(
                run.state,
                RunState::Deciding | RunState::AwaitingApproval { .. }
            );
            if !waits || !matches!(before.state, RunState::Evaluating { .. }) {
                continue;
            }
            let name = run
                .resource(Purpose::Candidate, run.candidate_attempts())
                .to_string();
            let mut there = view.cloud.bedrock.deployments().into_iter();
            let billed = there.any(|one| one.bought.is_some() && one.name == name);
            if billed && !self.removed.contains(&name) {
                return Err(format!(
                    "{name} is billed by the hour, and its run waits for something else"
                ));
            }
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, _: &View<'_>) -> Result<(), String> {
        if let Fact::DeploymentDeleted { deployment } = fact {
            self.removed.insert(deployment.name.clone());
        }
        Ok(())
    }

    fn at_rest(&mut self, view: &View<'_>) -> Result<(), String> {
        for run in view.picture.runs.values() {
            if !matches!(run.state, RunState::Ended { .. }) {
                return Err(format!("run {} is left at {:?}", run.id, run.state));
            }
        }
        for job in view.cloud.bedrock.training_jobs() {
            let runs = matches!(
                job.job.status,
                TrainingStatus::InProgress | TrainingStatus::Stopping
            );
            if runs && !view.hangs {
                return Err(format!("training job {} still runs", job.job.name));
            }
            if let Some(arn) = &job.job.model_arn
                && view.cloud.bedrock.model(arn).is_some()
                && !view.picture.models.values().any(|model| model.arn == *arn)
            {
                return Err(format!(
                    "{arn} is stored, and the registry does not know it"
                ));
            }
        }
        for job in view.cloud.bedrock.container_jobs() {
            let runs = matches!(
                job.job.status,
                TrainingStatus::InProgress | TrainingStatus::Stopping
            );
            if runs && !view.hangs {
                return Err(format!("training job {} still runs", job.job.name));
            }
        }
        for job in view.cloud.bedrock.import_jobs() {
            if job.status == ImportStatus::InProgress && !view.hangs {
                return Err(format!("import job {} still runs", job.name));
            }
            if let Some(arn) = &job.model_arn
                && view.cloud.bedrock.model(arn).is_some()
                && !view.picture.models.values().any(|model| model.arn == *arn)
            {
                return Err(format!(
                    "{arn} is stored, and the registry does not know it"
                ));
            }
        }
        for job in view.cloud.bedrock.batch_jobs() {
            if job.job.status == BatchStatus::InProgress && !view.hangs {
                return Err(format!("batch job {} still runs", job.job.name));
            }
        }
        for deployment in view.cloud.bedrock.deployments() {
            let hangs = deployment.status == DeploymentStatus::Creating
                || matches!(deployment.update, Some(UpdateStatus::Updating(_)));
            let temporary = ResourceName::parse(&deployment.name)
                .is_some_and(|name| name.purpose == Purpose::Candidate);
            if temporary && !(hangs && view.hangs) {
                return Err(format!(
                    "the temporary deployment {} is left",
                    deployment.name
                ));
            }
            let serving =
                deployment.tags.get("perennial:purpose").map(String::as_str) == Some("serving");
            let called = view
                .picture
                .pipeline
                .as_ref()
                .and_then(|pipeline| pipeline.deployment.as_ref());
            if serving && called != Some(&deployment.arn) && !(hangs && view.hangs) {
                return Err(format!("{} is left, and nobody calls it", deployment.name));
            }
        }
        Ok(())
    }
}
