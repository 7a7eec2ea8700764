//! Holds a template to what Perennial's functions need, as core says it: settings, the table, the bucket, and for every event
//! the one function that takes it. This is what continuous integration asks of `infra/template.yaml`.

mod rights;
mod roles;
mod routes;
mod stores;
mod watch;

use std::time::Duration;

use perennial_core::announcement::Function as Owner;
use perennial_core::settings::{Settings, SettingsError, VARIABLES};

use crate::deployment::Deployment;
use crate::error::{Finding, TemplateError};
use crate::stack::{Function, Origin, Stack};

/// Reads a template and holds it to core.
///
/// # Errors
/// Everything in it that is wrong, not understood, or not what the functions need.
pub fn check(text: &str, deployment: &Deployment) -> Result<Stack, TemplateError> {
    let stack = Stack::read(text, deployment)?;
    let mut wrong = Wrong::default();
    programs(&stack, &mut wrong);
    // What a function is told is what all else is held to; where it is told nothing that fits, that is said.
    let mut told = stack.functions.iter();
    let told = told.find_map(|function| looked(function, deployment).ok());
    functions(&stack, deployment, told.as_ref(), &mut wrong);
    if let Some(settings) = &told {
        let installation = settings.installation.as_str();
        roles::check(&stack, deployment, installation, &mut wrong);
        rights::check(&stack, deployment, settings, &mut wrong);
        watch::check(&stack, deployment, installation, &mut wrong);
        routes::check(&stack, &settings.bus, &mut wrong);
    }
    queues(&stack, &mut wrong);
    stores::check(&stack, deployment, &mut wrong);
    if wrong.0.is_empty() {
        Ok(stack)
    } else {
        Err(TemplateError::of(wrong.0))
    }
}

/// The findings.
#[derive(Debug, Default)]
struct Wrong(Vec<Finding>);

impl Wrong {
    fn say(&mut self, origin: &Origin, place: &str, message: impl Into<String>) {
        let place = match place {
            "" => origin.id.clone(),
            place => format!("{}.{place}", origin.id),
        };
        self.0.push(Finding::new(origin.line, place, message));
    }

    fn at(&mut self, line: usize, place: String, message: impl Into<String>) {
        self.0.push(Finding::new(line, place, message));
    }

    fn of_all(&mut self, place: &str, message: impl Into<String>) {
        self.0.push(Finding::new(0, place, message));
    }
}

/// Each program has its function. What is said here is the cause of much else, which is not said again.
fn programs(stack: &Stack, wrong: &mut Wrong) {
    let names = Owner::ALL.map(Owner::name);
    let unknown = stack.functions.iter().filter(|function| !is_known(function));
    let unknown: Vec<&Function> = unknown.collect();
    for function in &unknown {
        let message = format!(
            "there is no program “{}”; there are {}",
            function.binary,
            names.join(", ")
        );
        let place = format!("{}.Metadata.BuildProperties.Binary", function.origin.id);
        wrong.at(function.program_line, place, message);
    }
    for name in names {
        // A function of an unknown program in the program's folder is the one that is missing.
        let meant = unknown.iter().any(|function| folder(function) == name);
        if stack.function(name).is_none() && !meant {
            wrong.of_all("Resources", format!("no function has the program {name}"));
        }
    }
}

/// Whether its program is one of Perennial's.
fn is_known(function: &Function) -> bool {
    let mut names = Owner::ALL.map(Owner::name).into_iter();
    names.any(|name| name == function.binary)
}

/// The last folder of the source's path.
fn folder(function: &Function) -> &str {
    if is_known(function) && folder(function) != function.binary {
        let message = format!(
            "“{}” is not the folder of the program {}",
            function.code, function.binary
        );
        wrong.say(origin, "CodeUri", message);
    }
    if function.build_method.as_deref() != Some("rust-cargolambda") {
        let message = "sam build makes the functions by rust-cargolambda";
        wrong.say(origin, "Metadata.BuildMethod", message);
    }
    if function.architectures != ["arm64"] {
        let message = "the functions are built and measured for arm64";
        wrong.say(origin, "Architectures", message);
    }
    if function.reserved_concurrency.is_some() {
        let message = "small accounts cannot deploy it; the queue's MaximumConcurrency bounds ingest";
        wrong.say(origin, "ReservedConcurrentExecutions", message);
    }
    let group = stack.log_groups.iter().find(|group| {
        let named = function.log_group.as_ref();
        named == Some(&group.name) && group.name == format!("/aws/lambda/{}", function.name)
    });
    match group {
        None => {
            let message = format!("it must name a log group of the template, /aws/lambda/{}", function.name);
            wrong.say(origin, "LoggingConfig.LogGroup", message);
        }
        Some(group) if group.days.is_none() => {
            let message = "logs would be kept, and paid for, for ever";
            wrong.say(&group.origin, "RetentionInDays", message);
        }
        Some(_) => {}
    }
}

/// Where dead letters lie: as long as SQS can keep them, and encrypted like every other queue.
fn queues(stack: &Stack, wrong: &mut Wrong) {
    for queue in &stack.queues {
        if !queue.encrypted {
            let message = "what lies in the queue must be encrypted";
            wrong.say(&queue.origin, "SqsManagedSseEnabled", message);
        }
        if queue.retention < KEPT {
            let message = format!(
                "messages are kept for {} s; SQS can keep them for {}",
                queue.retention.as_secs(),
                KEPT.as_secs()
            );
            wrong.say(&queue.origin, "MessageRetentionPeriod", message);
        }
    }
}

/// The longest that SQS keeps a message.
const KEPT: Duration = Duration::from_secs(14 * 86_400);

/// What a function does not take must be kept: by its own dead-letter queue, or by its queue's.
fn dead_letters(stack: &Stack, function: &Function, wrong: &mut Wrong) {
    let invoked = stack.rules.iter().any(|rule| {
        let mut targets = rule.targets.iter();
        targets.any(|target| target.arn == function.arn)
    });
    if invoked && function.dead_letter_arn.is_none() {
        wrong.say(
            &function.origin,
            "DeadLetterQueue",
            "rules invoke the function, and what it does not take is lost",
        );
    }
    for mapping in &function.mappings {
        let queue = stack.queue(&mapping.queue_arn);
        if let Some(queue) = queue.filter(|queue| queue.redrive.is_none()) {
            let message = "a message that the function never takes would come again for ever";
            wrong.say(&queue.origin, "RedrivePolicy", message);
        }
        if mapping.max_concurrency.is_none() {
            let message = "MaximumConcurrency bounds how many uploads are validated at a time";
            wrong.say(&mapping.origin, "ScalingConfig", message);
        }
        if !mapping.reports_item_failures {
            let message =
                "the functions say which messages failed: ReportBatchItemFailures is needed";
            wrong.say(&mapping.origin, "FunctionResponseTypes", message);
        }
    }
}
