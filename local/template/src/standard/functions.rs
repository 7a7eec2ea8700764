//! Functions: each program has its own, built and run as it was measured, told what it reads, and nothing that it gives up is lost.

use std::time::Duration;

use perennial_core::announcement::Function as Owner;
use perennial_core::settings::{Settings, SettingsError, VARIABLES};

use super::{Lists, Wrong, roles};
use crate::deployment::Deployment;
use crate::stack::{Function, Stack};

/// Each program has its function. What is said here is the cause of much else, which is not said again.
pub(super) fn programs(stack: &Stack, wrong: &mut Wrong) {
    let names = Owner::ALL.map(Owner::name);
    let unknown = stack
        .functions
        .iter()
        .filter(|function| !is_known(function));
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
pub(super) fn is_known(function: &Function) -> bool {
    let mut names = Owner::ALL.map(Owner::name).into_iter();
    names.any(|name| name == function.binary)
}

/// The last folder of the source's path.
fn folder(function: &Function) -> &str {
    let folder = function.code.trim_end_matches('/').rsplit('/').next();
    folder.unwrap_or_default()
}

pub(super) fn check(
    stack: &Stack,
    deployment: &Deployment,
    told: Option<&Settings>,
    lists: &mut Lists,
) {
    let wrong = &mut lists.standard;
    queues(stack, wrong);
    for rule in &stack.rules {
        for target in &rule.targets {
            if target.dead_letter_arn.is_none() {
                let message = "what cannot be sent is lost";
                wrong.say(&rule.origin, "DeadLetterConfig", message);
            }
            if !target.retries_are_stated {
                let message =
                    "how often EventBridge tries again, and for how long, is to be written out";
                wrong.say(&rule.origin, "RetryPolicy", message);
            }
        }
    }
    for function in &stack.functions {
        settings(stack, function, deployment, told, lists);
        dead_letters(stack, function, lists);
        build(stack, function, lists);
    }
}

/// A function's settings, by the very code that reads them in the function.
pub(super) fn looked(
    function: &Function,
    deployment: &Deployment,
) -> Result<Settings, SettingsError> {
    Settings::from_lookup(|name| match name {
        "AWS_REGION" => Some(deployment.region.clone()),
        name => function.env.get(name).cloned(),
    })
}

/// The variables, read by the very code that reads them in the function; and that they name what is in the stack.
fn settings(
    stack: &Stack,
    function: &Function,
    deployment: &Deployment,
    told: Option<&Settings>,
    Lists { needs, standard }: &mut Lists,
) {
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
            standard.say(origin, place, message);
        }
    }
    let looked = looked(function, deployment);
    // Those without which a function runs all the same must be given too; of the others the settings say so.
    for name in VARIABLES {
        if looked.is_ok() && !function.env.contains_key(name) {
            standard.say(origin, place, format!("{name} is missing"));
        }
    }
    let found = match looked {
        Ok(settings) => settings,
        Err(error) => {
            for finding in error.0 {
                needs.say(origin, place, finding);
            }
            return;
        }
    };
    let must_be = |variable: &str, value: &str, known: Vec<&str>, wrong: &mut Wrong| {
        if !known.contains(&value) {
            let message = format!(
                "{variable} is “{value}”; in the template there is {}",
                known.join(", ")
            );
            wrong.say(origin, place, message);
        }
    };
    let buckets = stack.buckets.iter().map(|bucket| bucket.name.as_str());
    must_be("PERENNIAL_BUCKET", &found.bucket, buckets.collect(), needs);
    let tables = stack.tables.iter().map(|table| table.name.as_str());
    must_be("PERENNIAL_TABLE", &found.table, tables.collect(), needs);
    // It may be a role that was there before the stack.
    let roles = roles::of_jobs(stack, "bedrock.amazonaws.com").into_iter();
    must_be(
        "PERENNIAL_JOB_ROLE_ARN",
        &found.job_role_arn,
        roles.map(|role| role.arn.as_str()).collect(),
        standard,
    );
    if let Some(role) = &found.sagemaker_job_role_arn {
        let roles = roles::of_jobs(stack, "sagemaker.amazonaws.com").into_iter();
        let known = roles.map(|role| role.arn.as_str()).collect();
        must_be("PERENNIAL_SAGEMAKER_JOB_ROLE_ARN", role, known, standard);
    }
    let installation = deployment.parameters.get("Installation");
    if installation.is_some_and(|id| *id != found.installation.as_str()) {
        let message = "PERENNIAL_INSTALLATION is not the parameter Installation";
        standard.say(origin, place, message);
    }
    let Some(told) = told else {
        return;
    };
    if told.bus != found.bus {
        let message = format!(
            "PERENNIAL_BUS is “{}”, and other functions say their events on “{}”",
            found.bus, told.bus
        );
        needs.say(origin, place, message);
    }
    for (variable, own, others) in [
        ("PERENNIAL_BUCKET", &found.bucket, &told.bucket),
        ("PERENNIAL_TABLE", &found.table, &told.table),
    ] {
        if own != others {
            let message = format!("{variable} is “{own}”, and other functions have “{others}”");
            needs.say(origin, place, message);
        }
    }
    if told.installation != found.installation {
        let message = format!(
            "PERENNIAL_INSTALLATION is “{}”, and other functions have “{}”",
            found.installation.as_str(),
            told.installation.as_str()
        );
        needs.say(origin, place, message);
    }
}

