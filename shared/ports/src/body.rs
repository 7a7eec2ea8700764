//! The record of an item, as JSON text: written once, shared by whoever reads it, and typed only where it is used.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A record as compact JSON text. Cheap to clone. Two are equal if their JSON is, whatever the order of their members.
#[derive(Clone)]
pub struct Body(Arc<str>);

impl Body {
    /// A record of this type.
    ///
    /// # Errors
    /// A type that is no JSON, such as a map with keys that are no text.
    pub fn of<T: Serialize>(record: &T) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::to_string(record)?.into()))
    }

    /// The record, typed.
    ///
    /// # Errors
    /// A record of another form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// The record as a JSON value; null if the text is none, which no store answers.
    pub fn value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a JSON object, as a record must be.
    pub fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.value() == other.value()
    }
}

impl PartialEq<Value> for Body {
    fn eq(&self, other: &Value) -> bool {
        self.value() == *other
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_makes_no_difference_and_the_text_does_not_change() {
        let one = Body::of(&std::collections::BTreeMap::from([("a", 1), ("b", 2)])).expect("JSON");
        let other = Body(r#"{"b":2,"a":1}"#.into());
        assert_eq!(one, other);
        assert_eq!(one, json!({ "a": 1, "b": 2 }));
        assert_ne!(one, Body::from(json!({ "a": 1 })));
        assert_eq!(other.as_str(), r#"{"b":2,"a":1}"#);
        assert!(one.is_object() && !Body::from(json!([])).is_object());
    }
}
