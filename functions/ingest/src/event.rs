//! The forms in which the bucket's events come: through EventBridge, as a native notification, or found by `reconcile`.

use perennial_engine::EngineError;
use serde::Deserialize;
use serde_json::Value;

/// What happened to one object, as far as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The key, not URL-encoded.
    pub key: String,
    /// The version that the event is about; empty if it names none.
    pub version: String,
    /// S3's order of events of one key. Objects that were found by listing have none.
    pub sequencer: Option<String>,
}

#[derive(Deserialize)]
struct Bridge {
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    key: String,
    #[serde(rename = "version-id", default)]
    version: String,
    #[serde(default)]
    sequencer: Option<String>,
}

#[derive(Deserialize)]
struct Native {
    #[serde(rename = "Records")]
    records: Vec<NativeRecord>,
}

#[derive(Deserialize)]
struct NativeRecord {
    s3: NativeS3,
}

#[derive(Deserialize)]
struct NativeS3 {
    object: NativeObject,
}

#[derive(Deserialize)]
struct NativeObject {
    key: String,
    #[serde(rename = "versionId", default)]
    version: String,
    #[serde(default)]
    sequencer: Option<String>,
}

/// Reads a message. S3's test event holds nothing.
pub(crate) fn parse(body: &str) -> Result<Vec<ObjectEvent>, EngineError> {
    let value: Value = serde_json::from_str(body).map_err(|error| unreadable(body, &error))?;
    if value.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    if value.get("Records").is_some() {
        let native: Native =
            serde_json::from_value(value).map_err(|error| unreadable(body, &error))?;
        return Ok(native
            .records
            .into_iter()
            .map(|record| ObjectEvent {
                key: decode(&record.s3.object.key),
                version: record.s3.object.version,
                sequencer: record.s3.object.sequencer,
            })
            .collect());
    }
    let bridge: Bridge = serde_json::from_value(value).map_err(|error| unreadable(body, &error))?;
    match bridge.detail_type.as_str() {
        "Object Created" | "Object Deleted" | "Object Found" | "Object Missing" => {}
        other => {
            return Err(EngineError::Event(format!(
                "detail-type “{other}” is none of S3's object events"
            )));
        }
    }
    let Object {
        key,
        version,
        sequencer,
    } = bridge.detail.object;
    Ok(vec![ObjectEvent {
        key,
        version,
        sequencer,
    }])
}

fn unreadable(body: &str, error: &serde_json::Error) -> EngineError {
    let start: String = body.chars().take(200).collect();
    EngineError::Event(format!("{error} in {start}"))
}

/// Native notifications encode the key: `+` is a space, `%XX` a byte.
fn decode(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, escaped) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', None) => {
                bytes.push(b' ');
                rest = tail;
            }
            (byte, None) => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> String {
        let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("the sample events are in the tree")
    }

    #[test]
    fn every_form_of_an_object_event_is_read() {
        let bridge = parse(&sample("s3_object_created_eventbridge")).expect("readable");
        assert_eq!(bridge[0].key, "example-key");
        assert_eq!(bridge[0].sequencer.as_deref(), Some("617f08299329d189"));
        let native = parse(&sample("s3_notification_native")).expect("readable");
        assert_eq!(native[0].key, "Happy Face.jsonl");
        assert_eq!(parse(&sample("s3_test_event")).expect("readable"), []);
    }

    #[test]
    fn an_event_of_another_kind_is_an_error_that_names_it() {
        let error = parse(&sample("bedrock_customization_state_change")).expect_err("not ours");
        assert!(error.to_string().contains("not understood"), "{error}");
        assert!(parse("{").is_err());
    }

    #[test]
    fn a_native_key_is_decoded_and_nothing_else_is() {
        assert_eq!(decode("a+b%2Bc%C3%A4"), "a b+cä");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
