//! `train`: "Upload Accepted", "Pipeline Due", "Run Due" and people's requests → seal a dataset, open a run, start its job.

mod assemble;
mod chain;
mod import;
mod open;
mod places;
mod prepare;
mod requests;
mod sealing;
mod start;

#[cfg(feature = "lambda")]
mod lambda;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use perennial_core::announcement::{Function, Stage};
use perennial_core::run::{Effect, Event, Run};
use perennial_engine::{Desk, EngineError, Invocation, Perform, StepResult, WakeUp, drive};
use perennial_ports::{
    ObserveContainers, ObserveImports, ObserveRegistrations, ObserveTraining, ReadObjects,
    RegisterModels, StartContainers, StartImports, StartServerless, StartTraining, WriteObjects,
};
use serde_json::Value;

#[cfg(feature = "lambda")]
pub use lambda::main;

/// What `train` may do.
#[derive(Clone)]
pub struct Ports {
    /// Table, bus, clock.
    pub desk: Desk,
    /// Ids of new runs.
    pub entropy: Arc<dyn perennial_ports::Entropy>,
    /// Reading the bucket.
    pub read: Arc<dyn ReadObjects>,
    /// Writing manifests and training files.
    pub write: Arc<dyn WriteObjects>,
    /// Looking at customization jobs.
    pub observe: Arc<dyn ObserveTraining>,
    /// Starting them.
    pub start: Arc<dyn StartTraining>,
    /// Looking at containers' jobs.
    pub containers: Arc<dyn ObserveContainers>,
    /// Starting them.
    pub start_containers: Arc<dyn StartContainers>,
    /// Starting serverless jobs, which are looked at as containers' jobs are.
    pub start_serverless: Arc<dyn StartServerless>,
    /// Looking at import jobs.
    pub imports: Arc<dyn ObserveImports>,
    /// Starting them.
    pub start_imports: Arc<dyn StartImports>,
    /// Looking at custom models that are made of checkpoints.
    pub registrations: Arc<dyn ObserveRegistrations>,
    /// Making them.
    pub register: Arc<dyn RegisterModels>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// Takes one event. Anything that it asks for is checked against the true state first.
pub async fn handle(
    ports: &Ports,
    event: Value,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let event = WakeUp::parse(event)?;
    match event.detail_type.as_str() {
        "Upload Accepted" | "Pipeline Due" => {
            open::consider(ports, &event.pipeline()?, invocation).await
        }
        "Run Due" => {
            let (pipeline, run) = event.run()?;
            drive(&ports.desk, ports, &pipeline, &run, invocation).await
        }
        kind if kind.ends_with(" Requested") => {
            requests::take(ports, event.request()?, invocation).await
        }
        _ => Err(event.not_for("train")),
    }
}

#[async_trait]
impl Perform for Ports {
    fn function(&self) -> Function {
        Function::Train
    }

    async fn perform(&self, run: &Run, effect: &Effect, invocation: &Invocation) -> StepResult {
        match effect {
            Effect::Prepare => prepare::prepare(self, run, invocation).await,
            Effect::StartTraining { attempt } => start::start(self, run, *attempt).await,
            Effect::LookForTraining { attempt } => start::look(self, run, *attempt).await,
            Effect::Import { attempt, weights } => {
                import::carry_on(self, run, *attempt, weights).await
            }
            other => {
                let reason = format!("{other:?} is not a step of {}", Stage::Starting.word());
                Ok(Event::Later {
                    at: self.desk.next_look(),
                    note: Some(reason),
                })
            }
        }
    }
}
