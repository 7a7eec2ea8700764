//! Systems Manager's parameters, over awsJson1_1.

mod parameter;
mod read;
mod write;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::{
    error::AwsError,
    operation::Route,
    wire::{self, Routed},
};

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let route = match wire::target(request, "AmazonSSM") {
        Some("PutParameter") => Route::to::<write::PutParameter>(),
        Some("GetParameter") => Route::to::<read::GetParameter>(),
        Some("GetParameters") => Route::to::<read::GetParameters>(),
        Some("DeleteParameter") => Route::to::<write::DeleteParameter>(),
        Some("AddTagsToResource") => Route::to::<write::AddTagsToResource>(),
        other => {
            return Err(AwsError::unknown_operation(format!(
                "ssm:{}",
                other.unwrap_or("(no target)")
            )));
        }
    };
    Ok(Routed {
        route,
        parameters: Value::Object(wire::json_body(request.body())?),
    })
}
