//! A function's `Events`: queues that it reads, and the rules that SAM makes for it
//! (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html>).

use std::time::Duration;

use super::rule;
use super::{Draft, Permission, Resource, texts};
use crate::props::Props;
use crate::stack::{Origin, QueueMapping, Rule, Target, Trigger};

const TYPES: [&str; 4] = ["SQS", "EventBridgeRule", "CloudWatchEvent", "Schedule"];

pub(super) fn read(
    function: &Resource<'_>,
    props: &Props<'_>,
    draft: &mut Draft,
) -> Vec<QueueMapping> {
    let mut mappings = Vec::new();
    for entry in props.named("Events") {
        let place = format!("{}.Events.{}", props.place, entry.key);
        let event = Props::new(place, &entry.value, props.findings());
        let kind = event.one_of("Type", &TYPES);
        let of = event.map("Properties");
        event.finish();
        let (Some(kind), Some(of)) = (kind, of) else {
            continue;
        };
        let origin = Origin {
            id: format!("{}.{}", function.origin.id, entry.key),
            line: entry.line,
        };
        if kind == "SQS" {
            let queue = of.need("Queue");
            mappings.extend(mapping(origin, &of, queue));
        } else {
            let logical = format!("{}{}", function.origin.id, entry.key);
            made_rule(kind, origin, &logical, function, &of, draft);
        }
        of.finish();
    }
    mappings
}

/// `AWS::Lambda::EventSourceMapping`.
pub(super) fn own_mapping(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    let function = props.need("FunctionName");
    let queue = props.need("EventSourceArn");
    let mapping = mapping(about.origin, props, queue);
    if let (Some(function), Some(mapping)) = (function, mapping) {
        draft.mappings.push((function, mapping));
    }
}

fn mapping(origin: Origin, of: &Props<'_>, queue: Option<String>) -> Option<QueueMapping> {
    let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    // No message waits for others before the batch is handed over.
    of.pass_over(&["MaximumBatchingWindowInSeconds"]);
    let mapping = QueueMapping {
        origin,
        queue_arn: queue.unwrap_or_default(),
        batch_size: whole(of.number("BatchSize", 1, 10_000).unwrap_or(10)),
        max_concurrency: of.map("ScalingConfig").and_then(|scaling| {
            let most = scaling.number("MaximumConcurrency", 2, 1000);
            scaling.finish();
            most.map(whole)
        }),
        reports_item_failures: match texts(of, "FunctionResponseTypes").as_slice() {
            [] => false,
            [only] if only == "ReportBatchItemFailures" => true,
            other => {
                let message = format!(
                    "“{}” is not understood here; understood: ReportBatchItemFailures",
                    other.join(", ")
                );
                of.refuse("FunctionResponseTypes", message);
                false
            }
        },
    };
    of.truth("Enabled").unwrap_or(true).then_some(mapping)
}

/// SAM makes a rule and the permission to invoke the function.
fn made_rule(
    kind: &str,
    origin: Origin,
    logical: &str,
    function: &Resource<'_>,
    of: &Props<'_>,
    draft: &mut Draft,
) {
    let (trigger, name) = if kind == "Schedule" {
        of.pass_over(&["Description"]);
        (rule::schedule(of, "Schedule"), of.text("Name"))
    } else {
        of.pass_over(&["Target"]);
        (rule::pattern(of, "Pattern"), of.text("RuleName"))
    };
    let bus = rule::bus(of);
    let enabled = of.truth("Enabled").unwrap_or(true) && rule::state(of);
    let target = Target {
        arn: function.arn.clone(),
        ..rule::target(of)
    };
    let name = name.unwrap_or_else(|| {
        crate::resolve::generated_name(logical, "AWS::Events::Rule", function.deployment)
    });
    let arn = rule::arn(&bus, &name, function.deployment);
    draft.permissions.push(Permission {
        function: function.arn.clone(),
        principal: "events.amazonaws.com".to_owned(),
        source_arn: Some(arn.clone()),
    });
    let Some(trigger) = trigger else {
        return;
    };
    draft.stack.rules.push(Rule {
        origin,
        name,
        arn,
        bus,
        enabled,
        trigger,
        targets: vec![target],
    });
}

/// EventBridge's own numbers: 185 further tries within a day
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>).
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// See [`DAY`].
pub(super) const RETRIES: u64 = 185;

/// Makes sure that a trigger is one of a kind.
pub(super) fn only_one(of: &Props<'_>, found: Vec<Trigger>) -> Option<Trigger> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        (None, _) => {
            of.refuse("", "EventPattern or ScheduleExpression is missing");
            None
        }
        _ => {
            of.refuse(
                "",
                "EventPattern and ScheduleExpression are both there; write two rules",
            );
            None
        }
    }
}
