//! Parses one line into a small tree that borrows its text, within bounds on depth and on the number of values, and
//! refuses a member that is named twice (a map would silently lose the first text).
use std::{borrow::Cow, cell::Cell, cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a record may nest.
pub(crate) const MAX_DEPTH: u32 = 64;
/// How many values a record may have: an 8 MiB line of numbers would otherwise take hundreds of megabytes.
pub(crate) const MAX_VALUES: u32 = 65_536;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// Members in the order in which they stand.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Object<'a>(pub(crate) Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Object<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, value)| value)
    }

    /// A member that is there and not null.
    pub(crate) fn some(&self, name: &str) -> Option<&Json<'a>> {
        self.get(name).filter(|value| **value != Json::Null)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }
}

impl Json<'_> {
    /// What a person calls this value.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    /// Not JSON: the byte at which the parser stopped, and what it said.
    Broken {
        at: usize,
        said: String,
    },
    TooDeep,
    TooManyValues,
    DuplicateMember(String),
}

/// Parses a line that someone uploaded.
pub(crate) fn parse(text: &str) -> Result<Json<'_>, Refused> {
    parse_within(text, MAX_VALUES)
}

/// Parses a line that was compiled here: compiling wraps a text in up to three more values.
pub(crate) fn parse_canonical(text: &str) -> Result<Json<'_>, Refused> {
    parse_within(text, 4 * MAX_VALUES)
}

fn parse_within(text: &str, max_values: u32) -> Result<Json<'_>, Refused> {
    let state = State {
        max_values,
        values: Cell::new(0),
        refused: RefCell::new(None),
    };
    let mut parser = serde_json::Deserializer::from_str(text);
    let parsed = Seed {
        state: &state,
        depth: 0,
    }
    .deserialize(&mut parser)
    .and_then(|json| parser.end().map(|()| json));
    parsed.map_err(|error| {
        state.refused.take().unwrap_or_else(|| {
            let said = error.to_string();
            let said = said
                .rsplit_once(" at line ")
                .map_or(said.as_str(), |(said, _)| said);
            Refused::Broken {
                at: error.column().saturating_sub(1),
                said: said.to_owned(),
            }
        })
    })
}

struct State {
    max_values: u32,
    values: Cell<u32>,
    refused: RefCell<Option<Refused>>,
}

impl State {
    fn refuse<E: Error>(&self, refused: Refused) -> E {
        self.refused.replace(Some(refused));
        E::custom("out of bounds")
    }
}

#[derive(Clone, Copy)]
struct Seed<'s> {
    state: &'s State,
    depth: u32,
}

impl Seed<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.state.refuse(Refused::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let values = self.state.values.get() + 1;
        if values > self.state.max_values {
            return Err(self.state.refuse(Refused::TooManyValues));
        }
        self.state.values.set(values);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let inside = self.inside()?;
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(name) = access.next_key_seed(Name)? {
            members.push((name, access.next_value_seed(inside)?));
        }
        if let Some(name) = repeated(&members) {
            return Err(self.state.refuse(Refused::DuplicateMember(name)));
        }
        Ok(Json::Object(Object(members)))
    }
}

fn repeated(members: &[(Cow<'_, str>, Json<'_>)]) -> Option<String> {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    names
        .windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0].to_owned())
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_within_bounds() {
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(64)).is_ok());
        assert_eq!(parse(&nested(65)), Err(Refused::TooDeep));
        assert_eq!(parse(&"[".repeat(100_000)), Err(Refused::TooDeep));
        assert_eq!(
            parse(&format!("[{}0]", "0,".repeat(70_000))),
            Err(Refused::TooManyValues)
        );
        assert_eq!(
            parse(r#"{"a":1,"b":2,"a":3}"#),
            Err(Refused::DuplicateMember("a".into()))
        );
        assert_eq!(
            parse(r#"{"a" 1}"#),
            Err(Refused::Broken {
                at: 5,
                said: "expected `:`".into()
            })
        );
    }
}
