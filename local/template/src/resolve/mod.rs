//! Puts values in the place of intrinsics, for one deployment. What is not understood is a finding, never a guess.

mod conditions;
mod functions;
mod kinds;

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::deployment::Deployment;
use crate::node::{Entry, Kind, Node};
use crate::props::Findings;

pub(crate) use kinds::{NOT_ACTED_ON, arn_of, generated_name};

/// One resource as the template declares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared<'t> {
    /// `AWS::SQS::Queue`.
    pub(crate) kind: String,
    pub(crate) line: usize,
    pub(crate) properties: Option<&'t Node>,
    pub(crate) condition: Option<String>,
}

/// Knows what every name of the template stands for.
pub(crate) struct Resolver<'t> {
    pub(crate) deployment: &'t Deployment,
    pub(crate) findings: &'t Findings,
    parameters: BTreeMap<String, Node>,
    conditions: BTreeMap<&'t str, &'t Node>,
    /// `None` while a condition is being found out.
    truths: RefCell<BTreeMap<String, Option<bool>>>,
    resources: BTreeMap<String, Declared<'t>>,
    /// Whose names are being found out, so that a circle is seen.
    naming: RefCell<Vec<String>>,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(
        deployment: &'t Deployment,
        findings: &'t Findings,
        parameters: BTreeMap<String, Node>,
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
            conditions: conditions.collect(),
            truths: RefCell::default(),
            resources,
            naming: RefCell::default(),
        }
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
        match &node.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => Some(node.clone()),
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
                    return self.apply(entry, place);
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
        if let (false, Some(condition)) = (self.is_there(declared, id), &declared.condition) {
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
        match before.filter(|before| !before.is_empty()) {
            Some(before) => format!("{before}/{name}"),
            None => name,
        }
    }

    /// A property's text, resolved. What is wrong in it is found again where the resource is read, as the same finding.
    fn text_of(&self, id: &str, property: &str) -> Option<String> {
        let node = self.resources.get(id)?.properties?.get(property)?;
        self.resolve(node, &format!("{id}.{property}"))?.as_text()
    }
}
