//! Services of which few operations are called: Systems Manager, CloudWatch, EventBridge, STS.

use serde_json::Value;

use super::{Kind, NeedError, Reader, request};
use crate::Request;

/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>.
pub(super) fn ssm(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let name = reader.text("Name")?;
    // A version or label after a colon is no part of the resource; a leading slash stands once.
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        let bare = name.split(':').next().unwrap_or(name);
        reader.arn(
            "ssm",
            &format!("parameter/{}", bare.trim_start_matches('/')),
        )
    };
    let on = |action: &str| {
        let mut needed = request(action, arn.clone());
        let found = reader.resources.find(Kind::Parameter, name);
        for (key, value) in found.into_iter().flat_map(|found| found.tags) {
            needed = needed.having(&format!("aws:ResourceTag/{key}"), [value]);
        }
        needed
    };
    match reader.call.operation {
        "GetParameter" => Ok(vec![on("ssm:GetParameter")]),
        "PutParameter" => {
            let overwrite = reader.call.parameters.get("Overwrite") == Some(&Value::Bool(true));
            let needed = on("ssm:PutParameter");
            Ok(vec![
                needed.having("ssm:Overwrite", [overwrite.to_string()]),
            ])
        }
        _ => Err(reader.no_row()),
    }
}

/// Metrics of a service are no resources.
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html>.
pub(super) fn cloudwatch(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    match reader.call.operation {
        "GetMetricData" => Ok(vec![request("cloudwatch:GetMetricData", "*")]),
        "GetMetricStatistics" => Ok(vec![request("cloudwatch:GetMetricStatistics", "*")]),
        _ => Err(reader.no_row()),
    }
}

/// One permission for each entry.
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html>.
pub(super) fn events(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    if reader.call.operation != "PutEvents" {
        return Err(reader.no_row());
    }
    let entries = reader.call.parameters.get("Entries");
    let entries = entries
        .and_then(Value::as_array)
        .ok_or_else(|| reader.unclear("it has no Entries"))?;
    let mut needed: Vec<Request> = Vec::new();
    for entry in entries {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let bus = match text("EventBusName") {
            "" => reader.arn("events", "event-bus/default"),
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name => reader.arn("events", &format!("event-bus/{name}")),
        };
        let one = request("events:PutEvents", bus)
            .having("events:source", [text("Source")])
            .having("events:detail-type", [text("DetailType")]);
        if !needed.contains(&one) {
            needed.push(one);
        }
    }
    Ok(needed)
}

/// Nobody needs a permission to ask who they are
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
pub(super) fn sts(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    match reader.call.operation {
        "GetCallerIdentity" => Ok(Vec::new()),
        _ => Err(reader.no_row()),
    }
}
