//! `cleanup`: once a day, or when `perennial cleanup --apply` asks: plan, mark and delete what is idle.
//!
//! Only models in the registry are ever touched, and what their runs left under names and tags of their own; and only while Bedrock says
//! that they bear this installation's tags.

mod delete;
pub mod inventory;
#[cfg(feature = "lambda")]
mod lambda;

use std::fmt;
use std::sync::Arc;

use perennial_core::announcement::{Stage, happened, pipeline_due};
use perennial_core::idle::{Action, PlanLine, plan};
use perennial_core::keys::Key;
use perennial_core::model::{Mark, Model};
use perennial_core::names::RunId;
use perennial_core::pipeline::{Pipeline, PipelineEvent};
use perennial_engine::records::{self, Stored};
use perennial_engine::{Desk, EngineError, pipelines};
use perennial_ports::{
    ChangeDeployments, DeleteModels, Expect, ObserveDeployments, ObserveModels, WatchUse, Write,
    WriteObjects,
};
use serde_json::{Value, json};

#[cfg(feature = "lambda")]
pub use lambda::main;

/// What `cleanup` may do.
#[derive(Clone)]
pub struct Ports {
    /// Table, bus, clock.
    pub desk: Desk,
    /// Writing reports.
    pub write: Arc<dyn WriteObjects>,
    /// Looking at models.
    pub models: Arc<dyn ObserveModels>,
    /// Deleting them.
    pub delete: Arc<dyn DeleteModels>,
    /// Looking at deployments.
    pub deployments: Arc<dyn ObserveDeployments>,
    /// Removing those of models that go.
    pub change: Arc<dyn ChangeDeployments>,
    /// Who is called.
    pub usage: Arc<dyn WatchUse>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// Takes a schedule's tick or a request: both do the same.
pub async fn handle(ports: &Ports, _: Value) -> Result<(), EngineError> {
    let mut first = Ok(());
    for stored in records::pipelines(ports.desk.table.as_ref()).await? {
        // What stands behind it must not wait for it.
        let cleaned = clean(ports, &stored).await;
        first = first.and(cleaned);
    }
    first
}

/// One pipeline: its plan, carried out, and the plan's report.
async fn clean(ports: &Ports, stored: &Stored<Pipeline>) -> Result<(), EngineError> {
    let pipeline = &stored.record;
    let sight = inventory::Sight {
        deployments: ports.deployments.as_ref(),
        models: ports.models.as_ref(),
        usage: ports.usage.as_ref(),
    };
    let found = inventory::take(&ports.desk, &sight, pipeline).await?;
    if found.is_empty() {
        return Ok(());
    }
    let inventory = found.inventory(pipeline, ports.desk.now());
    let waiting = inventory.waiting().cloned();
    let plan = plan(&inventory);
    let mut first = Ok(());
    for line in &plan {
        let done = carry_out(ports, stored, &found, line, waiting.as_ref()).await;
        first = first.and(done);
    }
    report(ports, pipeline, &plan).await?;
    first
}

async fn carry_out(
    ports: &Ports,
    stored: &Stored<Pipeline>,
    found: &inventory::Found,
    line: &PlanLine,
    waiting: Option<&RunId>,
) -> Result<(), EngineError> {
    if let Action::RemoveLeftover { arn } = &line.action {
        return delete::leftover(ports, &stored.record, arn, line).await;
    }
    let Some(model) = found.stored(&line.model) else {
        return Ok(());
    };
    match &line.action {
        Action::Keep
        | Action::Wait { .. }
        | Action::WaitServing { .. }
        | Action::RemoveLeftover { .. } => Ok(()),
        Action::Unmark => set_mark(ports, model, None, &line.reason).await,
        Action::Mark { mark } => mark_it(ports, stored, model, mark, line).await,
        Action::Delete { deployments } => {
            delete::delete(ports, &stored.record, model, deployments, line).await
        }
        Action::MarkServing { mark } => {
            let (mark, waiting) = (Some(mark.clone()), waiting.cloned());
            let event = PipelineEvent::ServingMarked { mark, waiting };
            serving(ports, stored, event).await
        }
        Action::UnmarkServing => {
            let (mark, waiting) = (None, None);
            let event = PipelineEvent::ServingMarked { mark, waiting };
            serving(ports, stored, event).await
        }
        Action::Unserve { deployment } => {
            let event = PipelineEvent::Unserved {
                deployment: deployment.clone(),
                reason: line.reason.clone(),
                waiting: waiting.cloned(),
            };
            serving(ports, stored, event).await
        }
    }
}

/// What becomes of what serves the champion is the pipeline's state; `promote` removes it.
async fn serving(
    ports: &Ports,
    pipeline: &Stored<Pipeline>,
    event: PipelineEvent,
) -> Result<(), EngineError> {
    match pipelines::change_as_seen(&ports.desk, pipeline, &event).await {
        // Someone else was first: the next cleanup plans anew.
        Ok(false) => return Ok(()),
        Ok(true) => {}
        Err(EngineError::Refused(refusal)) => {
            tracing::info!(pipeline = %pipeline.record.name, "what serves stays: {refusal}");
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    if matches!(event, PipelineEvent::Unserved { .. }) {
        let due = pipeline_due(&pipeline.record.name, Stage::Moving);
        ports.desk.announce.announce(&[due]).await?;
    }
    Ok(())
}

async fn mark_it(
    ports: &Ports,
    pipeline: &Stored<Pipeline>,
    model: &Stored<Model>,
    mark: &Mark,
    line: &PlanLine,
) -> Result<(), EngineError> {
    set_mark(ports, model, Some(mark.clone()), &line.reason).await?;
    let detail = json!({
        "pipeline": pipeline.record.name,
        "model": line.model,
        "reason": line.reason,
        "delete_after": mark.delete_after,
        "saves_per_month": line.saves_per_month.to_string(),
    });
    ports
        .desk
        .announce
        .announce(&[happened("Deletion Planned", detail)])
        .await?;
    Ok(())
}

async fn set_mark(
    ports: &Ports,
    model: &Stored<Model>,
    mark: Option<Mark>,
    reason: &str,
) -> Result<(), EngineError> {
    let mut next = model.clone();
    let now = ports.desk.now();
    next.record.notes.push(match &mark {
        Some(mark) => format!(
            "{now}: marked for deletion after {}: {reason}",
            mark.delete_after
        ),
        None => format!("{now}: the mark is taken off: {reason}"),
    });
    next.record.mark = mark;
    commit(ports, vec![records::put_model(&next)])
        .await
        .map(drop)
}

/// Whether the writes were made. Someone else was first: the next cleanup plans anew.
async fn commit(ports: &Ports, writes: Vec<Write>) -> Result<bool, EngineError> {
    match ports
        .desk
        .table
        .transact(writes)
        .await
        .map_err(EngineError::from)
    {
        Ok(()) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The plan, for people: why each model stays or goes, and how to bring it back.
async fn report(ports: &Ports, pipeline: &Pipeline, plan: &[PlanLine]) -> Result<(), EngineError> {
    let mut text = format!(
        "cleanup of pipeline {} at {}\n",
        pipeline.name,
        ports.desk.now()
    );
    for line in plan {
        let word = match &line.action {
            Action::Keep => "keep".to_owned(),
            Action::Unmark => "keep (mark taken off)".to_owned(),
            Action::Mark { mark } => format!("marked, deleted after {}", mark.delete_after),
            Action::Wait { until } => format!("marked, deleted after {until}"),
            Action::Delete { .. } => "deleted".to_owned(),
            Action::MarkServing { mark } => {
                format!("serving is marked, ended after {}", mark.delete_after)
            }
            Action::UnmarkServing => "serves on (mark taken off)".to_owned(),
            Action::WaitServing { until } => format!("serving is marked, ended after {until}"),
            Action::Unserve { .. } => "serving is ended; the model stays".to_owned(),
            Action::RemoveLeftover { arn } => format!("{arn} is removed"),
        };
        text.push_str(&format!("\n{}: {word}\n  {}\n", line.model, line.reason));
        if !matches!(
            line.action,
            Action::Keep | Action::Unmark | Action::UnmarkServing
        ) {
            text.push_str(&format!(
                "  saves {} a month; to bring it back: {}\n",
                line.saves_per_month, line.bring_back
            ));
        }
    }
    let key = format!("reports/{}/cleanup", pipeline.name);
    perennial_engine::reports::write(ports.write.as_ref(), &key, text, &plan).await?;
    Ok(())
}

/// The pipeline must be as it was when the plan was made: champion, move, keep-list and active run included.
fn unchanged(pipeline: &Pipeline, version: u64) -> Write {
    Write::Check {
        key: Key::pipeline(&pipeline.name),
        expect: Expect::Version(version),
    }
}
