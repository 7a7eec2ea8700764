//! The form of requests as AWS's own models demand it: required members, patterns, lengths, ranges, enums.
//!
//! `request_model.json` is made of botocore's models by `tests/conformance/request_model.py`, and a test of that folder
//! holds it to them. Unknown members are the business of each operation's own type.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{LazyLock, OnceLock},
};

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::error::AwsError;

/// By service (as AWS's SDK for Python names it) and operation.
static MODELS: LazyLock<BTreeMap<String, BTreeMap<String, Shape>>> = LazyLock::new(|| {
    // The file is compiled in, and a test reads all of it.
    serde_json::from_str(include_str!("request_model.json")).unwrap_or_default()
});

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Number,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::List => "list",
            Self::Map => "map",
            Self::String => "string",
            Self::Integer | Self::Number => "number",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, Shape>,
    member: Option<Box<Shape>>,
    key: Option<Box<Shape>>,
    value: Option<Box<Shape>>,
    pattern: Option<String>,
    min: Option<f64>,
    max: Option<f64>,
    #[serde(rename = "enum", default)]
    allowed: Vec<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// # Errors
/// `ValidationException` that names every member that is not of its form, worded as AWS does.
pub(crate) fn check(service: &str, operation: &str, parameters: &Value) -> Result<(), AwsError> {
    let shape = MODELS.get(service).and_then(|forms| forms.get(operation));
    let Some(shape) = shape else {
        return Ok(());
    };
    let mut wrong = Vec::new();
    shape.look("", parameters, &mut wrong);
    match wrong.len() {
        0 => Ok(()),
        1 => Err(AwsError::validation(format!(
            "1 validation error detected: {}",
            wrong[0]
        ))),
        many => Err(AwsError::validation(format!(
            "{many} validation errors detected: {}",
            wrong.join("; ")
        ))),
    }
}

impl Shape {
    fn look(&self, path: &str, value: &Value, wrong: &mut Vec<String>) {
        match (self.kind, value) {
            (Kind::Structure, Value::Object(given)) => {
                let is_there = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
                for name in self.required.iter().filter(|name| !is_there(name)) {
                    let member = below(path, name);
                    wrong.push(format!(
                        "Value null at '{member}' failed to satisfy constraint: Member must not be null"
                    ));
                }
                for (name, shape) in &self.members {
                    if let Some(value) = given.get(name).filter(|value| !value.is_null()) {
                        shape.look(&below(path, name), value, wrong);
                    }
                }
            }
            (Kind::List, Value::Array(items)) => {
                self.length(path, Shown::Value(value), items.len(), wrong);
                if let Some(shape) = &self.member {
                    for (index, item) in items.iter().enumerate() {
                        shape.look(&format!("{path}.{}.member", index + 1), item, wrong);
                    }
                }
            }
            (Kind::Map, Value::Object(entries)) => {
                self.length(path, Shown::Value(value), entries.len(), wrong);
                for (key, item) in entries {
                    if let Some(shape) = &self.key {
                        shape.text(path, key, wrong);
                    }
                    if let Some(shape) = &self.value {
                        shape.look(&below(path, key), item, wrong);
                    }
                }
            }
            (Kind::String, Value::String(text)) => self.text(path, text, wrong),
            (Kind::Integer | Kind::Number, Value::Number(number)) => {
                self.number(path, value, number.as_f64(), wrong);
            }
            // A query string has only strings.
            (Kind::Integer | Kind::Number, Value::String(text)) => {
                self.number(path, value, text.parse().ok(), wrong);
            }
            _ => {
                let rule = format!("Member must be a {}", self.kind.word());
                wrong.push(failed(path, Shown::Value(value), &rule));
            }
        }
    }

    fn length(&self, path: &str, value: Shown<'_>, length: usize, wrong: &mut Vec<String>) {
        let length = length as f64;
        if let Some(min) = self.min.filter(|min| length < *min) {
            let rule = format!("Member must have length greater than or equal to {min}");
            wrong.push(failed(path, value, &rule));
        }
        if let Some(max) = self.max.filter(|max| length > *max) {
            let rule = format!("Member must have length less than or equal to {max}");
            wrong.push(failed(path, value, &rule));
        }
    }

