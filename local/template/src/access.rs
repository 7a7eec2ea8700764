//! Who may use a thing: the statements of a role's trust, and of the policies of queues, topics and buckets. They name who asks,
//! which the policies of roles (`perennial-local-policy`) do not. Read as strictly: what is not understood is a finding.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "How AWS enforcement code logic evaluates requests"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).

use perennial_local_policy::glob::{self, Reach};

use crate::node::{Entry, Kind, Node};
use crate::props::Findings;

/// The services that are let in anywhere here, by the names that AWS gives them
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>).
const SERVICES: [&str; 8] = [
    "bedrock.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "s3.amazonaws.com",
    "sagemaker.amazonaws.com",
    "sns.amazonaws.com",
];

/// The actions that such statements are about: of trust (STS), and of each kind of thing
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>).
const ACTIONS: [&str; 15] = [
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:PutObject",
    "sns:Publish",
    "sns:Subscribe",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sts:AssumeRole",
];

const MEMBERS: [&str; 6] = [
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "Resource",
    "Condition",
];

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    /// Such as `UploadsPolicy.PolicyDocument.TakeFromTheTwoRules`.
    pub(crate) place: String,
    pub(crate) line: usize,
    pub(crate) denies: bool,
    pub(crate) everyone: bool,
    pub(crate) services: Vec<String>,
    pub(crate) actions: Vec<String>,
    /// None in a role's trust.
    pub(crate) resources: Vec<String>,
    pub(crate) conditions: Vec<Condition>,
}

/// One operator with one key and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) how: How,
    /// In lower case: keys are not case-sensitive.
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
    pub(crate) line: usize,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Equal,
    Like,
    Arn,
    Bool,
}

pub(crate) const SOURCE_ARN: &str = "aws:sourcearn";
pub(crate) const SOURCE_ACCOUNT: &str = "aws:sourceaccount";
pub(crate) const SECURE_TRANSPORT: &str = "aws:securetransport";

/// What a service asks for, in whose name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) service: &'a str,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) source_arn: &'a str,
    pub(crate) account: &'a str,
    pub(crate) tls: bool,
}

/// Whether the statements allow it: an explicit deny wins, an allow is needed.
pub(crate) fn allowed<'s>(
    statements: impl IntoIterator<Item = &'s Access>,
    asked: &Asked<'_>,
) -> bool {
    let mut allowed = false;
    for statement in statements {
        if statement.meets(asked) {
            if statement.denies {
                return false;
            }
            allowed = true;
        }
    }
    allowed
}

impl Access {
    /// Allows everything of this kind to everyone.
    pub(crate) fn of_everyone(action: &str) -> Self {
        Self {
            place: String::new(),
            line: 0,
            denies: false,
            everyone: true,
            services: Vec::new(),
            actions: vec![action.to_owned()],
            resources: vec!["*".to_owned()],
            conditions: Vec::new(),
        }
    }

    fn meets(&self, asked: &Asked<'_>) -> bool {
        let who = self.everyone || self.services.iter().any(|service| service == asked.service);
        let mut actions = self.actions.iter();
        let mut resources = self.resources.iter();
        // As in the policies of roles: to allow more than AWS would is the worse mistake.
        let reach = if self.denies {
            Reach::Wide
        } else {
            Reach::Narrow
        };
        who && actions.any(|action| glob::matches_any_case(action, asked.action))
            && resources.any(|resource| glob::covers(resource, asked.resource, reach))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(asked))
    }
}

impl Condition {
    fn holds(&self, asked: &Asked<'_>) -> bool {
        let found = match self.key.as_str() {
            SOURCE_ARN => asked.source_arn,
            SOURCE_ACCOUNT => asked.account,
            _ if asked.tls => "true",
            _ => "false",
        };
        self.values.iter().any(|wanted| match self.how {
            How::Equal => wanted == found,
            How::Like => glob::matches(wanted, found),
            How::Arn => glob::matches_arn(wanted, found),
            How::Bool => wanted.eq_ignore_ascii_case(found),
        })
    }
}

/// Reads the statements of a document that says who may.
pub(crate) fn read(document: &Node, place: &str, findings: &Findings) -> Vec<Access> {
    let version = document.get("Version").and_then(Node::as_text);
    if version.as_deref() != Some("2012-10-17") {
        let message = "it must be \"2012-10-17\", the current policy language";
        findings.add(document.line, format!("{place}.Version"), message);
    }
    for entry in document.entries().unwrap_or_default() {
        if !matches!(entry.key.as_str(), "Version" | "Id" | "Statement") {
            let message = "it is no member of a policy document";
            findings.add(entry.line, format!("{place}.{}", entry.key), message);
        }
    }
    let statements = statements(document);
    if statements.is_empty() {
        let message = "it has no statement, so nobody may";
        findings.add(document.line, format!("{place}.Statement"), message);
    }
    statements
        .into_iter()
        .map(|(name, node)| statement(node, format!("{place}.{name}"), findings))
        .collect()
}

/// Each statement of a document, with its `Sid`, or its place from 0.
pub(crate) fn statements(document: &Node) -> Vec<(String, &Node)> {
    let Some(node) = document.get("Statement") else {
        return Vec::new();
    };
    let one = std::slice::from_ref(node);
    let all = node.items().unwrap_or(one).iter().enumerate();
    all.map(|(at, node)| {
        let sid = node.get("Sid").and_then(Node::as_text);
        (sid.unwrap_or_else(|| format!("Statement[{at}]")), node)
    })
    .collect()
}

