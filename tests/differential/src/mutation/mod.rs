//! Changes to a valid record, each with a name. One says whether it found a place to change.

mod conversation;
mod lines;
mod media;
mod members;
mod reward;
mod texts;
mod tools;

pub use lines::{FileChange, files};

use fastrand::Rng;
use serde_json::Value;

/// A change of a record.
#[derive(Debug, Clone, Copy)]
pub struct Mutation {
    /// Its name in messages.
    pub name: &'static str,
    /// How many cases of this change alone are made of each form.
    pub draws: usize,
    /// Changes the record, if it has a place for it.
    pub apply: fn(&mut Rng, &mut Value) -> bool,
}

const fn change(
    name: &'static str,
    draws: usize,
    apply: fn(&mut Rng, &mut Value) -> bool,
) -> Mutation {
    Mutation { name, draws, apply }
}

/// All of them.
pub fn mutations() -> impl Iterator<Item = &'static Mutation> {
    [
        members::ALL,
        conversation::ALL,
        texts::ALL,
        media::ALL,
        tools::ALL,
        reward::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The JSON pointers of everything below the record, objects' members and lists' items alike.
fn pointers(record: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, all: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| (index.to_string(), value))
                .collect(),
            _ => Vec::new(),
        };
        for (name, value) in children {
            let at = format!("{at}/{name}");
            all.push(at.clone());
            walk(value, &at, all);
        }
    }
    let mut all = Vec::new();
    walk(record, "", &mut all);
    all
}

/// One of the values that `wanted` takes, by its pointer.
fn pick<'a>(
    rng: &mut Rng,
    record: &'a mut Value,
    wanted: impl Fn(&str, &Value) -> bool,
) -> Option<&'a mut Value> {
    let mut found: Vec<String> = pointers(record)
        .into_iter()
        .filter(|at| record.pointer(at).is_some_and(|value| wanted(at, value)))
        .collect();
    if found.is_empty() {
        return None;
    }
    let at = found.swap_remove(rng.usize(..found.len()));
    record.pointer_mut(&at)
}

/// The messages, if there are some.
fn messages(record: &mut Value) -> Option<&mut Vec<Value>> {
    record
        .get_mut("messages")?
        .as_array_mut()
        .filter(|messages| !messages.is_empty())
}

/// The content of one of the messages of this role, if it is a list.
fn content<'a>(rng: &mut Rng, record: &'a mut Value, role: &str) -> Option<&'a mut Vec<Value>> {
    let messages = messages(record)?;
    let mut of_role: Vec<&mut Value> = messages
        .iter_mut()
        .filter(|message| message.get("role").and_then(Value::as_str) == Some(role))
        .collect();
    if of_role.is_empty() {
        return None;
    }
    let message = of_role.swap_remove(rng.usize(..of_role.len()));
    message.get_mut("content")?.as_array_mut()
}

/// Sets a member, if it is one of an object.
fn put(object: Option<&mut Value>, name: &str, value: Value) -> bool {
    let Some(Value::Object(members)) = object else {
        return false;
    };
    members.insert(name.to_owned(), value);
    true
}

/// Sets what stands at a JSON pointer, if something stands there.
fn set(record: &mut Value, pointer: &str, value: Value) -> bool {
    record.pointer_mut(pointer).map(|at| *at = value).is_some()
}

fn one_of<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}
