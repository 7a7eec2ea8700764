//! At most one live or completed job per run and stage.

use perennial_core::names::{Purpose, ResourceName};
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{BatchStatus, TrainingStatus};

use super::{Check, View};
use crate::facts::Fact;

/// The checker.
pub(crate) struct OneJob;

impl Check for OneJob {
    fn name(&self) -> &'static str {
        "at most one live or completed job per run and stage"
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::TrainingStarted { spec } => one(view.cloud, &spec.name),
            Fact::BatchStarted { name } => one(view.cloud, name),
            _ => Ok(()),
        }
    }
}

fn one(cloud: &MemoryCloud, name: &str) -> Result<(), String> {
    let Some(of) = ResourceName::parse(name) else {
        return Err(format!("a job was started under the name {name}, which is not ours"));
    };
    let kin = |name: &str| {
        ResourceName::parse(name)
            .is_some_and(|other| other.run == of.run && other.purpose == of.purpose)
    };
    let counted: Vec<String> = match of.purpose {
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
            .filter(|job| {
                !matches!(job.job.status, BatchStatus::Failed | BatchStatus::Stopped)
            })
            .map(|job| format!("{} ({:?})", job.job.name, job.job.status))
            .collect(),
    };
    if counted.len() > 1 {
        return Err(format!("run {} has {}", of.run, counted.join(" and ")));
    }
    Ok(())
}
