//! Amazon Bedrock's control plane: customization jobs, batch inference jobs, custom models, deployments, tags.

mod batch;
mod customization;
mod deployments;
mod foundation;
mod listing;
mod models;
mod tags;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

pub(crate) use deployments::{Deployment, Status as DeploymentStatus};

use crate::{
    error::AwsError,
    operation::{Call, Route},
    wire::{self, Routed},
};

/// Which operation a path and method mean, and the name of the path's parameter.
fn route(method: &Method, path: &[&str]) -> Option<(Route, Option<&'static str>)> {
    const DEPLOYMENTS: &str = "custom-model-deployments";
    let job = Some("jobIdentifier");
    let model = Some("modelIdentifier");
    let deployment = Some("customModelDeploymentIdentifier");
    Some(match (method.as_str(), path) {
        ("POST", ["model-customization-jobs"]) => (
            Route::to::<customization::CreateModelCustomizationJob>(),
            None,
        ),
        ("GET", ["model-customization-jobs"]) => (
            Route::to::<customization::ListModelCustomizationJobs>(),
            None,
        ),
        ("GET", ["model-customization-jobs", _]) => {
            (Route::to::<customization::GetModelCustomizationJob>(), job)
        }
        ("POST", ["model-customization-jobs", _, "stop"]) => {
            (Route::to::<customization::StopModelCustomizationJob>(), job)
        }
        ("POST", ["model-invocation-job"]) => {
            (Route::to::<batch::CreateModelInvocationJob>(), None)
        }
        ("GET", ["model-invocation-jobs"]) => (Route::to::<batch::ListModelInvocationJobs>(), None),
        ("GET", ["model-invocation-job", _]) => (Route::to::<batch::GetModelInvocationJob>(), job),
        ("POST", ["model-invocation-job", _, "stop"]) => {
            (Route::to::<batch::StopModelInvocationJob>(), job)
        }
        ("GET", ["custom-models"]) => (Route::to::<models::ListCustomModels>(), None),
        ("GET", ["custom-models", _]) => (Route::to::<models::GetCustomModel>(), model),
        ("DELETE", ["custom-models", _]) => (Route::to::<models::DeleteCustomModel>(), model),
        ("POST", ["model-customization", DEPLOYMENTS]) => (
            Route::to::<deployments::CreateCustomModelDeployment>(),
            None,
        ),
        ("GET", ["model-customization", DEPLOYMENTS]) => {
            (Route::to::<deployments::ListCustomModelDeployments>(), None)
        }
        ("GET", ["model-customization", DEPLOYMENTS, _]) => (
            Route::to::<deployments::GetCustomModelDeployment>(),
            deployment,
        ),
        ("PATCH", ["model-customization", DEPLOYMENTS, _]) => (
            Route::to::<deployments::UpdateCustomModelDeployment>(),
            deployment,
        ),
        ("DELETE", ["model-customization", DEPLOYMENTS, _]) => (
            Route::to::<deployments::DeleteCustomModelDeployment>(),
            deployment,
        ),
        ("POST", ["tagResource"]) => (Route::to::<tags::TagResource>(), None),
        ("POST", ["listTagsForResource"]) => (Route::to::<tags::ListTagsForResource>(), None),
        ("GET", ["foundation-models"]) => (Route::to::<foundation::ListFoundationModels>(), None),
        ("GET", ["foundation-models", _]) => (Route::to::<foundation::GetFoundationModel>(), model),
        _ => return None,
    })
}

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let path: Vec<&str> = request
        .uri()
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let (route, parameter) = route(request.method(), &path).ok_or_else(|| {
        AwsError::unknown_operation(format!(
            "bedrock {} {}",
            request.method(),
            request.uri().path()
        ))
    })?;
    let mut parameters = wire::json_body(request.body())?;
    parameters.extend(wire::query(request)?);
    if let Some(name) = parameter {
        // The identifier stands last, or before `stop`.
        let place = if path.last() == Some(&"stop") {
            path.len() - 2
        } else {
            path.len() - 1
        };
        parameters.insert(name.to_owned(), Value::String(wire::decoded(path[place])?));
    }
    Ok(Routed {
        route,
        parameters: Value::Object(parameters),
    })
}

/// Moves everything on to the call's time.
pub(crate) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    customization::advance(call)?;
    batch::advance(call)?;
    deployments::advance(call)
}
