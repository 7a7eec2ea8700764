//! What is given up, fails or stands still is told to a person: each alarm that must be is there, fires when it should, and tells
//! a topic that lets itself be told; and each alarm watches something that is there.

use std::collections::BTreeMap;
use std::time::Duration;

use perennial_core::announcement::Function as Owner;

use super::Wrong;
use crate::access::{self, Asked};
use crate::deployment::Deployment;
use crate::held::Alarm;
use crate::stack::{Origin, Stack};

/// Nobody is told later than this.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// A metric that must be watched.
struct Watched<'a> {
    what: String,
    /// Who is concerned, for the finding.
    origin: Option<&'a Origin>,
    namespace: &'static str,
    metric: &'static str,
    dimension: (&'static str, &'a str),
    statistic: &'static str,
    /// A value at which nothing is wrong, and one at which it is.
    well: f64,
    ill: f64,
    /// `breaching` where silence is the sign.
    missing: &'static str,
    /// A value comes each time, and one period covers so many of them.
    tick: Duration,
    values: u32,
}

pub(super) fn check(stack: &Stack, deployment: &Deployment, installation: &str, wrong: &mut Wrong) {
    for alarm in &stack.alarms {
        of_alarm(alarm, stack, deployment, installation, wrong);
    }
    for watched in needed(stack, installation) {
        let of_metric = stack.alarms.iter().filter(|alarm| watched.is_of(alarm));
        let of_metric: Vec<&Alarm> = of_metric.collect();
        if of_metric
            .iter()
            .any(|alarm| watched.misses(alarm).is_none())
        {
            continue;
        }
        match of_metric.first() {
            Some(alarm) => {
                let (place, message) = watched.misses(alarm).unwrap_or_default();
                wrong.say(&alarm.origin, place, message);
            }
            None => {
                let message = format!(
                    "no alarm watches {}: {} of {} with {} {}",
                    watched.what,
                    watched.metric,
                    watched.namespace,
                    watched.dimension.0,
                    watched.dimension.1
                );
                match watched.origin {
                    Some(origin) => wrong.say(origin, "", message),
                    None => wrong.of_all("Resources", message),
                }
            }
        }
    }
    spend(stack, deployment, wrong);
    ways(stack, wrong);
    if stack.dashboards == 0 {
        wrong.of_all("Resources", "there is no AWS::CloudWatch::Dashboard");
    }
}

/// The services that the functions call, each with whether a gateway leads to it. A private network needs a way to each.
const CALLED: [(&str, bool); 8] = [
    ("bedrock", false),
    ("bedrock-runtime", false),
    ("dynamodb", true),
    ("events", false),
    ("monitoring", false),
    ("s3", true),
    ("sagemaker.api", false),
    ("ssm", false),
];

fn ways(stack: &Stack, wrong: &mut Wrong) {
    // Where the template makes no way at all, the deployer has them.
    if stack.endpoints.is_empty() {
        return;
    }
    for (service, is_gateway) in CALLED {
        let mut of_service = stack.endpoints.iter().filter(|way| way.service == service);
        match of_service.next() {
            None => {
                let message =
                    format!("no AWS::EC2::VPCEndpoint leads from a private network to {service}");
                wrong.of_all("Resources", message);
            }
            Some(way) if way.is_gateway != is_gateway => {
                let kind = if is_gateway { "Gateway" } else { "Interface" };
                wrong.say(
                    &way.origin,
                    "VpcEndpointType",
                    format!("{service} is reached by a {kind}"),
                );
            }
            Some(_) => {}
        }
    }
    for way in &stack.endpoints {
        if !CALLED.iter().any(|(service, _)| *service == way.service) {
            let known = CALLED.map(|(service, _)| service).join(", ");
            let message = format!("no function calls {}; they call {known}", way.service);
            wrong.say(&way.origin, "ServiceName", message);
        }
    }
}

