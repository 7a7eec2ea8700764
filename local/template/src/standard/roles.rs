//! Each function has a role of its own, which Lambda alone takes on and which lets Lambda do its part; each other role is a job
//! service's, and only that service's jobs of this account take it on.

use std::collections::{BTreeMap, BTreeSet};

use perennial_core::announcement::Function as Owner;
use perennial_local_policy::{Context, Decision, Request, Role as Understood};

use super::Wrong;
use super::functions::is_known;
use crate::access::{Access, Condition, How, SOURCE_ACCOUNT, SOURCE_ARN};
use crate::deployment::Deployment;
use crate::stack::{Function, Role, Stack};

const LAMBDA: &str = "lambda.amazonaws.com";
const ASSUME: &str = "sts:AssumeRole";

/// The services whose jobs take roles on, and the jobs that may: without these conditions, anyone could have the service use
/// the role (<https://docs.aws.amazon.com/bedrock/latest/userguide/cross-service-confused-deputy-prevention.html>,
/// <https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html>). `*` stands for the name;
/// SageMaker's jobs bear ours.
const JOBS: [(&str, &[&str]); 2] = [
    (
        "bedrock",
        &[
            "model-customization-job/*",
            "model-import-job/*",
            "model-invocation-job/*",
            // A model that is made of a checkpoint has no job.
            "custom-model/*",
        ],
    ),
    ("sagemaker", &["training-job/{installation}-*"]),
];

/// The services that may be handed a role.
pub(super) fn job_services() -> impl Iterator<Item = String> {
    JOBS.iter()
        .map(|(service, _)| format!("{service}.amazonaws.com"))
}

/// The roles that a service's jobs may take on, as far as their trust names it.
pub(super) fn of_jobs<'s>(stack: &'s Stack, service: &str) -> Vec<&'s Role> {
    let names = |access: &Access| access.services.iter().any(|found| found == service);
    let roles = stack.roles.iter();
    roles.filter(|role| role.trust.iter().any(names)).collect()
}

pub(super) fn check(stack: &Stack, deployment: &Deployment, installation: &str, wrong: &mut Wrong) {
    let mut owners: BTreeMap<&str, &Function> = BTreeMap::new();
    for function in &stack.functions {
        let Some(role) = stack
            .roles
            .iter()
            .find(|role| role.arn == function.role_arn)
        else {
            let message = "SAM would make the role, and allow more than is needed; write it out";
            wrong.say(&function.origin, "Role", message);
            continue;
        };
        if let Some(other) = owners.insert(&role.arn, function) {
            let message = format!(
                "{} has the role {} too; each function has its own",
                other.origin.id, role.origin.id
            );
            wrong.say(&function.origin, "Role", message);
        }
        of_lambda(role, wrong);
        // Another's role lets Lambda do another's part; that it is another's says enough.
        if belongs(function, role, wrong) {
            lets_lambda(function, stack, deployment, wrong);
        }
    }
    for role in &stack.roles {
        lets_encryption(role, stack, deployment, wrong);
        let meant = Owner::ALL
            .iter()
            .any(|owner| role.origin.id == named(owner.name(), "Role"));
        if !meant && !owners.contains_key(role.arn.as_str()) {
            of_job(role, deployment, installation, wrong);
        }
    }
}

/// The logical id of a program's function, role, …: `IngestRole`.
fn named(program: &str, end: &str) -> String {
    let mut letters = program.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .chain(end.chars())
        .collect()
}

/// The function of the program `ingest` is IngestFunction, and its role is IngestRole.
fn belongs(function: &Function, role: &Role, wrong: &mut Wrong) -> bool {
    // That there is no such program is said already.
    if !is_known(function) {
        return true;
    }
    let mut all = true;
    for (id, end, place) in [
        (&function.origin.id, "Function", ""),
        (&role.origin.id, "Role", "Role"),
    ] {
        let wanted = named(&function.binary, end);
        if *id != wanted {
            let message = format!(
                "it has {id}; with the program {} belongs {wanted}",
                function.binary
            );
            wrong.say(&function.origin, place, message);
            all = false;
        }
    }
    all
}

fn of_lambda(role: &Role, wrong: &mut Wrong) {
    for access in &role.trust {
        taken_on_by(access, LAMBDA, wrong);
        for condition in &access.conditions {
            let message = "Lambda takes a function's role on without conditions";
            wrong.at(
                condition.line,
                format!("{}.Condition", access.place),
                message,
            );
        }
    }
}

fn of_job(role: &Role, deployment: &Deployment, installation: &str, wrong: &mut Wrong) {
    for access in &role.trust {
        let known = JOBS.iter().find(|(service, _)| {
            access.services.first() == Some(&format!("{service}.amazonaws.com"))
        });
        let Some((service, jobs)) = known else {
            let known: Vec<String> = job_services().collect();
            let message = format!(
                "no function has this role, so a service's jobs must; they are {}",
                known.join(", ")
            );
            wrong.at(access.line, format!("{}.Principal", access.place), message);
            continue;
        };
        taken_on_by(access, &format!("{service}.amazonaws.com"), wrong);
        let jobs = jobs.iter().map(|job| {
            let job = job.replace("{installation}", installation);
            deployment.arn(service, &job)
        });
        let account = BTreeSet::from([deployment.account.clone()]);
        bound(access, SOURCE_ACCOUNT, &[How::Equal], &account, wrong);
        let how = [How::Arn, How::Like];
        bound(access, SOURCE_ARN, &how, &jobs.collect(), wrong);
    }
}

