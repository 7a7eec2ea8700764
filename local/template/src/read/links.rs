//! What refers to what: every target, queue and role that is named must be there, and must let itself be used.

use std::collections::{BTreeMap, BTreeSet};

use perennial_local_policy::glob;

use super::policies::{Document, of_aws};
use super::{Draft, Permission};
use crate::access::{self, Asked};
use crate::deployment::Deployment;
use crate::names;
use crate::props::Findings;
use crate::resolve::reference;
use crate::stack::{Origin, Role, Rule, Stack, Target};

const EVENTBRIDGE: &str = "events.amazonaws.com";

/// Puts the draft's parts together and checks the references.
pub(super) fn finish(mut draft: Draft, deployment: &Deployment, findings: &Findings) -> Stack {
    join_mappings(&mut draft, findings);
    join_roles(&mut draft, findings);
    name_rules(&draft.stack, findings);
    for rule in &draft.stack.rules {
        check_rule(&draft, rule, deployment, findings);
    }
    check_subscriptions(&draft, findings);
    check_functions(&draft.stack, findings);
    check_queues(&draft.stack, findings);
    let mut stack = draft.stack;
    stack
        .functions
        .sort_by(|a, b| a.origin.id.cmp(&b.origin.id));
    stack
}

fn say(findings: &Findings, origin: &Origin, place: &str, message: impl Into<String>) {
    let place = match place {
        "" => origin.id.clone(),
        place => format!("{}.{place}", origin.id),
    };
    findings.add(origin.line, place, message);
}

fn join_mappings(draft: &mut Draft, findings: &Findings) {
    for (of, mapping) in std::mem::take(&mut draft.mappings) {
        let functions = &mut draft.stack.functions;
        let named = functions
            .iter_mut()
            .find(|function| function.name == of || function.arn == of);
        match named {
            Some(function) => function.mappings.push(mapping),
            None => say(
                findings,
                &mapping.origin,
                "FunctionName",
                format!("{of} is no function of the template"),
            ),
        }
    }
}

/// Gives each role and each function all of its policies.
fn join_roles(draft: &mut Draft, findings: &Findings) {
    let lookup = |origin: &Origin, name: &String| {
        let of_aws = || {
            let json = of_aws(name)?;
            let statements = Vec::new();
            Some(Document { json, statements })
        };
        let found = draft.managed.get(name).cloned().or_else(of_aws);
        if found.is_none() {
            say(
                findings,
                origin,
                "",
                format!(
                    "the managed policy {name} is not in the template, and its document is not known here"
                ),
            );
        }
        found
    };
    for (role, managed) in draft.stack.roles.iter_mut().zip(&draft.role_policies) {
        for name in managed {
            if let Some(document) = lookup(&role.origin, name) {
                role.policies.push(document.json);
                role.statements.extend(document.statements);
            }
        }
    }
    for policy in &draft.attached {
        for name in &policy.roles {
            // A role's name has its path before it, and `Ref` gives none.
            let of = |role: &&mut Role| role.name.rsplit('/').next() == Some(name);
            match draft.stack.roles.iter_mut().find(of) {
                Some(role) => {
                    role.policies.push(policy.document.json.clone());
                    let statements = policy.document.statements.iter();
                    role.statements.extend(statements.cloned());
                }
                None => say(
                    findings,
                    &policy.origin,
                    "Roles",
                    format!("{name} is no role of the template"),
                ),
            }
        }
    }
    for role in &draft.stack.roles {
        named_once(role, findings);
    }
    let roles = &draft.stack.roles;
    for (function, of) in draft.stack.functions.iter_mut().zip(&draft.function_roles) {
        for name in &of.managed {
            let document = lookup(&of.origin, name);
            function.policies.extend(document.map(|found| found.json));
        }
        if let Some(arn) = &of.named {
            match roles.iter().find(|role| role.arn == *arn) {
                Some(role) => function.policies.extend(role.policies.iter().cloned()),
                None => say(
                    findings,
                    &of.origin,
                    "Role",
                    format!("{arn} is no role of the template"),
                ),
            }
        }
    }
}

