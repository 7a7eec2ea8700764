//! `promote`: "Evaluation Complete", "Run Due", "Pipeline Due" → score, gate, move the alias, end the run.

mod alias;
mod close;
mod judge;
mod requests;
mod unserve;

#[cfg(feature = "lambda")]
mod lambda;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use perennial_core::announcement::Function;
use perennial_core::run::{Effect, Event, Run};
use perennial_engine::{Desk, EngineError, Invocation, Perform, StepResult, WakeUp, drive};
use perennial_ports::{
    ChangeDeployments, ObserveBatch, ObserveContainers, ObserveDeployments, ObserveImports,
    ObserveModels, ObserveRegistrations, ObserveTraining, ReadAlias, ReadObjects, StopBatch,
    StopContainers, StopTraining, WriteAlias, WriteObjects,
};
use serde_json::Value;

#[cfg(feature = "lambda")]
pub use lambda::main;

/// What `promote` may do.
#[derive(Clone)]
pub struct Ports {
    /// Table, bus, clock.
    pub desk: Desk,
    /// Reading prompts and answers.
    pub read: Arc<dyn ReadObjects>,
    /// Writing reports.
    pub write: Arc<dyn WriteObjects>,
    /// Looking at deployments.
    pub deployments: Arc<dyn ObserveDeployments>,
    /// Creating and updating the pipeline's deployment, removing temporary ones.
    pub deploy: Arc<dyn ChangeDeployments>,
    /// Looking at training jobs that nobody waits for any more.
    pub training: Arc<dyn ObserveTraining>,
    /// Stopping them.
    pub stop_training: Arc<dyn StopTraining>,
    /// Looking at containers' jobs that nobody waits for any more.
    pub containers: Arc<dyn ObserveContainers>,
    /// Stopping them.
    pub stop_containers: Arc<dyn StopContainers>,
    /// Looking at import jobs that nobody waits for any more.
    pub imports: Arc<dyn ObserveImports>,
    /// Looking at custom models that are made of checkpoints.
    pub registrations: Arc<dyn ObserveRegistrations>,
    /// Looking at models that answer by themselves.
    pub models: Arc<dyn ObserveModels>,
    /// Looking at batch jobs.
    pub batch: Arc<dyn ObserveBatch>,
    /// Stopping those that nobody waits for.
    pub stop_batch: Arc<dyn StopBatch>,
    /// The alias parameter.
    pub read_alias: Arc<dyn ReadAlias>,
    /// Moving it.
    pub write_alias: Arc<dyn WriteAlias>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// Takes one event.
pub async fn handle(
    ports: &Ports,
    event: Value,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let event = WakeUp::parse(event)?;
    match event.detail_type.as_str() {
        "Evaluation Complete" | "Run Due" => {
            let (pipeline, run) = event.run()?;
            requests::resume_held(ports, &pipeline, &run, invocation).await?;
            drive(&ports.desk, ports, &pipeline, &run, invocation).await
        }
        "Pipeline Due" => {
            let pipeline = event.pipeline()?;
            alias::carry_on(ports, &pipeline).await?;
            unserve::say(ports, &pipeline).await?;
            alias::sweep(ports, &pipeline).await?;
            alias::repair(ports, &pipeline).await?;
            requests::follow_active_run(ports, &pipeline, invocation).await
        }
        "Approve Requested" | "Rollback Requested" => {
            requests::take(ports, event.request()?, invocation).await
        }
        _ => Err(event.not_for("promote")),
    }
}

#[async_trait]
impl Perform for Ports {
    fn function(&self) -> Function {
        Function::Promote
    }

    async fn perform(&self, run: &Run, effect: &Effect, _: &Invocation) -> StepResult {
        match effect {
            Effect::Judge => judge::judge(self, run).await,
            Effect::FollowMove { generation } => alias::follow(self, run, *generation).await,
            Effect::Remove(purpose) => close::remove(self, run, *purpose).await,
            Effect::Report => close::report(self, run).await,
            other => Ok(Event::Later {
                at: self.desk.next_look(),
                note: Some(format!("{other:?} is not a step of promoting")),
            }),
        }
    }
}
