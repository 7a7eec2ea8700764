//! The tree that a template is read into: JSON's values, each with its line.

use serde_json::{Map, Number, Value};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The line, from 1 on.
    pub line: usize,
    /// The value.
    pub kind: Kind,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the template; no key twice.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's line.
    pub line: usize,
    /// The value.
    pub value: Node,
}

impl Node {
    pub(crate) fn text(line: usize, text: impl Into<String>) -> Self {
        Self {
            line,
            kind: Kind::Text(text.into()),
        }
    }

    pub(crate) fn null(line: usize) -> Self {
        Self {
            line,
            kind: Kind::Null,
        }
    }

    /// The value of a map's key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries()?.iter().find(|entry| entry.key == key);
        found.map(|entry| &entry.value)
    }

    /// The line of the key that this path of keys leads to, as far as it leads.
    pub(crate) fn line_of(&self, path: &[&str]) -> usize {
        let mut line = self.line;
        let mut inside = self;
        for key in path {
            let entry = inside
                .entries()
                .and_then(|entries| entries.iter().find(|entry| entry.key == *key));
            let Some(entry) = entry else { break };
            line = entry.line;
            inside = &entry.value;
        }
        line
    }

    /// A map's entries.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// A list's items.
    pub fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value as text, as CloudFormation reads it: numbers and truth values too.
    pub fn as_text(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Number(number) => Some(number.to_string()),
            Kind::Bool(truth) => Some(truth.to_string()),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Bytes of text, and items.
    pub(crate) fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) => 0,
            Kind::Text(text) => text.len(),
            Kind::List(items) => items.iter().map(Self::size).sum(),
            Kind::Map(entries) => {
                let sizes = entries.iter();
                sizes
                    .map(|entry| entry.key.len() + entry.value.size())
                    .sum()
            }
        }
    }

    /// Whether it is nothing, or has nothing somewhere within.
    pub(crate) fn has_null(&self) -> bool {
        match &self.kind {
            Kind::Null => true,
            Kind::List(items) => items.iter().any(Self::has_null),
            Kind::Map(entries) => entries.iter().any(|entry| entry.value.has_null()),
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => false,
        }
    }

    /// The same, all of it on one line: text within a text has no lines of its own.
    pub(crate) fn on_line(mut self, line: usize) -> Self {
        self.line = line;
        self.kind = match self.kind {
            Kind::List(items) => {
                Kind::List(items.into_iter().map(|item| item.on_line(line)).collect())
            }
            Kind::Map(entries) => {
                let entries = entries.into_iter().map(|entry| Entry {
                    key: entry.key,
                    line,
                    value: entry.value.on_line(line),
                });
                Kind::Map(entries.collect())
            }
            other => other,
        };
        self
    }

    /// What it is, in words.
    pub(crate) fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a truth value",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(truth) => Value::Bool(*truth),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => {
                let pairs = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_json()));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
        }
    }
}
