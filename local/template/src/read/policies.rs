//! Roles and policies: documents are handed on as they are, resolved; who evaluates them is no matter of this crate.

use serde_json::{Value, json};

use super::{Attached, Draft, Resource, texts};
use crate::node::{Kind, Node};
use crate::props::Props;
use crate::stack::Role;

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
    let mut policies = Vec::new();
    for policy in props.maps("Policies") {
        policy.need("PolicyName");
        match policy.json("PolicyDocument") {
            Some(document) => policies.push(document),
            None => policy.missing("PolicyDocument"),
        }
        policy.finish();
    }
    draft.role_policies.push(texts(props, "ManagedPolicyArns"));
    let trust = props.json("AssumeRolePolicyDocument");
    if trust.is_none() {
        props.missing("AssumeRolePolicyDocument");
    }
    draft.stack.roles.push(Role {
        origin: about.origin,
        name: about.name,
        arn: about.arn,
        trust: trust.unwrap_or(Value::Null),
        policies,
    });
}

/// `AWS::IAM::ManagedPolicy`, `AWS::IAM::Policy`.
pub(super) fn attached(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["ManagedPolicyName", "PolicyName", "Description", "Path"]);
    let Some(document) = props.json("PolicyDocument") else {
        props.missing("PolicyDocument");
        return;
    };
    draft.managed.insert(about.arn, document.clone());
    draft.attached.push(Attached {
        origin: about.origin,
        roles: texts(props, "Roles"),
        document,
    });
}

/// `AWS::SQS::QueuePolicy`, `AWS::SNS::TopicPolicy`.
pub(super) fn of_resources(key: &'static str, props: &Props<'_>, draft: &mut Draft) {
    let of = texts(props, key);
    if of.is_empty() {
        props.missing(key);
    }
    match props.json("PolicyDocument") {
        Some(document) => draft.resource_policies.push((of, document)),
        None => props.missing("PolicyDocument"),
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
    for item in node.items().unwrap_or(one) {
        match (&item.kind, item.get("Statement")) {
            (Kind::Text(name), _) => managed.push(name.clone()),
            (Kind::Map(_), Some(_)) => documents.push(with_version(item)),
            _ => {
                let message = "a policy document or a managed policy belongs here; SAM's policy templates are not understood";
                props
                    .findings()
                    .add(item.line, props.at("Policies"), message);
            }
        }
    }
}

fn with_version(document: &Node) -> Value {
    let mut json = document.to_json();
    if let Value::Object(members) = &mut json {
        members.entry("Version").or_insert("2012-10-17".into());
    }
    json
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

/// Whether a resource's policy lets a rule send to it: a statement that allows the action to EventBridge, for any source, or
/// for a pattern that the rule's ARN fits.
pub(super) fn lets_rule_send(
    document: &Value,
    action: &str,
    resource: &str,
    rule_arn: &str,
) -> bool {
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        one => vec![one],
    };
    statements.into_iter().any(|statement| {
        let any = |value: &Value, fits: &dyn Fn(&str) -> bool| match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).any(fits),
            Value::String(item) => fits(item),
            _ => false,
        };
        let service = |item: &str| item == "events.amazonaws.com";
        let principal = any(&statement["Principal"]["Service"], &service);
        let acts = any(&statement["Action"], &|item: &str| like(item, action));
        let on = any(&statement["Resource"], &|item: &str| like(item, resource));
        let source = match &statement["Condition"] {
            Value::Null => true,
            Value::Object(operators) => operators.iter().all(|(operator, keys)| {
                let keys = keys.as_object();
                keys.is_some_and(|keys| {
                    keys.iter()
                        .all(|(key, wanted)| match key.to_lowercase().as_str() {
                            "aws:sourcearn" => any(wanted, &|item: &str| match operator.as_str() {
                                "ArnEquals" | "ArnLike" | "StringLike" => like(item, rule_arn),
                                "StringEquals" => item == rule_arn,
                                _ => false,
                            }),
                            "aws:sourceaccount" => any(wanted, &|item: &str| {
                                Some(item) == rule_arn.split(':').nth(4)
                            }),
                            _ => false,
                        })
                })
            }),
            _ => false,
        };
        statement["Effect"] == "Allow" && principal && acts && on && source
    })
}

/// IAM's `*` and `?`.
fn like(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    match pattern.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = pattern.as_str();
            text.char_indices().any(|(at, _)| like(rest, &text[at..])) || like(rest, "")
        }
        Some(wanted) => {
            let mut text = text.chars();
            text.next().is_some_and(|found| {
                (wanted == '?' || wanted == found) && like(pattern.as_str(), text.as_str())
            })
        }
    }
}
