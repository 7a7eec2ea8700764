//! What each statement of a role is about is there: the bucket's own prefixes, the table and its index, queues, logs, roles; and
//! each condition names the key and the value that the functions' calls carry. A right that fits nothing is a slip of the pen.

use perennial_core::announcement::SOURCE;
use perennial_core::names::Purpose;
use perennial_core::settings::Settings;
use perennial_local_policy::{Role as Understood, glob};
use serde_json::json;

use super::{Wrong, roles};
use crate::access::{SOURCE_ACCOUNT, SOURCE_ARN, texts};
use crate::deployment::Deployment;
use crate::held::Statement;
use crate::node::{Entry, Node};
use crate::stack::Stack;

/// The tag by which everything that is Perennial's own is known (`tags` in core).
const TAG: &str = "perennial:installation";

/// The places of the bucket (docs/architecture.md, "The bucket").
pub(super) const PLACES: [&str; 8] = [
    "answers/",
    "data/",
    "eval/",
    "media/",
    "pipelines/",
    "reports/",
    "shards/",
    "work/",
];

/// Kinds of Bedrock's resources, and whether they are this account's
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>).
const OF_BEDROCK: [(&str, bool); 9] = [
    ("custom-model", true),
    ("custom-model-deployment", true),
    ("foundation-model", false),
    ("imported-model", true),
    ("inference-profile", true),
    ("model-customization-job", true),
    ("model-import-job", true),
    ("model-invocation-job", true),
    ("provisioned-model", true),
];

/// As [`Deployment::arn`] ends for it (<https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html>).
const TRAINING_LOGS: &str = "log-group:/aws/sagemaker/TrainingJobs";

/// What a thing was made for (`ResourceName::tags` in `core`).
const PURPOSE_TAG: &str = "perennial:purpose";

const REQUEST_TAG: &str = "aws:RequestTag/perennial:installation";
const RESOURCE_TAG: &str = "aws:ResourceTag/perennial:installation";

/// What is allowed under a condition only: it makes, changes, ends or hands on, and must not reach what is somebody else's.
const BOUND: [(&str, &str); 11] = [
    ("bedrock:Create*", REQUEST_TAG),
    ("bedrock:TagResource", REQUEST_TAG),
    ("bedrock:Stop*", RESOURCE_TAG),
    ("bedrock:Update*", RESOURCE_TAG),
    ("bedrock:Delete*", RESOURCE_TAG),
    ("sagemaker:Create*", REQUEST_TAG),
    ("sagemaker:AddTags", REQUEST_TAG),
    ("sagemaker:Stop*", RESOURCE_TAG),
    ("iam:PassRole", "iam:PassedToService"),
    ("events:PutEvents", "events:source"),
    ("kms:*", "kms:ViaService"),
];

pub(super) fn check(
    stack: &Stack,
    deployment: &Deployment,
    settings: &Settings,
    wrong: &mut Wrong,
) {
    bound(stack, wrong);
    let known = Known {
        stack,
        deployment,
        settings,
    };
    for statement in &stack.statements {
        // What could not be resolved was told already.
        if !statement.node.has_null() {
            known.statement(statement, wrong);
        }
    }
}

/// A service that may use a queue or topic may so in the name of things of this account only.
fn bound(stack: &Stack, wrong: &mut Wrong) {
    let policies = stack.resource_policies.iter();
    for access in policies.flat_map(|policy| &policy.statements) {
        let mut conditions = access.conditions.iter();
        let bounds = [SOURCE_ARN, SOURCE_ACCOUNT];
        if !access.denies && !conditions.any(|condition| bounds.contains(&&*condition.key)) {
            let message = "it must be bound by aws:SourceArn or aws:SourceAccount, or others could have the service use it";
            wrong.at(access.line, format!("{}.Condition", access.place), message);
        }
    }
}

struct Known<'a> {
    stack: &'a Stack,
    deployment: &'a Deployment,
    settings: &'a Settings,
}