fn needed<'a>(stack: &'a Stack, installation: &'a str) -> Vec<Watched<'a>> {
    let mut needed = Vec::new();
    for function in &stack.functions {
        let queues = function.mappings.iter().filter_map(|mapping| {
            let redrive = stack.queue(&mapping.queue_arn)?.redrive.as_ref()?;
            Some(&redrive.target_arn)
        });
        let dead = queues.chain(&function.dead_letter_arn);
        for queue in dead.filter_map(|arn| stack.queue(arn)) {
            needed.push(Watched {
                what: format!("what {} gave up", function.binary),
                origin: Some(&queue.origin),
                namespace: "AWS/SQS",
                metric: "ApproximateNumberOfMessagesVisible",
                dimension: ("QueueName", &queue.name),
                statistic: "Maximum",
                well: 0.0,
                ill: 1.0,
                missing: "notBreaching",
                tick: Duration::ZERO,
                values: 1,
            });
        }
        needed.push(Watched {
            what: format!("the errors of {}", function.binary),
            origin: Some(&function.origin),
            namespace: "AWS/Lambda",
            metric: "Errors",
            dimension: ("FunctionName", &function.name),
            statistic: "Sum",
            well: 0.0,
            // One failure is retried twice.
            ill: 3.0,
            missing: "notBreaching",
            tick: Duration::ZERO,
            values: 1,
        });
    }
    for function in &stack.functions {
        for queue in function
            .mappings
            .iter()
            .filter_map(|mapping| stack.queue(&mapping.queue_arn))
        {
            needed.push(Watched {
                what: format!("how long something waits for {}", function.binary),
                origin: Some(&queue.origin),
                namespace: "AWS/SQS",
                metric: "ApproximateAgeOfOldestMessage",
                dimension: ("QueueName", &queue.name),
                statistic: "Maximum",
                well: 3600.0,
                // A quarter of a day.
                ill: 21_600.0,
                missing: "notBreaching",
                tick: Duration::ZERO,
                values: 1,
            });
        }
    }
    // What counts overdue runs speaks at each tick; a shorter period has no value in between, and the alarm flaps.
    let tick = stack.schedules().into_iter().filter(|(_, _, target)| {
        let receiver = stack.receiver(&target.arn);
        receiver.is_some_and(|function| function.binary == Owner::Reconcile.name())
    });
    let tick = tick.map(|(_, schedule, _)| schedule.period()).min();
    needed.push(Watched {
        what: "runs that are overdue".into(),
        origin: None,
        namespace: "Perennial",
        metric: "RunsOverdue",
        dimension: ("Installation", installation),
        statistic: "Minimum",
        well: 0.0,
        ill: 1.0,
        missing: "notBreaching",
        tick: tick.unwrap_or_default(),
        // A tick that is a little late would leave a period of just one without any.
        values: 2,
    });
    if let Some(reconcile) = stack.function(Owner::Reconcile.name()) {
        needed.push(Watched {
            what: "that reconcile runs at all".into(),
            origin: Some(&reconcile.origin),
            namespace: "AWS/Lambda",
            metric: "Invocations",
            dimension: ("FunctionName", &reconcile.name),
            statistic: "Sum",
            well: 1.0,
            ill: 0.0,
            missing: "breaching",
            tick: tick.unwrap_or_default(),
            values: 1,
        });
    }
    needed
}

impl Watched<'_> {
    fn is_of(&self, alarm: &Alarm) -> bool {
        let (name, value) = self.dimension;
        let dimensions = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        alarm.namespace == self.namespace
            && alarm.metric == self.metric
            && alarm.dimensions == dimensions
    }

    /// The property by which an alarm does not watch what it should, and why.
    fn misses(&self, alarm: &Alarm) -> Option<(&'static str, String)> {
        let fires = |value: f64| {
            if alarm.fires(value) {
                "fires"
            } else {
                "is silent"
            }
        };
        if alarm.statistic != self.statistic {
            let message = format!("{} is watched by its {}", self.metric, self.statistic);
            return Some(("Statistic", message));
        }
        if alarm.fires(self.well) || !alarm.fires(self.ill) {
            let message = format!(
                "it watches {}, and {} at {}, and {} at {}",
                self.what,
                fires(self.well),
                self.well,
                fires(self.ill),
                self.ill
            );
            return Some(("Threshold", message));
        }
        if let Some(unit) = &alarm.unit {
            let message = format!("values in another unit than {unit} would not be seen");
            return Some(("Unit", message));
        }
        if alarm.missing != self.missing {
            let message = format!("where nothing is measured, it must be {}", self.missing);
            return Some(("TreatMissingData", message));
        }
        if alarm.window > LONGEST {
            let message = format!(
                "it must have been so for {} s before anyone is told; {} s are the most",
                alarm.window.as_secs(),
                LONGEST.as_secs()
            );
            return Some(("EvaluationPeriods", message));
        }
        (alarm.period < self.tick * self.values).then(|| {
            let message = format!(
                "a value comes every {} s, and one period is {} s: with less than {} values in each the alarm would fall silent in between",
                self.tick.as_secs(),
                alarm.period.as_secs(),
                self.values
            );
            ("Period", message)
        })
    }
}

