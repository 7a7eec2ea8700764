//! What is connected to what: the deployment template, as the cloud's parts need it.
//!
//! Nothing is wired here that the template does not declare. What the template declares and the local cloud cannot do is
//! refused at the start, by name. Where the local cloud is hastier than AWS, [`Template`] says so, rule by rule.

mod template;
#[cfg(test)]
mod tests;

use perennial_local_template::{
    Finding, Function, Origin, Queue, Schedule, Stack, Target as Declared, TemplateError, Trigger,
};
use serde_json::Value;

use crate::error::CloudError;

pub use template::{Names, Template};

/// How many instances of a function run at once, where the template does not say fewer: the machine is small.
const INSTANCES: usize = 2;

/// One function, as the template declares it and as far as it can be run here.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSpec {
    /// Its short name: the program, the argument of its process, its log's name.
    pub(crate) name: String,
    /// What the template says.
    pub(crate) declared: Function,
    /// How many instances may run at once; each takes one event at a time.
    pub(crate) max_concurrency: usize,
    /// The queue through which its events come.
    pub(crate) queue: Option<QueueSpec>,
}

/// A queue before a function: batch size 1, and the function says whether it took the message.
#[derive(Debug, Clone)]
pub(crate) struct QueueSpec {
    /// The queue's ARN.
    pub(crate) arn: String,
    /// After so many receives a message goes to the dead-letter queue.
    pub(crate) max_receives: u32,
}

/// A rule that takes events.
#[derive(Debug, Clone)]
pub(crate) struct RuleSpec {
    /// What the template says.
    pub(crate) declared: perennial_local_template::Rule,
    /// The functions that it sends to.
    pub(crate) targets: Vec<Target>,
}

/// A function that a rule sends to, itself or through its queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    /// The function's short name.
    pub(crate) function: String,
    /// What is sent in the event's place.
    pub(crate) input: Option<Value>,
}

/// One target of a rule that fires by time.
#[derive(Debug, Clone)]
pub(crate) struct ScheduleSpec {
    /// The rule's name.
    pub(crate) name: String,
    /// Its last firing is remembered under this: the rule's name, and which of its targets after the first it is.
    pub(crate) remembered: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// When it fires.
    pub(crate) when: Schedule,
    /// Whether it also fires when the cloud starts.
    pub(crate) at_start: bool,
    /// Where it sends.
    pub(crate) target: Target,
}

/// What is connected to what.
#[derive(Debug, Clone)]
pub(crate) struct Wiring {
    pub(crate) functions: Vec<FunctionSpec>,
    pub(crate) rules: Vec<RuleSpec>,
    pub(crate) schedules: Vec<ScheduleSpec>,
    /// The bucket of the drop folder: the one that the functions are told.
    pub(crate) bucket: String,
    /// Everything that the template declares.
    pub(crate) stack: Stack,
}

