//! Rules of the default bus
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-events-rule.html>).

use std::collections::BTreeSet;

use serde_json::Value;

use super::events::{DAY, RETRIES, only_one};
use super::{Draft, Resource};
use crate::deployment::Deployment;
use crate::names;
use crate::node::Kind;
use crate::pattern::EventPattern;
use crate::props::Props;
use crate::schedule::Schedule;
use crate::stack::{Rule, Target, Trigger};

pub(super) fn read(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["Name", "Description", "Tags"]);
    let bus = bus(props);
    let mut triggers = Vec::new();
    let mut broken = false;
    if props.node("EventPattern").is_some() {
        let found = pattern(props, "EventPattern");
        broken |= found.is_none();
        triggers.extend(found);
    }
    if props.node("ScheduleExpression").is_some() {
        let found = schedule(props, "ScheduleExpression");
        broken |= found.is_none();
        triggers.extend(found);
    }
    let mut targets = Vec::new();
    let mut ids = BTreeSet::new();
    for of in props.maps("Targets") {
        let id = of.need("Id").unwrap_or_default();
        if let Some(message) = names::refusal(names::TARGET, &id).filter(|_| !id.is_empty()) {
            of.refuse("Id", message);
        }
        if !ids.insert(id.clone()) {
            of.refuse("Id", format!("another target has the id “{id}”"));
        }
        let arn = of.need("Arn").unwrap_or_default();
        let transformed = of.map("InputTransformer").is_some();
        targets.push(Target {
            arn,
            transformed,
            ..target(&of)
        });
        of.finish();
    }
    if targets.is_empty() {
        props.refuse("Targets", "the rule has no target");
    }
    let enabled = state(props);
    if broken {
        return;
    }
    if let Some(trigger) = only_one(props, triggers) {
        draft.stack.rules.push(Rule {
            origin: about.origin,
            // The bus stands before the name in the ARN only.
            name: about.name.rsplit('/').next().unwrap_or_default().to_owned(),
            arn: about.arn,
            bus,
            enabled,
            trigger,
            targets,
        });
    }
}

/// The bus that a rule listens to.
pub(super) fn bus(props: &Props<'_>) -> String {
    props
        .text("EventBusName")
        .unwrap_or_else(|| DEFAULT_BUS.to_owned())
}

/// The bus that every account has.
const DEFAULT_BUS: &str = "default";

pub(super) fn arn(bus: &str, name: &str, of: &Deployment) -> String {
    of.arn(
        "events",
        &match bus {
            DEFAULT_BUS => format!("rule/{name}"),
            other => format!("rule/{other}/{name}"),
        },
    )
}

pub(super) fn state(props: &Props<'_>) -> bool {
    props.one_of("State", &["ENABLED", "DISABLED"]) != Some("DISABLED")
}

/// A trigger, unless a finding says why there is none.
pub(super) fn pattern(props: &Props<'_>, key: &'static str) -> Option<Trigger> {
    let Some(json) = props.json(key) else {
        if props.node(key).is_none() {
            props.missing(key);
        }
        return None;
    };
    match EventPattern::new(json) {
        Ok(pattern) => Some(Trigger::Pattern(pattern)),
        Err(message) => {
            props.refuse(key, message);
            None
        }
    }
}

/// See [`pattern`].
pub(super) fn schedule(props: &Props<'_>, key: &'static str) -> Option<Trigger> {
    let text = props.need(key)?;
    match Schedule::parse(&text) {
        Ok(schedule) => Some(Trigger::Schedule(schedule)),
        Err(message) => {
            props.refuse(key, message);
            None
        }
    }
}

/// What SAM's events and a rule's targets have in common; the ARN is the caller's.
pub(super) fn target(of: &Props<'_>) -> Target {
    let mut target = Target {
        arn: String::new(),
        input: input(of),
        transformed: false,
        retries_are_stated: of.node("RetryPolicy").is_some(),
        retries: u32::try_from(RETRIES).unwrap_or(u32::MAX),
        max_event_age: DAY,
        dead_letter_arn: None,
    };
    if let Some(policy) = of.map("RetryPolicy") {
        let retries = policy.number("MaximumRetryAttempts", 0, RETRIES);
        target.retries = retries
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(target.retries);
        target.max_event_age = policy
            .seconds("MaximumEventAgeInSeconds", 60, 86_400)
            .unwrap_or(DAY);
        policy.finish();
    }
    if let Some(config) = of.map("DeadLetterConfig") {
        target.dead_letter_arn = config.need("Arn");
        config.finish();
    }
    target
}

/// A target's `Input` is JSON in text.
fn input(of: &Props<'_>) -> Option<Value> {
    let node = of.node("Input")?;
    if !matches!(node.kind, Kind::Text(_)) {
        of.refuse(
            "Input",
            format!("JSON in text belongs here, and {} is there", node.what()),
        );
        return None;
    }
    of.json("Input")
}