    fn text(&self, path: &str, text: &str, wrong: &mut Vec<String>) {
        let value = Shown::Text(text);
        self.length(path, value, text.chars().count(), wrong);
        if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == text) {
            let rule = format!(
                "Member must satisfy enum value set: [{}]",
                self.allowed.join(", ")
            );
            wrong.push(failed(path, value, &rule));
        }
        if let Some(pattern) = &self.pattern {
            let regex = self
                .compiled
                .get_or_init(|| Regex::new(&format!("^(?:{pattern})$")).ok());
            if !regex.as_ref().is_some_and(|regex| regex.is_match(text)) {
                let rule = format!("Member must satisfy regular expression pattern: {pattern}");
                wrong.push(failed(path, value, &rule));
            }
        }
    }

    fn number(&self, path: &str, value: &Value, number: Option<f64>, wrong: &mut Vec<String>) {
        let value = Shown::Value(value);
        let whole = |number: &f64| self.kind != Kind::Integer || number.fract() == 0.0;
        let Some(number) = number.filter(whole) else {
            let rule = match self.kind {
                Kind::Integer => "Member must be a whole number",
                _ => "Member must be a number",
            };
            wrong.push(failed(path, value, rule));
            return;
        };
        if let Some(min) = self.min.filter(|min| number < *min) {
            let rule = format!("Member must have value greater than or equal to {min}");
            wrong.push(failed(path, value, &rule));
        }
        if let Some(max) = self.max.filter(|max| number > *max) {
            let rule = format!("Member must have value less than or equal to {max}");
            wrong.push(failed(path, value, &rule));
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A value as a message shows it; written only where something is wrong with it.
#[derive(Clone, Copy)]
enum Shown<'a> {
    Text(&'a str),
    Value(&'a Value),
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Value(Value::String(text)) => f.write_str(text),
            Self::Value(value) => value.fmt(f),
        }
    }
}

fn failed(path: &str, value: Shown<'_>, rule: &str) -> String {
    let shown: String = value.to_string().chars().take(100).collect();
    format!("Value '{shown}' at '{path}' failed to satisfy constraint: {rule}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ServiceName;

    fn takes(operation: &str, member: &str, text: &str) -> bool {
        let shape = &MODELS["bedrock"][operation].members[member];
        let mut wrong = Vec::new();
        shape.look(member, &json!(text), &mut wrong);
        wrong.is_empty()
    }

    fn is_custom_model_name(name: &str) -> bool {
        // Written out by hand: letters and digits, each followed by at most one of `_` and `-`.
        let mut separator_may_follow = false;
        for c in name.chars() {
            match c {
                '0'..='9' | 'a'..='z' | 'A'..='Z' => separator_may_follow = true,
                '_' | '-' if separator_may_follow => separator_may_follow = false,
                _ => return false,
            }
        }
        (1..=63).contains(&name.len())
    }

    const CREATE: &str = "CreateModelCustomizationJob";

    proptest! {
        #[test]
        fn a_custom_model_name_is_what_the_pattern_says(name in "[a-c0-1_.-]{0,70}") {
            let wanted = is_custom_model_name(&name);
            prop_assert_eq!(takes(CREATE, "customModelName", &name), wanted, "{}", name);
        }

        #[test]
        fn a_job_name_begins_with_a_letter_or_digit_and_holds_no_underscore(name in "[aB9+._-]{0,70}") {
            let wanted = name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && !name.contains('_')
                && name.len() <= 63;
            prop_assert_eq!(takes(CREATE, "jobName", &name), wanted, "{}", name);
        }

        #[test]
        fn a_client_token_neither_begins_nor_ends_with_a_dash(token in "[a9-]{0,20}") {
            let wanted = !token.is_empty() && !token.starts_with('-') && !token.ends_with('-');
            prop_assert_eq!(takes(CREATE, "clientRequestToken", &token), wanted, "{}", token);
        }

        #[test]
        fn no_text_breaks_a_pattern(text in ".{0,80}") {
            for member in MODELS["bedrock"][CREATE].members.keys() {
                takes(CREATE, member, &text);
            }
        }
    }

    fn every_shape(shape: &Shape, seen: &mut dyn FnMut(&Shape)) {
        seen(shape);
        let inner = [&shape.member, &shape.key, &shape.value];
        let inner = inner.into_iter().flatten().map(Box::as_ref);
        for shape in inner.chain(shape.members.values()) {
            every_shape(shape, seen);
        }
    }

    #[test]
    fn every_pattern_of_the_model_compiles() {
        let mut patterns = 0;
        let shapes = MODELS.values().flat_map(BTreeMap::values);
        for shape in shapes {
            every_shape(shape, &mut |shape| {
                if let Some(pattern) = &shape.pattern {
                    patterns += 1;
                    let compiled = Regex::new(&format!("^(?:{pattern})$"));
                    assert!(compiled.is_ok(), "{pattern}: {compiled:?}");
                }
            });
        }
        assert!(patterns > 60, "{patterns}");
    }

    #[test]
    fn every_operation_with_parameters_is_in_the_model() {
        for service in ServiceName::ALL {
            for operation in service.operations() {
                let known = MODELS
                    .get(service.client_name())
                    .is_some_and(|forms| forms.contains_key(operation));
                assert!(known || operation == "GetCallerIdentity", "{operation}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_all_at_once() {
        let request = json!({ "modelDeploymentName": "a--b", "tags": [{ "key": "" }] });
        let error = check("bedrock", "CreateCustomModelDeployment", &request).unwrap_err();
        for part in [
            "4 validation errors",
            "'modelDeploymentName'",
            "'modelArn'",
            "'tags.1.member.key'",
            "'tags.1.member.value'",
        ] {
            assert!(error.message.contains(part), "{part} in {}", error.message);
        }
        for number in ["1001", "-1", "x", "1.5"] {
            let query = json!({ "maxResults": number });
            assert!(
                check("bedrock", "ListCustomModels", &query).is_err(),
                "{number}"
            );
        }
        let query = json!({ "maxResults": "0", "sortOrder": "Up", "nameContains": "a" });
        let error = check("bedrock", "ListCustomModels", &query).unwrap_err();
        assert!(
            error.message.starts_with("2 validation errors"),
            "{}",
            error.message
        );
    }

    #[test]
    fn another_type_than_the_members_is_refused() {
        for request in [
            json!({ "messages": "hello", "modelId": "a" }),
            json!({ "messages": [{ "role": 7, "content": [] }], "modelId": "a" }),
            json!({ "messages": [{ "role": "user", "content": [{ "text": 7 }] }], "modelId": "a" }),
            json!({ "inferenceConfig": { "maxTokens": "many" }, "modelId": "a" }),
        ] {
            let error = check("bedrock-runtime", "Converse", &request).unwrap_err();
            assert!(error.message.contains("must be a"), "{}", error.message);
        }
    }

    #[test]
    fn a_good_request_passes() {
        let request = json!({ "maxResults": "1000", "sortOrder": "Ascending" });
        assert_eq!(check("bedrock", "ListCustomModels", &request), Ok(()));
        assert_eq!(check("sts", "GetCallerIdentity", &json!({})), Ok(()));
    }
}
