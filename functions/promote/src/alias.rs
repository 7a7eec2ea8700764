//! Moving the alias: create or update the deployment, read it back, and write the parameter last.

use perennial_core::names::{
    ModelId, PipelineName, alias_parameter, is_ours, serving_name, serving_tags,
};
use perennial_core::pipeline::{
    self, Champion, InsteadOfBuying, Move, MoveEffect, Pipeline, PipelineEvent, Throughput,
    is_imported, is_provisioned,
};
use perennial_core::routing::Serving;
use perennial_core::run::{Event, Run};
use perennial_engine::{EngineError, StepResult, pipelines, records};
use perennial_ports::{
    Deployment, DeploymentSpec, DeploymentStatus, ErrorKind, ModelStatus, PortError, Purchase,
    UpdateStatus,
};

use crate::Ports;

const MOST_STEPS: u32 = 12;

/// Carries the move in flight on as far as it goes now.
pub(crate) async fn carry_on(ports: &Ports, name: &PipelineName) -> Result<(), EngineError> {
    for _ in 0..MOST_STEPS {
        let Some(stored) = records::pipeline(ports.desk.table.as_ref(), name).await? else {
            return Ok(());
        };
        let Some(effect) = stored.record.effect() else {
            return Ok(());
        };
        let event = perform(ports, &stored.record, &effect).await?;
        let waits = matches!(event, PipelineEvent::MoveUnderWay { .. });
        // What was seen belongs to the move that was loaded, and to no later one.
        match pipelines::change_as_seen(&ports.desk, &stored, &event).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(EngineError::Refused(refusal)) => {
                tracing::info!(pipeline = %name, "the move has gone on without this step: {refusal}");
            }
            Err(error) => return Err(error),
        }
        if waits {
            return Ok(());
        }
    }
    Ok(())
}

async fn perform(
    ports: &Ports,
    pipeline: &Pipeline,
    effect: &MoveEffect,
) -> Result<PipelineEvent, EngineError> {
    match effect {
        MoveEffect::Look { to } => look(ports, to).await,
        MoveEffect::Create {
            generation,
            to,
            serving,
        } => create(ports, pipeline, *generation, to, *serving).await,
        MoveEffect::Update {
            deployment,
            to,
            asked,
        } => {
            let asked = pipeline.moving.as_ref().filter(|_| *asked);
            update(ports, deployment, to, asked).await
        }
        MoveEffect::Write {
            deployment,
            replaces,
        } => write(ports, pipeline, deployment, replaces.as_deref()).await,
    }
}

fn under_way(ports: &Ports) -> PipelineEvent {
    PipelineEvent::MoveUnderWay {
        look_at: ports.desk.next_look(),
        waits_for: None,
    }
}

/// AWS has not taken it, and may later.
fn not_yet(ports: &Ports, why: &PortError) -> PipelineEvent {
    PipelineEvent::MoveUnderWay {
        look_at: ports.desk.next_look(),
        waits_for: Some(why.to_string()),
    }
}

/// A model that answers by itself serves as soon as it is there.
async fn look(ports: &Ports, to: &Champion) -> Result<PipelineEvent, EngineError> {
    let found = ports.models.get_model(&to.arn).await?;
    Ok(match found.map(|model| model.status) {
        Some(ModelStatus::Active) => PipelineEvent::Serving {
            deployment: to.arn.clone(),
            bought_until: None,
        },
        Some(ModelStatus::Creating) => under_way(ports),
        Some(ModelStatus::Failed) => PipelineEvent::MoveFailed {
            reason: format!("{} has failed", to.arn),
        },
        None => PipelineEvent::MoveFailed {
            reason: format!(
                "{} is not there any more; `perennial rollback` moves to an earlier model",
                to.arn
            ),
        },
    })
}