/// Messages, and the record of what is used, name statements by their `Sid`.
fn named_once(role: &Role, findings: &Findings) {
    let mut seen = BTreeSet::new();
    for statement in &role.statements {
        let sid = statement.place.rsplit('.').next().unwrap_or_default();
        if !seen.insert(sid) {
            let message = format!(
                "the role {} has another statement of this name; name each once",
                role.origin.id
            );
            findings.add(
                statement.node.line,
                format!("{}.Sid", statement.place),
                message,
            );
        }
    }
}

/// Each rule of a bus has its own name.
fn name_rules(stack: &Stack, findings: &Findings) {
    let mut names = BTreeMap::new();
    for rule in &stack.rules {
        if let Some(message) = names::refusal("AWS::Events::Rule", &rule.name) {
            say(findings, &rule.origin, "Name", message);
        }
        if let Some(other) = names.insert((&rule.bus, &rule.name), &rule.origin.id) {
            let message = format!("{other} has the name “{}” too", rule.name);
            say(findings, &rule.origin, "Name", message);
        }
    }
}

fn check_rule(draft: &Draft, rule: &Rule, deployment: &Deployment, findings: &Findings) {
    for target in &rule.targets {
        check_target(draft, rule, target, deployment, findings);
        let Some(dead_letters) = &target.dead_letter_arn else {
            continue;
        };
        match draft.stack.queue(dead_letters) {
            None => say(
                findings,
                &rule.origin,
                "DeadLetterConfig",
                format!("{dead_letters} is no queue of the template"),
            ),
            Some(queue) => {
                if !queue_lets(draft, rule, &queue.name, dead_letters, deployment) {
                    let message = format!(
                        "no AWS::SQS::QueuePolicy lets the rule {} send to {}",
                        rule.name, queue.origin.id
                    );
                    say(findings, &rule.origin, "DeadLetterConfig", message);
                }
            }
        }
    }
}

fn check_target(
    draft: &Draft,
    rule: &Rule,
    target: &Target,
    deployment: &Deployment,
    findings: &Findings,
) {
    let stack = &draft.stack;
    let arn = target.arn.as_str();
    if let Some(function) = stack.functions.iter().find(|function| function.arn == arn) {
        let allows = |permission: &Permission| {
            (permission.function == function.arn || permission.function == function.name)
                && permission.principal == EVENTBRIDGE
                && permission
                    .source_arn
                    .as_ref()
                    .is_none_or(|source| glob::matches_arn(source, &rule.arn))
        };
        if !draft.permissions.iter().any(allows) {
            let message = format!(
                "no AWS::Lambda::Permission lets the rule {} invoke {}",
                rule.name, function.origin.id
            );
            say(findings, &rule.origin, "Targets", message);
        }
    } else if let Some(queue) = stack.queue(arn) {
        if !queue_lets(draft, rule, &queue.name, arn, deployment) {
            let message = format!(
                "no AWS::SQS::QueuePolicy lets the rule {} send to {}",
                rule.name, queue.origin.id
            );
            say(findings, &rule.origin, "Targets", message);
        }
        if stack.reader(arn).is_none() {
            let message = format!(
                "it sends to the queue {}, which no event source mapping reads",
                queue.origin.id
            );
            say(findings, &rule.origin, "Targets", message);
        }
    } else if let Some(topic) = stack.topics.iter().find(|topic| topic.arn == arn) {
        if !lets(draft, arn, &asked(rule, "sns:Publish", arn, deployment)) {
            let message = format!(
                "no AWS::SNS::TopicPolicy lets the rule {} send to {}",
                rule.name, topic.origin.id
            );
            say(findings, &rule.origin, "Targets", message);
        }
    } else if !arn.is_empty() {
        say(
            findings,
            &rule.origin,
            "Targets",
            format!("{arn} is no function, queue or topic of the template"),
        );
    }
}

/// What EventBridge asks for in a rule's name.
fn asked<'a>(
    rule: &'a Rule,
    action: &'a str,
    resource: &'a str,
    deployment: &'a Deployment,
) -> Asked<'a> {
    Asked {
        service: EVENTBRIDGE,
        action,
        resource,
        source_arn: &rule.arn,
        account: &deployment.account,
        tls: true,
    }
}