impl Wiring {
    /// What a template says, with the cloud's own pace.
    ///
    /// # Errors
    /// What is wrong with the template, or cannot be done here.
    pub(crate) fn of(template: &Template) -> Result<Self, CloudError> {
        let stack = template.stack()?;
        let mut cannot = Cannot::default();
        let functions = stack.functions.iter();
        let functions: Vec<FunctionSpec> = functions
            .map(|function| function_spec(&stack, function, &mut cannot))
            .collect();
        let mut rules = Vec::new();
        let mut schedules = Vec::new();
        for rule in stack.rules.iter().filter(|rule| rule.enabled) {
            if rule.bus != "default" {
                let message = format!("it listens to the bus {}; only “default” is here", rule.bus);
                cannot.say(&rule.origin, "EventBusName", message);
            }
            let targets = rule.targets.iter();
            let targets = targets
                .filter_map(|target| self::target(&stack, &rule.origin, target, &mut cannot));
            let targets: Vec<Target> = targets.collect();
            match rule.trigger {
                Trigger::Pattern(_) => rules.push(RuleSpec {
                    declared: rule.clone(),
                    targets,
                }),
                Trigger::Schedule(when) => {
                    let name = &rule.name;
                    let haste = template.periods.get(name).copied();
                    let specs = targets.into_iter().enumerate();
                    schedules.extend(specs.map(|(at, target)| ScheduleSpec {
                        name: name.clone(),
                        remembered: match at {
                            0 => name.clone(),
                            more => format!("{name} to target {more}"),
                        },
                        arn: rule.arn.clone(),
                        when: haste.map_or(when, Schedule::Every),
                        at_start: template.at_start.contains(name),
                        target,
                    }));
                }
            }
        }
        for name in template.periods.keys().chain(&template.at_start) {
            if !schedules.iter().any(|schedule| schedule.name == *name) {
                let known: Vec<&str> = schedules
                    .iter()
                    .map(|schedule| schedule.name.as_str())
                    .collect();
                let message = format!(
                    "no rule with a schedule has this name; there are: {}",
                    known.join(", ")
                );
                cannot.0.push(Finding::new(0, name, message));
            }
        }
        let mut told = stack.functions.iter();
        let told = told.find_map(|function| function.env.get("PERENNIAL_BUCKET"));
        let mut named = stack.buckets.iter();
        let bucket = named.find(|bucket| Some(&bucket.name) == told);
        let bucket = bucket.or(stack.buckets.first());
        if let Some(bucket) = bucket.filter(|bucket| !bucket.versioned) {
            cannot.say(
                &bucket.origin,
                "VersioningConfiguration",
                "the local store keeps every version; the bucket must be versioned",
            );
        }
        let bucket = bucket.map(|bucket| bucket.name.clone());
        if bucket.is_none() {
            let message = "there is no bucket, and what is dropped must go into one";
            cannot.0.push(Finding::new(0, "Resources", message));
        }
        cannot
            .or(Self {
                functions,
                rules,
                schedules,
                bucket: bucket.unwrap_or_default(),
                stack,
            })
            .map_err(|error| CloudError::Template {
                name: template.name.clone(),
                message: error.to_string(),
            })
    }

    /// Finds a function by its short name.
    pub(crate) fn function(&self, name: &str) -> Option<&FunctionSpec> {
        self.functions.iter().find(|spec| spec.name == name)
    }
}

/// What the template declares and the local cloud cannot do: findings like those of its reading.
#[derive(Debug, Default)]
struct Cannot(Vec<Finding>);

impl Cannot {
    fn say(&mut self, origin: &Origin, place: &str, message: impl Into<String>) {
        let place = format!("{}.{place}", origin.id);
        self.0.push(Finding::new(origin.line, place, message));
    }

    fn or<T>(self, value: T) -> Result<T, TemplateError> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(TemplateError::of(self.0))
        }
    }
}

fn function_spec(stack: &Stack, function: &Function, cannot: &mut Cannot) -> FunctionSpec {
    let mut most = function
        .reserved_concurrency
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(INSTANCES);
    let queue = match function.mappings.as_slice() {
        [] => None,
        [mapping] => {
            if mapping.batch_size != 1 {
                let message = format!(
                    "messages are handed over one at a time here; BatchSize is {}",
                    mapping.batch_size
                );
                cannot.say(&mapping.origin, "BatchSize", message);
            }
            let bound = mapping
                .max_concurrency
                .and_then(|number| usize::try_from(number).ok());
            most = bound.map_or(most, |bound| bound.min(most));
            stack.queue(&mapping.queue_arn).map(queue_spec)
        }
        _ => {
            let message = "a function reads one queue at most here";
            cannot.say(&function.origin, "Events", message);
            None
        }
    };
    FunctionSpec {
        name: function.binary.clone(),
        max_concurrency: most.max(1),
        queue,
        declared: function.clone(),
    }
}

fn queue_spec(queue: &Queue) -> QueueSpec {
    QueueSpec {
        arn: queue.arn.clone(),
        max_receives: queue
            .redrive
            .as_ref()
            .map_or(u32::MAX, |redrive| redrive.max_receives),
    }
}

/// A target that is a function, or the queue of one. A topic's subscribers are not here.
fn target(stack: &Stack, rule: &Origin, target: &Declared, cannot: &mut Cannot) -> Option<Target> {
    if stack.topics.iter().any(|topic| topic.arn == target.arn) {
        return None;
    }
    let mut say = |message: String| cannot.say(rule, "Targets", message);
    let Some(function) = stack.receiver(&target.arn) else {
        say(format!("nobody receives what is sent to {}", target.arn));
        return None;
    };
    if function.arn == target.arn && !function.mappings.is_empty() {
        say(format!(
            "{} takes events from its queue only, here",
            function.origin.id
        ));
    }
    if target.transformed {
        say("an InputTransformer is not understood here".into());
    }
    Some(Target {
        function: function.binary.clone(),
        input: target.input.clone(),
    })
}