async fn create(
    ports: &Ports,
    pipeline: &Pipeline,
    generation: u64,
    to: &Champion,
    serving: Serving,
) -> Result<PipelineEvent, EngineError> {
    let installation = &ports.desk.settings.installation;
    let name = serving_name(installation, &pipeline.name, generation);
    let spec = DeploymentSpec {
        buy: Purchase::of(serving),
        name: name.clone(),
        token: name.clone(),
        model_arn: to.arn.clone(),
        description: format!(
            "serves pipeline {}; its model changes behind this ARN",
            pipeline.name
        ),
        tags: serving_tags(installation, &pipeline.name, generation),
    };
    let find = async || ports.deployments.find_serving(serving, &name).await;
    if let Some(found) = find().await? {
        return Ok(created(ports, &spec, &found).await);
    }
    let replaced = pipeline
        .moving
        .as_ref()
        .and_then(|moving| moving.replaces.as_deref());
    if let (Serving::Provisioned { .. }, Some(replaced)) =
        (serving, replaced.filter(|arn| is_provisioned(arn)))
        && let Some(instead) = instead_of_buying(ports, replaced, to).await?
    {
        return Ok(instead);
    }
    match ports.deploy.create_deployment(&spec).await {
        Ok(_) => Ok(under_way(ports)),
        Err(error) => match find().await? {
            Some(found) => Ok(created(ports, &spec, &found).await),
            None if error.kind.is_transient() => Ok(not_yet(ports, &error)),
            None => Ok(PipelineEvent::MoveFailed {
                reason: error.to_string(),
            }),
        },
    }
}

/// A deployment by our name: ours and ready, ours and on its way, or not ours.
async fn created(ports: &Ports, spec: &DeploymentSpec, found: &Deployment) -> PipelineEvent {
    if !is_ours(&spec.tags, &found.tags) {
        let (name, arn) = (&spec.name, &found.arn);
        let reason = format!("the name {name} is taken by {arn}, which Perennial did not make");
        return PipelineEvent::MoveFailed { reason };
    }
    match found.status {
        DeploymentStatus::Active if found.model_arn == spec.model_arn => PipelineEvent::Serving {
            deployment: found.arn.clone(),
            bought_until: found.bought.and_then(|bought| bought.until),
        },
        DeploymentStatus::Active => PipelineEvent::MoveFailed {
            reason: format!(
                "{} serves {}, not the model that the alias moves to",
                found.arn, found.model_arn
            ),
        },
        DeploymentStatus::Creating => under_way(ports),
        DeploymentStatus::Failed => {
            // It serves nothing and bears our tags; left alone it would hold a place in the account's quota.
            if let Err(error) = ports.deploy.delete_deployment(&found.arn).await {
                tracing::warn!(arn = found.arn, %error, "a failed deployment could not be removed");
            }
            let reason = found
                .message
                .clone()
                .unwrap_or_else(|| "the service gave no reason".into());
            PipelineEvent::MoveFailed {
                reason: format!("the deployment failed: {reason}"),
            }
        }
    }
}

async fn update(
    ports: &Ports,
    deployment: &str,
    to: &Champion,
    asked: Option<&Move>,
) -> Result<PipelineEvent, EngineError> {
    let Some(found) = ports.deployments.get_deployment(deployment).await? else {
        tracing::warn!(
            deployment,
            "the pipeline's deployment is gone; a new one is created"
        );
        return Ok(PipelineEvent::UpdateRefused);
    };
    let updating = matches!(found.update, Some(UpdateStatus::Updating(_)));
    if found.model_arn == to.arn && !updating && found.status == DeploymentStatus::Active {
        return Ok(PipelineEvent::Serving {
            deployment: deployment.to_owned(),
            bought_until: found.bought.and_then(|bought| bought.until),
        });
    }
    if updating || found.status == DeploymentStatus::Creating {
        return Ok(under_way(ports));
    }
    if asked.is_some_and(|moving| ended_without(&found, moving)) {
        let reason = found
            .message
            .as_deref()
            .unwrap_or("the service gave no reason");
        return Ok(PipelineEvent::MoveFailed {
            reason: format!(
                "the deployment's update failed: {reason}; {} still serves",
                found.model_arn
            ),
        });
    }
    match ports.deploy.update_deployment(deployment, &to.arn).await {
        Ok(()) => Ok(under_way(ports)),
        Err(PortError {
            kind: ErrorKind::Invalid,
            message,
            ..
        }) => {
            if found.bought.is_some()
                && let Some(instead) = instead_of_buying(ports, deployment, to).await?
            {
                return Ok(instead);
            }
            tracing::warn!(
                deployment,
                message,
                "the update is refused; a new deployment is created"
            );
            Ok(PipelineEvent::UpdateRefused)
        }
        Err(error) if error.kind.is_transient() || error.kind == ErrorKind::Conflict => {
            Ok(not_yet(ports, &error))
        }
        Err(error) => Ok(PipelineEvent::MoveFailed {
            reason: error.to_string(),
        }),
    }
}

