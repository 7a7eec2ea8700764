//! Systems Manager's parameters, over awsJson1_1.

mod parameter;
mod read;
mod write;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::{
    error::AwsError,
    operation::{Call, Route},
    services::Described,
    wire::{self, Routed},
};

/// Every operation.
pub(crate) static ROUTES: [Route; 5] = [
    Route::to::<write::PutParameter>(),
    Route::to::<read::GetParameter>(),
    Route::to::<read::GetParameters>(),
    Route::to::<write::DeleteParameter>(),
    Route::to::<write::AddTagsToResource>(),
];

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let name = wire::target(request, "AmazonSSM").unwrap_or("(no target)");
    let route = Route::named(&ROUTES, name)
        .ok_or_else(|| AwsError::unknown_operation(format!("ssm:{name}")))?;
    Ok(Routed {
        route,
        parameters: Value::Object(wire::json_body(request.body())?),
    })
}

/// The ARN and the tags of a parameter by its name or ARN, with or without a version; `None` if there is none.
pub(crate) fn described(identifier: &str, call: &Call<'_>) -> Result<Option<Described>, AwsError> {
    let (name, _) = parameter::split_selector(identifier);
    let found: Option<parameter::Parameter> = call.tx.get(&name)?;
    Ok(found.map(|parameter| Described {
        arn: call.arn(
            "ssm",
            &format!("parameter/{}", name.trim_start_matches('/')),
        ),
        tags: parameter.tags.into_iter().collect(),
    }))
}
