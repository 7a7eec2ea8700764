//! From a template's tree to a [`Stack`]: sections, resources, and what refers to what.

mod events;
mod function;
mod links;
mod network;
mod policies;
mod rule;
mod sam;
mod storage;
mod watch;

use std::collections::BTreeMap;

use crate::deployment::Deployment;
use crate::error::TemplateError;
use crate::names;
use crate::node::{Entry, Kind, Node};
use crate::parameters;
use crate::props::{Findings, Props};
use crate::resolve::{Declared, Kept, NOT_ACTED_ON, Resolver, name_property};
use crate::stack::{Origin, QueueMapping, Stack, Topic};
use crate::yaml;
use policies::Document;

const SERVERLESS: &str = "AWS::Serverless-2016-10-31";

/// How many of each a template may have
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>).
const QUOTAS: [(&str, usize); 3] = [("Outputs", 200), ("Parameters", 200), ("Resources", 500)];

/// The parameters that a console groups are there.
fn interface(root: &Node, top: &Props<'_>) {
    let groups = root.get("Metadata").and_then(|metadata| {
        let of_console = metadata.get("AWS::CloudFormation::Interface")?;
        of_console.get("ParameterGroups")?.items()
    });
    let declared = top.named("Parameters");
    for group in groups.unwrap_or_default() {
        let names = group.get("Parameters").and_then(Node::items);
        for name in names.unwrap_or_default() {
            let text = name.as_text().unwrap_or_default();
            if !declared.iter().any(|entry| entry.key == text) {
                let place = "Metadata.AWS::CloudFormation::Interface.ParameterGroups";
                let message = format!("“{text}” is no parameter of the template");
                top.findings().add(name.line, place, message);
            }
        }
    }
}

/// The types of resources that are read, property by property.
const ACTED_ON: [&str; 21] = [
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::DynamoDB::Table",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
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
    /// Policies that are attached to roles by name.
    attached: Vec<Attached>,
    /// Managed policies of the template, by ARN.
    managed: BTreeMap<String, Document>,
    /// The roles of the functions, in their order.
    function_roles: Vec<function::RoleOf>,
    /// The managed policies that the template's own roles name, in their order.
    role_policies: Vec<Vec<String>>,
    /// Event source mappings outside of functions: the function's name or ARN, and the mapping.
    mappings: Vec<(String, QueueMapping)>,
    /// Whom topics tell, by ARN or address.
    subscribed: Vec<(Origin, String)>,
    /// Types and names, and whose they are.
    names: BTreeMap<(String, String), String>,
    /// Whether it takes up what is not there in this deployment, which is read all the same.
    is_absent: bool,
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
    document: Document,
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
    let transform = top.text("Transform");
    if let Some(transform) = transform.as_ref().filter(|found| *found != SERVERLESS) {
        top.refuse(
            "Transform",
            format!("“{transform}” is not understood; understood: {SERVERLESS}"),
        );
    }
    let of_sam = |entry: &Entry| {
        let kind = entry.value.get("Type").and_then(Node::as_text);
        kind.is_some_and(|kind| kind.starts_with("AWS::Serverless::"))
    };
    if transform.is_none() && top.named("Resources").iter().any(of_sam) {
        top.refuse(
            "",
            format!("Transform is missing; functions need {SERVERLESS}"),
        );
    }
    let parameters = parameters::values(top.named("Parameters"), deployment, findings);
    let globals = top.map("Globals").and_then(|globals| {
        let of_functions = globals.node("Function");
        globals.finish();
        of_functions
    });
    let declared = top.named("Resources");
    for (section, most) in QUOTAS {
        let found = top.named(section).len();
        if found > most {
            let message = format!("there are {found}; CloudFormation takes {most} at most");
            top.refuse(section, message);
        }
    }
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
        top.named("Parameters"),
        top.named("Conditions"),
        resources,
    );
    interface(root, &top);
    resolver.try_conditions();
    resolver.assertions(top.named("Rules"));
    let mut draft = Draft::default();
    let mut absent = Draft {
        is_absent: true,
        ..Draft::default()
    };
    for entry in declared {
        let Some(declared) = resolver.resources().get(&entry.key) else {
            continue;
        };
        if resolver.is_there(declared, &entry.key) {
            resource(&resolver, entry, declared, globals, &mut draft);
        } else {
            let read = || resource(&resolver, entry, declared, globals, &mut absent);
            resolver.elsewhere(read);
        }
    }
    draft.stack.statements.append(&mut absent.stack.statements);
    draft.stack.budgets.append(&mut absent.stack.budgets);
    draft.stack.endpoints.append(&mut absent.stack.endpoints);
    draft.stack.outputs = outputs(&resolver, top.named("Outputs"));
    top.finish();
    links::finish(draft, deployment, findings)
}