/// What is done in the place of buying more beside throughput that is there.
async fn instead_of_buying(
    ports: &Ports,
    deployment: &str,
    to: &Champion,
) -> Result<Option<PipelineEvent>, EngineError> {
    let Some(found) = ports.deployments.get_deployment(deployment).await? else {
        return Ok(None);
    };
    let there = Throughput {
        arn: deployment.to_owned(),
        is_updating: matches!(found.update, Some(UpdateStatus::Updating(_))),
        bought_until: found.bought.and_then(|bought| bought.until),
        model_arn: found.model_arn,
    };
    let instead = pipeline::instead_of_buying(&there, to, ports.desk.now());
    Ok(instead.map(|instead| match instead {
        InsteadOfBuying::Wait => under_way(ports),
        InsteadOfBuying::Fail { reason } => PipelineEvent::MoveFailed { reason },
    }))
}

/// Whether the update that this move asked for has ended, and the model that serves is the earlier one. Of provisioned throughput
/// only the time of its last change tells.
fn ended_without(found: &Deployment, moving: &Move) -> bool {
    match &found.bought {
        Some(bought) => bought.modified > moving.since,
        None => matches!(found.update, Some(UpdateStatus::Failed(_))),
    }
}

async fn write(
    ports: &Ports,
    pipeline: &Pipeline,
    deployment: &str,
    replaces: Option<&str>,
) -> Result<PipelineEvent, EngineError> {
    let name = alias_parameter(&ports.desk.settings.installation, &pipeline.name);
    ports.write_alias.write_alias(&name, deployment).await?;
    if let Some(replaced) = replaces.filter(|replaced| *replaced != deployment) {
        match ports.deploy.delete_deployment(replaced).await {
            // It hangs in an update, perhaps for ever, it is bought for longer, or its removal is denied. Clients do not call it any
            // more: the move has succeeded, and a sweep looks for it an hour later.
            Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::Denied) => {
                tracing::warn!(pipeline = %pipeline.name, replaced, "the deployment that was replaced cannot be removed yet: {error}");
            }
            removed => removed?,
        }
    }
    Ok(PipelineEvent::Written)
}

/// Removes what earlier moves left behind: a deployment by their name that nobody calls.
pub(crate) async fn sweep(ports: &Ports, name: &PipelineName) -> Result<(), EngineError> {
    let installation = &ports.desk.settings.installation;
    let Some(stored) = records::pipeline(ports.desk.table.as_ref(), name).await? else {
        return Ok(());
    };
    if stored.record.moving.is_some() {
        return Ok(());
    }
    let now = ports.desk.now();
    let due = stored
        .record
        .sweeps
        .iter()
        .filter(|sweep| sweep.look_at <= now);
    let Some(sweep) = due.min_by_key(|sweep| sweep.look_at) else {
        return Ok(());
    };
    let generation = sweep.generation;
    let serving = serving_name(installation, name, generation);
    let found = match sweep.provisioned {
        true => ports.deployments.find_throughput(&serving).await?,
        false => ports.deployments.find_deployment(&serving).await?,
    };
    let ours = found.filter(|found| {
        is_ours(&serving_tags(installation, name, generation), &found.tags)
            && stored.record.deployment.as_ref() != Some(&found.arn)
    });
    let bought_until = ours
        .as_ref()
        .and_then(|found| found.bought)
        .and_then(|bought| bought.until)
        .filter(|until| *until > now);
    let mut refused = None;
    let gone = match ours {
        None => true,
        // A commitment cannot be ended before: no try can succeed until then.
        Some(_) if bought_until.is_some() => false,
        Some(found) => {
            match ports.deploy.delete_deployment(&found.arn).await {
                Ok(()) => {}
                Err(error) if error.kind == ErrorKind::Conflict || error.kind.is_transient() => {}
                // What is behind it must not wait for it.
                Err(error) => refused = Some(error),
            }
            false
        }
    };
    // If someone else wrote first, the pipeline is still due and looked at again.
    let event = PipelineEvent::Swept {
        generation,
        gone,
        bought_until,
    };
    pipelines::change_as_seen(&ports.desk, &stored, &event).await?;
    refused.map_or(Ok(()), |error| Err(error.into()))
}

