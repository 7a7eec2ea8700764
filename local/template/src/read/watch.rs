//! What watches: alarms, and budgets of real money. Nothing is billed locally and nobody is called; they are read to be held to
//! what they watch.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Draft, Resource, texts};
use crate::names;
use crate::props::Props;
use crate::stack::{Alarm, Budget};

const COMPARISONS: [&str; 4] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
];

/// `AWS::CloudWatch::Alarm` on one metric
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-alarm.html>).
pub(super) fn alarm(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["AlarmName", "AlarmDescription", "OKActions", "Tags"]);
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
    if props.number("EvaluationPeriods", 1, 1440).is_none() {
        props.missing("EvaluationPeriods");
    }
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
        period: Duration::from_secs(period.as_secs()),
        statistic: statistic.to_owned(),
        missing,
        actions,
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
            of.one_of("BudgetType", &["COST"]);
            of.one_of("TimeUnit", &["MONTHLY"]);
            of.pass_over(&["BudgetLimit"]);
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
            notification.number("Threshold", 1, 1_000_000);
            notification.finish();
        }
        for subscriber in of.maps("Subscribers") {
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
