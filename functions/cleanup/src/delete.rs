//! Deleting a model: begun in one transaction, deployments first, then the model, then the record.

use jiff::Timestamp;
use perennial_core::announcement::happened;
use perennial_core::idle::{PlanLine, protected};
use perennial_core::model::{Model, ModelLife};
use perennial_core::pipeline::{Champion, Pipeline, PipelineEvent, decide, is_provisioned};
use perennial_engine::EngineError;
use perennial_engine::records::{self, Stored};
use perennial_ports::{ErrorKind, Write};
use serde_json::json;

use crate::inventory::is_failed_of_ours;
use crate::{Ports, commit, unchanged};

/// What an ended run left: throughput that its candidate was asked through, or a model that could not be made. Looked at once more before it
/// goes.
pub(crate) async fn leftover(
    ports: &Ports,
    pipeline: &Pipeline,
    arn: &str,
    line: &PlanLine,
) -> Result<(), EngineError> {
    let removed = if is_provisioned(arn) {
        ports.change.delete_deployment(arn).await
    } else {
        match ports.models.get_model(arn).await? {
            Some(found) if is_failed_of_ours(&ports.desk, pipeline, &found) => {
                ports.delete.delete_model(arn).await
            }
            _ => {
                tracing::warn!(pipeline = %pipeline.name, arn, "it is not, or not any more, a failed model with the tags of our run; it is left alone");
                return Ok(());
            }
        }
    };
    match removed {
        Ok(()) => {
            tracing::info!(pipeline = %pipeline.name, arn, "removed: {}", line.reason);
            Ok(())
        }
        Err(error) if error.kind == ErrorKind::Conflict || error.kind.is_transient() => {
            tracing::warn!(pipeline = %pipeline.name, arn, %error, "not removed yet; the next cleanup goes on");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Goes as far as it goes now; what is left is done by the next cleanup.
pub(crate) async fn delete(
    ports: &Ports,
    pipeline: &Pipeline,
    model: &Stored<Model>,
    deployments: &[String],
    line: &PlanLine,
) -> Result<(), EngineError> {
    let installation = ports.desk.settings.installation.to_string();
    let found = ports.models.get_model(&model.record.arn).await?;
    if let Some(found) = &found
        && found.tags.get("perennial:installation") != Some(&installation)
    {
        tracing::warn!(model = %line.model, arn = found.arn, "it does not bear this installation's tags; it is left alone");
        return Ok(());
    }
    let Some(model) = begin(ports, pipeline, model, line).await? else {
        return Ok(());
    };
    for arn in deployments {
        match ports.change.delete_deployment(arn).await {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::Conflict || error.kind.is_transient() => {
                tracing::info!(model = %line.model, %error, "its deployment is not deleted yet; the next cleanup goes on");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if !ports
        .deployments
        .deployments_of(&model.record.arn)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    if found.is_some() {
        match ports.delete.delete_model(&model.record.arn).await {
            Ok(()) => {}
            Err(error) if error.kind == ErrorKind::Conflict || error.kind.is_transient() => {
                tracing::info!(model = %line.model, %error, "not deleted yet; the next cleanup goes on");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    finish(ports, pipeline, model, line).await
}

/// `ready → deleting`, one way, in a transaction that checks everything that could protect the model.
async fn begin(
    ports: &Ports,
    pipeline: &Pipeline,
    model: &Stored<Model>,
    line: &PlanLine,
) -> Result<Option<Stored<Model>>, EngineError> {
    if matches!(model.record.life, ModelLife::Deleting { .. }) {
        return Ok(Some(model.clone()));
    }
    let desk = &ports.desk;
    let Some(fresh) = records::pipeline(desk.table.as_ref(), &pipeline.name).await? else {
        return Ok(None);
    };
    let active = match &fresh.record.active_run {
        Some(id) => records::run(desk.table.as_ref(), &pipeline.name, id).await?,
        None => None,
    };
    if let Some(reason) = protected(
        &fresh.record,
        active.as_ref().map(|run| &run.record),
        &model.record,
    ) {
        tracing::info!(model = %line.model, "not deleted: {reason}");
        return Ok(None);
    }
    let now = desk.now();
    let mut writes = vec![retired(&fresh, &model.record, now)?];
    if let Some(active) = &active {
        let key = perennial_core::keys::Key::run(&pipeline.name, &active.record.id);
        writes.push(Write::Check {
            key,
            expect: active.expect(),
        });
    }
    let mut next = model.clone();
    next.record.life = ModelLife::Deleting { since: now };
    next.record
        .notes
        .push(format!("{now}: being deleted: {}", line.reason));
    writes.push(records::put_model(&next));
    if commit(ports, writes).await? {
        Ok(Some(Stored {
            record: next.record,
            version: model.version + 1,
        }))
    } else {
        Ok(None)
    }
}

/// Who is being deleted is no target of a rollback any more. Where it was none, the pipeline has to be as it was read all the
/// same.
fn retired(
    pipeline: &Stored<Pipeline>,
    model: &Model,
    now: Timestamp,
) -> Result<Write, EngineError> {
    let earlier = |earlier: &Champion| earlier.model == model.id;
    if !pipeline.record.previous.iter().any(earlier) {
        return Ok(unchanged(&pipeline.record, pipeline.version));
    }
    let model = model.id.clone();
    let decision = decide(
        &pipeline.record,
        &PipelineEvent::DeletionBegun { model },
        now,
    )?;
    Ok(records::put_pipeline(&Stored {
        record: decision.pipeline,
        version: pipeline.version,
    }))
}

async fn finish(
    ports: &Ports,
    pipeline: &Pipeline,
    model: Stored<Model>,
    line: &PlanLine,
) -> Result<(), EngineError> {
    let now = ports.desk.now();
    let mut next = model;
    next.record.life = ModelLife::Deleted { at: now };
    next.record.notes.push(format!(
        "{now}: deleted. To bring it back: {}",
        line.bring_back
    ));
    if commit(ports, vec![records::put_model(&next)]).await? {
        let detail = json!({
            "pipeline": pipeline.name,
            "model": line.model,
            "arn": line.arn,
            "reason": line.reason,
            "bring_back": line.bring_back,
        });
        tracing::info!(pipeline = %pipeline.name, model = %line.model, "deleted: {}", line.reason);
        ports
            .desk
            .announce
            .announce(&[happened("Model Deleted", detail)])
            .await?;
    }
    Ok(())
}
