//! `evaluate`: training job-state events and "Run Due" → follow the job, then collect the models' answers, resumably.

mod ask;
mod base;
mod candidate;
mod champion;
mod checkpoint;
mod training;

#[cfg(feature = "lambda")]
mod lambda;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use perennial_core::announcement::Function;
use perennial_core::names::{Purpose, ResourceName};
use perennial_core::run::{Effect, Event, Run};
use perennial_engine::{
    Desk, EngineError, Invocation, Perform, StepResult, WakeUp, drive, temporary,
};
use perennial_ports::{
    Ask, ChangeDeployments, ObserveBatch, ObserveContainers, ObserveDeployments, ObserveTraining,
    ReadObjects, StartBatch, StopContainers, StopTraining, WriteObjects,
};
use serde_json::Value;

#[cfg(feature = "lambda")]
pub use lambda::main;

/// What `evaluate` may do.
#[derive(Clone)]
pub struct Ports {
    /// Table, bus, clock.
    pub desk: Desk,
    /// Reading the bucket.
    pub read: Arc<dyn ReadObjects>,
    /// Keeping answers.
    pub write: Arc<dyn WriteObjects>,
    /// Looking at customization jobs.
    pub training: Arc<dyn ObserveTraining>,
    /// Stopping those that are overdue or cancelled.
    pub stop: Arc<dyn StopTraining>,
    /// Looking at containers' jobs.
    pub containers: Arc<dyn ObserveContainers>,
    /// Stopping those that are overdue or cancelled.
    pub stop_containers: Arc<dyn StopContainers>,
    /// Looking at deployments.
    pub deployments: Arc<dyn ObserveDeployments>,
    /// Making the candidate's temporary deployment.
    pub deploy: Arc<dyn ChangeDeployments>,
    /// Looking at batch jobs.
    pub batch: Arc<dyn ObserveBatch>,
    /// Starting them.
    pub start_batch: Arc<dyn StartBatch>,
    /// Asking models.
    pub ask: Arc<dyn Ask>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// Takes one event. A job-state event only says which run to look at; the job itself is asked.
pub async fn handle(
    ports: &Ports,
    event: Value,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let event = WakeUp::parse(event)?;
    let of_job = |member: &str| event.text(member).and_then(ResourceName::parse);
    let job = match event.detail_type.as_str() {
        "Run Due" => {
            let (pipeline, run) = event.run()?;
            return drive(&ports.desk, ports, &pipeline, &run, invocation).await;
        }
        "Model Customization Job State Change" => of_job("jobName"),
        "Batch Inference Job State Change" => of_job("batchJobName"),
        "SageMaker Training Job State Change" => of_job("TrainingJobName"),
        _ => return Err(event.not_for("evaluate")),
    };
    match job {
        Some(name) if name.installation == ports.desk.settings.installation => {
            drive(&ports.desk, ports, &name.pipeline, &name.run, invocation).await
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Perform for Ports {
    fn function(&self) -> Function {
        Function::Evaluate
    }

    async fn perform(&self, run: &Run, effect: &Effect, invocation: &Invocation) -> StepResult {
        match effect {
            Effect::ObserveTraining { attempt } => training::observe(self, run, *attempt).await,
            Effect::StopTraining { attempt } => training::stop(self, run, *attempt).await,
            Effect::DeployCandidate => candidate::deploy(self, run).await,
            Effect::AskCandidate { deployment } => {
                candidate::ask(self, run, deployment, invocation).await
            }
            Effect::Remove(Purpose::Candidate) => {
                let (look, change) = (self.deployments.as_ref(), self.deploy.as_ref());
                temporary::remove_candidate(&self.desk, look, change, run).await
            }
            Effect::StartBase { attempt } => base::start(self, run, *attempt).await,
            Effect::ObserveBase { attempt } => base::observe(self, run, *attempt).await,
            Effect::AskBase => base::ask(self, run, invocation).await,
            Effect::AskChampion { deployment } => {
                champion::ask(self, run, deployment, invocation).await
            }
            other => Ok(Event::Later {
                at: self.desk.next_look(),
                note: Some(format!("{other:?} is not a step of evaluating")),
            }),
        }
    }
}