/// Brings deployment and parameter back in line when someone changed or removed them.
pub(crate) async fn repair(ports: &Ports, name: &PipelineName) -> Result<(), EngineError> {
    let Some(stored) = records::pipeline(ports.desk.table.as_ref(), name).await? else {
        return Ok(());
    };
    let pipeline = &stored.record;
    let (true, Some(champion), Some(deployment)) = (
        pipeline.may_repair(ports.desk.now()),
        &pipeline.champion,
        &pipeline.deployment,
    ) else {
        return Ok(());
    };
    // An imported model is what clients call; it can only be gone.
    let found = match is_imported(deployment) {
        true if ports.models.get_model(deployment).await?.is_some() => {
            return repair_parameter(ports, name, deployment).await;
        }
        true => None,
        false => ports.deployments.get_deployment(deployment).await?,
    };
    let event = match &found {
        None => {
            tracing::warn!(pipeline = %name, deployment, "the deployment that clients call was removed by someone; a new one is made");
            Some(PipelineEvent::DeploymentGone {
                deployment: deployment.clone(),
            })
        }
        Some(found) if found.strays_from(&champion.arn) => {
            tracing::warn!(pipeline = %name, deployment, serves = found.model_arn, "the deployment does not serve the champion; it is updated");
            Some(PipelineEvent::DeploymentStrays {
                deployment: deployment.clone(),
                serves: found.model_arn.clone(),
            })
        }
        Some(_) => None,
    };
    if let Some(event) = event {
        if pipelines::change_as_seen(&ports.desk, &stored, &event).await? {
            carry_on(ports, name).await?;
        }
        return Ok(());
    }
    repair_parameter(ports, name, deployment).await
}

/// The alias parameter names what clients call.
async fn repair_parameter(
    ports: &Ports,
    name: &PipelineName,
    deployment: &str,
) -> Result<(), EngineError> {
    let parameter = alias_parameter(&ports.desk.settings.installation, name);
    if ports.read_alias.read_alias(&parameter).await?.as_deref() != Some(deployment) {
        tracing::warn!(pipeline = %name, parameter, "the alias parameter did not name the champion's deployment; repaired");
        ports
            .write_alias
            .write_alias(&parameter, deployment)
            .await?;
    }
    Ok(())
}

/// A run in `Promoting` looks how its move goes.
pub(crate) async fn follow(ports: &Ports, run: &Run, generation: u64) -> StepResult {
    carry_on(ports, &run.pipeline).await?;
    let Some(stored) = records::pipeline(ports.desk.table.as_ref(), &run.pipeline).await? else {
        return Ok(Event::MoveFailed {
            reason: "the pipeline's record is gone".into(),
        });
    };
    let pipeline = stored.record;
    if let Some(moving) = &pipeline.moving
        && moving.generation == generation
    {
        let why = moving.waits_for.as_ref();
        return Ok(Event::Later {
            at: ports.desk.next_look(),
            note: why.map(|why| format!("the move of the alias waits: {why}")),
        });
    }
    let model = ModelId::of(&run.id);
    let serves = |champion: &Champion| champion.model == model;
    if pipeline
        .champion
        .iter()
        .chain(&pipeline.previous)
        .any(serves)
    {
        return Ok(Event::Moved);
    }
    let reason = match pipeline.last_failure {
        Some(failure) if failure.generation == generation => failure.reason,
        _ => "the move did not succeed, and a later one has taken its place".to_owned(),
    };
    Ok(Event::MoveFailed { reason })
}
