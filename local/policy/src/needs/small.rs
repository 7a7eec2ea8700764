//! Services of which few operations are called: Systems Manager, CloudWatch, EventBridge, STS.

use serde_json::Value;

use super::{AwsCall, Kind, NeedError, Reader, request};
use crate::Request;

/// Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>; that tags need
/// `ssm:AddTagsToResource` as well, <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html>.
pub(super) fn ssm(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    // Others, such as GetParameters, name their parameters otherwise.
    if !matches!(reader.call.operation, "GetParameter" | "PutParameter") {
        return Err(reader.no_row());
    }
    let name = reader.text("Name")?;
    // A version or label after a colon is no part of the resource; a leading slash stands once.
    let (arn, selected) = match name.split_once(":parameter/") {
        Some((head, rest)) if head.starts_with("arn:") => {
            let bare = rest.split(':').next().unwrap_or(rest);
            let arn = format!("{head}:parameter/{bare}");
            (arn.clone(), arn)
        }
        _ if name.starts_with("arn:") => {
            return Err(reader.unclear(format!("{name:?} is not the ARN of a parameter")));
        }
        _ => {
            let bare = name.split(':').next().unwrap_or(name);
            let path = bare.trim_start_matches('/');
            (
                reader.arn("ssm", &format!("parameter/{path}")),
                bare.to_owned(),
            )
        }
    };
    let on = |action: &str| {
        let found = reader.find(Kind::Parameter, &selected)?;
        let tags = found.map(|found| found.tags).unwrap_or_default();
        request(action, arn.clone()).tagged(reader, "aws:ResourceTag", &tags)
    };
    match reader.call.operation {
        "GetParameter" => Ok(vec![on("ssm:GetParameter")?]),
        "PutParameter" => {
            let overwrite = reader.call.parameters.get("Overwrite") == Some(&Value::Bool(true));
            let tags = reader.tags("Tags", ("Key", "Value"))?;
            let put = on("ssm:PutParameter")?.having("ssm:Overwrite", [overwrite.to_string()]);
            let mut needed = vec![put.asking_for(reader, &tags)?];
            if !tags.is_empty() {
                needed.push(on("ssm:AddTagsToResource")?.asking_for(reader, &tags)?);
            }
            Ok(needed)
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
        let text = |name: &str| match entry.get(name) {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text.as_str()),
            Some(_) => Err(reader.unclear(format!("an entry's {name} is no text"))),
        };
        let bus = match text("EventBusName")? {
            "" => reader.arn("events", "event-bus/default"),
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name => reader.arn("events", &format!("event-bus/{name}")),
        };
        let one = request("events:PutEvents", bus)
            .having("events:source", [text("Source")?])
            .having("events:detail-type", [text("DetailType")?]);
        if !needed.contains(&one) {
            needed.push(one);
        }
    }
    Ok(needed)
}

/// Nobody needs a permission to ask who they are
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
pub(super) fn is_free(call: &AwsCall<'_>) -> bool {
    (call.service, call.operation) == ("sts", "GetCallerIdentity")
}

pub(super) fn sts(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    match reader.call.operation {
        "GetCallerIdentity" => Ok(Vec::new()),
        _ => Err(reader.no_row()),
    }
}
