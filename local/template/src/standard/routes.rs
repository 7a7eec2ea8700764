//! For every event that Perennial says or hears: the rules send it to the one function that core names, and to nobody else.

use std::collections::BTreeSet;
use std::time::Duration;

use perennial_core::announcement::Function as Owner;
use perennial_core::settings::Settings;
use serde_json::{Value, json};

use super::said::{Route, SOMEONE, named, routes};
use super::{Lists, Wrong};
use crate::stack::{Rule, Stack, Trigger};

/// Those of them that must be told to a person.
const TOLD: [&str; 17] = [
    "Commitment Holds",
    "Unserving Planned",
    "Champion Unserved",
    "Throughput Remains",
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

pub(super) fn check(stack: &Stack, settings: &Settings, lists: &mut Lists) {
    let bus = settings.bus.as_str();
    let routes = routes(&settings.bucket, bus, settings.installation.as_str());
    let taken = Taken::of(stack, &routes);
    for (at, route) in routes.iter().enumerate() {
        let taking = || taken.rules(at).filter(|rule| rule.bus == route.bus);
        let found: BTreeSet<&str> = taking().flat_map(|rule| receivers(stack, rule)).collect();
        let wanted: BTreeSet<&str> = route.owner.map(Owner::name).into_iter().collect();
        let name = named(&route.event);
        for missing in wanted.difference(&found) {
            // That a function is not there, or that a rule listens to another bus, is said where it is so.
            let Some(function) = stack.function(missing) else {
                continue;
            };
            if taken.rules(at).any(|rule| sends_to(stack, rule, missing)) {
                continue;
            }
            let rules = rules_of(stack, missing);
            let message = format!(
                "no rule sends {name} to {missing}; its rules: {}",
                rules.join(", ")
            );
            lists.needs.say(&function.origin, "", message);
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
            for rule in taking().filter(|rule| sends_to(stack, rule, extra)) {
                let owner = route.owner.map_or("nobody", Owner::name);
                let message = format!(
                    "the rule {} sends {name} to {extra}; core gives it to {owner}",
                    rule.name
                );
                lists.needs.say(&rule.origin, "Pattern", message);
            }
        }
    }
    for (at, rule) in stack.rules.iter().enumerate() {
        let takes = |route: usize| taken.by[route].contains(&at);
        of_rule(rule, &routes, &takes, lists);
    }
    for kind in TOLD {
        let route = Route::news(kind, bus);
        let mut rules = stack.rules.iter().filter(|rule| rule.bus == bus);
        let told = rules.any(|rule| rule.takes(&route.event) && tells(stack, rule));
        if !told {
            let message = format!("no rule tells a topic of “{kind}”");
            lists.standard.of_all("Resources", message);
        }
    }
    schedules(stack, &mut lists.needs);
}

/// Which rules take which events, on whatever bus; each is found out once.
struct Taken<'s> {
    stack: &'s Stack,
    by: Vec<Vec<usize>>,
}

impl<'s> Taken<'s> {
    fn of(stack: &'s Stack, routes: &[Route]) -> Self {
        let by = routes.iter().map(|route| {
            let rules = stack.rules.iter().enumerate();
            let taking = rules.filter(|(_, rule)| rule.takes(&route.event));
            taking.map(|(at, _)| at).collect()
        });
        Self {
            stack,
            by: by.collect(),
        }
    }

    fn rules(&self, route: usize) -> impl Iterator<Item = &'s Rule> {
        self.by[route].iter().map(|at| &self.stack.rules[*at])
    }
}

/// Whether a rule sends to a topic.
fn tells(stack: &Stack, rule: &Rule) -> bool {
    let mut targets = rule.targets.iter();
    targets.any(|target| stack.topics.iter().any(|topic| topic.arn == target.arn))
}

/// A rule must take something, and each word of its pattern must be one that somebody says.
fn of_rule(rule: &Rule, routes: &[Route], takes: &dyn Fn(usize) -> bool, lists: &mut Lists) {
    // What a pattern does not bring to a function is said of the event. The rest may be somebody's own.
    let wrong = &mut lists.standard;
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
    let all = routes.iter().enumerate();
    let taken: Vec<&Route> = all
        .filter(|(at, _)| takes(*at))
        .map(|(_, route)| route)
        .collect();
    let elsewhere = taken.iter().find(|route| route.is_said);
    if let Some(elsewhere) = elsewhere
        && !taken
            .iter()
            .any(|route| route.is_said && route.bus == rule.bus)
    {
        let message = format!(
            "the rule {} listens to the bus {}, and what it takes, such as {}, is said on the bus {}",
            rule.name,
            rule.bus,
            named(&elsewhere.event),
            elsewhere.bus
        );
        lists.needs.say(&rule.origin, "EventBusName", message);
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
    let mut of_someone = taken.iter();
    if let Some(route) = of_someone.find(|route| route.event["source"] == SOMEONE) {
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
