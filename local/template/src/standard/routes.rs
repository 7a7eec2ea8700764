//! For every event that Perennial says or hears: the rules send it to the one function that core names, and to nobody else.

use std::collections::BTreeSet;
use std::time::Duration;

use perennial_core::announcement::{
    self, Announcement, Function as Owner, Request, SOURCE, Stage, happened, object_found,
    object_missing, pipeline_due, recipient, run_due,
};
use perennial_core::names::{PipelineName, RunId};
use serde_json::{Value, json};

use super::Wrong;
use crate::stack::{Rule, Stack, Trigger};

/// What people may want to know of, and no function takes.
const NEWS: [&str; 17] = [
    "Upload Rejected",
    "Upload Withdrawn",
    "Configuration Rejected",
    "Nothing To Train",
    "Budget Reached",
    "Approval Needed",
    "Run Promoted",
    "Run Declined",
    "Run Failed",
    "Run Cancelled",
    "Pipeline Paused",
    "Alias Moved",
    "Alias Not Moved",
    "Deployment Gone",
    "Deployment Strays",
    "Deletion Planned",
    "Model Deleted",
];

/// Those of them that must be told to a person.
const TOLD: [&str; 13] = [
    "Configuration Rejected",
    "Approval Needed",
    "Model Deleted",
    "Alias Not Moved",
    "Deployment Gone",
    "Deployment Strays",
    "Upload Rejected",
    "Run Declined",
    "Run Failed",
    "Run Promoted",
    "Deletion Planned",
    "Budget Reached",
    "Pipeline Paused",
];

const DAY: Duration = Duration::from_secs(86_400);

/// An event, the bus that it is said on, and who is to take it.
struct Route {
    event: Value,
    bus: String,
    owner: Option<Owner>,
    /// Whether anybody says it; the others only look like those that are said.
    is_said: bool,
}

/// Who is neither Perennial nor AWS.
const SOMEONE: &str = "someone";

/// The bus that AWS's services speak on.
const OF_AWS: &str = "default";

pub(super) fn check(stack: &Stack, bus: &str, wrong: &mut Wrong) {
    let routes = routes(stack, bus);
    for route in &routes {
        let found: BTreeSet<&str> = taking(stack, route)
            .flat_map(|rule| receivers(stack, rule))
            .collect();
        let wanted: BTreeSet<&str> = route.owner.map(Owner::name).into_iter().collect();
        let name = named(&route.event);
        for missing in wanted.difference(&found) {
            // That a function is not there, or that a rule listens to another bus, is said where it is so.
            let elsewhere =
                |rule: &Rule| rule.takes(&route.event) && sends_to(stack, rule, missing);
            let Some(function) = stack.function(missing) else {
                continue;
            };
            if stack.rules.iter().any(elsewhere) {
                continue;
            }
            let rules = rules_of(stack, missing);
            let message = format!(
                "no rule sends {name} to {missing}; its rules: {}",
                rules.join(", ")
            );
            wrong.say(&function.origin, "", message);
        }
        // Whoever sends what somebody else says is told so by rule, once.
        if route.event["source"] == SOMEONE {
            continue;
        }
        for extra in found.difference(&wanted) {
            if stack
                .function(extra)
                .is_some_and(|function| !super::functions::is_known(function))
            {
                continue;
            }
            for rule in taking(stack, route).filter(|rule| sends_to(stack, rule, extra)) {
                let owner = route.owner.map_or("nobody", Owner::name);
                let message = format!(
                    "the rule {} sends {name} to {extra}; core gives it to {owner}",
                    rule.name
                );
                wrong.say(&rule.origin, "Pattern", message);
            }
        }
    }
    for rule in &stack.rules {
        of_rule(rule, &routes, wrong);
    }
    for kind in TOLD {
        let route = Route {
            event: envelope(SOURCE, &happened(kind, json!({}))),
            bus: bus.to_owned(),
            owner: None,
            is_said: true,
        };
        let told = taking(stack, &route).any(|rule| {
            let mut targets = rule.targets.iter();
            targets.any(|target| stack.topics.iter().any(|topic| topic.arn == target.arn))
        });
        if !told {
            wrong.of_all("Resources", format!("no rule tells a topic of “{kind}”"));
        }
    }
    schedules(stack, wrong);
}

