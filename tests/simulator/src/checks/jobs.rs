//! At most one live or completed job per run and stage.

use perennial_core::names::{Purpose, ResourceName};
use perennial_core::run::RunState;
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{BatchStatus, ImportStatus, TrainingStatus};

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
pub(crate) struct OneJob;

impl Check for OneJob {
    fn name(&self) -> &'static str {
        "at most one live or completed job per run and stage"
    }

    /// A run is not given up for want of a job that is there, and was there before it was looked for.
    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            let Change::Run(id, Some(before)) = change else {
                continue;
            };
            let (RunState::Starting { attempt }, Some(now)) =
                (&before.state, view.picture.runs.get(id))
            else {
                continue;
            };
            if !matches!(now.state, RunState::Closing { .. }) {
                continue;
            }
            let name = before.resource(before.training_purpose(), *attempt);
            let name = name.to_string();
            let job = view.cloud.bedrock.training_job(&name);
            let containers = view.cloud.bedrock.container_jobs();
            let container = containers.iter().find(|job| job.job.name == name);
            let created = job.map(|job| job.created);
            if created
                .or(container.map(|job| job.created))
                .is_some_and(|created| created < view.began)
            {
                return Err(format!(
                    "run {id} is given up, and its job {name} is there: it was not adopted"
                ));
            }
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::TrainingStarted { spec } => one(view.cloud, &spec.name),
            Fact::ContainerStarted { name, .. }
            | Fact::BatchStarted { name }
            | Fact::ImportStarted { name } => one(view.cloud, name),
            _ => Ok(()),
        }
    }
}

fn one(cloud: &MemoryCloud, name: &str) -> Result<(), String> {
    let Some(of) = ResourceName::parse(name) else {
        return Err(format!(
            "a job was started under the name {name}, which is not ours"
        ));
    };
    let kin = |name: &str| {
        ResourceName::parse(name)
            .is_some_and(|other| other.run == of.run && other.purpose == of.purpose)
    };
    let counted: Vec<String> = match of.purpose {
        Purpose::Import => cloud
            .bedrock
            .import_jobs()
            .into_iter()
            .filter(|job| kin(&job.name) && job.status != ImportStatus::Failed)
            .map(|job| format!("{} ({:?})", job.name, job.status))
            .collect(),
        Purpose::Training | Purpose::Pretraining if !cloud.bedrock.container_jobs().is_empty() => {
            cloud
                .bedrock
                .container_jobs()
                .into_iter()
                .map(|record| record.job)
                .filter(|job| kin(&job.name))
                .filter(|job| {
                    !matches!(job.status, TrainingStatus::Failed | TrainingStatus::Stopped)
                })
                .map(|job| format!("{} ({:?})", job.name, job.status))
                .collect()
        }
        Purpose::Training => cloud
            .bedrock
            .training_jobs()
            .into_iter()
            .filter(|job| kin(&job.job.name))
            .filter(|job| {
                !matches!(
                    job.job.status,
                    TrainingStatus::Failed | TrainingStatus::Stopped
                )
            })
            .map(|job| format!("{} ({:?})", job.job.name, job.job.status))
            .collect(),
        _ => cloud
            .bedrock
            .batch_jobs()
            .into_iter()
            .filter(|job| kin(&job.job.name))
            .filter(|job| !matches!(job.job.status, BatchStatus::Failed | BatchStatus::Stopped))
            .map(|job| format!("{} ({:?})", job.job.name, job.job.status))
            .collect(),
    };
    if counted.len() > 1 {
        return Err(format!("run {} has {}", of.run, counted.join(" and ")));
    }
    Ok(())
}
