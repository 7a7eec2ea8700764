//! The intrinsic functions that give values
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>).

use std::collections::{BTreeMap, BTreeSet};

use super::{LONGEST_TEXT, Resolver};
use crate::node::{Entry, Kind, Node};

const UNDERSTOOD: &str = "Ref, Fn::Sub, Fn::GetAtt, Fn::If, Fn::Join, Fn::Select, Fn::Split, and in Conditions Fn::Equals, \
                          Fn::And, Fn::Or, Fn::Not";

impl Resolver<'_> {
    pub(super) fn apply(&self, entry: &Entry, place: &str) -> Option<Node> {
        let (line, value) = (entry.line, &entry.value);
        let wrong = |message: &str| {
            self.findings
                .add(line, place, format!("{}: {message}", entry.key));
            Some(Node::null(line))
        };
        match entry.key.as_str() {
            "Ref" => match &value.kind {
                Kind::Text(name) => self.reference(name, line, place),
                _ => wrong("a name belongs here"),
            },
            "Fn::GetAtt" => match self.attribute_path(value) {
                Some((name, attribute)) => Some(self.attribute(&name, &attribute, line, place)),
                None => wrong("`Resource.Attribute` belongs here"),
            },
            "Fn::Sub" => match &value.kind {
                Kind::Text(text) => Some(self.substitute(text, &[], line, place)),
                Kind::List(items) => match items.as_slice() {
                    [
                        Node {
                            kind: Kind::Text(text),
                            ..
                        },
                        Node {
                            kind: Kind::Map(names),
                            ..
                        },
                    ] => Some(self.substitute(text, names, line, place)),
                    _ => wrong("text, or a list of text and a map, belongs here"),
                },
                _ => wrong("text, or a list of text and a map, belongs here"),
            },
            "Fn::If" => match value.items() {
                Some([condition, then, otherwise]) => {
                    let Some(name) = condition.as_text() else {
                        return wrong("the first item is a condition's name");
                    };
                    let (chosen, other) = if self.truth_of(&name, line, place) {
                        (then, otherwise)
                    } else {
                        (otherwise, then)
                    };
                    // Another deployment takes the other one, and it must be right there.
                    self.elsewhere(|| self.resolve(other, place));
                    self.resolve(chosen, place)
                }
                _ => wrong("a condition's name and two values belong here"),
            },
            "Fn::Join" => {
                let parts = value.items().and_then(|items| match items {
                    [delimiter, list] => Some((delimiter.as_text()?, self.resolve(list, place)?)),
                    _ => None,
                });
                let joined = parts.as_ref().and_then(|(delimiter, list)| {
                    let texts: Option<Vec<String>> =
                        list.items()?.iter().map(Node::as_text).collect();
                    let texts = texts?;
                    let most = texts.len().saturating_mul(delimiter.len());
                    if most > LONGEST_TEXT {
                        return None;
                    }
                    Some(texts.join(delimiter))
                });
                match joined {
                    Some(text) => Some(Node::text(line, text)),
                    None => wrong("a delimiter and a list of texts belong here"),
                }
            }
            "Fn::Split" => {
                let parts = value.items().and_then(|items| match items {
                    [delimiter, text] => {
                        Some((delimiter.as_text()?, self.resolve(text, place)?.as_text()?))
                    }
                    _ => None,
                });
                match parts {
                    Some((delimiter, text)) if !delimiter.is_empty() => {
                        let items = text
                            .split(delimiter.as_str())
                            .map(|item| Node::text(line, item));
                        Some(Node {
                            line,
                            kind: Kind::List(items.collect()),
                        })
                    }
                    _ => wrong("a delimiter and text belong here"),
                }
            }
            "Fn::Select" => {
                let chosen = value.items().and_then(|items| match items {
                    [index, list] => {
                        let index: usize = self.resolve(index, place)?.as_text()?.parse().ok()?;
                        self.resolve(list, place)?.items()?.get(index).cloned()
                    }
                    _ => None,
                });
                chosen.map_or_else(
                    || wrong("an index and a list that has it belong here"),
                    Some,
                )
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                wrong("it gives a condition and not a value; name it under Conditions")
            }
            _ => wrong(&format!("it is not understood; understood: {UNDERSTOOD}")),
        }
    }

    fn attribute_path(&self, value: &Node) -> Option<(String, String)> {
        match &value.kind {
            Kind::Text(path) => path
                .split_once('.')
                .map(|(name, attribute)| (name.to_owned(), attribute.to_owned())),
            Kind::List(items) => match items.as_slice() {
                [name, attribute] => Some((name.as_text()?, attribute.as_text()?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// `${Name}`, `${Name.Attribute}`, `${!Literal}`.
    fn substitute(&self, text: &str, names: &[Entry], line: usize, place: &str) -> Node {
        let mut done = String::new();
        let parts = text
            .split("${")
            .skip(1)
            .filter_map(|part| part.split_once('}'));
        let used: BTreeSet<&str> = parts.map(|(name, _)| name).collect();
        let mut own_names = BTreeMap::new();
        for own in names {
            own_names.entry(own.key.as_str()).or_insert(own);
            if !used.contains(own.key.as_str()) {
                let message = format!("Fn::Sub: {} is given and used nowhere", own.key);
                self.findings.add(own.line, place, message);
            }
        }
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            done.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                self.findings.add(line, place, "Fn::Sub: `${` has no `}`");
                return Node::null(line);
            };
            rest = after;
            if done.len() > LONGEST_TEXT {
                let message = format!("Fn::Sub: the text grows over {LONGEST_TEXT} bytes");
                self.findings.add(line, place, message);
                return Node::null(line);
            }
            if let Some(literal) = name.strip_prefix('!') {
                done.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match (own_names.get(name), name.split_once('.')) {
                (Some(own), _) => self.resolve(&own.value, place),
                (None, Some((id, attribute))) => Some(self.attribute(id, attribute, line, place)),
                (None, None) => self.reference(name, line, place),
            };
            match value {
                Some(Node {
                    kind: Kind::Null, ..
                }) => {}
                Some(value) => match value.as_text() {
                    Some(text) => done.push_str(&text),
                    None => self.findings.add(
                        line,
                        place,
                        format!("Fn::Sub: {name} is {} and no text", value.what()),
                    ),
                },
                None => self
                    .findings
                    .add(line, place, format!("Fn::Sub: {name} is no value")),
            }
        }
        done.push_str(rest);
        Node::text(line, done)
    }
}
