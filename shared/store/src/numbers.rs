//! Records as DynamoDB attributes and back, so that every JSON number comes back as it went in.
//!
//! DynamoDB's numbers have no type: `1.0` comes back as `1`, and nothing beyond about 1e126 fits. So a float that would
//! come back otherwise is kept as `{"$f64": "1.0"}`; a record's own object of that form gets one more `$`.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Number, Value};

const FLOAT: &str = "$f64";

/// Floats between these that have a fraction keep their digits in DynamoDB (38 digits; 1e-130 to 9.99e125).
const SAFE: std::ops::Range<f64> = 1e-100..1e15;

/// A record as a map attribute.
pub(crate) fn to_attribute(body: Value) -> Result<AttributeValue, String> {
    serde_dynamo::to_attribute_value(mark(body)).map_err(|error| error.to_string())
}

/// A map attribute as the record that it was.
pub(crate) fn from_attribute(attribute: AttributeValue) -> Result<Value, String> {
    serde_dynamo::from_attribute_value(attribute)
        .map(unmark)
        .map_err(|error| error.to_string())
}

/// Whether this is `$f64` with one or more `$`.
fn is_mark(key: &str) -> bool {
    key.starts_with('$') && key.trim_start_matches('$') == "f64"
}

fn the_mark(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|key| is_mark(key))
}

fn mark(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.fract() != 0.0 && SAFE.contains(&float.abs()) => {
                Value::Number(number)
            }
            _ => single(FLOAT.to_owned(), Value::String(number.to_string())),
        },
        Value::Array(items) => items.into_iter().map(mark).collect(),
        Value::Object(map) => {
            let own = the_mark(&map);
            map.into_iter()
                .map(|(key, value)| (if own { format!("${key}") } else { key }, mark(value)))
                .collect()
        }
        other => other,
    }
}

fn unmark(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(unmark).collect(),
        Value::Object(map) if the_mark(&map) => map
            .into_iter()
            .next()
            .map_or(Value::Null, |(key, value)| unmark_one(key, value)),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, unmark(value)))
            .collect(),
        other => other,
    }
}

fn unmark_one(key: String, value: Value) -> Value {
    if key == FLOAT {
        let float = value
            .as_str()
            .and_then(|text| text.parse().ok())
            .and_then(Number::from_f64);
        return float.map_or(value, Value::Number);
    }
    single(key[1..].to_owned(), unmark(value))
}

fn single(key: String, value: Value) -> Value {
    Value::Object(Map::from_iter([(key, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_come_back_as_they_went_in() {
        let record = json!({
            "whole": 1, "negative": -5, "largest": u64::MAX, "smallest": i64::MIN, "fraction": 0.1, "third": 1.0 / 3.0,
            "float": 1.0, "zero": 0.0, "minus": -0.0, "huge": 1e300, "tiny": 1e-300, "wide": 12345678901234567890.0,
            "text": "1.0", "nothing": null, "yes": true, "list": [1, 2.5, 3.0, {}, []], "empty": "",
            "odd": { "$f64": "1.0" }, "odder": { "$$f64": { "$f64": 2.0 } }, "two": { "$f64": 1, "b": 2.0 },
        });
        let back = from_attribute(to_attribute(record.clone()).expect("fits")).expect("fits");
        assert_eq!(back, record);
        assert_eq!(back.to_string(), record.to_string());
    }
}
