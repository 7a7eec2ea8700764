//! Amazon Bedrock's runtime: `Converse` with a deployment or the provisioned throughput of a model, an imported model, or a
//! foundation model.

mod converse;
mod throttle;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

pub(crate) use converse::{Converse, ConverseBody, Model};
pub(crate) use throttle::Throttle;

use crate::{
    error::AwsError,
    operation::Route,
    wire::{self, Routed},
};

/// Every operation.
pub(crate) static ROUTES: [Route; 1] = [Route::to::<Converse>()];

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let path = request.uri().path();
    let model = path
        .strip_prefix("/model/")
        .and_then(|rest| rest.strip_suffix("/converse"));
    let Some(model) = model.filter(|_| request.method() == Method::POST) else {
        return Err(AwsError::unknown_operation(format!(
            "bedrock-runtime {} {path}",
            request.method()
        )));
    };
    let mut parameters = wire::json_body(request.body())?;
    parameters.insert("modelId".to_owned(), Value::String(wire::decoded(model)?));
    Ok(Routed {
        route: ROUTES[0],
        parameters: Value::Object(parameters),
    })
}

/// The CloudWatch metric that a call counts in: successes in one, refusals in three others.
pub(crate) fn metric_of(error: Option<&AwsError>) -> &'static str {
    match error {
        None => "Invocations",
        Some(error) if error.code == "ThrottlingException" => "InvocationThrottles",
        Some(error) if error.status >= 500 => "InvocationServerErrors",
        Some(_) => "InvocationClientErrors",
    }
}
