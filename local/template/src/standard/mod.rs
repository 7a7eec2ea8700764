//! Holds a template to what Perennial's functions need, as core says it: settings, the table, the bucket, and for every event
//! the one function that takes it. This is what continuous integration asks of `infra/template.yaml`.

mod routes;
mod stores;

use perennial_core::announcement::Function as Owner;
use perennial_core::settings::{Settings, VARIABLES};

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
    functions(&stack, deployment, &mut wrong);
    stores::check(&stack, &mut wrong);
    routes::check(&stack, &mut wrong);
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

    fn of_all(&mut self, place: &str, message: impl Into<String>) {
        self.0.push(Finding::new(0, place, message));
    }
}

fn functions(stack: &Stack, deployment: &Deployment, wrong: &mut Wrong) {
    let names = Owner::ALL.map(Owner::name);
    for name in names {
        if stack.function(name).is_none() {
            wrong.of_all("Resources", format!("no function has the program {name}"));
        }
    }
    for function in &stack.functions {
        if !names.contains(&function.binary.as_str()) {
            let message = format!(
                "there is no program {}; there are {}",
                function.binary,
                names.join(", ")
            );
            wrong.say(&function.origin, "Metadata.BuildProperties.Binary", message);
        }
        settings(stack, function, deployment, wrong);
        dead_letters(stack, function, wrong);
    }
}

/// The variables, read by the very code that reads them in the function; and that they name what is in the stack.
fn settings(stack: &Stack, function: &Function, deployment: &Deployment, wrong: &mut Wrong) {
    let origin = &function.origin;
    let place = "Environment.Variables";
    for name in function
        .env
        .keys()
        .filter(|name| name.starts_with("PERENNIAL_"))
    {
        if !VARIABLES.contains(&name.as_str()) {
            let message = format!(
                "no function reads {name}; they read {}",
                VARIABLES.join(", ")
            );
            wrong.say(origin, place, message);
        }
    }
    let looked = Settings::from_lookup(|name| match name {
        "AWS_REGION" => Some(deployment.region.clone()),
        name => function.env.get(name).cloned(),
    });
    let found = match looked {
        Ok(settings) => settings,
        Err(error) => {
            for finding in error.0 {
                wrong.say(origin, place, finding);
            }
            return;
        }
    };
    let mut must_be = |variable: &str, value: &str, known: Vec<&str>| {
        if !known.contains(&value) {
            let message = format!(
                "{variable} is “{value}”; in the template there is {}",
                known.join(", ")
            );
            wrong.say(origin, place, message);
        }
    };
    let buckets = stack.buckets.iter().map(|bucket| bucket.name.as_str());
    must_be("PERENNIAL_BUCKET", &found.bucket, buckets.collect());
    let tables = stack.tables.iter().map(|table| table.name.as_str());
    must_be("PERENNIAL_TABLE", &found.table, tables.collect());
    let roles = stack.roles.iter().filter(|role| {
        let trust = role.trust.to_string();
        trust.contains("\"bedrock.amazonaws.com\"")
    });
    must_be(
        "PERENNIAL_JOB_ROLE_ARN",
        &found.job_role_arn,
        roles.map(|role| role.arn.as_str()).collect(),
    );
    let installation = deployment.parameters.get("Installation");
    if installation.is_some_and(|id| *id != found.installation.as_str()) {
        let message = "PERENNIAL_INSTALLATION is not the parameter Installation";
        wrong.say(origin, place, message);
    }
    for rule in routes::own_rules(stack, &found.bus) {
        let message = format!(
            "it takes Perennial's own events from the bus {}, and {} says them on {}",
            rule.bus, origin.id, found.bus
        );
        wrong.say(&rule.origin, "EventBusName", message);
    }
}

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
        if !mapping.reports_item_failures {
            let message =
                "the functions say which messages failed: ReportBatchItemFailures is needed";
            wrong.say(&mapping.origin, "FunctionResponseTypes", message);
        }
    }
}
