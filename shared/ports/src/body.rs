//! The record of an item: a typed value that becomes JSON text when someone needs the text, shared by whoever reads it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A record. Cheap to clone. Two are equal if their JSON is, whatever the order of their members.
#[derive(Clone)]
pub struct Body(Arc<Inner>);

struct Inner {
    text: OnceLock<Box<str>>,
    typed: Option<Arc<dyn Typed>>,
}

/// A value that knows its JSON text.
trait Typed: Any + Send + Sync {
    fn text(&self) -> Box<str>;
    fn any(&self) -> &dyn Any;
}

impl<T: Serialize + Send + Sync + 'static> Typed for T {
    fn text(&self) -> Box<str> {
        // Whether it can be written was tried when the record was made.
        serde_json::to_string(self).unwrap_or_default().into()
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl Body {
    /// A record of this type. What is no JSON, such as a map with keys that are no text, becomes an empty text, which no table
    /// takes.
    pub fn of<T: Serialize + Clone + Send + Sync + 'static>(record: &T) -> Self {
        Self(Arc::new(Inner {
            text: OnceLock::new(),
            typed: Some(Arc::new(record.clone())),
        }))
    }

    /// The same record, as text and nothing else: as it would come back from a service.
    pub fn plain(&self) -> Self {
        Self::from_text(self.as_str().into())
    }

    fn from_text(text: Box<str>) -> Self {
        Self(Arc::new(Inner {
            text: text.into(),
            typed: None,
        }))
    }

    /// The record itself, if it was made here as this type.
    pub fn typed<T: 'static>(&self) -> Option<&T> {
        self.0.typed.as_ref()?.as_ref().any().downcast_ref()
    }

    /// The record, typed: a copy of what was made here, or read from the text.
    ///
    /// # Errors
    /// A record of another form.
    pub fn read<T: DeserializeOwned + Clone + 'static>(&self) -> Result<T, serde_json::Error> {
        match self.typed::<T>() {
            Some(record) => Ok(record.clone()),
            None => serde_json::from_str(self.as_str()),
        }
    }

    /// The record, typed and shared: what was made here, or read from the text.
    ///
    /// # Errors
    /// A record of another form.
    pub fn shared<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
    ) -> Result<Arc<T>, serde_json::Error> {
        let typed = self
            .0
            .typed
            .clone()
            .map(|typed| typed as Arc<dyn Any + Send + Sync>);
        match typed.and_then(|typed| typed.downcast().ok()) {
            Some(record) => Ok(record),
            None => serde_json::from_str(self.as_str()).map(Arc::new),
        }
    }

    /// The record as a JSON value; null if the text is none, which no store answers.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let make = || match &self.0.typed {
            Some(typed) => typed.as_ref().text(),
            None => Box::default(),
        };
        self.0.text.get_or_init(make)
    }

    /// Whether it is a JSON object, as a record must be.
    pub fn is_object(&self) -> bool {
        self.as_str().starts_with('{')
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self::from_text(value.to_string().into())
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.as_str() == other.as_str()
            || self.value() == other.value()
    }
}

impl PartialEq<Value> for Body {
    fn eq(&self, other: &Value) -> bool {
        self.value() == *other
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_members_makes_no_difference_and_the_text_does_not_change() {
        let one = Body::of(&BTreeMap::from([("a", 1), ("b", 2)]));
        let other = Body::from_text(r#"{"b":2,"a":1}"#.into());
        assert_eq!(one, other);
        assert_eq!(one, json!({ "a": 1, "b": 2 }));
        assert_ne!(one, Body::from(json!({ "a": 1 })));
        assert_eq!(other.as_str(), r#"{"b":2,"a":1}"#);
        assert!(one.is_object() && !Body::from(json!([])).is_object());
    }

    #[test]
    fn a_record_reads_the_same_from_memory_and_from_its_text() {
        let map: BTreeMap<String, u32> = [("a".to_owned(), 1)].into();
        let body = Body::of(&map);
        let read = |body: &Body| body.read::<BTreeMap<String, u32>>().expect("JSON");
        assert_eq!((read(&body), read(&body.plain())), (map.clone(), map));
        assert!(body.typed::<String>().is_none() && body.plain().typed::<String>().is_none());
        assert!(body.read::<Vec<u32>>().is_err() && body.shared::<Vec<u32>>().is_err());
        let shared = |body: &Body| body.shared::<BTreeMap<String, u32>>().expect("JSON");
        assert!(Arc::ptr_eq(&shared(&body), &shared(&body.clone())));
        assert_eq!(*shared(&body), *shared(&body.plain()));
    }
}
