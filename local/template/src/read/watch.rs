//! What watches: alarms, and budgets of real money. Nothing is billed locally and nobody is called; they are read to be held to
//! what they watch.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Draft, Resource, texts};
use crate::held::{Alarm, Budget};
use crate::names;
use crate::props::Props;

const COMPARISONS: [&str; 4] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
];

/// `AWS::CloudWatch::Alarm` on one metric
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-alarm.html>).
pub(super) fn alarm(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    // Nobody is called locally, so neither is it asked how many periods of some suffice.
    props.pass_over(&[
        "AlarmName",
        "AlarmDescription",
        "Tags",
        "InsufficientDataActions",
    ]);
    let mut dimensions = BTreeMap::new();
    for of in props.maps("Dimensions") {
        if let (Some(name), Some(value)) = (of.need("Name"), of.need("Value")) {
            dimensions.insert(name, value);
        }
        of.finish();
    }
    let threshold = props.need("Threshold").and_then(|text| {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            props.refuse("Threshold", format!("“{text}” is no number"));
        }
        number
    });
    let periods = props.number("EvaluationPeriods", 1, 1440);
    if periods.is_none() {
        props.missing("EvaluationPeriods");
    }
    if let (Some(periods), Some(of)) = (periods, props.number("DatapointsToAlarm", 1, 1440))
        && of > periods
    {
        props.refuse("DatapointsToAlarm", "there are fewer periods");
    }
    let unit = props.text("Unit");
    let on = props.truth("ActionsEnabled").unwrap_or(true);
    if !on {
        props.refuse("ActionsEnabled", "the alarm would tell nobody");
    }
    let statistics = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"];
    let missing = ["breaching", "ignore", "missing", "notBreaching"];
    let read = (
        props.need("Namespace"),
        props.need("MetricName"),
        props
            .need("ComparisonOperator")
            .and_then(|_| props.one_of("ComparisonOperator", &COMPARISONS)),
        threshold,
        props
            .need("Period")
            .and_then(|_| props.seconds("Period", 10, 86_400)),
        props
            .need("Statistic")
            .and_then(|_| props.one_of("Statistic", &statistics)),
    );
    let missing = props
        .one_of("TreatMissingData", &missing)
        .unwrap_or("missing");
    let actions = texts(props, "AlarmActions");
    let when_well = texts(props, "OKActions");
    let (
        Some(namespace),
        Some(metric),
        Some(comparison),
        Some(threshold),
        Some(period),
        Some(statistic),
    ) = read
    else {
        return;
    };
    // A period under a minute needs metrics of high resolution, which nothing here sends.
    if period.as_secs() % 60 != 0 {
        props.refuse("Period", "whole minutes belong here");
    }
    draft.stack.alarms.push(Alarm {
        origin: about.origin,
        arn: about.arn,
        namespace,
        metric,
        dimensions,
        comparison,
        threshold,
        period,
        window: period * u32::try_from(periods.unwrap_or(1)).unwrap_or(1),
        statistic: statistic.to_owned(),
        unit,
        missing,
        actions,
        when_well,
    });
}

/// `AWS::Budgets::Budget`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html>).
pub(super) fn budget(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    let mut services = Vec::new();
    match props.map("Budget") {
        None => props.missing("Budget"),
        Some(of) => {
            let name = of.text("BudgetName");
            if let Some(message) = name.and_then(|name| names::refusal(names::BUDGET, &name)) {
                of.refuse("BudgetName", message);
            }
            for (key, known) in [("BudgetType", ["COST"]), ("TimeUnit", ["MONTHLY"])] {
                of.need(key);
                of.one_of(key, &known);
            }
            limit(&of, draft.is_absent);
            if let Some(filters) = of.map("CostFilters") {
                services = texts(&filters, "Service");
                filters.finish();
            }
            of.finish();
        }
    }
    let mut tells = Vec::new();
    for of in props.maps("NotificationsWithSubscribers") {
        if let Some(notification) = of.map("Notification") {
            notification.one_of("NotificationType", &["ACTUAL", "FORECASTED"]);
            notification.one_of("ComparisonOperator", &["GREATER_THAN"]);
            // In per cent of the limit.
            if notification.number("Threshold", 1, 100).is_none() {
                notification.missing("Threshold");
            }
            notification.finish();
        }
        let subscribers = of.maps("Subscribers");
        if subscribers.is_empty() {
            of.refuse("Subscribers", "it tells nobody");
        }
        for subscriber in subscribers {
            let kind = subscriber.one_of("SubscriptionType", &["SNS", "EMAIL"]);
            let address = subscriber.need("Address");
            tells.extend(address.filter(|_| kind == Some("SNS")));
            subscriber.finish();
        }
        of.finish();
    }
    draft.stack.budgets.push(Budget {
        origin: about.origin,
        services,
        tells,
    });
}

/// An amount of dollars; none where there is no budget, in this deployment.
fn limit(of: &Props<'_>, is_absent: bool) {
    let Some(limit) = of.map("BudgetLimit") else {
        of.missing("BudgetLimit");
        return;
    };
    let least = if is_absent { 0 } else { 1 };
    if limit.number("Amount", least, 1_000_000_000).is_none() {
        limit.missing("Amount");
    }
    limit.need("Unit");
    limit.one_of("Unit", &["USD"]);
    limit.finish();
}

