//! Functions: `AWS::Serverless::Function` and who may invoke them
//! (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Draft, Permission, Resource, events, policies, texts};
use crate::node::Node;
use crate::props::Props;
use crate::stack::{Function, Origin};

/// A function's role: made by SAM with these policies, or named.
#[derive(Debug)]
pub(super) struct RoleOf {
    pub(super) origin: Origin,
    /// The ARN that `Role` names.
    pub(super) named: Option<String>,
    /// Managed policies, by ARN or by AWS's name.
    pub(super) managed: Vec<String>,
}

const RUNTIME: &str = "provided.al2023";

pub(super) fn read(
    about: Resource<'_>,
    props: &Props<'_>,
    metadata: Option<&Node>,
    draft: &mut Draft,
) {
    props.pass_over(&[
        "FunctionName",
        "Description",
        "Tags",
        "EphemeralStorage",
        "KmsKeyArn",
        "PermissionsBoundary",
        "RolePath",
    ]);
    let id = about.origin.id.clone();
    if let Some(runtime) = props.need("Runtime")
        && runtime != RUNTIME
    {
        props.refuse(
            "Runtime",
            format!("“{runtime}” is not understood; understood: {RUNTIME}"),
        );
    }
    if props
        .need("Handler")
        .is_some_and(|handler| handler != "bootstrap")
    {
        props.refuse(
            "Handler",
            "a function on provided.al2023 has the handler bootstrap",
        );
    }
    let mut policies = Vec::new();
    let mut managed = vec!["service-role/AWSLambdaBasicExecutionRole".to_owned()];
    let dead_letter_arn = dead_letter(props, &mut policies);
    let (retries, max_event_age, on_failure) = invoke_config(props);
    if props
        .text("Tracing")
        .is_some_and(|tracing| tracing == "Active")
    {
        managed.push("AWSXRayDaemonWriteAccess".to_owned());
    }
    let network = props.map("VpcConfig");
    let in_vpc = network.is_some();
    if let Some(network) = network {
        for key in ["SubnetIds", "SecurityGroupIds"] {
            if texts(&network, key).is_empty() {
                network.refuse(key, "it is missing or empty");
            }
        }
        network.finish();
    }
    if in_vpc {
        managed.push("service-role/AWSLambdaVPCAccessExecutionRole".to_owned());
    }
    let log_group = props.map("LoggingConfig").and_then(|logging| {
        logging.pass_over(&["ApplicationLogLevel", "LogFormat", "SystemLogLevel"]);
        let group = logging.need("LogGroup");
        logging.finish();
        group
    });
    let named = props.text("Role");
    policies::of_function(props, &mut policies, &mut managed);
    let events = events::read(&about, props, draft);
    if !events.is_empty() {
        managed.push("service-role/AWSLambdaSQSQueueExecutionRole".to_owned());
    }
    if named.is_some() {
        // SAM adds nothing to a role that the template names.
        managed.clear();
        policies.clear();
        if props.node("Policies").is_some() {
            props.refuse("Policies", "SAM passes over Policies where Role is given");
        }
    }
    draft.function_roles.push(RoleOf {
        origin: about.origin.clone(),
        named: named.clone(),
        managed,
    });
    let role_name =
        crate::resolve::generated_name(&format!("{id}Role"), "AWS::IAM::Role", about.deployment);
    let role_arn = crate::resolve::arn_of("AWS::IAM::Role", &role_name, about.deployment);
    let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let build = build(props, metadata);
    draft.stack.functions.push(Function {
        binary: build.program,
        code: build.code,
        program_is_stated: build.is_stated,
        build_method: build.method,
        program_line: build.line,
        architectures: texts(props, "Architectures"),
        name: about.name,
        arn: about.arn,
        size_is_stated: ["MemorySize", "Timeout"].map(|key| props.node(key).is_some()) == [true; 2],
        memory_mb: whole(props.number("MemorySize", 128, 10_240).unwrap_or(128)),
        timeout: props
            .seconds("Timeout", 1, 900)
            .unwrap_or(Duration::from_secs(3)),
        env: environment(props),
        role_arn: named.or(role_arn).unwrap_or_default(),
        log_group,
        retries_are_stated: props.node("EventInvokeConfig").is_some(),
        in_vpc,
        policies,
        dead_letter_arn: dead_letter_arn.or(on_failure),
        retries,
        max_event_age,
        reserved_concurrency: props
            .number("ReservedConcurrentExecutions", 0, 1000)
            .map(whole),
        mappings: events,
        origin: about.origin,
    });
}

