//! CloudWatch: the counts of a model's invocations, over Smithy RPC v2 with CBOR (the SDKs) or awsJson1_0.

pub(crate) mod cbor;
mod metric_data;
mod metric_statistics;
mod series;

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::{Map, Value};

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
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    if let ["", "service", SERVICE, "operation", name] = parts[..] {
        let parameters = || match name {
            // A large one comes compressed, and nothing of it is looked at.
            "PutMetricData" => Ok(Value::Object(Map::new())),
            _ => cbor::decode(request.body()),
        };
        return (Protocol::RpcCbor, routed(name, parameters));
    }
    let name = wire::target(request, SERVICE).unwrap_or("(no target)");
    (
        Protocol::AwsJson("1.0"),
        routed(name, || wire::json_body(request.body()).map(Value::Object)),
    )
}

fn routed(
    name: &str,
    parameters: impl FnOnce() -> Result<Value, AwsError>,
) -> Result<Routed, AwsError> {
    let route = Route::named(&ROUTES, name)
        .ok_or_else(|| AwsError::unknown_operation(format!("cloudwatch:{name}")))?;
    Ok(Routed {
        route,
        parameters: parameters()?,
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
