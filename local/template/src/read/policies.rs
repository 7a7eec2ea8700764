//! Roles and policies: documents are read strictly, each statement by itself, and handed on resolved. Who may do what with them is
//! decided by `perennial-local-policy` (policies of roles) and by [`crate::access`] (trust, and the policies of things).

use std::collections::BTreeSet;

use perennial_local_policy::Role as Understood;
use serde_json::{Value, json};

use super::{Attached, Draft, Resource, texts};
use crate::access;
use crate::held::{ResourcePolicy, Statement};
use crate::names;
use crate::node::{Entry, Kind, Node};
use crate::props::{Findings, Props};
use crate::stack::Role;
use crate::yaml;

/// A policy document, resolved, and its statements with their lines.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) json: Value,
    pub(super) statements: Vec<Statement>,
}

/// `AWS::IAM::Role`.
pub(super) fn role(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&[
        "RoleName",
        "Path",
        "Description",
        "MaxSessionDuration",
        "PermissionsBoundary",
        "Tags",
    ]);
    let (mut policies, mut statements) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for policy in props.maps("Policies") {
        let name = policy.need("PolicyName").unwrap_or_default();
        if let Some(message) =
            names::refusal("AWS::IAM::Policy", &name).filter(|_| !name.is_empty())
        {
            policy.refuse("PolicyName", message);
        }
        if !names.insert(name.clone()) {
            let message = format!("the role has another policy “{name}”");
            policy.refuse("PolicyName", message);
        }
        let place = format!("{}.Policies[{name}].PolicyDocument", props.place);
        if let Some(document) = identity(&policy, &place, draft.is_absent) {
            policies.push(document.json);
            statements.extend(document.statements);
        }
        policy.finish();
    }
    draft.stack.statements.extend(statements.iter().cloned());
    draft.role_policies.push(texts(props, "ManagedPolicyArns"));
    let trust = tree(props, "AssumeRolePolicyDocument");
    let place = props.at("AssumeRolePolicyDocument");
    let trust = trust.map(|trust| access::read(&trust, &place, props.findings()));
    draft.stack.roles.push(Role {
        origin: about.origin,
        name: about.name,
        arn: about.arn,
        trust: trust.unwrap_or_default(),
        policies,
        statements,
    });
}

/// `AWS::IAM::ManagedPolicy`, `AWS::IAM::Policy`.
pub(super) fn attached(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["ManagedPolicyName", "PolicyName", "Description", "Path"]);
    let roles = texts(props, "Roles");
    let Some(document) = identity(props, &props.at("PolicyDocument"), draft.is_absent) else {
        return;
    };
    let statements = document.statements.iter().cloned();
    draft.stack.statements.extend(statements);
    draft.managed.insert(about.arn, document.clone());
    draft.attached.push(Attached {
        origin: about.origin,
        roles,
        document,
    });
}

/// `AWS::SQS::QueuePolicy`, `AWS::SNS::TopicPolicy`, `AWS::S3::BucketPolicy`.
pub(super) fn of_resources(key: &'static str, props: &Props<'_>, draft: &mut Draft) {
    let of = texts(props, key);
    if of.is_empty() {
        props.missing(key);
    }
    if let Some(document) = tree(props, "PolicyDocument") {
        let place = props.at("PolicyDocument");
        let statements = access::read(&document, &place, props.findings());
        let policy = ResourcePolicy { of, statements };
        draft.stack.resource_policies.push(policy);
    }
}

