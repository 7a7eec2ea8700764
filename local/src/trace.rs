//! The trail: each AWS call as one JSON line in CloudTrail's shape
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::common::{append, lock};
use crate::error::CloudError;
use crate::identity::{ACCOUNT, Caller, REGION};
use crate::ids;
use crate::services::CallRecord;

/// Parameters longer than this, as JSON, are cut down to their names and sizes.
const PARAMETER_BYTES: usize = 16 * 1024;
/// A single string is cut at so many characters.
const STRING_CHARS: usize = 512;

/// Writes the trail; without a file it writes nothing. A line is in the file when its call is answered.
#[derive(Debug)]
pub(crate) struct Trace {
    file: Option<(PathBuf, Mutex<File>)>,
}

impl Trace {
    /// Opens the trail for appending.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CloudError> {
        let Some(path) = path else {
            return Ok(Self { file: None });
        };
        let file = append(path).map_err(CloudError::folder("opening the trace", path))?;
        Ok(Self {
            file: Some((path.to_owned(), Mutex::new(file))),
        })
    }

    /// Writes one call.
    pub(crate) fn write(
        &self,
        service: &str,
        caller: &Caller,
        call: CallRecord,
        request_id: &str,
        now: Timestamp,
    ) {
        let Some((path, file)) = &self.file else {
            return;
        };
        let mut line = record(service, caller, call, request_id, now).to_string();
        line.push('\n');
        let mut file = lock(file);
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(%error, path = %path.display(), "the trace cannot be written");
        }
    }
}

fn record(
    service: &str,
    caller: &Caller,
    call: CallRecord,
    request_id: &str,
    now: Timestamp,
) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": caller.user_identity(),
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "eventSource": format!("{service}.amazonaws.com"),
        "eventName": call.event_name,
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": bounded(call.request_parameters),
        "responseElements": bounded(call.response_elements),
        "requestID": request_id,
        "eventID": ids::uuid(),
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    });
    for (name, text) in [
        ("errorCode", call.error_code),
        ("errorMessage", call.error_message),
    ] {
        if let Some(text) = text {
            record[name] = Value::String(text);
        }
    }
    if !call.resources.is_empty() {
        record["resources"] = call
            .resources
            .iter()
            .map(|arn| json!({"ARN": arn}))
            .collect();
    }
    record
}

/// Keeps a trail readable: long strings are cut, and of what is still too long only the outline stays.
fn bounded(mut value: Value) -> Value {
    shorten(&mut value);
    let bytes = value.to_string().len();
    if bytes <= PARAMETER_BYTES {
        return value;
    }
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| {
                let size = member.to_string().len();
                let kept = if size <= STRING_CHARS {
                    member
                } else {
                    json!(format!("({size} bytes)"))
                };
                (name, kept)
            })
            .take(64)
            .collect(),
        _ => json!(format!("({bytes} bytes)")),
    }
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((cut, _)) = text.char_indices().nth(STRING_CHARS) {
                let rest = text.len() - cut;
                text.truncate(cut);
                text.push_str(&format!("… ({rest} more bytes)"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_cloudtrails_members() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trace.jsonl");
        let trace = Trace::open(Some(&path)).unwrap();
        let call = CallRecord {
            event_name: "CreateModelCustomizationJob".into(),
            request_parameters: json!({"jobName": "j"}),
            error_code: Some("ConflictException".into()),
            ..CallRecord::default()
        };
        let caller = Caller::Function("train".into());
        trace.write("bedrock", &caller, call, "r-1", Timestamp::UNIX_EPOCH);
        let text = std::fs::read_to_string(&path).unwrap();
        let line: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["eventTime"], "1970-01-01T00:00:00Z");
        assert_eq!(line["eventSource"], "bedrock.amazonaws.com");
        assert_eq!(line["userIdentity"]["type"], "AssumedRole");
        assert_eq!(line["errorCode"], "ConflictException");
        assert_eq!(line["requestID"], "r-1");
    }

    #[test]
    fn long_parameters_are_cut() {
        let cut = bounded(json!({"a": "ä".repeat(2000), "b": vec![1; 20_000]}));
        assert!(cut.to_string().len() < 4000);
        assert_eq!(cut["b"], "(40001 bytes)");
    }
}
