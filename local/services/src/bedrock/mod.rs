//! Amazon Bedrock's control plane: customization jobs, batch inference jobs, custom and imported models, deployments,
//! provisioned throughput, tags.

mod batch;
mod customization;
mod deployments;
mod foundation;
mod imports;
mod listing;
mod models;
mod provisioned;
mod register;
mod tags;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

pub(crate) use deployments::{Deployment, Status as DeploymentStatus};
pub(crate) use imports::ImportedModel;
pub(crate) use models::CustomModel;
pub(crate) use provisioned::{Status as ThroughputStatus, Throughput};
pub(crate) use tags::described;

use crate::{
    error::AwsError,
    operation::{Call, Operation, Route},
    wire::{self, Routed},
};

/// Every operation, where AWS's model has it; `{…}` is the path's parameter.
static ROUTES: [Place; 32] = [
    at::<customization::CreateModelCustomizationJob>("POST", "/model-customization-jobs"),
    at::<customization::ListModelCustomizationJobs>("GET", "/model-customization-jobs"),
    at::<customization::GetModelCustomizationJob>(
        "GET",
        "/model-customization-jobs/{jobIdentifier}",
    ),
    at::<customization::StopModelCustomizationJob>(
        "POST",
        "/model-customization-jobs/{jobIdentifier}/stop",
    ),
    at::<batch::CreateModelInvocationJob>("POST", "/model-invocation-job"),
    at::<batch::ListModelInvocationJobs>("GET", "/model-invocation-jobs"),
    at::<batch::GetModelInvocationJob>("GET", "/model-invocation-job/{jobIdentifier}"),
    at::<batch::StopModelInvocationJob>("POST", "/model-invocation-job/{jobIdentifier}/stop"),
    at::<models::ListCustomModels>("GET", "/custom-models"),
    at::<models::GetCustomModel>("GET", "/custom-models/{modelIdentifier}"),
    at::<models::DeleteCustomModel>("DELETE", "/custom-models/{modelIdentifier}"),
    at::<register::CreateCustomModel>("POST", "/custom-models/create-custom-model"),
    at::<imports::CreateModelImportJob>("POST", "/model-import-jobs"),
    at::<imports::ListModelImportJobs>("GET", "/model-import-jobs"),
    at::<imports::GetModelImportJob>("GET", "/model-import-jobs/{jobIdentifier}"),
    at::<imports::ListImportedModels>("GET", "/imported-models"),
    at::<imports::GetImportedModel>("GET", "/imported-models/{modelIdentifier}"),
    at::<imports::DeleteImportedModel>("DELETE", "/imported-models/{modelIdentifier}"),
    at::<provisioned::CreateProvisionedModelThroughput>("POST", "/provisioned-model-throughput"),
    at::<provisioned::ListProvisionedModelThroughputs>("GET", "/provisioned-model-throughputs"),
    at::<provisioned::GetProvisionedModelThroughput>(
        "GET",
        "/provisioned-model-throughput/{provisionedModelId}",
    ),
    at::<provisioned::UpdateProvisionedModelThroughput>(
        "PATCH",
        "/provisioned-model-throughput/{provisionedModelId}",
    ),
    at::<provisioned::DeleteProvisionedModelThroughput>(
        "DELETE",
        "/provisioned-model-throughput/{provisionedModelId}",
    ),
    at::<deployments::CreateCustomModelDeployment>(
        "POST",
        "/model-customization/custom-model-deployments",
    ),
    at::<deployments::ListCustomModelDeployments>(
        "GET",
        "/model-customization/custom-model-deployments",
    ),
    at::<deployments::GetCustomModelDeployment>(
        "GET",
        "/model-customization/custom-model-deployments/{customModelDeploymentIdentifier}",
    ),
    at::<deployments::UpdateCustomModelDeployment>(
        "PATCH",
        "/model-customization/custom-model-deployments/{customModelDeploymentIdentifier}",
    ),
    at::<deployments::DeleteCustomModelDeployment>(
        "DELETE",
        "/model-customization/custom-model-deployments/{customModelDeploymentIdentifier}",
    ),
    at::<tags::TagResource>("POST", "/tagResource"),
    at::<tags::ListTagsForResource>("POST", "/listTagsForResource"),
    at::<foundation::ListFoundationModels>("GET", "/foundation-models"),
    at::<foundation::GetFoundationModel>("GET", "/foundation-models/{modelIdentifier}"),
];

/// An operation's method and path.
#[derive(Debug)]
struct Place {
    method: &'static str,
    path: &'static str,
    route: Route,
}

const fn at<O: Operation>(method: &'static str, path: &'static str) -> Place {
    Place {
        method,
        path,
        route: Route::to::<O>(),
    }
}

impl Place {
    /// The path's parameter and its value, still encoded, if the path is this one's.
    fn matches<'p>(&self, path: &[&'p str]) -> Option<Option<(&'static str, &'p str)>> {
        let own: Vec<&'static str> = parts(self.path);
        let mut found = None;
        if own.len() != path.len() {
            return None;
        }
        for (own, given) in own.into_iter().zip(path) {
            match own
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) => found = Some((name, *given)),
                None if own == *given => {}
                None => return None,
            }
        }
        Some(found)
    }
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

/// The operations' names.
pub(crate) fn operations() -> Vec<&'static str> {
    ROUTES.iter().map(|place| place.route.name).collect()
}

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let path = parts(request.uri().path());
    let found = ROUTES
        .iter()
        .filter(|place| request.method() == place.method)
        .find_map(|place| Some((place.route, place.matches(&path)?)));
    let (route, parameter) = found.ok_or_else(|| {
        AwsError::unknown_operation(format!(
            "bedrock {} {}",
            request.method(),
            request.uri().path()
        ))
    })?;
    let mut parameters = wire::json_body(request.body())?;
    parameters.extend(wire::query(request)?);
    if let Some((name, value)) = parameter {
        parameters.insert(name.to_owned(), Value::String(wire::decoded(value)?));
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
    deployments::advance(call)?;
    register::advance(call)?;
    imports::advance(call)?;
    provisioned::advance(call)
}
