//! The candidate: a temporary deployment of its own, asked by `Converse`. It is removed on every outcome; where it is provisioned
//! throughput, as soon as the answers are kept.

use perennial_core::names::{ModelId, Purpose};
use perennial_core::routing::Trainer;
use perennial_core::run::{Event, Run};
use perennial_engine::adopt::{Created, adopt};
use perennial_engine::{Invocation, StepResult, kept, questions};
use perennial_ports::{Deployment, DeploymentSpec, DeploymentStatus, Purchase};

use crate::Ports;
use crate::ask::{Whom, missing};

/// Creates the deployment, or finds it and sees how it is.
pub(crate) async fn deploy(ports: &Ports, run: &Run) -> StepResult {
    let Some(model_arn) = run.model_arn.clone() else {
        return Ok(Event::Impossible {
            reason: "the run has no model".into(),
        });
    };
    let resource = run.resource(Purpose::Candidate, 1);
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
        return Ok(
            match perennial_core::names::is_ours(&spec.tags, &found.tags) {
                true => seen(ports, &found),
                false => Event::Impossible {
                    reason: format!(
                        "the name {name} is taken by {}, which Perennial did not make",
                        found.arn
                    ),
                },
            },
        );
    }
    let error = match ports.deploy.create_deployment(&spec).await {
        Ok(_) => {
            return Ok(Event::Later {
                at: ports.desk.next_look(),
                note: None,
            });
        }
        Err(error) => error,
    };
    let found = ports.deployments.find_serving(serving, &name).await?;
    let found = found.map(|found| (found.clone(), found.arn, found.tags));
    Ok(match adopt(&name, &spec.tags, &error, found) {
        Created::There(found) => seen(ports, &found),
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

fn seen(ports: &Ports, found: &Deployment) -> Event {
    match found.status {
        DeploymentStatus::Active => Event::CandidateDeployed {
            deployment: found.arn.clone(),
        },
        DeploymentStatus::Creating => Event::Later {
            at: ports.desk.next_look(),
            note: None,
        },
        DeploymentStatus::Failed => Event::Impossible {
            reason: format!(
                "the candidate's temporary deployment failed: {}",
                found
                    .message
                    .as_deref()
                    .unwrap_or("the service gave no reason")
            ),
        },
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
