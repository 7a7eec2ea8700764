//! Reads a map of properties so that nothing is passed over: what was not asked for is a finding that says what is
//! understood.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::error::Finding;
use crate::node::{Entry, Kind, Node};

/// Nobody reads more findings than these, and a template of a million bytes could have a million.
const MOST: usize = 500;

/// Collects findings from many readers.
#[derive(Debug, Default)]
pub(crate) struct Findings(RefCell<Vec<Finding>>);

impl Findings {
    pub(crate) fn add(&self, line: usize, place: impl Into<String>, message: impl Into<String>) {
        let mut all = self.0.borrow_mut();
        if all.len() < MOST {
            all.push(Finding::new(line, place, message));
        }
    }

    /// Whether something was found in this place.
    fn has(&self, place: &str) -> bool {
        let all = self.0.borrow();
        all.iter().any(|finding| finding.place == place)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn into_vec(self) -> Vec<Finding> {
        self.0.into_inner()
    }
}

/// The properties of one thing.
#[derive(Debug)]
pub(crate) struct Props<'a> {
    /// Such as `IngestFunction.Events.Uploads`.
    pub(crate) place: String,
    pub(crate) line: usize,
    entries: &'a [Entry],
    asked: RefCell<BTreeSet<&'static str>>,
    findings: &'a Findings,
}

impl<'a> Props<'a> {
    /// Of a map; of nothing, if it is none.
    pub(crate) fn new(place: impl Into<String>, node: &'a Node, findings: &'a Findings) -> Self {
        let place = place.into();
        let entries = match &node.kind {
            Kind::Map(entries) => entries.as_slice(),
            Kind::Null => &[],
            _ => {
                findings.add(
                    node.line,
                    &place,
                    format!("a map belongs here, and {} is there", node.what()),
                );
                &[]
            }
        };
        Self {
            place,
            line: node.line,
            entries,
            asked: RefCell::default(),
            findings,
        }
    }

    pub(crate) fn refuse(&self, key: &str, message: impl Into<String>) {
        let line = self.line_of(key);
        let place = if key.is_empty() {
            self.place.clone()
        } else {
            format!("{}.{key}", self.place)
        };
        self.findings.add(line, place, message);
    }

    /// The line of a key; of the whole, if it is not there.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map_or(self.line, |entry| entry.line)
    }

    /// The value of a key, unless it is nothing.
    pub(crate) fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().insert(key);
        let found = self.entries.iter().find(|entry| entry.key == key)?;
        (found.value.kind != Kind::Null).then_some(&found.value)
    }

    /// Keys that are right and mean nothing here.
    pub(crate) fn pass_over(&self, keys: &[&'static str]) {
        self.asked.borrow_mut().extend(keys);
    }

    fn typed<T>(
        &self,
        key: &'static str,
        wanted: &str,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let value = read(node);
        if value.is_none() {
            let found = node
                .as_text()
                .map_or(node.what().to_owned(), |text| format!("“{text}”"));
            self.refuse(key, format!("{wanted} belongs here, and {found} is there"));
        }
        value
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        self.typed(key, "text", Node::as_text)
    }

    /// Text that has to be there.
    pub(crate) fn need(&self, key: &'static str) -> Option<String> {
        match self.node(key) {
            // What could not be resolved was told already.
            None if self.findings.has(&self.at(key)) => {}
            None => self.missing(key),
            Some(Node {
                kind: Kind::Text(text),
                ..
            }) if text.is_empty() => self.refuse(key, "it is empty"),
            Some(_) => {}
        }
        self.text(key).filter(|text| !text.is_empty())
    }

    pub(crate) fn missing(&self, key: &str) {
        self.refuse("", format!("{key} is missing"));
    }

    pub(crate) fn truth(&self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", |node| {
            match node.as_text()?.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            }
        })
    }

    /// A whole number within AWS's bounds.
    pub(crate) fn number(&self, key: &'static str, least: u64, most: u64) -> Option<u64> {
        self.typed(
            key,
            &format!("a whole number from {least} to {most}"),
            |node| {
                let number = node.as_text()?.parse::<u64>().ok()?;
                (least..=most).contains(&number).then_some(number)
            },
        )
    }

    pub(crate) fn seconds(&self, key: &'static str, least: u64, most: u64) -> Option<Duration> {
        self.number(key, least, most).map(Duration::from_secs)
    }

    /// One of a few words.
    pub(crate) fn one_of(&self, key: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let found = self.text(key)?;
        let known = words.iter().find(|word| **word == found);
        if known.is_none() {
            self.refuse(
                key,
                format!(
                    "“{found}” is not understood here; understood: {}",
                    words.join(", ")
                ),
            );
        }
        known.copied()
    }

    pub(crate) fn list(&self, key: &'static str) -> &'a [Node] {
        match self.node(key) {
            None => &[],
            Some(node) => node.items().unwrap_or_else(|| {
                self.refuse(
                    key,
                    format!("a list belongs here, and {} is there", node.what()),
                );
                &[]
            }),
        }
    }

    pub(crate) fn map(&self, key: &'static str) -> Option<Props<'a>> {
        let node = self.node(key)?;
        Some(Self::new(self.at(key), node, self.findings))
    }

    /// The items of a list of maps.
    pub(crate) fn maps(&self, key: &'static str) -> Vec<Props<'a>> {
        let items = self.list(key).iter().enumerate();
        items
            .map(|(n, node)| Self::new(format!("{}.{key}[{n}]", self.place), node, self.findings))
            .collect()
    }

    /// The entries of a map whose keys are names.
    pub(crate) fn named(&self, key: &'static str) -> &'a [Entry] {
        match self.node(key) {
            None => &[],
            Some(node) => node.entries().unwrap_or_else(|| {
                self.refuse(
                    key,
                    format!("a map belongs here, and {} is there", node.what()),
                );
                &[]
            }),
        }
    }

    /// A policy document, or another piece of JSON; JSON in text is taken too.
    pub(crate) fn json(&self, key: &'static str) -> Option<Value> {
        let node = self.node(key)?;
        match &node.kind {
            Kind::Text(text) => serde_json::from_str(text)
                .inspect_err(|error| self.refuse(key, format!("it is no JSON: {error}")))
                .ok(),
            _ => Some(node.to_json()),
        }
    }

    pub(crate) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.place)
    }

    pub(crate) fn findings(&self) -> &'a Findings {
        self.findings
    }

    /// Names every key that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for entry in self.entries {
            if !asked.contains(entry.key.as_str()) {
                let known = asked.iter().copied().collect::<Vec<_>>().join(", ");
                self.findings.add(
                    entry.line,
                    self.at(&entry.key),
                    format!("this is not understood here; understood: {known}"),
                );
            }
        }
    }
}