/// Text, or a list of texts; what is neither is left out.
pub(crate) fn texts(node: Option<&Node>) -> Vec<String> {
    match node.map(|node| &node.kind) {
        Some(Kind::List(items)) => items.iter().filter_map(Node::as_text).collect(),
        _ => node.and_then(Node::as_text).into_iter().collect(),
    }
}

fn statement(node: &Node, place: String, findings: &Findings) -> Access {
    let wrong = |line: usize, member: &str, message: String| {
        findings.add(line, format!("{place}.{member}"), message);
    };
    for entry in node.entries().unwrap_or_default() {
        if !MEMBERS.contains(&entry.key.as_str()) {
            let message = format!(
                "this is not understood here; understood: {}",
                MEMBERS.join(", ")
            );
            wrong(entry.line, &entry.key, message);
        }
    }
    for member in ["Action", "Resource"] {
        let items = node.get(member).and_then(Node::items).unwrap_or_default();
        for item in items.iter().filter(|item| item.as_text().is_none()) {
            let message = format!("text belongs here, and {} is there", item.what());
            wrong(item.line, member, message);
        }
    }
    let effect = node.get("Effect").and_then(Node::as_text);
    if !matches!(effect.as_deref(), Some("Allow" | "Deny")) {
        wrong(node.line, "Effect", "it must be Allow or Deny".into());
    }
    let (everyone, services) = principals(node, &wrong);
    let actions = texts(node.get("Action"));
    if actions.is_empty() {
        wrong(node.line, "Action", "it is missing".into());
    }
    for action in &actions {
        if !ACTIONS
            .iter()
            .any(|known| glob::matches_any_case(action, known))
        {
            let message = format!(
                "no action “{action}” is known; known: {}",
                ACTIONS.join(", ")
            );
            wrong(node.line_of(&["Action"]), "Action", message);
        }
    }
    let mut conditions = Vec::new();
    let condition_of = node.get("Condition");
    let is_none = |of: &Node| of.entries().is_none_or(<[Entry]>::is_empty);
    if condition_of.is_some_and(is_none) {
        let line = node.line_of(&["Condition"]);
        wrong(
            line,
            "Condition",
            "operators with their keys belong here".into(),
        );
    }
    for operator in condition_of.and_then(Node::entries).unwrap_or_default() {
        if is_none(&operator.value) {
            let member = format!("Condition.{}", operator.key);
            wrong(
                operator.line,
                &member,
                "an operator with its keys belongs here".into(),
            );
        }
        for key in operator.value.entries().unwrap_or_default() {
            conditions.extend(condition(operator, key, &wrong));
        }
    }
    Access {
        line: node.line,
        denies: effect.as_deref() == Some("Deny"),
        everyone,
        services,
        actions,
        resources: texts(node.get("Resource")),
        conditions,
        place,
    }
}

/// `"*"`, or services; other accounts and people are let in nowhere here.
fn principals(node: &Node, wrong: &dyn Fn(usize, &str, String)) -> (bool, Vec<String>) {
    let line = node.line_of(&["Principal"]);
    let Some(found) = node.get("Principal") else {
        wrong(line, "Principal", "it is missing".into());
        return (false, Vec::new());
    };
    if found.as_text().as_deref() == Some("*") {
        return (true, Vec::new());
    }
    // IAM takes both for the same.
    if let Some([only]) = found.entries()
        && only.key == "AWS"
        && texts(Some(&only.value)) == ["*"]
    {
        return (true, Vec::new());
    }
    let services = match found.entries() {
        Some([only]) if only.key == "Service" => texts(Some(&only.value)),
        _ => Vec::new(),
    };
    if services.is_empty() {
        let message =
            "this is not understood here; understood: \"*\", { AWS: \"*\" }, and { Service: … }";
        wrong(line, "Principal", message.into());
    }
    for service in &services {
        if !SERVICES.contains(&service.as_str()) {
            let message = format!(
                "“{service}” is no service that is known here; known: {}",
                SERVICES.join(", ")
            );
            wrong(line, "Principal", message);
        }
    }
    (false, services)
}

fn condition(
    operator: &Entry,
    key: &Entry,
    wrong: &dyn Fn(usize, &str, String),
) -> Option<Condition> {
    let member = format!("Condition.{}.{}", operator.key, key.key);
    let how = match operator.key.as_str() {
        "StringEquals" => How::Equal,
        "StringLike" => How::Like,
        "ArnEquals" | "ArnLike" => How::Arn,
        "Bool" => How::Bool,
        other => {
            let message = format!(
                "the operator {other} is not understood here; understood: StringEquals, StringLike, ArnEquals, ArnLike, Bool"
            );
            wrong(operator.line, &member, message);
            return None;
        }
    };
    let name = key.key.to_ascii_lowercase();
    if ![SOURCE_ARN, SOURCE_ACCOUNT, SECURE_TRANSPORT].contains(&name.as_str()) {
        let message = "the key is not understood here; understood: aws:SourceArn, aws:SourceAccount, aws:SecureTransport";
        wrong(key.line, &member, message.into());
        return None;
    }
    let values = texts(Some(&key.value));
    if values.is_empty() {
        wrong(key.line, &member, "it has no value".into());
    }
    for value in &values {
        if how == How::Arn && value.split(':').count() < 6 {
            wrong(key.line, &member, format!("“{value}” is no ARN"));
        }
        if (how == How::Bool) != (name == SECURE_TRANSPORT)
            || how == How::Bool && !matches!(value.as_str(), "true" | "false")
        {
            let message =
                "Bool, with \"true\" or \"false\", goes with aws:SecureTransport, and with it only";
            wrong(key.line, &member, message.into());
        }
    }
    Some(Condition {
        how,
        key: name,
        values,
        line: key.line,
    })
}