/// A function's `Policies`: documents, and the names of managed policies.
pub(super) fn of_function(
    props: &Props<'_>,
    documents: &mut Vec<Value>,
    managed: &mut Vec<String>,
) {
    let Some(node) = props.node("Policies") else {
        return;
    };
    let one = std::slice::from_ref(node);
    for (at, item) in node.items().unwrap_or(one).iter().enumerate() {
        match (&item.kind, item.get("Statement")) {
            (Kind::Text(name), _) => managed.push(name.clone()),
            (Kind::Map(_), Some(_)) => {
                let place = format!("{}[{at}]", props.at("Policies"));
                let with_version = with_version(item);
                documents.push(understood(&with_version, &place, props.findings()).json);
            }
            _ => {
                let message = "a policy document or a managed policy belongs here; SAM's policy templates are not understood";
                props
                    .findings()
                    .add(item.line, props.at("Policies"), message);
            }
        }
    }
}

/// SAM adds the version where it is missing.
fn with_version(document: &Node) -> Node {
    let mut document = document.clone();
    if let Kind::Map(entries) = &mut document.kind
        && !entries.iter().any(|entry| entry.key == "Version")
    {
        entries.push(Entry {
            key: "Version".into(),
            line: document.line,
            value: Node::text(document.line, "2012-10-17"),
        });
    }
    document
}

/// The policy document of a role.
fn identity(props: &Props<'_>, place: &str, is_absent: bool) -> Option<Document> {
    let mut document = tree(props, "PolicyDocument")?;
    if is_absent {
        fill(&mut document);
    }
    Some(understood(&document, place, props.findings()))
}

/// A parameter that is empty here has a value where the policy is there; any ARN will do for the reading.
fn fill(node: &mut Node) {
    match &mut node.kind {
        Kind::Text(text) if text.is_empty() => "arn:aws:service:::any".clone_into(text),
        Kind::List(items) => items.iter_mut().for_each(fill),
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| fill(&mut entry.value)),
        _ => {}
    }
}

/// Reads each statement by itself, so that what is wrong in any is told, with its line.
fn understood(document: &Node, place: &str, findings: &Findings) -> Document {
    let json = document.to_json();
    let read = |document: Value, node: &Node, place: &str| {
        if let Err(error) = Understood::read("", &[document]) {
            let path: Vec<&str> = error.member.split('.').collect();
            let place = format!("{place}.{}", error.member);
            findings.add(node.line_of(&path), place, error.problem);
        }
    };
    let mut frame = json.clone();
    if let Some(statement) = frame.get_mut("Statement") {
        *statement = json!([]);
    }
    read(frame, document, place);
    let statements = access::statements(document).into_iter();
    let statements = statements.map(|(name, node)| {
        let place = format!("{place}.{name}");
        // What could not be resolved was told already.
        if !node.has_null() {
            let one = json!({ "Version": "2012-10-17", "Statement": [node.to_json()] });
            read(one, node, &place);
        }
        Statement {
            place,
            node: node.clone(),
        }
    });
    Document {
        statements: statements.collect(),
        json,
    }
}

/// A policy document's tree; JSON in text is taken too.
fn tree(props: &Props<'_>, key: &'static str) -> Option<Node> {
    let Some(node) = props.node(key) else {
        props.missing(key);
        return None;
    };
    match &node.kind {
        Kind::Text(text) => match yaml::parse(text) {
            Ok(document) => Some(document.on_line(node.line)),
            Err(error) => {
                props.refuse(key, format!("it is no JSON: {}", error.message));
                None
            }
        },
        _ => Some(node.clone()),
    }
}

/// The document of one of AWS's managed policies, for those that SAM gives to functions
/// (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>).
pub(super) fn of_aws(name: &str) -> Option<Value> {
    let path = name.rsplit_once(":policy/").map_or(name, |(_, path)| path);
    let logs = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ];
    let policy = path.rsplit('/').next()?;
    let own: &[&str] = match policy {
        "AWSLambdaBasicExecutionRole" => &[],
        "AWSLambdaSQSQueueExecutionRole" => &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ],
        "AWSLambdaVPCAccessExecutionRole" => &[
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        _ => return None,
    };
    let actions: Vec<&str> = logs.iter().chain(own).copied().collect();
    Some(json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": policy, "Effect": "Allow", "Action": actions, "Resource": "*" },
    ]}))
}