/// Exactly one service, by exactly one action.
fn taken_on_by(access: &Access, service: &str, wrong: &mut Wrong) {
    if access.denies {
        let message = "a Deny is not understood in a role's trust; understood: Allow";
        wrong.at(access.line, format!("{}.Effect", access.place), message);
    }
    if access.everyone || access.services != [service] {
        let found = if access.everyone {
            "everyone".to_owned()
        } else {
            access.services.join(", ")
        };
        let message = format!("only {service} may take this role on, and here is {found}");
        wrong.at(access.line, format!("{}.Principal", access.place), message);
    }
    if access.actions != [ASSUME] {
        let message = format!("only {ASSUME} belongs here");
        wrong.at(access.line, format!("{}.Action", access.place), message);
    }
}

/// One condition on a key, with exactly these values.
fn bound(access: &Access, key: &str, how: &[How], values: &BTreeSet<String>, wrong: &mut Wrong) {
    let name = match key {
        SOURCE_ARN => "aws:SourceArn",
        _ => "aws:SourceAccount",
    };
    let of_key: Vec<&Condition> = access
        .conditions
        .iter()
        .filter(|condition| condition.key == key)
        .collect();
    let fits = |condition: &&Condition| {
        let found: BTreeSet<String> = condition.values.iter().cloned().collect();
        how.contains(&condition.how) && found == *values
    };
    if of_key.len() != 1 || !of_key.iter().all(fits) {
        let line = of_key.first().map_or(access.line, |found| found.line);
        let list: Vec<&str> = values.iter().map(String::as_str).collect();
        let message = format!(
            "the role must be bound to {name} {}, or others could have the service use it",
            list.join(", ")
        );
        wrong.at(line, format!("{}.Condition.{name}", access.place), message);
    }
}

/// What S3 and DynamoDB do in a role's name where a key of the account's own encrypts.
fn lets_encryption(role: &Role, stack: &Stack, deployment: &Deployment, wrong: &mut Wrong) {
    let buckets = stack
        .buckets
        .iter()
        .filter_map(|bucket| bucket.key.as_ref());
    let tables = stack.tables.iter().filter_map(|table| table.key.as_ref());
    let keys = buckets
        .map(|key| ("s3", key))
        .chain(tables.map(|key| ("dynamodb", key)));
    // What cannot be read was told already.
    let Ok(understood) = Understood::read(&role.origin.id, &role.policies) else {
        return;
    };
    for (service, key) in keys {
        let begin = format!("{service}:");
        let mut grants = understood.grants().into_iter();
        if !grants.any(|grant| grant.action.starts_with(&begin)) {
            continue;
        }
        let through = format!(
            "{service}.{}.{}",
            deployment.region,
            deployment.url_suffix()
        );
        for action in ["kms:Decrypt", "kms:GenerateDataKey"] {
            let request = Request {
                action: action.to_owned(),
                resource: key.clone(),
                context: Context::default().with("kms:ViaService", [through.as_str()]),
                is_missing: false,
            };
            if let Decision::Denied(denial) = understood.decide(&request) {
                let message = format!("{service} needs it in the role's name: {denial}");
                wrong.say(&role.origin, "ManagedPolicyArns", message);
            }
        }
    }
}

/// What Lambda does in the role's name, which the local cloud does not do: it logs, reads the queue and leaves dead letters.
fn lets_lambda(function: &Function, stack: &Stack, deployment: &Deployment, wrong: &mut Wrong) {
    // What cannot be read was told already.
    let Ok(role) = Understood::read(&function.binary, &function.policies) else {
        return;
    };
    let mut needs = Vec::new();
    let group = function.log_group.clone();
    let group = group.unwrap_or_else(|| format!("/aws/lambda/{}", function.name));
    let stream = deployment.arn("logs", &format!("log-group:{group}:log-stream:any"));
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        needs.push((action, stream.clone()));
    }
    if let Some(arn) = &function.dead_letter_arn {
        let is_queue = stack.queue(arn).is_some();
        needs.extend(is_queue.then(|| ("sqs:SendMessage", arn.clone())));
    }
    for mapping in &function.mappings {
        for action in [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ] {
            needs.push((action, mapping.queue_arn.clone()));
        }
    }
    if function.in_vpc {
        for action in [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ] {
            needs.push((action, "*".to_owned()));
        }
    }
    for (action, resource) in needs {
        let request = Request {
            action: action.to_owned(),
            resource,
            context: Context::default(),
            is_missing: false,
        };
        if let Decision::Denied(denial) = role.decide(&request) {
            let message = format!("Lambda needs it in the role's name: {denial}");
            wrong.say(&function.origin, "Role", message);
        }
    }
}
