//! The candidate: a temporary deployment of its own, asked by `Converse`. It is removed on every outcome; where it is provisioned
//! throughput, as soon as the answers are kept.

use perennial_core::names::{ModelId, Purpose, is_ours};
use perennial_core::routing::Trainer;
use perennial_core::run::{Event, Run};
use perennial_engine::adopt::{Created, adopt};
use perennial_engine::{EngineError, Invocation, StepResult, kept, questions};
use perennial_ports::{Deployment, DeploymentSpec, DeploymentStatus, ErrorKind, Purchase};

use crate::Ports;
use crate::ask::{Whom, missing};

/// Creates the deployment, or finds it and sees how it is.
pub(crate) async fn deploy(ports: &Ports, run: &Run) -> StepResult {
    let Some(model_arn) = run.model_arn.clone() else {
        return Ok(Event::Impossible {
            reason: "the run has no model".into(),
        });
    };
    let resource = run.resource(Purpose::Candidate, run.candidate_attempts());
    let name = resource.to_string();
    let serving = run.route.serving.of_candidate();
    let spec = DeploymentSpec {
        buy: Purchase::of(serving),
        name: name.clone(),
        token: name.clone(),
        model_arn,
        description: format!("temporary, for the evaluation of run {}", run.id),
        tags: resource.tags(),
    };
    if let Some(found) = ports.deployments.find_serving(serving, &name).await? {
        return Ok(match is_ours(&spec.tags, &found.tags) {
            true => seen(ports, run, &found),
            false => Event::Impossible {
                reason: format!(
                    "the name {name} is taken by {}, which Perennial did not make",
                    found.arn
                ),
            },
        });
    }
    if let Some(later) = remove_failed(ports, run).await? {
        return Ok(later);
    }
    let error = match ports.deploy.create_deployment(&spec).await {
        Ok(_) => return Ok(being_made(ports, run)),
        Err(error) => error,
    };
    let found = ports.deployments.find_serving(serving, &name).await?;
    let found = found.map(|found| (found.clone(), found.arn, found.tags));
    Ok(match adopt(&name, &spec.tags, &error, found) {
        Created::There(found) => seen(ports, run, &found),
        // What was trained is paid for: a right that is missing is mended by people, and the candidate waits for them.
        Created::Never(reason) if error.kind == ErrorKind::Denied => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!(
                "the candidate's deployment is denied: {reason}. It is tried until it is allowed"
            )),
        },
        Created::Never(reason) => Event::Impossible {
            reason: match run.route.trainer {
                // AWS's page of CreateCustomModel says that no such model is served on demand, and its other pages say that
                // adapters are.
                Trainer::Serverless { .. } if serving.is_on_demand() => format!(
                    "the custom model could not be deployed on demand: {reason}. If Bedrock serves it by provisioned \
                     throughput only, write promotion.serve = \"provisioned\", which asks its candidate so, too, or train it on \
                     Bedrock: remove training.on and [training.serverless]"
                ),
                Trainer::Serverless { .. }
                | Trainer::Bedrock { .. }
                | Trainer::SageMaker { .. } => reason,
            },
        },
        Created::Later(reason) => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!("the candidate's deployment waits: {reason}")),
        },
    })
}

/// What failed in the attempts before holds its model units until it goes. That it failed is on record by now, so that nothing is lost
/// with a removal's answer.
async fn remove_failed(ports: &Ports, run: &Run) -> Result<Option<Event>, EngineError> {
    let serving = run.route.serving.of_candidate();
    for attempt in 1..run.candidate_attempts() {
        let resource = run.resource(Purpose::Candidate, attempt);
        let name = resource.to_string();
        let found = ports.deployments.find_serving(serving, &name).await?;
        let ours = |found: &Deployment| is_ours(&resource.tags(), &found.tags);
        let Some(found) = found.filter(ours) else {
            continue;
        };
        match ports.deploy.delete_deployment(&found.arn).await {
            Err(error) if error.kind == ErrorKind::Conflict || error.kind.is_transient() => {
                return Ok(Some(Event::Later {
                    at: ports.desk.next_look(),
                    note: Some(format!(
                        "the candidate's provisioned throughput that failed is not removed yet: {error}"
                    )),
                }));
            }
            removed => removed?,
        }
    }
    Ok(None)
}

/// What was waited for before is over, and that is told.
fn being_made(ports: &Ports, run: &Run) -> Event {
    let waited = run.waits_for.is_some();
    Event::Later {
        at: ports.desk.next_look(),
        note: waited.then(|| "the candidate's temporary deployment is being made".to_owned()),
    }
}

fn seen(ports: &Ports, run: &Run, found: &Deployment) -> Event {
    match found.status {
        DeploymentStatus::Active => Event::CandidateDeployed {
            deployment: found.arn.clone(),
        },
        DeploymentStatus::Creating => being_made(ports, run),
        DeploymentStatus::Failed => {
            let why = found.message.as_deref();
            let why = why.unwrap_or("the service gave no reason");
            if found.bought.is_none() {
                let reason = format!("the candidate's temporary deployment failed: {why}");
                return Event::Impossible { reason };
            }
            Event::CandidateFailed {
                reason: format!("the candidate's provisioned throughput failed: {why}"),
            }
        }
    }
}

/// Asks what is not kept yet.
pub(crate) async fn ask(
    ports: &Ports,
    run: &Run,
    deployment: &str,
    invocation: &Invocation,
) -> StepResult {
    let records = questions::load(ports.read.as_ref(), run).await?;
    let prefix = kept::model_prefix(&run.pipeline, &ModelId::of(&run.id));
    let asked = missing(
        ports,
        Whom::Deployment(deployment),
        &prefix,
        &records,
        invocation,
    )
    .await?;
    Ok(asked.event(
        ports,
        "the candidate",
        records.len(),
        Event::CandidateAnswered,
        |error| Event::Impossible {
            reason: format!("the candidate's temporary deployment was removed by someone: {error}"),
        },
    ))
}