impl Known<'_> {
    fn statement(&self, statement: &Statement, wrong: &mut Wrong) {
        let node = &statement.node;
        let mut say = |line: usize, member: &str, message: String| {
            wrong.at(line, format!("{}.{member}", statement.place), message);
        };
        let allows = node.get("Effect").and_then(Node::as_text).as_deref() == Some("Allow");
        let line = node.line_of(&["Resource"]);
        for resource in texts(node.get("Resource")) {
            if resource == "*" {
                continue;
            }
            if let Err(message) = self.resource(&resource) {
                say(line, "Resource", format!("{resource}: {message}"));
            }
        }
        let operators = node.get("Condition").and_then(Node::entries);
        let mut keys = Vec::new();
        for operator in operators.unwrap_or_default() {
            for key in operator.value.entries().unwrap_or_default() {
                keys.push(key.key.as_str());
                if let Err(message) = self.condition(operator, key) {
                    let member = format!("Condition.{}.{}", operator.key, key.key);
                    say(key.line, &member, message);
                }
            }
        }
        if !allows {
            return;
        }
        for member in ["NotAction", "NotResource"] {
            if node.get(member).is_some() {
                let message = "an Allow says what it allows: all but some grows with each thing that AWS adds";
                say(node.line_of(&[member]), member, message.into());
            }
        }
        let granted = granted(node);
        // What a job registers in the group that the deployer named bears SageMaker's tags, and none of ours.
        let resources = texts(node.get("Resource"));
        let in_a_group = |of: &String| of.contains(":model-package");
        let in_the_group = !resources.is_empty() && resources.iter().all(in_a_group);
        for (pattern, key) in BOUND {
            if in_the_group && pattern.starts_with("sagemaker:") {
                continue;
            }
            let has = keys.iter().any(|found| found.eq_ignore_ascii_case(key));
            let mut bound = granted.iter();
            if let Some(action) =
                bound.find(|action| !has && glob::matches_any_case(pattern, action))
            {
                let message = format!("{action} must be bound by {key}");
                say(node.line, "Condition", message);
            }
        }
        if texts(node.get("Resource")).iter().any(|of| of == "*")
            && let Some(action) = granted.iter().find(|action| !looks_only(action))
        {
            let message = format!("{action} on everything; name what it is about");
            say(line, "Resource", message);
        }
    }

    /// Whether a resource's pattern is about something that is there.
    fn resource(&self, pattern: &str) -> Result<(), String> {
        let parts: Vec<&str> = pattern.splitn(6, ':').collect();
        let [_, _, service, region, account, rest] = parts[..] else {
            // The reading of the policy says so.
            return Ok(());
        };
        let one_of = |known: Vec<&str>| {
            if known.contains(&pattern) {
                return Ok(());
            }
            Err(format!("in the template there is {}", known.join(", ")))
        };
        let stack = self.stack;
        match service {
            "s3" => self.bucket(rest),
            "dynamodb" => {
                let tables = stack.tables.iter().flat_map(|table| {
                    let arn = self
                        .deployment
                        .arn("dynamodb", &format!("table/{}", table.name));
                    let indexes = table.create["GlobalSecondaryIndexes"].as_array();
                    let indexes = indexes.into_iter().flatten();
                    let indexes = indexes.filter_map(|index| index["IndexName"].as_str());
                    let indexes: Vec<String> = indexes
                        .map(|index| format!("{arn}/index/{index}"))
                        .collect();
                    let all = format!("{arn}/index/*");
                    [arn, all].into_iter().chain(indexes)
                });
                let tables: Vec<String> = tables.collect();
                one_of(tables.iter().map(String::as_str).collect())
            }
            "sqs" => one_of(
                stack
                    .queues
                    .iter()
                    .map(|queue| queue.arn.as_str())
                    .collect(),
            ),
            // The deployer's own, for containers.
            "iam"
                if self
                    .deployment
                    .parameters
                    .get("TrainingRoleArn")
                    .is_some_and(|own| own == pattern) =>
            {
                Ok(())
            }
            "iam" => {
                let roles = roles::job_services();
                let roles: Vec<&str> = roles
                    .flat_map(|service| roles::of_jobs(stack, &service))
                    .map(|role| role.arn.as_str())
                    .collect();
                one_of(roles)
            }
            "events" => {
                let bus = format!("event-bus/{}", self.settings.bus);
                one_of(vec![&self.deployment.arn("events", &bus)])
            }
            // SageMaker's own group, which every training job of the account logs to.
            "logs" if rest.trim_end_matches(":*") == TRAINING_LOGS => Ok(()),
            "logs" => {
                let groups = stack.log_groups.iter();
                let groups = groups.map(|group| {
                    self.deployment
                        .arn("logs", &format!("log-group:{}:*", group.name))
                });
                let groups: Vec<String> = groups.collect();
                one_of(groups.iter().map(String::as_str).collect())
            }
            "ssm" => {
                let own = format!("parameter/perennial/{}/*", self.settings.installation);
                one_of(vec![&self.deployment.arn("ssm", &own)])
            }
            "bedrock" => self.of_bedrock(region, account, rest),
            // AWS's own hub, whose models a serverless job customizes.
            "sagemaker" if account == "aws" && is_of_the_public_hub(rest) => Ok(()),
            "sagemaker" => {
                let own = format!("training-job/{}-*", self.settings.installation);
                let mut known = vec![self.deployment.arn("sagemaker", &own)];
                // The deployer's own group, and what is registered in it.
                let group = self.deployment.parameters.get("ModelPackageGroup");
                if let Some(group) = group.filter(|group| !group.is_empty()) {
                    for kind in [
                        format!("model-package-group/{group}"),
                        format!("model-package/{group}/*"),
                    ] {
                        known.push(self.deployment.arn("sagemaker", &kind));
                    }
                }
                one_of(known.iter().map(String::as_str).collect())
            }
            // A key, a grader and images of the deployer's own.
            "kms" | "lambda" | "service" => Ok(()),
            "ecr" if rest.starts_with("repository/") => Ok(()),
            other => Err(format!(
                "no function needs {other} on a resource of its own"
            )),
        }
    }

    fn bucket(&self, rest: &str) -> Result<(), String> {
        let buckets = &self.stack.buckets;
        let (name, key) = match rest.split_once('/') {
            Some((name, key)) => (name, Some(key)),
            None => (rest, None),
        };
        // AWS's own, one for each account, in which SageMaker keeps what it made of Nova.
        if name == format!("customer-escrow-{}-*", self.deployment.account) {
            return Ok(());
        }
        if !buckets.iter().any(|bucket| bucket.name == name) {
            let known: Vec<&str> = buckets.iter().map(|bucket| bucket.name.as_str()).collect();
            return Err(format!("in the template there is {}", known.join(", ")));
        }
        key.map_or(Ok(()), place)
    }

    fn of_bedrock(&self, region: &str, account: &str, rest: &str) -> Result<(), String> {
        let kind = rest.split('/').next().unwrap_or_default();
        let Some((_, own)) = OF_BEDROCK.iter().find(|(known, _)| *known == kind) else {
            let known = OF_BEDROCK.map(|(known, _)| known);
            return Err(format!("Bedrock's resources are {}", known.join(", ")));
        };
        let wanted = if *own { &*self.deployment.account } else { "" };
        if account != wanted {
            return Err(format!("{kind} belongs to the account “{wanted}”"));
        }
        // An inference profile asks base models in other regions as well.
        if region != self.deployment.region && (*own || region != "*") {
            return Err(format!(
                "{kind} is in the region {}",
                self.deployment.region
            ));
        }
        Ok(())
    }

    /// Whether a condition asks what the calls carry.
    fn condition(&self, operator: &Entry, key: &Entry) -> Result<(), String> {
        let installation = self.settings.installation.as_str();
        let values = texts(Some(&key.value));
        let exactly = |operators: &[&str], wanted: &[String]| {
            if !operators.contains(&operator.key.as_str()) {
                return Err(format!("the operator must be {}", operators.join(" or ")));
            }
            match values.iter().find(|value| !wanted.contains(*value)) {
                None => Ok(()),
                Some(value) => Err(format!(
                    "“{value}” is not what calls carry; they carry {}",
                    wanted.join(", ")
                )),
            }
        };
        let name = key.key.to_ascii_lowercase();
        let equals = ["StringEquals"];
        if let Some(("aws:requesttag" | "aws:resourcetag", _)) = name.split_once('/') {
            let tag = key.key.split_once('/').map(|(_, tag)| tag);
            if tag == Some(PURPOSE_TAG) {
                let words: Vec<String> = Purpose::ALL
                    .iter()
                    .map(|purpose| purpose.word())
                    .chain(["serving"])
                    .map(str::to_owned)
                    .collect();
                return exactly(&equals, &words);
            }
            if tag != Some(TAG) {
                return Err(format!("what is Perennial's own bears the tag {TAG}"));
            }
            return exactly(&equals, &[installation.to_owned()]);
        }
        match name.as_str() {
            "iam:passedtoservice" => exactly(&equals, &roles::job_services().collect::<Vec<_>>()),
            "events:source" => exactly(&["ForAllValues:StringEquals"], &[SOURCE.to_owned()]),
            "kms:viaservice" => {
                let suffix = self.deployment.url_suffix();
                let of = |service| format!("{service}.{}.{suffix}", self.deployment.region);
                exactly(&equals, &["s3", "dynamodb"].map(of))
            }
            "s3:prefix" if operator.key == "StringLike" => {
                values.iter().try_for_each(|of| place(of))
            }
            "s3:prefix" => Err("the operator must be StringLike".into()),
            "lambda:sourcefunctionarn" => {
                let missed = self.stack.functions.iter().find(|function| {
                    !values
                        .iter()
                        .any(|value| glob::matches_arn(value, &function.arn))
                });
                missed.map_or(Ok(()), |function| {
                    Err(format!("it does not fit {}", function.arn))
                })
            }
            // The reading of the policy knows which keys requests carry.
            _ => Ok(()),
        }
    }
}

