//! Puts values in the place of intrinsics, for one deployment. What is not understood is a finding, never a guess.

mod conditions;
mod functions;
mod kinds;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::deployment::Deployment;
use crate::node::{Entry, Kind, Node};
use crate::props::Findings;

pub(crate) use kinds::{NOT_ACTED_ON, arn_of, generated_name, name_property, reference};

/// Names that lead to names, one after the other, before it is taken for a circle without an end.
const LONGEST_CHAIN: usize = 64;
/// Calls within calls: a template nests 64 levels, each with a tag, and a chain of names adds to it.
const DEEPEST: usize = 256;
/// The longest text that a template's functions may make; AWS's own limits of values are far below.
const LONGEST_TEXT: usize = 100_000;
/// All that a template's functions may make, in bytes of text and items of lists.
const MOST: usize = 16_000_000;

/// One resource as the template declares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared<'t> {
    /// `AWS::SQS::Queue`.
    pub(crate) kind: String,
    pub(crate) line: usize,
    pub(crate) properties: Option<&'t Node>,
    pub(crate) condition: Option<String>,
    /// Whether it is kept when the stack is deleted, and when another takes its place.
    pub(crate) kept: Kept,
}

/// What becomes of a thing that the template holds no more
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// `DeletionPolicy: Retain`.
    pub(crate) when_deleted: bool,
    /// `UpdateReplacePolicy: Retain`.
    pub(crate) when_replaced: bool,
}

