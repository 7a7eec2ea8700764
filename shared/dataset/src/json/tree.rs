//! Says why a line is no JSON, or out of bounds: parsed once more by `serde_json`, within bounds on depth and on the number of
//! values, and with an eye on members that are named twice (a map would silently lose the first text).
use std::{borrow::Cow, cell::Cell, cell::RefCell, collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a record may nest.
pub(crate) const MAX_DEPTH: u32 = 64;
/// How many values a record may have: an 8 MiB line of numbers would otherwise take hundreds of megabytes.
pub(crate) const MAX_VALUES: u32 = 65_536;

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

/// Why the tape refused `text`.
pub(crate) fn refuse(text: &str) -> Refused {
    let state = State {
        values: Cell::new(0),
        refused: RefCell::new(None),
    };
    let mut parser = serde_json::Deserializer::from_str(text);
    let seed = Seed {
        state: &state,
        depth: 0,
    };
    let parsed = seed.deserialize(&mut parser).and_then(|()| parser.end());
    let said = match parsed {
        Err(error) => {
            if let Some(refused) = state.refused.take() {
                return refused;
            }
            (error.column().saturating_sub(1), error.to_string())
        }
        // What is accepted here, the tape accepts as well; a property test holds that.
        Ok(()) => (0, "not JSON".to_owned()),
    };
    let (at, said) = said;
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(said, _)| said)
        .to_owned();
    Refused::Broken { at, said }
}

struct State {
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
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let values = self.state.values.get() + 1;
        if values > MAX_VALUES {
            return Err(self.state.refuse(Refused::TooManyValues));
        }
        self.state.values.set(values);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while access.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        let mut names = HashSet::new();
        let mut twice = None;
        while let Some(name) = access.next_key_seed(Name)? {
            if names.contains(&name) {
                twice.get_or_insert_with(|| name.to_string());
            }
            names.insert(name);
            access.next_value_seed(inside)?;
        }
        match twice {
            Some(name) => Err(self.state.refuse(Refused::DuplicateMember(name))),
            None => Ok(()),
        }
    }
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
    fn says_what_is_out_of_bounds() {
        assert_eq!(refuse(&"[".repeat(100_000)), Refused::TooDeep);
        assert_eq!(
            refuse(&format!("[{}0]", "0,".repeat(70_000))),
            Refused::TooManyValues
        );
        assert_eq!(
            refuse(r#"{"a":1,"b":2,"\u0061":3}"#),
            Refused::DuplicateMember("a".into())
        );
        assert_eq!(
            refuse(r#"{"a" 1}"#),
            Refused::Broken {
                at: 5,
                said: "expected `:`".into()
            }
        );
    }
}