/// Whom a topic may tell (<https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>).
const PROTOCOLS: [&str; 9] = [
    "email",
    "email-json",
    "application",
    "firehose",
    "http",
    "https",
    "lambda",
    "sms",
    "sqs",
];

/// `AWS::SNS::Subscription`. Nobody is told of anything locally, so it is not asked what of it, or in which form.
pub(super) fn subscription(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&[
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "SubscriptionRoleArn",
    ]);
    props.need("Protocol");
    props.one_of("Protocol", &PROTOCOLS);
    let to = props.text("Endpoint");
    if to
        .as_ref()
        .is_none_or(|to| to.is_empty() && !draft.is_absent)
    {
        props.refuse("Endpoint", "it must say who is told");
    }
    draft.subscribed.extend(to.map(|to| (about.origin, to)));
    if let Some(topic) = props.need("TopicArn")
        && topic.split(':').nth(2) != Some("sns")
    {
        props.refuse("TopicArn", format!("“{topic}” is no topic"));
    }
}

/// What a widget's metric is of, by the namespace.
const DIMENSIONS: [(&str, &str); 4] = [
    ("AWS/DynamoDB", "TableName"),
    ("AWS/Lambda", "FunctionName"),
    ("AWS/SQS", "QueueName"),
    ("Perennial", "Installation"),
];

/// What a body, a widget and a widget of metrics may have besides what they must; it is how things look.
const OF_BODY: [&str; 4] = ["end", "periodOverride", "start", "variables"];
const OF_WIDGET: [&str; 4] = ["height", "width", "x", "y"];
const OF_METRICS: [&str; 19] = [
    "accountId",
    "annotations",
    "labels",
    "legend",
    "liveData",
    "period",
    "region",
    "setPeriodToTimeRange",
    "singleValueFullPrecision",
    "sparkline",
    "stacked",
    "start",
    "end",
    "stat",
    "table",
    "timezone",
    "trend",
    "view",
    "yAxis",
];

/// Widgets that show no metric of ours.
const OTHERS: [&str; 5] = ["alarm", "custom", "explorer", "log", "text"];

/// `AWS::CloudWatch::Dashboard`: widgets of metrics
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>).
pub(super) fn dashboard(props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["DashboardName"]);
    draft.stack.dashboards += 1;
    if props.node("DashboardBody").is_none() {
        props.missing("DashboardBody");
    }
    let Some(body) = props.json("DashboardBody") else {
        return;
    };
    if let Err(message) = widgets(&body) {
        props.refuse("DashboardBody", message);
    }
}

fn widgets(body: &Value) -> Result<(), String> {
    only(body, "the body", &["widgets"], &OF_BODY)?;
    let Some(widgets) = body["widgets"].as_array().filter(|all| !all.is_empty()) else {
        return Err("it has no widgets".into());
    };
    for widget in widgets {
        only(widget, "a widget", &["type", "properties"], &OF_WIDGET)?;
        if OTHERS.iter().any(|other| widget["type"] == *other) {
            continue;
        }
        let of = &widget["properties"];
        let title = of["title"].as_str().unwrap_or_default();
        let needed = ["title", "metrics"];
        only(of, &format!("the widget “{title}”"), &needed, &OF_METRICS)?;
        let metrics = of["metrics"].as_array().filter(|all| !all.is_empty());
        for metric in metrics.ok_or_else(|| format!("the widget “{title}” shows no metric"))? {
            let parts: Vec<&str> = metric
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let is_known = match parts[..] {
                [namespace, _, dimension, value] => {
                    let mut known = DIMENSIONS.iter();
                    match known.find(|(known, _)| *known == namespace) {
                        Some((_, known)) => *known == dimension && !value.is_empty(),
                        None => namespace.starts_with("AWS/"),
                    }
                }
                // Another of AWS's own, of the account as a whole.
                [namespace, _] => namespace.starts_with("AWS/"),
                [] => metric[0]["expression"].is_string(),
                _ => false,
            };
            if !is_known {
                return Err(format!(
                    "the widget “{title}” shows {metric}, which is not understood"
                ));
            }
        }
    }
    Ok(())
}

/// All of the members that are needed, and no others than those that may be.
fn only(value: &Value, what: &str, needed: &[&str], may: &[&str]) -> Result<(), String> {
    let known: Vec<&str> = needed.iter().chain(may).copied().collect();
    let members = value
        .as_object()
        .ok_or_else(|| format!("{what} is no map"))?;
    match (
        members.keys().find(|key| !known.contains(&key.as_str())),
        needed.iter().find(|key| !members.contains_key(**key)),
    ) {
        (Some(other), _) => Err(format!(
            "{what} has “{other}”; understood: {}",
            known.join(", ")
        )),
        (None, Some(missing)) => Err(format!("{what} has no “{missing}”")),
        (None, None) => Ok(()),
    }
}