/// The known actions that a statement allows, a wildcard's as well.
fn granted(statement: &Node) -> Vec<String> {
    let document = json!({ "Version": "2012-10-17", "Statement": [statement.to_json()] });
    // What cannot be read was told already.
    let role = Understood::read("", &[document]);
    let grants = role.map(|role| role.grants()).unwrap_or_default();
    grants.into_iter().map(|grant| grant.action).collect()
}

/// Whether an action changes nothing; or takes no other resource than everything: traces, and the network interfaces of a function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions>).
fn looks_only(action: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or_default();
    let looks = ["Describe", "Get", "List"];
    ["ec2", "xray"].contains(&service) || looks.iter().any(|begin| name.starts_with(begin))
}

/// Whether a pattern of keys lies in one of the bucket's places.
fn place(pattern: &str) -> Result<(), String> {
    if PLACES.iter().any(|place| pattern.starts_with(place)) {
        return Ok(());
    }
    Err(format!(
        "“{pattern}” is no place of the bucket; there are {}",
        PLACES.join(", ")
    ))
}

fn is_of_the_public_hub(rest: &str) -> bool {
    rest == "hub/SageMakerPublicHub" || rest.starts_with("hub-content/SageMakerPublicHub/")
}

#[cfg(test)]
mod tests {
    use perennial_core::names::{Installation, PipelineName, serving_tags};

    #[test]
    fn the_tag_is_one_that_core_sets() {
        let tags = serving_tags(
            &Installation::parse("a").unwrap(),
            &PipelineName::parse("p").unwrap(),
            1,
        );
        assert!(tags.contains_key(super::TAG));
    }
}