/// Knows what every name of the template stands for.
pub(crate) struct Resolver<'t> {
    pub(crate) deployment: &'t Deployment,
    pub(crate) findings: &'t Findings,
    parameters: BTreeMap<String, Node>,
    /// The parameters as the template declares them.
    declared: &'t [Entry],
    conditions: BTreeMap<&'t str, &'t Node>,
    /// `None` while a condition is being found out.
    truths: RefCell<BTreeMap<String, Option<bool>>>,
    resources: BTreeMap<String, Declared<'t>>,
    /// Whose names are being found out, so that a circle is seen.
    naming: RefCell<Vec<String>>,
    /// The names that were found out.
    names: RefCell<BTreeMap<String, String>>,
    /// How many values within values are being resolved.
    depth: Cell<usize>,
    /// What was made so far.
    made: Cell<usize>,
    /// Within what is not there in this deployment: a branch that is not taken, or a resource whose condition is false.
    elsewhere: Cell<bool>,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(
        deployment: &'t Deployment,
        findings: &'t Findings,
        parameters: BTreeMap<String, Node>,
        declared: &'t [Entry],
        conditions: &'t [Entry],
        resources: BTreeMap<String, Declared<'t>>,
    ) -> Self {
        let conditions = conditions
            .iter()
            .map(|entry| (entry.key.as_str(), &entry.value));
        Self {
            deployment,
            findings,
            parameters,
            declared,
            conditions: conditions.collect(),
            truths: RefCell::default(),
            resources,
            naming: RefCell::default(),
            names: RefCell::default(),
            depth: Cell::default(),
            made: Cell::default(),
            elsewhere: Cell::default(),
        }
    }

    /// Does it as in another deployment: what refers to things that are not there in this one is right there.
    pub(crate) fn elsewhere<T>(&self, does: impl FnOnce() -> T) -> T {
        let before = self.elsewhere.replace(true);
        let done = does();
        self.elsewhere.set(before);
        done
    }

    /// Takes account of what is made; nothing more may be made when it is too much.
    pub(crate) fn make(&self, size: usize, line: usize, place: &str) -> bool {
        let before = self.made.get();
        self.made.set(before.saturating_add(size));
        if before <= MOST && self.made.get() > MOST {
            let message = format!("what the template makes of itself grows over {MOST} bytes here");
            self.findings.add(line, place, message);
        }
        self.made.get() <= MOST
    }

    /// Does it one level deeper, unless that is too deep.
    fn deeper<T>(&self, line: usize, place: &str, does: impl FnOnce() -> T) -> Option<T> {
        let depth = self.depth.get();
        if depth >= DEEPEST {
            let message = format!("values within values are more than {DEEPEST} deep here");
            self.findings.add(line, place, message);
            return None;
        }
        self.depth.set(depth + 1);
        let done = does();
        self.depth.set(depth);
        Some(done)
    }

    pub(crate) fn resources(&self) -> &BTreeMap<String, Declared<'t>> {
        &self.resources
    }

    /// Whether a resource is there in this deployment.
    pub(crate) fn is_there(&self, declared: &Declared<'_>, id: &str) -> bool {
        match &declared.condition {
            None => true,
            Some(name) => self.truth_of(name, declared.line, id),
        }
    }

    /// The value without intrinsics; nothing for `AWS::NoValue`.
    pub(crate) fn resolve(&self, node: &Node, place: &str) -> Option<Node> {
        let line = node.line;
        if self.made.get() > MOST {
            return Some(Node::null(line));
        }
        let resolved = self.deeper(line, place, || self.resolve_one(node, place));
        resolved.unwrap_or(Some(Node::null(line)))
    }

    fn resolve_one(&self, node: &Node, place: &str) -> Option<Node> {
        let line = node.line;
        match &node.kind {
            Kind::Null => {
                let message = "nothing is there, and CloudFormation takes no nothing; write AWS::NoValue or take the key out";
                self.findings.add(line, place, message);
                Some(node.clone())
            }
            Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => Some(node.clone()),
            Kind::List(items) => {
                let items = items.iter().enumerate();
                let items =
                    items.filter_map(|(n, item)| self.resolve(item, &format!("{place}[{n}]")));
                Some(Node {
                    line,
                    kind: Kind::List(items.collect()),
                })
            }
            Kind::Map(entries) => {
                let intrinsic = entries
                    .iter()
                    .find(|entry| entry.key == "Ref" || entry.key.starts_with("Fn::"));
                if let Some(entry) = intrinsic {
                    if entries.len() > 1 {
                        self.findings.add(
                            line,
                            place,
                            format!("{} must stand alone in its map", entry.key),
                        );
                        return Some(Node::null(line));
                    }
                    let value = self.apply(entry, place)?;
                    let fits = self.make(value.size(), line, place);
                    return Some(if fits { value } else { Node::null(line) });
                }
                let resolved = entries.iter().filter_map(|entry| {
                    let value = self.resolve(&entry.value, &format!("{place}.{}", entry.key))?;
                    Some(Entry {
                        value,
                        ..entry.clone()
                    })
                });
                Some(Node {
                    line,
                    kind: Kind::Map(resolved.collect()),
                })
            }
        }
    }

    /// What `Ref` gives for a name.
    pub(crate) fn reference(&self, name: &str, line: usize, place: &str) -> Option<Node> {
        if let Some(pseudo) = name.strip_prefix("AWS::") {
            let of = self.deployment;
            let text = match pseudo {
                "AccountId" => of.account.clone(),
                "Region" => of.region.clone(),
                "Partition" => of.partition.clone(),
                "StackName" => of.stack.clone(),
                "StackId" => of.stack_id(),
                "URLSuffix" => of.url_suffix().to_owned(),
                "NoValue" => return None,
                _ => {
                    let known =
                        "AccountId, Region, Partition, StackName, StackId, URLSuffix, NoValue";
                    self.findings.add(
                        line,
                        place,
                        format!("{name} is not understood; understood: AWS:: and {known}"),
                    );
                    return Some(Node::null(line));
                }
            };
            return Some(Node::text(line, text));
        }
        if let Some(value) = self.parameters.get(name) {
            return Some(Node {
                line,
                kind: value.kind.clone(),
            });
        }
        let found = self
            .named(name, line, place)
            .and_then(|(declared, physical)| {
                kinds::reference(&declared.kind, &physical, self.deployment)
            });
        Some(found.map_or(Node::null(line), |text| Node::text(line, text)))
    }

    /// What `Fn::GetAtt` gives.
    pub(crate) fn attribute(&self, name: &str, attribute: &str, line: usize, place: &str) -> Node {
        let Some((declared, physical)) = self.named(name, line, place) else {
            return Node::null(line);
        };
        match kinds::attribute(&declared.kind, &physical, attribute, self.deployment) {
            Ok(text) => Node::text(line, text),
            Err(known) => {
                let message = format!(
                    "{name} is an {} and its attribute {attribute} is not understood; understood: {known}",
                    declared.kind
                );
                self.findings.add(line, place, message);
                Node::null(line)
            }
        }
    }

    /// A resource that is there, and its physical name.
    fn named(&self, id: &str, line: usize, place: &str) -> Option<(&Declared<'t>, String)> {
        let Some(declared) = self.resources.get(id) else {
            self.findings.add(
                line,
                place,
                format!("{id} is neither a parameter nor a resource of the template"),
            );
            return None;
        };
        let is_there = self.elsewhere.get() || self.is_there(declared, id);
        if let (false, Some(condition)) = (is_there, &declared.condition) {
            let message = format!(
                "{id} is not there in this deployment, because its condition {condition} is false"
            );
            self.findings.add(line, place, message);
            return None;
        }
        Some((declared, self.physical_name(id)))
    }

    /// The name that AWS will know a resource by; a role's with its path, a rule's with its bus, as ARNs have them.
    pub(crate) fn physical_name(&self, id: &str) -> String {
        if let Some(known) = self.names.borrow().get(id) {
            return known.clone();
        }
        let kind = self.resources.get(id).map_or("", |found| &found.kind);
        let generated = || generated_name(id, kind, self.deployment);
        if self.naming.borrow().iter().any(|other| other == id) {
            let circle = self.naming.borrow().join(" → ");
            let line = self.resources.get(id).map_or(0, |found| found.line);
            self.findings.add(
                line,
                id,
                format!("its name depends on itself: {circle} → {id}"),
            );
            return generated();
        }
        if self.naming.borrow().len() >= LONGEST_CHAIN {
            let line = self.resources.get(id).map_or(0, |found| found.line);
            let message = format!(
                "its name stands at the end of {LONGEST_CHAIN} others, one made of the other"
            );
            self.findings.add(line, id, message);
            return generated();
        }
        self.naming.borrow_mut().push(id.to_owned());
        // SAM calls the name of a rule that it makes RuleName.
        let names = kinds::name_property(kind).into_iter().chain(["RuleName"]);
        let name = names
            .filter(|property| *property != "RuleName" || kind == "AWS::Events::Rule")
            .find_map(|property| self.text_of(id, property))
            .unwrap_or_else(generated);
        let before = match kind {
            "AWS::IAM::Role" => self
                .text_of(id, "Path")
                .map(|path| path.trim_matches('/').to_owned()),
            "AWS::Events::Rule" => self
                .text_of(id, "EventBusName")
                .filter(|bus| bus != "default"),
            _ => None,
        };
        self.naming.borrow_mut().pop();
        let name = match before.filter(|before| !before.is_empty()) {
            Some(before) => format!("{before}/{name}"),
            None => name,
        };
        let mut names = self.names.borrow_mut();
        names.insert(id.to_owned(), name.clone());
        name
    }

    /// A property's text, resolved. What is wrong in it is found again where the resource is read, as the same finding.
    fn text_of(&self, id: &str, property: &str) -> Option<String> {
        let node = self.resources.get(id)?.properties?.get(property)?;
        self.resolve(node, &format!("{id}.{property}"))?.as_text()
    }
}