/// A rule must take something, and each word of its pattern must be one that somebody says.
fn of_rule(rule: &Rule, routes: &[Route], wrong: &mut Wrong) {
    let Trigger::Pattern(pattern) = &rule.trigger else {
        return;
    };
    if !rule.enabled {
        wrong.say(
            &rule.origin,
            "State",
            format!("the rule {} is off", rule.name),
        );
        return;
    }
    let said = || routes.iter().filter(|route| route.is_said);
    let mut taken = said().filter(|route| rule.takes(&route.event));
    let mut on_its_bus = said().filter(|route| route.bus == rule.bus);
    let elsewhere = taken.next();
    if let Some(elsewhere) = elsewhere
        && !on_its_bus.any(|route| rule.takes(&route.event))
    {
        let message = format!(
            "the rule {} listens to the bus {}, and what it takes, such as {}, is said on the bus {}",
            rule.name,
            rule.bus,
            named(&elsewhere.event),
            elsewhere.bus
        );
        wrong.say(&rule.origin, "EventBusName", message);
        return;
    }
    if elsewhere.is_none() {
        let message = format!(
            "the rule {} takes no event that Perennial, Amazon S3 or Amazon Bedrock sends; its pattern is {}",
            rule.name,
            pattern.json()
        );
        wrong.say(&rule.origin, "Pattern", message);
    }
    let mut of_someone = routes
        .iter()
        .filter(|route| route.event["source"] == SOMEONE);
    if let Some(route) = of_someone.find(|route| rule.takes(&route.event)) {
        let message = format!(
            "the rule {} takes {}, which anybody could say",
            rule.name,
            named(&route.event)
        );
        wrong.say(&rule.origin, "Pattern.source", message);
    }
    for path in ["/source", "/detail-type", "/detail/stage"] {
        let words = pattern.json().pointer(path).and_then(Value::as_array);
        let of_path = routes.iter().filter(|route| route.is_said);
        let said: BTreeSet<&str> = of_path
            .filter_map(|route| route.event.pointer(path)?.as_str())
            .collect();
        for word in words.into_iter().flatten().filter_map(Value::as_str) {
            if !said.contains(word) {
                let known: Vec<&str> = said.iter().copied().collect();
                let message = format!(
                    "the rule {} waits for “{word}”, which nobody says; known: {}",
                    rule.name,
                    known.join(", ")
                );
                wrong.say(
                    &rule.origin,
                    &format!("Pattern{}", path.replace('/', ".")),
                    message,
                );
            }
        }
    }
}

/// Reconcile and cleanup are woken by time, and the bucket is listed every day.
fn schedules(stack: &Stack, wrong: &mut Wrong) {
    let sync = |input: Option<&Value>| {
        input.is_some_and(|input| input.pointer("/detail/task") == Some(&json!("sync")))
    };
    let mut need =
        |owner: Owner, what: &str, longest: Duration, fits: &dyn Fn(Option<&Value>) -> bool| {
            let found = stack
                .schedules()
                .into_iter()
                .any(|(rule, schedule, target)| {
                    rule.enabled
                        && fits(target.input.as_ref())
                        && schedule.period() <= longest
                        && stack
                            .receiver(&target.arn)
                            .is_some_and(|to| to.binary == owner.name())
                });
            if !found {
                let names = rules_of(stack, owner.name()).join(", ");
                let message = format!(
                    "no schedule {what} at least every {} minutes; its rules: {names}",
                    longest.as_secs() / 60
                );
                // A function that is not there was said to be missing.
                if let Some(function) = stack.function(owner.name()) {
                    wrong.say(&function.origin, "Events", message);
                }
            }
        };
    let hour = Duration::from_secs(3600);
    need(
        Owner::Reconcile,
        "has reconcile look for what is due",
        hour,
        &|input| !sync(input),
    );
    need(
        Owner::Reconcile,
        "has reconcile list the bucket (detail.task = sync)",
        DAY,
        &sync,
    );
    need(Owner::Cleanup, "wakes cleanup", DAY, &|_| true);
}

fn taking<'s>(stack: &'s Stack, route: &Route) -> impl Iterator<Item = &'s Rule> {
    let rules = stack.rules.iter().filter(|rule| rule.bus == route.bus);
    rules.filter(|rule| rule.takes(&route.event))
}

/// The programs that a rule sends to.
fn receivers<'s>(stack: &'s Stack, rule: &'s Rule) -> impl Iterator<Item = &'s str> {
    let targets = rule.targets.iter();
    let functions = targets.filter_map(|target| stack.receiver(&target.arn));
    functions.map(|function| function.binary.as_str())
}

fn sends_to(stack: &Stack, rule: &Rule, binary: &str) -> bool {
    receivers(stack, rule).any(|receiver| receiver == binary)
}

fn rules_of<'s>(stack: &'s Stack, binary: &str) -> Vec<&'s str> {
    let rules = stack
        .rules
        .iter()
        .filter(|rule| sends_to(stack, rule, binary));
    rules.map(|rule| rule.name.as_str()).collect()
}

fn named(event: &Value) -> String {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str);
    let about = text("/detail/object/key").or(text("/detail/stage"));
    let of = text("/source").unwrap_or_default();
    let kind = text("/detail-type").unwrap_or_default();
    match about {
        Some(about) => format!("“{kind}” of {of} ({about})"),
        None => format!("“{kind}” of {of}"),
    }
}

