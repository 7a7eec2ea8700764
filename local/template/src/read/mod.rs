//! From a template's tree to a [`Stack`]: sections, resources, and what refers to what.

mod events;
mod function;
mod links;
mod policies;
mod rule;
mod sam;
mod storage;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::deployment::Deployment;
use crate::error::TemplateError;
use crate::node::{Entry, Kind, Node};
use crate::parameters;
use crate::props::{Findings, Props};
use crate::resolve::{Declared, NOT_ACTED_ON, Resolver};
use crate::stack::{Origin, QueueMapping, Stack, Topic};
use crate::yaml;

const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// The types of resources that are acted on.
const ACTED_ON: [&str; 13] = [
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Function",
];

/// What is read on the way to a stack, and only needed to check it.
#[derive(Debug, Default)]
struct Draft {
    stack: Stack,
    /// Who may invoke a function: its name or ARN, the principal, the source's ARN.
    permissions: Vec<Permission>,
    /// Resource policies of queues (by URL) and topics (by ARN).
    resource_policies: Vec<(Vec<String>, Value)>,
    /// Policies that are attached to roles by name.
    attached: Vec<Attached>,
    /// Managed policies of the template, by ARN.
    managed: BTreeMap<String, Value>,
    /// The roles of the functions, in their order.
    function_roles: Vec<function::RoleOf>,
    /// The managed policies that the template's own roles name, in their order.
    role_policies: Vec<Vec<String>>,
    /// Event source mappings outside of functions: the function's name or ARN, and the mapping.
    mappings: Vec<(String, QueueMapping)>,
}

#[derive(Debug)]
struct Permission {
    function: String,
    principal: String,
    source_arn: Option<String>,
}

#[derive(Debug)]
struct Attached {
    origin: Origin,
    roles: Vec<String>,
    document: Value,
}

impl Stack {
    /// Reads a template for one deployment.
    ///
    /// # Errors
    /// Everything in it that is wrong or not understood.
    pub fn read(text: &str, deployment: &Deployment) -> Result<Self, TemplateError> {
        let findings = Findings::default();
        let root = yaml::parse(text).map_err(|finding| TemplateError(vec![finding]))?;
        let stack = template(&root, deployment, &findings);
        if findings.len() > 0 {
            return Err(TemplateError::of(findings.into_vec()));
        }
        Ok(stack)
    }
}

fn template(root: &Node, deployment: &Deployment, findings: &Findings) -> Stack {
    let top = Props::new("the template", root, findings);
    top.pass_over(&["Description", "Metadata"]);
    match top.text("AWSTemplateFormatVersion").as_deref() {
        Some("2010-09-09") => {}
        _ => top.refuse("AWSTemplateFormatVersion", "it must be 2010-09-09"),
    }
    if let Some(transform) = top.text("Transform")
        && transform != SERVERLESS
    {
        top.refuse(
            "Transform",
            format!("“{transform}” is not understood; understood: {SERVERLESS}"),
        );
    }
    let parameters = parameters::values(top.named("Parameters"), deployment, findings);
    let globals = top.map("Globals").and_then(|globals| {
        let of_functions = globals.node("Function");
        globals.finish();
        of_functions
    });
    let declared = top.named("Resources");
    let mut resources = BTreeMap::new();
    for entry in declared {
        let found = declare(entry, findings);
        for (id, implicit) in sam::implied(entry, &found) {
            resources.insert(id, implicit);
        }
        resources.insert(entry.key.clone(), found);
    }
    for entry in declared {
        depends_on(entry, &resources, findings);
    }
    let resolver = Resolver::new(
        deployment,
        findings,
        parameters,
        top.named("Conditions"),
        resources,
    );
    resolver.try_conditions();
    resolver.assertions(top.named("Rules"));
    let mut draft = Draft::default();
    for entry in declared {
        resource(&resolver, entry, globals, &mut draft);
    }
    draft.stack.outputs = outputs(&resolver, top.named("Outputs"));
    top.finish();
    links::finish(draft, deployment, findings)
}

fn declare<'t>(entry: &'t Entry, findings: &'t Findings) -> Declared<'t> {
    let props = Props::new(entry.key.as_str(), &entry.value, findings);
    props.pass_over(&[
        "Metadata",
        "DependsOn",
        "DeletionPolicy",
        "UpdateReplacePolicy",
    ]);
    let declared = Declared {
        kind: props.need("Type").unwrap_or_default(),
        line: entry.line,
        properties: props.node("Properties"),
        condition: props.text("Condition"),
    };
    props.finish();
    declared
}

