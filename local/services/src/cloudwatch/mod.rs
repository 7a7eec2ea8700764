//! CloudWatch: the counts of a model's invocations, over Smithy RPC v2 with CBOR (the SDKs) or awsJson1_0.

pub(crate) mod cbor;
mod metric_data;
mod metric_statistics;
mod series;

use bytes::Bytes;
use http::{Request, header::CONTENT_ENCODING};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    error::AwsError,
    operation::{Call, Nothing, Operation, Route},
    wire::{self, Protocol, Routed},
};

const SERVICE: &str = "GraniteServiceVersion20100801";

/// Every operation.
pub(crate) static ROUTES: [Route; 3] = [
    Route::to::<metric_data::GetMetricData>(),
    Route::to::<metric_statistics::GetMetricStatistics>(),
    Route::to::<PutMetricData>(),
];

/// Unlike the other services, this one is asked in either of two protocols.
pub(crate) fn read(request: &Request<Bytes>) -> (Protocol, Result<Routed, AwsError>) {
    // A large `PutMetricData` comes compressed; nothing of it is kept, so nothing of it is read.
    let compressed = request.headers().contains_key(CONTENT_ENCODING);
    let parameters = |read: &dyn Fn(&[u8]) -> Result<Value, AwsError>| match compressed {
        true => Ok(json!({ "Namespace": "compressed" })),
        false => read(request.body()),
    };
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    if let ["", "service", SERVICE, "operation", name] = parts[..] {
        return (Protocol::RpcCbor, routed(name, parameters(&cbor::decode)));
    }
    let name = wire::target(request, SERVICE).unwrap_or("(no target)");
    let json = |body: &[u8]| wire::json_body(body).map(Value::Object);
    (wire::CLOUDWATCH_JSON, routed(name, parameters(&json)))
}

fn routed(name: &str, parameters: Result<Value, AwsError>) -> Result<Routed, AwsError> {
    let route = Route::named(&ROUTES, name)
        .ok_or_else(|| AwsError::unknown_operation(format!("cloudwatch:{name}")))?;
    Ok(Routed {
        route,
        parameters: parameters?,
    })
}

/// Taken and thrown away: nothing reads the metrics that Perennial writes.
#[derive(Debug, Deserialize)]
struct PutMetricData {}

impl Operation for PutMetricData {
    const NAME: &'static str = "PutMetricData";
    type Answer = Nothing;

    fn perform(self, _: &mut Call<'_>) -> Result<Nothing, AwsError> {
        Ok(Nothing {})
    }
}
