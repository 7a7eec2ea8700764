//! Event patterns: `quamina` behind a list of the operators that EventBridge has
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>). What quamina cannot do,
//! or what only quamina can do, is refused when the template is read.

use std::fmt;
use std::sync::Arc;

use quamina::Quamina;
use serde_json::Value;

/// What every event has at its top. A pattern with another key could never match.
const ENVELOPE: [&str; 9] = [
    "account",
    "detail",
    "detail-type",
    "id",
    "region",
    "resources",
    "source",
    "time",
    "version",
];

/// EventBridge's operators that are understood here.
const OPERATORS: [&str; 8] = [
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
];

/// A pattern that events are held against.
#[derive(Clone)]
pub struct EventPattern {
    json: Value,
    matcher: Arc<Quamina<()>>,
}

impl fmt::Debug for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventPattern({})", self.json)
    }
}

impl PartialEq for EventPattern {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl EventPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Each key or operator that EventBridge or the local cloud does not know, with what is understood.
    pub fn new(json: Value) -> Result<Self, String> {
        let Value::Object(members) = &json else {
            return Err("an event pattern is a map".into());
        };
        if members.is_empty() {
            return Err("the event pattern is empty; it would match nothing".into());
        }
        for key in members.keys() {
            if !ENVELOPE.contains(&key.as_str()) {
                return Err(match key.as_str() {
                    "$or" => "the operator $or is EventBridge's, but not understood here; write one rule for each".into(),
                    _ => format!("no event has the key “{key}”; events have {}", ENVELOPE.join(", ")),
                });
            }
        }
        fields(&json, "")?;
        let mut matcher = Quamina::new();
        matcher
            .add_pattern((), &json.to_string())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            json,
            matcher: Arc::new(matcher),
        })
    }

    /// Whether an event matches.
    ///
    /// # Errors
    /// If the event is none that can be looked at (it nests too deeply).
    pub fn matches(&self, event: &Value) -> Result<bool, String> {
        self.matcher
            .has_matches(event.to_string().as_bytes())
            .map_err(|error| error.to_string())
    }

    /// The pattern as the template has it.
    pub fn json(&self) -> &Value {
        &self.json
    }
}

fn fields(value: &Value, path: &str) -> Result<(), String> {
    let Value::Object(members) = value else {
        return Err(format!(
            "{path}: a list of alternatives or a map belongs here"
        ));
    };
    for (key, value) in members {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match value {
            Value::Array(alternatives) if alternatives.is_empty() => {
                return Err(format!("{path}: an empty list matches nothing"));
            }
            Value::Array(alternatives) => {
                for alternative in alternatives {
                    self::alternative(alternative, &path)?;
                }
            }
            Value::Object(members) if members.is_empty() => {
                return Err(format!("{path}: an empty map matches nothing"));
            }
            Value::Object(_) => fields(value, &path)?,
            _ => {
                return Err(format!(
                    "{path}: EventBridge wants a list here, such as [{value}]"
                ));
            }
        }
    }
    Ok(())
}

fn alternative(value: &Value, path: &str) -> Result<(), String> {
    let Value::Object(members) = value else {
        return match value {
            Value::Array(_) => Err(format!("{path}: a list within a list")),
            _ => Ok(()),
        };
    };
    let mut members = members.iter();
    let (Some((operator, operand)), None) = (members.next(), members.next()) else {
        return Err(format!(
            "{path}: one operator belongs here; understood: {}",
            OPERATORS.join(", ")
        ));
    };
    let fits = match operator.as_str() {
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" | "cidr" => operand.is_string(),
        "exists" => operand.is_boolean(),
        "numeric" => return numeric(operand, path),
        "anything-but" => {
            let literal = |value: &Value| value.is_string() || value.is_number();
            literal(operand)
                || operand
                    .as_array()
                    .is_some_and(|list| !list.is_empty() && list.iter().all(literal))
        }
        "$or" => {
            return Err(format!(
                "{path}: the operator $or is EventBridge's, but not understood here"
            ));
        }
        other => {
            return Err(format!(
                "{path}: EventBridge has no operator “{other}”; understood: {}",
                OPERATORS.join(", ")
            ));
        }
    };
    if fits {
        return Ok(());
    }
    Err(match operand {
        Value::Object(_) => {
            format!(
                "{path}: {operator} with another operator within is EventBridge's, but not understood here"
            )
        }
        _ => format!("{path}: {operator} cannot have {operand}"),
    })
}

/// `[">=", 0]`. A range is EventBridge's too, but quamina 0.7 takes 0 to be within `[">", 0, "<=", 5]`.
fn numeric(operand: &Value, path: &str) -> Result<(), String> {
    match operand.as_array().map(Vec::as_slice) {
        Some([Value::String(sign), Value::Number(_)])
            if matches!(sign.as_str(), "=" | "<" | "<=" | ">" | ">=") =>
        {
            Ok(())
        }
        Some([_, _, _, _]) => Err(format!(
            "{path}: a range of numbers is EventBridge's, but not understood here; numeric wants one bound, such as [\">=\", 0]"
        )),
        _ => Err(format!(
            "{path}: numeric wants one bound, such as [\">=\", 0]"
        )),
    }
}
