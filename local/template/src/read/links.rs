//! What refers to what: every target, queue and role that is named must be there, and must let itself be used.

use std::collections::BTreeSet;

use super::policies::{lets_rule_send, of_aws};
use super::{Draft, Permission};
use crate::deployment::Deployment;
use crate::props::Findings;
use crate::stack::{Origin, Rule, Stack, Target};

const EVENTBRIDGE: &str = "events.amazonaws.com";

/// Puts the draft's parts together and checks the references.
pub(super) fn finish(mut draft: Draft, deployment: &Deployment, findings: &Findings) -> Stack {
    join_mappings(&mut draft, findings);
    join_roles(&mut draft, findings);
    for rule in &draft.stack.rules {
        check_rule(&draft, rule, deployment, findings);
    }
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
        let found = draft.managed.get(name).cloned().or_else(|| of_aws(name));
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
            role.policies.extend(lookup(&role.origin, name));
        }
    }
    for policy in &draft.attached {
        for name in &policy.roles {
            match draft.stack.roles.iter_mut().find(|role| role.name == *name) {
                Some(role) => role.policies.push(policy.document.clone()),
                None => say(
                    findings,
                    &policy.origin,
                    "Roles",
                    format!("{name} is no role of the template"),
                ),
            }
        }
    }
    let roles = &draft.stack.roles;
    for (function, of) in draft.stack.functions.iter_mut().zip(&draft.function_roles) {
        for name in &of.managed {
            function.policies.extend(lookup(&of.origin, name));
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
                let url = url_of(&queue.name, deployment);
                if !resource_lets(draft, &[&url], "sqs:SendMessage", dead_letters, &rule.arn) {
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
                    .is_none_or(|source| *source == rule.arn)
        };
        if !draft.permissions.iter().any(allows) {
            let message = format!(
                "no AWS::Lambda::Permission lets the rule {} invoke {}",
                rule.name, function.origin.id
            );
            say(findings, &rule.origin, "Targets", message);
        }
    } else if let Some(queue) = stack.queue(arn) {
        let url = url_of(&queue.name, deployment);
        if !resource_lets(draft, &[&url], "sqs:SendMessage", arn, &rule.arn) {
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
        if !resource_lets(draft, &[arn], "sns:Publish", arn, &rule.arn) {
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

fn url_of(queue: &str, of: &Deployment) -> String {
    format!(
        "https://sqs.{}.{}/{}/{queue}",
        of.region,
        of.url_suffix(),
        of.account
    )
}

fn resource_lets(draft: &Draft, of: &[&str], action: &str, resource: &str, rule_arn: &str) -> bool {
    draft.resource_policies.iter().any(|(resources, document)| {
        resources.iter().any(|name| of.contains(&name.as_str()))
            && lets_rule_send(document, action, resource, rule_arn)
    })
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
