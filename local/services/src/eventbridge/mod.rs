//! EventBridge: `PutEvents` to the default bus, over awsJson1_1. Matching and delivery are the gateway's.

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::AwsError,
    events::{Event, iso_time},
    operation::{Call, Operation, Route},
    wire::{self, Routed},
};

/// The most bytes of all entries together. AWS has raised its limit since; the older, lower one holds here, so that what
/// passes here passes anywhere.
const MOST_BYTES: usize = 256 * 1024;

/// Every operation.
pub(crate) static ROUTES: [Route; 1] = [Route::to::<PutEvents>()];

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let name = wire::target(request, "AWSEvents").unwrap_or("(no target)");
    let route = Route::named(&ROUTES, name)
        .ok_or_else(|| AwsError::unknown_operation(format!("events:{name}")))?;
    Ok(Routed {
        route,
        parameters: Value::Object(wire::json_body(request.body())?),
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    /// Seconds since 1970.
    time: Option<f64>,
    source: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
    #[serde(rename = "TraceHeader")]
    _trace_header: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    failed_entry_count: usize,
    entries: Vec<Outcome>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome {
    event_id: Option<String>,
    error_code: Option<&'static str>,
    error_message: Option<String>,
}

impl Operation for PutEvents {
    const NAME: &'static str = "PutEvents";
    type Answer = Answer;

    fn perform(self, call: &mut Call<'_>) -> Result<Answer, AwsError> {
        if self.entries.iter().map(Entry::size).sum::<usize>() > MOST_BYTES {
            return Err(AwsError::validation(
                "Total size of the entries in the request is over the limit.",
            ));
        }
        let mut entries = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            entries.push(match entry.refusal() {
                Some((code, message)) => Outcome {
                    error_code: Some(code),
                    error_message: Some(message),
                    ..Outcome::default()
                },
                None => Outcome {
                    event_id: Some(entry.send(call)?),
                    ..Outcome::default()
                },
            });
        }
        let failed_entry_count = entries
            .iter()
            .filter(|entry| entry.error_code.is_some())
            .count();
        Ok(Answer {
            failed_entry_count,
            entries,
        })
    }
}

impl Entry {
    /// The size that counts against the limit (the EventBridge user guide, "Calculating PutEvents event entry size").
    fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let time = if self.time.is_some() { 14 } else { 0 };
        let resources: usize = self.resources.iter().map(String::len).sum();
        time + text(&self.source) + text(&self.detail_type) + text(&self.detail) + resources
    }

    /// Why the entry is refused, as its code and message.
    fn refusal(&self) -> Option<(&'static str, String)> {
        let required = |name: &str| {
            Some((
                "InvalidArgument",
                format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
            ))
        };
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if !given(&self.source) {
            return required("Source");
        }
        if !given(&self.detail_type) {
            return required("DetailType");
        }
        let Some(detail) = self.detail.as_ref().filter(|detail| !detail.is_empty()) else {
            return required("Detail");
        };
        if self
            .source
            .as_ref()
            .is_some_and(|source| source.starts_with("aws.") || source == "aws")
        {
            return Some((
                "NotAuthorizedForSource",
                "Not authorized for the source.".to_owned(),
            ));
        }
        if !serde_json::from_str::<Value>(detail).is_ok_and(|detail| detail.is_object()) {
            return Some(("MalformedDetail", "Detail is malformed.".to_owned()));
        }
        let bus = self
            .event_bus_name
            .as_deref()
            .map(|name| name.rsplit('/').next().unwrap_or(name));
        match bus {
            None | Some("default") => None,
            Some(other) => Some((
                "InvalidArgument",
                format!("Event bus {other} does not exist."),
            )),
        }
    }

    fn send(self, call: &Call<'_>) -> Result<String, AwsError> {
        let at = self
            .time
            .and_then(|seconds| Timestamp::from_millisecond((seconds * 1000.0) as i64).ok());
        let event = Event {
            source: self.source.as_deref().unwrap_or_default(),
            detail_type: self.detail_type.as_deref().unwrap_or_default(),
            time: iso_time(at.unwrap_or(call.now)),
            resources: self.resources,
            detail: serde_json::from_str(self.detail.as_deref().unwrap_or_default())
                .map_err(AwsError::internal)?,
        };
        Ok(event.send(call)?)
    }
}