/// It watches what is there, and tells a topic.
fn of_alarm(
    alarm: &Alarm,
    stack: &Stack,
    deployment: &Deployment,
    installation: &str,
    wrong: &mut Wrong,
) {
    let functions = stack.functions.iter().map(|found| found.name.as_str());
    let queues = stack.queues.iter().map(|found| found.name.as_str());
    let tables = stack.tables.iter().map(|found| found.name.as_str());
    let (metrics, dimension, known): (&[&str], _, Vec<&str>) = match alarm.namespace.as_str() {
        "AWS/Lambda" => (
            &["Duration", "Errors", "Invocations", "Throttles"],
            "FunctionName",
            functions.collect(),
        ),
        "AWS/SQS" => (
            &[
                "ApproximateAgeOfOldestMessage",
                "ApproximateNumberOfMessagesVisible",
            ],
            "QueueName",
            queues.collect(),
        ),
        "AWS/DynamoDB" => (
            &["ReadThrottleEvents", "WriteThrottleEvents"],
            "TableName",
            tables.collect(),
        ),
        "Perennial" => (&["RunsOverdue"], "Installation", vec![installation]),
        other => {
            let message = format!(
                "“{other}” is not understood; understood: AWS/DynamoDB, AWS/Lambda, AWS/SQS, Perennial"
            );
            wrong.say(&alarm.origin, "Namespace", message);
            return;
        }
    };
    if !metrics.contains(&alarm.metric.as_str()) {
        let message = format!(
            "{} has no metric “{}” that is known here; known: {}",
            alarm.namespace,
            alarm.metric,
            metrics.join(", ")
        );
        wrong.say(&alarm.origin, "MetricName", message);
    }
    let value = alarm.dimensions.get(dimension);
    if alarm.dimensions.len() != 1 || !value.is_some_and(|value| known.contains(&value.as_str())) {
        let message = format!(
            "one {dimension} belongs here, of {}; here is {:?}",
            known.join(", "),
            alarm.dimensions
        );
        wrong.say(&alarm.origin, "Dimensions", message);
    }
    if alarm.actions.is_empty() {
        wrong.say(&alarm.origin, "AlarmActions", "it tells nobody");
    }
    let actions = alarm.actions.iter().map(|action| ("AlarmActions", action));
    let when_well = alarm.when_well.iter().map(|action| ("OKActions", action));
    for (place, action) in actions.chain(when_well) {
        let from = ("cloudwatch.amazonaws.com", &*alarm.arn, &**action);
        told(stack, deployment, &alarm.origin, place, from, wrong);
    }
}

/// A topic that is there, and lets the service tell it.
fn told(
    stack: &Stack,
    deployment: &Deployment,
    origin: &Origin,
    place: &str,
    (service, source_arn, topic): (&str, &str, &str),
    wrong: &mut Wrong,
) {
    if !stack.topics.iter().any(|known| known.arn == topic) {
        wrong.say(
            origin,
            place,
            format!("{topic} is no topic of the template"),
        );
        return;
    }
    let asked = Asked {
        service,
        action: "sns:Publish",
        resource: topic,
        source_arn,
        account: &deployment.account,
        tls: true,
    };
    if !access::allowed(stack.policies_of(topic), &asked) {
        let message = format!("no AWS::SNS::TopicPolicy lets {service} tell {topic} of it");
        wrong.say(origin, place, message);
    }
}

/// Real money is watched, where the deployer asks for it.
fn spend(stack: &Stack, deployment: &Deployment, wrong: &mut Wrong) {
    let of_bedrock = |service: &String| service == "Amazon Bedrock";
    let mut budgets = stack.budgets.iter();
    let Some(budget) = budgets.find(|budget| budget.services.iter().any(of_bedrock)) else {
        let message = "no AWS::Budgets::Budget counts what Amazon Bedrock costs";
        wrong.of_all("Resources", message);
        return;
    };
    if budget.tells.is_empty() {
        wrong.say(
            &budget.origin,
            "NotificationsWithSubscribers",
            "it tells no topic",
        );
    }
    for topic in &budget.tells {
        let service = "budgets.amazonaws.com";
        let arn = format!(
            "arn:{}:budgets::{}:budget/any",
            deployment.partition, deployment.account
        );
        let place = "NotificationsWithSubscribers";
        told(
            stack,
            deployment,
            &budget.origin,
            place,
            (service, &arn, topic),
            wrong,
        );
    }
}