fn queue_lets(draft: &Draft, rule: &Rule, name: &str, arn: &str, deployment: &Deployment) -> bool {
    let url = reference("AWS::SQS::Queue", name, deployment);
    let asked = asked(rule, "sqs:SendMessage", arn, deployment);
    url.is_some_and(|url| lets(draft, &url, &asked))
}

/// Whether the policies of a queue or topic allow it; they are found by what `Ref` gives.
fn lets(draft: &Draft, of: &str, asked: &Asked<'_>) -> bool {
    access::allowed(draft.stack.policies_of(of), asked)
}

/// Topics tell nobody here, so a function that hears of events by one would hear of none.
fn check_subscriptions(draft: &Draft, findings: &Findings) {
    for (origin, to) in &draft.subscribed {
        if let Some(function) = draft.stack.receiver(to) {
            let message = format!(
                "topics tell nobody here, and {} would hear of nothing; send to it by a rule",
                function.origin.id
            );
            say(findings, origin, "Endpoint", message);
        }
    }
}

fn check_functions(stack: &Stack, findings: &Findings) {
    let mut programs = BTreeSet::new();
    for function in &stack.functions {
        let origin = &function.origin;
        if !programs.insert(&function.binary) {
            say(
                findings,
                origin,
                "Metadata",
                format!("another function has the program {} too", function.binary),
            );
        }
        if let Some(arn) = &function.dead_letter_arn
            && stack.queue(arn).is_none()
            && !stack.topics.iter().any(|topic| topic.arn == *arn)
        {
            say(
                findings,
                origin,
                "DeadLetterQueue",
                format!("{arn} is no queue or topic of the template"),
            );
        }
        for mapping in &function.mappings {
            match stack.queue(&mapping.queue_arn) {
                None => {
                    let message = format!("{} is no queue of the template", mapping.queue_arn);
                    say(findings, &mapping.origin, "EventSourceArn", message);
                }
                // Lambda refuses such a mapping.
                Some(queue) if queue.visibility < function.timeout => {
                    let message = format!(
                        "messages stay hidden for {} s, and {} may take {} s; they would be received twice",
                        queue.visibility.as_secs(),
                        origin.id,
                        function.timeout.as_secs()
                    );
                    say(findings, &queue.origin, "VisibilityTimeout", message);
                }
                Some(_) => {}
            }
        }
    }
}

/// A queue is read, or keeps dead letters; and a redrive ends in a queue.
fn check_queues(stack: &Stack, findings: &Findings) {
    let redrives = stack
        .queues
        .iter()
        .filter_map(|queue| queue.redrive.as_ref().map(|redrive| &redrive.target_arn));
    let of_rules = stack.rules.iter().flat_map(|rule| &rule.targets);
    let keeps: BTreeSet<&String> = redrives
        .chain(of_rules.filter_map(|target| target.dead_letter_arn.as_ref()))
        .chain(
            stack
                .functions
                .iter()
                .filter_map(|function| function.dead_letter_arn.as_ref()),
        )
        .collect();
    for queue in &stack.queues {
        if let Some(redrive) = &queue.redrive {
            match stack.queue(&redrive.target_arn) {
                None => {
                    let message = format!("{} is no queue of the template", redrive.target_arn);
                    say(
                        findings,
                        &queue.origin,
                        "RedrivePolicy.deadLetterTargetArn",
                        message,
                    );
                }
                Some(target) if target.arn == queue.arn => {
                    say(
                        findings,
                        &queue.origin,
                        "RedrivePolicy.deadLetterTargetArn",
                        "it names the queue itself",
                    );
                }
                Some(_) => {}
            }
        }
        if stack.reader(&queue.arn).is_none() && !keeps.contains(&queue.arn) {
            say(
                findings,
                &queue.origin,
                "",
                "no event source mapping reads this queue, and nothing leaves its dead letters in it",
            );
        }
    }
}