/// How it is built and run.
fn build(stack: &Stack, function: &Function, lists: &mut Lists) {
    let origin = &function.origin;
    if !function.size_is_stated {
        let message = "MemorySize and Timeout are to be written out; Lambda gives 128 MB and 3 s";
        // No step is done within Lambda's own.
        let list = match function.timeout <= OF_LAMBDA {
            true => &mut lists.needs,
            false => &mut lists.standard,
        };
        list.say(origin, "", message);
    }
    let wrong = &mut lists.standard;
    if is_known(function) && folder(function) != function.binary {
        let message = format!(
            "“{}” is not the folder of the program {}",
            function.code, function.binary
        );
        wrong.say(origin, "CodeUri", message);
    }
    if !function.program_is_stated {
        let message = "the program is to be named; a package may have more than one";
        wrong.say(origin, "Metadata.BuildProperties.Binary", message);
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
        let message =
            "small accounts cannot deploy it; the queue's MaximumConcurrency bounds ingest";
        wrong.say(origin, "ReservedConcurrentExecutions", message);
    }
    let group = stack.log_groups.iter().find(|group| {
        let named = function.log_group.as_ref();
        named == Some(&group.name) && group.name == format!("/aws/lambda/{}", function.name)
    });
    match group {
        None => {
            let message = format!(
                "it must name a log group of the template, /aws/lambda/{}",
                function.name
            );
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

/// The timeout of a function that states none.
const OF_LAMBDA: Duration = Duration::from_secs(3);

/// The longest that SQS keeps a message.
const KEPT: Duration = Duration::from_secs(14 * 86_400);

/// Where what a function gives up is kept.
fn own_dead_letters<'s>(stack: &'s Stack, function: &'s Function) -> Option<&'s str> {
    let mut queues = function.mappings.iter().filter_map(|mapping| {
        let redrive = stack.queue(&mapping.queue_arn)?.redrive.as_ref()?;
        Some(redrive.target_arn.as_str())
    });
    let own = function.dead_letter_arn.as_deref();
    own.or_else(|| queues.next())
}

/// What a function does not take must be kept: by its own dead-letter queue, or by its queue's.
fn dead_letters(stack: &Stack, function: &Function, lists: &mut Lists) {
    let wrong = &mut lists.standard;
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
    if invoked && !function.retries_are_stated {
        let message = "how often Lambda tries again, and for how long, is to be written out";
        wrong.say(&function.origin, "EventInvokeConfig", message);
    }
    for rule in &stack.rules {
        for target in &rule.targets {
            let concerns = stack.receiver(&target.arn).map(|to| &to.arn) == Some(&function.arn);
            let own = own_dead_letters(stack, function);
            let named = target.dead_letter_arn.as_deref();
            if concerns && named.is_some() && named != own {
                let message = format!(
                    "what cannot be sent to {} belongs among its dead letters, {}",
                    function.origin.id,
                    own.unwrap_or("which it has none of")
                );
                wrong.say(&rule.origin, "DeadLetterConfig", message);
            }
        }
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
            // Without it, a message that failed counts as taken and is gone.
            lists
                .needs
                .say(&mapping.origin, "FunctionResponseTypes", message);
        }
    }
}