fn declare<'t>(entry: &'t Entry, findings: &'t Findings) -> Declared<'t> {
    let props = Props::new(entry.key.as_str(), &entry.value, findings);
    props.pass_over(&["Metadata", "DependsOn"]);
    let keeps = |key, known: &[&'static str]| {
        let found = props.one_of(key, known);
        found.is_some_and(|found| found.starts_with("Retain"))
    };
    let declared = Declared {
        kind: props.need("Type").unwrap_or_default(),
        line: entry.line,
        properties: props.node("Properties"),
        condition: props.text("Condition"),
        kept: Kept {
            when_deleted: keeps(
                "DeletionPolicy",
                &["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"],
            ),
            when_replaced: keeps("UpdateReplacePolicy", &["Delete", "Retain", "Snapshot"]),
        },
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
    kept: Kept,
    deployment: &'a Deployment,
}

fn resource(
    resolver: &Resolver<'_>,
    entry: &Entry,
    declared: &Declared<'_>,
    globals: Option<&Node>,
    draft: &mut Draft,
) {
    let id = &entry.key;
    let kind = declared.kind.clone();
    let empty = Node {
        line: entry.line,
        kind: Kind::Map(Vec::new()),
    };
    let own = declared.properties.unwrap_or(&empty);
    let merged = match (kind.as_str(), globals) {
        ("AWS::Serverless::Function", Some(globals)) => {
            resolver.make(globals.size(), entry.line, id);
            sam::merge(globals, own)
        }
        _ => own.clone(),
    };
    let resolved = resolver.resolve(&merged, id).unwrap_or(empty);
    let props = Props::new(id.as_str(), &resolved, resolver.findings);
    let name = resolver.physical_name(id);
    let origin = Origin {
        id: id.clone(),
        line: entry.line,
    };
    own_name(&kind, &origin, &props, draft);
    let about = Resource {
        origin,
        arn: crate::resolve::arn_of(&kind, &name, resolver.deployment).unwrap_or_default(),
        name,
        kept: declared.kept,
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
        "AWS::S3::BucketPolicy" => policies::of_resources("Bucket", &props, draft),
        "AWS::SNS::Topic" => {
            props.pass_over(&["TopicName", "DisplayName", "Tags", "Subscription"]);
            // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>
            if props.text("KmsMasterKeyId").as_deref() == Some("alias/aws/sns") {
                let message = "under AWS's own key neither EventBridge nor CloudWatch may publish; take a key of your own, whose policy lets them";
                props.refuse("KmsMasterKeyId", message);
            }
            draft.stack.topics.push(Topic {
                origin: about.origin,
                name: about.name,
                arn: about.arn,
            });
        }
        "AWS::CloudWatch::Alarm" => watch::alarm(about, &props, draft),
        "AWS::CloudWatch::Dashboard" => watch::dashboard(&props, draft),
        "AWS::SNS::Subscription" => watch::subscription(about, &props, draft),
        "AWS::EC2::VPCEndpoint" => network::endpoint(about, &props, draft),
        "AWS::EC2::SecurityGroup" => network::security_group(&props, draft),
        names::BUDGET => watch::budget(about, &props, draft),
        "AWS::Logs::LogGroup" => storage::log_group(about, &props, draft),
        "AWS::DynamoDB::Table" => storage::table(about, &props, draft),
        "AWS::S3::Bucket" => storage::bucket(about, &props, draft),
        "AWS::IAM::Role" => policies::role(about, &props, draft),
        "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => policies::attached(about, &props, draft),
        // Its properties are resolved, so that a wrong name in them is found; no more is read of them.
        other if NOT_ACTED_ON.contains(&other) => return,
        other => {
            let known: Vec<&str> = ACTED_ON.into_iter().chain(NOT_ACTED_ON).collect();
            let message = format!(
                "{other} is not understood; understood: {}",
                known.join(", ")
            );
            let findings = resolver.findings;
            findings.add(entry.line, format!("{id}.Type"), message);
            return;
        }
    }
    props.finish();
}

/// A name that the template gives: one that AWS takes, and no other's. Rules, which SAM makes too, are looked at with their targets.
fn own_name(kind: &str, origin: &Origin, props: &Props<'_>, draft: &mut Draft) {
    // What is not there in this deployment takes nobody's name, and a policy's is one of its roles' only.
    let property = name_property(kind).filter(|_| kind != RULE && !draft.is_absent);
    let Some((property, name)) = property.and_then(|key| Some((key, props.node(key)?.as_text()?)))
    else {
        return;
    };
    if let Some(message) = names::refusal(kind, &name) {
        props.refuse(property, message);
    }
    let within = match kind {
        "AWS::IAM::Policy" => texts(props, "Roles"),
        _ => vec![String::new()],
    };
    for of in within {
        let taken = (format!("{kind} {of}"), name.clone());
        if let Some(other) = draft.names.insert(taken, origin.id.clone()) {
            props.refuse(property, format!("{other} has the name “{name}” too"));
        }
    }
}

const RULE: &str = "AWS::Events::Rule";

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
            Some(node) if !is_there => {
                resolver.elsewhere(|| resolver.resolve(node, &place));
            }
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
        Some(Kind::List(items)) => {
            let mut texts = Vec::new();
            for item in items {
                match item.as_text() {
                    Some(text) => texts.push(text),
                    // What could not be resolved was told already.
                    None if item.kind == Kind::Null => {}
                    None => {
                        let message = format!("text belongs here, and {} is there", item.what());
                        props.findings().add(item.line, props.at(key), message);
                    }
                }
            }
            texts
        }
        Some(_) => props.text(key).into_iter().collect(),
        None => Vec::new(),
    }
}
