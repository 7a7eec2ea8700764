//! `promote`: "Evaluation Complete", "Run Due", "Pipeline Due" → score, gate, move the alias, end the run.

mod alias;
mod close;
mod judge;
mod requests;

#[cfg(feature = "lambda")]
mod lambda;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use perennial_core::announcement::{Function, Request};
use perennial_core::names::{PipelineName, RunId};
use perennial_core::run::{Effect, Event, Run};
use perennial_engine::{Desk, EngineError, Invocation, Perform, StepResult, drive};
use perennial_ports::{
    ChangeDeployments, ObserveBatch, ObserveDeployments, ReadAlias, ReadObjects, StopBatch,
    WriteAlias, WriteObjects,
};
use serde::Deserialize;
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

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Value,
}

#[derive(Deserialize)]
struct Due {
    pipeline: PipelineName,
    #[serde(default)]
    run: Option<RunId>,
}

/// Takes one event.
pub async fn handle(
    ports: &Ports,
    event: Value,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let event: Envelope =
        serde_json::from_value(event).map_err(|error| EngineError::Event(error.to_string()))?;
    let unreadable = |error: serde_json::Error| EngineError::Event(error.to_string());
    match event.detail_type.as_str() {
        "Evaluation Complete" | "Run Due" => {
            let due: Due = serde_json::from_value(event.detail).map_err(unreadable)?;
            let Some(run) = due.run else {
                return Err(EngineError::Event("the event names no run".into()));
            };
            requests::resume_held(ports, &due.pipeline, &run, invocation).await?;
            drive(&ports.desk, ports, &due.pipeline, &run, invocation).await
        }
        "Pipeline Due" => {
            let due: Due = serde_json::from_value(event.detail).map_err(unreadable)?;
            alias::carry_on(ports, &due.pipeline).await?;
            alias::repair(ports, &due.pipeline).await?;
            requests::follow_active_run(ports, &due.pipeline, invocation).await
        }
        "Approve Requested" | "Rollback Requested" => {
            let request: Request = serde_json::from_value(event.detail).map_err(unreadable)?;
            requests::take(ports, request, invocation).await
        }
        other => Err(EngineError::Event(format!(
            "detail-type “{other}” is not for promote"
        ))),
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