fn depends_on(entry: &Entry, known: &BTreeMap<String, Declared<'_>>, findings: &Findings) {
    let Some(node) = entry.value.get("DependsOn") else {
        return;
    };
    let one = std::slice::from_ref(node);
    for item in node.items().unwrap_or(one) {
        let name = item.as_text().unwrap_or_default();
        if !known.contains_key(&name) {
            let message = format!("“{name}” is no resource of the template");
            findings.add(item.line, format!("{}.DependsOn", entry.key), message);
        }
    }
}

/// A resource on its way into the draft.
struct Resource<'a> {
    origin: Origin,
    name: String,
    arn: String,
    deployment: &'a Deployment,
}

fn resource(resolver: &Resolver<'_>, entry: &Entry, globals: Option<&Node>, draft: &mut Draft) {
    let id = &entry.key;
    let Some(declared) = resolver.resources().get(id) else {
        return;
    };
    if !resolver.is_there(declared, id) {
        return;
    }
    let kind = declared.kind.clone();
    let empty = Node::null(entry.line);
    let own = declared.properties.unwrap_or(&empty);
    let merged = match (kind.as_str(), globals) {
        ("AWS::Serverless::Function", Some(globals)) => sam::merge(globals, own),
        _ => own.clone(),
    };
    let resolved = resolver.resolve(&merged, id).unwrap_or(empty);
    let props = Props::new(id.as_str(), &resolved, resolver.findings);
    let name = resolver.physical_name(id);
    let about = Resource {
        origin: Origin {
            id: id.clone(),
            line: entry.line,
        },
        arn: crate::resolve::arn_of(&kind, &name, resolver.deployment).unwrap_or_default(),
        name,
        deployment: resolver.deployment,
    };
    match kind.as_str() {
        "AWS::Serverless::Function" => {
            let metadata = entry.value.get("Metadata");
            function::read(about, &props, metadata, draft);
        }
        "AWS::Lambda::EventSourceMapping" => events::own_mapping(about, &props, draft),
        "AWS::Lambda::Permission" => function::permission(&props, draft),
        "AWS::Events::Rule" => rule::read(about, &props, draft),
        "AWS::SQS::Queue" => storage::queue(about, &props, draft),
        "AWS::SQS::QueuePolicy" => policies::of_resources("Queues", &props, draft),
        "AWS::SNS::TopicPolicy" => policies::of_resources("Topics", &props, draft),
        "AWS::SNS::Topic" => {
            props.pass_over(&[
                "TopicName",
                "DisplayName",
                "KmsMasterKeyId",
                "Tags",
                "Subscription",
            ]);
            draft.stack.topics.push(Topic {
                origin: about.origin,
                name: about.name,
                arn: about.arn,
            });
        }
        "AWS::DynamoDB::Table" => storage::table(about, &props, draft),
        "AWS::S3::Bucket" => storage::bucket(about, &props, draft),
        "AWS::IAM::Role" => policies::role(about, &props, draft),
        "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => policies::attached(about, &props, draft),
        other => match NOT_ACTED_ON.iter().find(|(kind, _)| *kind == other) {
            // Its properties are resolved, so that a wrong name in them is found; no more is read of them.
            Some((_, reason)) => {
                draft.stack.not_acted_on.push((id.clone(), kind, reason));
                return;
            }
            None => {
                let known: Vec<&str> = ACTED_ON
                    .into_iter()
                    .chain(NOT_ACTED_ON.iter().map(|(kind, _)| *kind))
                    .collect();
                let message = format!(
                    "{other} is not understood; understood: {}",
                    known.join(", ")
                );
                resolver
                    .findings
                    .add(entry.line, format!("{id}.Type"), message);
                return;
            }
        },
    }
    props.finish();
}

fn outputs(resolver: &Resolver<'_>, declared: &[Entry]) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    for entry in declared {
        let place = format!("Outputs.{}", entry.key);
        let props = Props::new(place.as_str(), &entry.value, resolver.findings);
        props.pass_over(&["Description", "Export"]);
        let condition = props.text("Condition");
        let is_there = condition.is_none_or(|name| resolver.truth_of(&name, entry.line, &place));
        match props.node("Value") {
            None => props.missing("Value"),
            Some(_) if !is_there => {}
            Some(node) => {
                let value = resolver.resolve(node, &place);
                if let Some(text) = value.and_then(|value| value.as_text()) {
                    outputs.insert(entry.key.clone(), text);
                }
            }
        }
        props.finish();
    }
    outputs
}

/// Texts of a list, or one text.
fn texts(props: &Props<'_>, key: &'static str) -> Vec<String> {
    match props.node(key).map(|node| &node.kind) {
        Some(Kind::List(items)) => items.iter().filter_map(Node::as_text).collect(),
        Some(_) => props.text(key).into_iter().collect(),
        None => Vec::new(),
    }
}