fn envelope(source: &str, said: &Announcement) -> Value {
    json!({
        "version": "0", "id": "1", "source": source, "detail-type": said.detail_type, "account": "123456789012",
        "time": "2026-11-20T12:00:00Z", "region": "us-east-1", "resources": [], "detail": said.detail,
    })
}

/// Every kind of event, with each stage and each place of an object.
fn routes(stack: &Stack, bus: &str) -> Vec<Route> {
    // That there is no bucket is said where it is looked for.
    let bucket = stack.buckets.first();
    let mut routes = bucket.map_or(Vec::new(), |bucket| objects(&bucket.name, bus));
    let mut own = |said: Announcement| {
        let owner = recipient(&said.detail_type, &said.detail);
        routes.push(Route {
            event: envelope(SOURCE, &said),
            bus: bus.to_owned(),
            owner,
            is_said: true,
        });
    };
    // Names that are valid by construction; without them, nothing below is checked, and the tests say so.
    if let Ok(pipeline) = PipelineName::parse("p") {
        let run = RunId::from_parts(0, 1);
        for stage in Stage::ALL {
            own(run_due(&pipeline, &run, stage));
            own(pipeline_due(&pipeline, stage));
        }
        for request in requests(&pipeline, &run) {
            own(request.announcement());
        }
    }
    for kind in ["Upload Accepted", "Evaluation Complete"]
        .into_iter()
        .chain(NEWS)
    {
        own(happened(kind, json!({})));
    }
    for kind in [
        "Model Customization Job State Change",
        "Batch Inference Job State Change",
    ] {
        let said = happened(kind, json!({}));
        routes.push(Route {
            owner: announcement::recipient(kind, &said.detail),
            event: envelope("aws.bedrock", &said),
            bus: OF_AWS.to_owned(),
            is_said: true,
        });
    }
    // The same events from somebody else, and others that look like them, are nobody's.
    let mut others = Vec::new();
    for route in &routes {
        for (member, word) in [("source", SOMEONE), ("detail-type", "Something Else")] {
            let mut event = route.event.clone();
            event[member] = json!(word);
            others.push(Route {
                event,
                bus: route.bus.clone(),
                owner: None,
                is_said: false,
            });
        }
    }
    routes.append(&mut others);
    routes.push(Route {
        event: envelope("aws.bedrock", &happened("Evaluation Complete", json!({}))),
        bus: OF_AWS.to_owned(),
        owner: None,
        is_said: false,
    });
    routes
}

fn objects(bucket: &str, bus: &str) -> Vec<Route> {
    let mut routes = Vec::new();
    let read = ["pipelines/p.toml", "data/p/a b+%.jsonl", "eval/p/q.jsonl"];
    let written = [
        "reports/p/x.txt",
        "shards/p/x",
        "answers/p/x",
        "work/p/x",
        "media/p/x.png",
        "other",
    ];
    for key in read.into_iter().chain(written) {
        let owner = read.contains(&key).then_some(Owner::Ingest);
        for kind in ["Object Created", "Object Deleted"] {
            for (name, owner) in [(bucket, owner), ("another-bucket", None)] {
                let detail = json!({ "bucket": { "name": name }, "object": { "key": key } });
                routes.push(Route {
                    event: envelope("aws.s3", &happened(kind, detail)),
                    bus: OF_AWS.to_owned(),
                    owner,
                    is_said: true,
                });
            }
        }
        for said in [object_found(key, "v", 1), object_missing(key)] {
            routes.push(Route {
                event: envelope(SOURCE, &said),
                bus: bus.to_owned(),
                owner,
                is_said: true,
            });
        }
    }
    routes
}

/// One of each; the match makes a new kind of request stand here too.
fn requests(pipeline: &PipelineName, run: &RunId) -> Vec<Request> {
    let (pipeline, run) = (pipeline.clone(), run.clone());
    let mut all = vec![Request::Start { pipeline }];
    while let Some(last) = all.last() {
        let next = match last.clone() {
            Request::Start { pipeline } => Request::Approve {
                pipeline,
                run: run.clone(),
            },
            Request::Approve { pipeline, run } => Request::Cancel { pipeline, run },
            Request::Cancel { pipeline, .. } => Request::Pause { pipeline },
            Request::Pause { pipeline } => Request::Resume { pipeline },
            Request::Resume { pipeline } => Request::Rollback {
                pipeline,
                to: None,
                from: None,
            },
            Request::Rollback { pipeline, .. } => Request::Release { pipeline },
            Request::Release { .. } => Request::Cleanup {},
            Request::Cleanup {} => Request::Sync {},
            Request::Sync {} => break,
        };
        all.push(next);
    }
    all
}
