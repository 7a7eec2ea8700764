//! YAML as CloudFormation reads it, by saphyr's parser: short tags become the long form, lines are kept.
//!
//! CloudFormation knows no aliases and no merges
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html>), so nothing expands. What YAML 1.1,
//! which the AWS CLI reads, and 1.2 read differently is refused. JSON is YAML too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::Number;

use crate::error::Finding;
use crate::node::{Entry, Kind, Node};

/// CloudFormation takes no larger one
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>).
const LARGEST: usize = 1_000_000;
/// No template nests as deeply; all that walks the tree may recurse.
const DEEPEST: usize = 64;

const WHOLE: &str = "the template";

/// Reads a template's text.
///
/// # Errors
/// Where and why it is no YAML, or none that CloudFormation takes.
pub fn parse(text: &str) -> Result<Node, Finding> {
    if text.len() > LARGEST {
        let message = format!(
            "it has {} bytes; CloudFormation takes {LARGEST} at most",
            text.len()
        );
        return Err(Finding::new(0, WHOLE, message));
    }
    let mut loader = Loader::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| {
            let message = format!("it is no YAML: {}", error.info());
            Finding::new(error.marker().line(), WHOLE, message)
        })?;
        loader.take(event, span)?;
    }
    loader
        .root
        .ok_or_else(|| Finding::new(1, WHOLE, "it is empty"))
}

#[derive(Default)]
struct Loader {
    open: Vec<Frame>,
    root: Option<Node>,
}

struct Frame {
    line: usize,
    tag: Option<String>,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// The keys so far, with their lines.
        seen: BTreeMap<String, usize>,
        key: Option<(String, usize)>,
    },
}

impl Loader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        let line = span.start.line();
        match event {
            Event::Alias(_) => Err(self.refuse(
                line,
                "CloudFormation knows no aliases (`*name`); write the value out",
            )),
            Event::Scalar(text, style, _, tag) => {
                let tag = self.tag(line, tag.as_deref())?;
                let kind = match (&tag, style) {
                    (None, ScalarStyle::Plain) => {
                        plain(&text).map_err(|message| self.refuse(line, message))?
                    }
                    _ => Kind::Text(text.into_owned()),
                };
                self.close(Node { line, kind }, tag)
            }
            Event::SequenceStart(_, tag) => {
                self.begin(line, tag.as_deref(), Inside::List(Vec::new()))
            }
            Event::MappingStart(_, tag) => {
                let inside = Inside::Map {
                    entries: Vec::new(),
                    seen: BTreeMap::new(),
                    key: None,
                };
                self.begin(line, tag.as_deref(), inside)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Frame { line, tag, inside }) => {
                    let kind = match inside {
                        Inside::List(items) => Kind::List(items),
                        Inside::Map { entries, .. } => Kind::Map(entries),
                    };
                    self.close(Node { line, kind }, tag)
                }
                None => Err(self.refuse(line, "something ends that never began")),
            },
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(self.refuse(line, "a second document begins; a template is one"))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, line: usize, tag: Option<&Tag>, inside: Inside) -> Result<(), Finding> {
        if self.open.len() >= DEEPEST {
            return Err(self.refuse(line, format!("it nests deeper than {DEEPEST} levels")));
        }
        let tag = self.tag(line, tag)?;
        self.open.push(Frame { line, tag, inside });
        Ok(())
    }

    /// A value is complete: into what is open, as its key or value.
    fn close(&mut self, node: Node, tag: Option<String>) -> Result<(), Finding> {
        let line = node.line;
        let node = match tag {
            None => node,
            Some(key) => Node {
                line,
                kind: Kind::Map(vec![Entry {
                    key,
                    line,
                    value: node,
                }]),
            },
        };
        let refused = match self.open.last_mut() {
            None => {
                self.root = Some(node);
                None
            }
            Some(Frame {
                inside: Inside::List(items),
                ..
            }) => {
                items.push(node);
                None
            }
            Some(Frame {
                inside: Inside::Map { entries, seen, key },
                ..
            }) => match key.take() {
                Some((key, line)) => {
                    entries.push(Entry {
                        key,
                        line,
                        value: node,
                    });
                    None
                }
                None => match node.as_text() {
                    None => Some(format!("a key must be text and is {}", node.what())),
                    Some(name) if name == "<<" => {
                        Some("CloudFormation knows no merges (`<<`); write the keys out".to_owned())
                    }
                    Some(name) => match seen.insert(name.clone(), line) {
                        Some(first) => Some(format!(
                            "the key {name} stands twice, first in line {first}"
                        )),
                        None => {
                            *key = Some((name, line));
                            None
                        }
                    },
                },
            },
        };
        refused.map_or(Ok(()), |message| Err(self.refuse(line, message)))
    }

    /// The long form of a short tag.
    fn tag(&self, line: usize, tag: Option<&Tag>) -> Result<Option<String>, Finding> {
        match tag {
            None => Ok(None),
            Some(tag) if tag.handle == "!" && !tag.suffix.is_empty() => {
                Ok(Some(match tag.suffix.as_str() {
                    short @ ("Ref" | "Condition") => short.to_owned(),
                    short => format!("Fn::{short}"),
                }))
            }
            Some(tag) => {
                Err(self.refuse(line, format!("the tag {tag} is none of CloudFormation's")))
            }
        }
    }

    fn refuse(&self, line: usize, message: impl Into<String>) -> Finding {
        let keys = self.open.iter().filter_map(|frame| match &frame.inside {
            Inside::Map {
                key: Some((key, _)),
                ..
            } => Some(key.as_str()),
            _ => None,
        });
        let place = keys.collect::<Vec<_>>().join(".");
        let place = if place.is_empty() {
            WHOLE.into()
        } else {
            place
        };
        Finding::new(line, place, message)
    }
}

static WHOLE_NUMBER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^-?(0|[1-9][0-9]*)$").ok());

static FRACTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^-?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?$").ok());

/// Octal, hexadecimal, base 60, digits grouped by `_`, signs and exponents.
static UNCLEAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^[-+]?(0[0-7_]+|0[xob][0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[0-9][0-9_]*(\.[0-9_]*)?|[0-9.]+[eE][-+]?[0-9]+|\.[0-9_]+|\.(inf|nan))$").ok()
});

/// An unquoted value.
fn plain(text: &str) -> Result<Kind, String> {
    let is = |pattern: &LazyLock<Option<Regex>>| {
        let regex = LazyLock::force(pattern).as_ref();
        regex.is_some_and(|regex| regex.is_match(text))
    };
    let lower = text.to_lowercase();
    match lower.as_str() {
        "" | "~" | "null" => return Ok(Kind::Null),
        "true" => return Ok(Kind::Bool(true)),
        "false" => return Ok(Kind::Bool(false)),
        "yes" | "no" | "on" | "off" => {
            return Err(format!(
                "“{text}” is a truth value to some readers of YAML and text to others; quote it"
            ));
        }
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return Ok(Kind::Text(text.to_owned()));
    }
    if is(&WHOLE_NUMBER) {
        let number = text.parse::<i64>().map(Number::from);
        return number
            .map(Kind::Number)
            .map_err(|_| format!("the number {text} is too large; quote it if it is a name"));
    }
    if is(&FRACTION) {
        let number = text.parse::<f64>().ok().and_then(Number::from_f64);
        return number
            .map(Kind::Number)
            .ok_or_else(|| format!("the number {text} is too large"));
    }
    if is(&UNCLEAR) {
        return Err(format!(
            "“{text}” is a number to some readers of YAML and text, or another number, to others; quote it"
        ));
    }
    Ok(Kind::Text(text.to_owned()))
}