/// What SAM builds, and how.
struct Build {
    program: String,
    code: String,
    method: Option<String>,
    is_stated: bool,
    line: usize,
}

/// The program is named by the build's properties, else by the folder of its source.
fn build(props: &Props<'_>, metadata: Option<&Node>) -> Build {
    let code = props.need("CodeUri").unwrap_or_default();
    let line = props.line_of("CodeUri");
    let folder = code.trim_end_matches('/').rsplit('/').next();
    let folder = folder.unwrap_or_default().to_owned();
    let method = metadata.and_then(|metadata| metadata.get("BuildMethod")?.as_text());
    let named = metadata.and_then(|metadata| {
        let named = metadata.get("BuildProperties")?.get("Binary")?.as_text()?;
        Some((named, metadata.line_of(&["BuildProperties", "Binary"])))
    });
    let is_stated = named.is_some();
    let (program, line) = named.unwrap_or((folder, line));
    Build {
        program,
        code,
        method,
        is_stated,
        line,
    }
}

fn environment(props: &Props<'_>) -> BTreeMap<String, String> {
    let Some(environment) = props.map("Environment") else {
        return BTreeMap::new();
    };
    let mut env = BTreeMap::new();
    for entry in environment.named("Variables") {
        match entry.value.as_text() {
            Some(value) => {
                env.insert(entry.key.clone(), value);
            }
            None => {
                let place = format!("{}.Variables.{}", environment.place, entry.key);
                let message = format!("text belongs here, and {} is there", entry.value.what());
                props.findings().add(entry.line, place, message);
            }
        }
    }
    environment.finish();
    env
}

/// SAM's `DeadLetterQueue`, and the statement that SAM adds to the role for it.
fn dead_letter(props: &Props<'_>, policies: &mut Vec<Value>) -> Option<String> {
    let of = props.map("DeadLetterQueue")?;
    let kind = of.one_of("Type", &["SQS", "SNS"]);
    let target = of.need("TargetArn");
    of.finish();
    let target = target?;
    let action = if kind? == "SQS" {
        "sqs:SendMessage"
    } else {
        "sns:Publish"
    };
    policies.push(json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "DeadLetterQueue", "Effect": "Allow", "Action": action, "Resource": target },
    ]}));
    Some(target)
}

/// Lambda's own numbers without it: two further tries, six hours
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>).
fn invoke_config(props: &Props<'_>) -> (u32, Duration, Option<String>) {
    let hours = Duration::from_secs(6 * 3600);
    let Some(config) = props.map("EventInvokeConfig") else {
        return (2, hours, None);
    };
    let retries = config.number("MaximumRetryAttempts", 0, 2).unwrap_or(2);
    let age = config
        .seconds("MaximumEventAgeInSeconds", 60, 21_600)
        .unwrap_or(hours);
    let mut on_failure = None;
    if let Some(destinations) = config.map("DestinationConfig") {
        if let Some(failure) = destinations.map("OnFailure") {
            failure.one_of("Type", &["SQS", "SNS"]);
            on_failure = failure.need("Destination");
            failure.finish();
        }
        destinations.finish();
    }
    config.finish();
    (u32::try_from(retries).unwrap_or(2), age, on_failure)
}

/// `AWS::Lambda::Permission`.
pub(super) fn permission(props: &Props<'_>, draft: &mut Draft) {
    props.one_of("Action", &["lambda:InvokeFunction"]);
    props.pass_over(&["SourceAccount"]);
    if let (Some(function), Some(principal)) = (props.need("FunctionName"), props.need("Principal"))
    {
        draft.permissions.push(Permission {
            function,
            principal,
            source_arn: props.text("SourceArn"),
        });
    }
}
