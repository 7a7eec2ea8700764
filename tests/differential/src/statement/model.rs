//! Types of members, as a pydantic model or a JSON Schema gives them.
use serde_json::{Map, Value};

use super::{EXTRA_MEMBER, Found, MISSING_MEMBER, TOO_FEW, TOO_MANY, WRONG_TYPE, WRONG_VALUE};

/// The type of a value.
#[derive(Debug)]
pub(super) enum Type {
    /// A string. Neither of the two libraries makes one from a number.
    Text,
    /// An object with any members.
    Object,
    /// A list, and how many items it may have.
    List(&'static Type, usize, usize),
    /// The type, or null.
    Nullable(&'static Type),
    /// One of two types.
    Either(&'static Type, &'static Type),
    /// An object with these members.
    Model(&'static Model),
    /// One of these strings.
    Words(&'static [&'static str]),
    /// A string that starts so.
    Start(&'static str),
    /// A list with any items.
    AnyList,
}

/// An object's members.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) required: &'static [(&'static str, Type)],
    pub(super) optional: &'static [(&'static str, Type)],
    /// Whether further members are refused.
    pub(super) closed: bool,
}

/// Any number of items.
pub(super) const MANY: usize = usize::MAX;

/// Says where the value has not the type.
pub(super) fn fits(value: &Value, of: &'static Type, at: &str, found: &mut Found) {
    match (of, value) {
        (Type::Text, Value::String(_))
        | (Type::Object, Value::Object(_))
        | (Type::AnyList, Value::Array(_))
        | (Type::Nullable(_), Value::Null) => {}
        (Type::Nullable(inner), _) => fits(value, inner, at, found),
        (Type::Either(one, other), _) => {
            if !is(value, one) && !is(value, other) {
                found.add(&WRONG_TYPE, at);
            }
        }
        (Type::Words(words), Value::String(text)) => {
            if !words.contains(&text.as_str()) {
                found.add(&WRONG_VALUE, at);
            }
        }
        (Type::Start(start), Value::String(text)) => {
            if !text.starts_with(start) {
                found.add(&WRONG_VALUE, at);
            }
        }
        (Type::List(item, fewest, most), Value::Array(items)) => {
            if items.len() < *fewest {
                found.add(&TOO_FEW, at);
            }
            if items.len() > *most {
                found.add(&TOO_MANY, at);
            }
            for value in items {
                fits(value, item, &format!("{at}[]"), found);
            }
        }
        (Type::Model(model), Value::Object(members)) => members_fit(members, model, at, found),
        _ => found.add(&WRONG_TYPE, at),
    }
}

fn members_fit(members: &Map<String, Value>, model: &'static Model, at: &str, found: &mut Found) {
    for (name, of) in model.required {
        match members.get(*name) {
            Some(value) => fits(value, of, &format!("{at}.{name}"), found),
            None => found.add(&MISSING_MEMBER, format!("{at}.{name}")),
        }
    }
    for (name, of) in model.optional {
        if let Some(value) = members.get(*name) {
            fits(value, of, &format!("{at}.{name}"), found);
        }
    }
    let known = |name: &str| {
        let mut all = model.required.iter().chain(model.optional);
        all.any(|(known, _)| *known == name)
    };
    if model.closed && members.keys().any(|name| !known(name)) {
        found.add(&EXTRA_MEMBER, at);
    }
}

fn is(value: &Value, of: &'static Type) -> bool {
    let mut found = Found::default();
    fits(value, of, "$", &mut found);
    found.is_empty()
}
