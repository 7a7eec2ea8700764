//! `events/` holds one file for each kind of event that a rule of the template sends to a function, as the function
//! receives it. Here the folder is held to the template, to core and to the page on it; in `stories`, every file goes through its
//! function's handler, and a loop is carried from upload to promotion by these files alone.

mod stories;

use std::collections::BTreeSet;
use std::path::PathBuf;

use aws_lambda_events::sqs::SqsEvent;
use perennial_core::announcement::{
    Announcement, Function, Request, Stage, object_found, object_missing, pipeline_due, recipient,
    run_due,
};
use perennial_core::names::{PipelineName, RunId};
use perennial_local_template::{Deployment, Stack, Trigger};
use perennial_tests::World;
use serde_json::Value;

/// The run that the files name.
const RUN: &str = "01jdpx4k9m3s7v2c8e5g6h1n0q";
const PIPELINE: &str = "support-bot";
const KEY: &str = "data/support-bot/2026-11-21.jsonl";

/// Each file and who receives it.
const FILES: [(&str, &[Function]); 28] = [
    ("approve_requested", &[Function::Promote]),
    (
        "bedrock_batch_inference_state_change",
        &[Function::Evaluate],
    ),
    ("bedrock_customization_state_change", &[Function::Evaluate]),
    ("cancel_requested", &[Function::Train]),
    ("cleanup_requested", &[Function::Cleanup]),
    ("evaluation_complete", &[Function::Promote]),
    ("pause_requested", &[Function::Train]),
    ("pipeline_due_collecting", &[Function::Train]),
    ("pipeline_due_moving", &[Function::Promote]),
    ("release_requested", &[Function::Train]),
    ("resume_requested", &[Function::Train]),
    ("rollback_requested", &[Function::Promote]),
    ("run_due_deciding", &[Function::Promote]),
    ("run_due_starting", &[Function::Train]),
    ("run_due_training", &[Function::Evaluate]),
    // S3's own forms as AWS documents them: `ingest` reads each of them out of a queue's message.
    ("s3_notification_native", &[Function::Ingest]),
    ("s3_object_created_eventbridge", &[Function::Ingest]),
    ("s3_test_event", &[Function::Ingest]),
    ("sagemaker_training_state_change", &[Function::Evaluate]),
    (
        "scheduled_rule_tick",
        &[Function::Reconcile, Function::Cleanup],
    ),
    ("scheduled_sync", &[Function::Reconcile]),
    ("sqs_object_created", &[Function::Ingest]),
    ("sqs_object_deleted", &[Function::Ingest]),
    ("sqs_object_found", &[Function::Ingest]),
    ("sqs_object_missing", &[Function::Ingest]),
    ("start_requested", &[Function::Train]),
    ("sync_requested", &[Function::Reconcile]),
    ("upload_accepted", &[Function::Train]),
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events"))
}

fn text(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The event on the bus: what stands in a queue's one message, or the file itself.
fn on_the_bus(file: &Value) -> Value {
    if file["Records"][0]["eventSource"] != "aws:sqs" {
        return file.clone();
    }
    let batch: SqsEvent = serde_json::from_value(file.clone()).expect("Lambda's form of a batch");
    assert_eq!(batch.records.len(), 1);
    let body = batch.records[0].body.as_deref().expect("a body");
    serde_json::from_str(body).expect("the body is an event")
}

fn stack() -> Stack {
    let template = std::fs::read_to_string(folder().join("../infra/template.yaml")).expect("there");
    let deployment = Deployment::new("123456789012", "us-east-1", "perennial-local")
        .with("Installation", "local")
        .with("BucketName", "perennial-local");
    Stack::read(&template, &deployment).unwrap_or_else(|error| panic!("{error}"))
}

/// Those that come over the bus and not by time, and not as samples of another account.
fn of_rules() -> impl Iterator<Item = (&'static str, Function, Value)> {
    let files = FILES.iter().map(|(name, to)| (*name, to[0], read(name)));
    files
        .filter(|(name, ..)| !name.starts_with("s3_") && !name.starts_with("scheduled_"))
        .map(|(name, to, file)| (name, to, on_the_bus(&file)))
}

#[test]
fn every_file_is_used_here_and_every_file_used_here_is_there() {
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("the folder is in the tree")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    let used: BTreeSet<String> = FILES
        .iter()
        .map(|(name, _)| format!("{name}.json"))
        .collect();
    assert_eq!(there, used);
}

/// The page tells people which file is for which function, and `tests/cargo-lambda` gives them to those that it names.
#[test]
fn the_page_gives_each_file_to_the_functions_that_take_it_here() {
    let page = include_str!("../../../docs/cargo-lambda.md");
    let rows = page.lines().filter_map(|line| {
        let (function, files) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((function, files.strip_suffix(" |")?))
    });
    let told: BTreeSet<(&str, &str)> = rows
        .flat_map(|(function, files)| {
            let files = files.split(", ").map(|file| file.trim_matches('`'));
            files.map(move |file| (function, file))
        })
        .collect();
    let taken: BTreeSet<(&str, &str)> = FILES
        .iter()
        // Those are read out of a queue's message, and cannot be given to the function as they are.
        .filter(|(name, _)| !name.starts_with("s3_"))
        .flat_map(|(name, to)| to.iter().map(move |function| (function.name(), *name)))
        .collect();
    assert_eq!(told, taken, "the table of docs/cargo-lambda.md");
}

#[test]
fn the_templates_rules_send_each_event_to_the_function_that_takes_it_here() {
    let stack = stack();
    for (name, function, event) in of_rules() {
        let recipients: Vec<&str> = stack.recipients(&event).into_iter().collect();
        assert_eq!(recipients, [function.name()], "{name}");
        let kind = event["detail-type"].as_str().expect("a detail-type");
        assert_eq!(recipient(kind, &event["detail"]), Some(function), "{name}");
    }
}

#[test]
fn every_kind_of_event_that_a_rule_sends_to_a_function_has_a_file() {
    let (stack, events) = (stack(), of_rules().collect::<Vec<_>>());
    let mut kinds = 0;
    for rule in &stack.rules {
        let receivers = rule
            .targets
            .iter()
            .filter_map(|target| stack.receiver(&target.arn));
        let Some(function) = receivers.map(|function| function.binary.clone()).next() else {
            continue;
        };
        let Trigger::Pattern(pattern) = &rule.trigger else {
            continue;
        };
        for kind in pattern.json()["detail-type"]
            .as_array()
            .into_iter()
            .flatten()
        {
            // No stage of a pipeline, as it is said to be due, is evaluate's.
            if *kind == "Pipeline Due" && function == "evaluate" {
                continue;
            }
            kinds += 1;
            let has_a_file = |event: &Value| event["detail-type"] == *kind && rule.takes(event);
            assert!(
                events.iter().any(|(.., event)| has_a_file(event)),
                "the rule {} sends {kind} to {function}, and events/ has no such file",
                rule.name
            );
        }
    }
    assert!(kinds >= 20, "{kinds}");
}

#[test]
fn every_schedule_has_a_file() {
    let ticks: Vec<Value> = FILES
        .iter()
        .filter(|(name, _)| name.starts_with("scheduled_"))
        .map(|(name, _)| read(name))
        .collect();
    let stack = stack();
    for (rule, _, target) in stack.schedules() {
        let has_a_file = match &target.input {
            Some(input) => ticks.contains(input),
            None => ticks.iter().any(|tick| tick["source"] == "aws.events"),
        };
        assert!(has_a_file, "{}: {:?}", rule.name, target.input);
    }
}

#[test]
fn perennials_own_events_are_as_it_says_them() {
    let pipeline = PipelineName::parse(PIPELINE).expect("valid");
    let run = RunId::parse(RUN).expect("valid");
    let of = |request: Request| request.announcement();
    let said: [(&str, Announcement); 16] = [
        (
            "start_requested",
            of(Request::Start {
                pipeline: pipeline.clone(),
            }),
        ),
        (
            "cancel_requested",
            of(Request::Cancel {
                pipeline: pipeline.clone(),
                run: run.clone(),
            }),
        ),
        (
            "pause_requested",
            of(Request::Pause {
                pipeline: pipeline.clone(),
            }),
        ),
        (
            "resume_requested",
            of(Request::Resume {
                pipeline: pipeline.clone(),
            }),
        ),
        (
            "release_requested",
            of(Request::Release {
                pipeline: pipeline.clone(),
            }),
        ),
        (
            "approve_requested",
            of(Request::Approve {
                pipeline: pipeline.clone(),
                run: run.clone(),
            }),
        ),
        (
            "rollback_requested",
            of(Request::Rollback {
                pipeline: pipeline.clone(),
                to: None,
                from: Some(run.clone()),
            }),
        ),
        ("cleanup_requested", of(Request::Cleanup {})),
        ("sync_requested", of(Request::Sync {})),
        (
            "run_due_starting",
            run_due(&pipeline, &run, Stage::Starting),
        ),
        (
            "run_due_training",
            run_due(&pipeline, &run, Stage::Training),
        ),
        (
            "run_due_deciding",
            run_due(&pipeline, &run, Stage::Deciding),
        ),
        (
            "pipeline_due_collecting",
            pipeline_due(&pipeline, Stage::Collecting),
        ),
        (
            "pipeline_due_moving",
            pipeline_due(&pipeline, Stage::Moving),
        ),
        (
            "sqs_object_found",
            object_found(KEY, "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", 4096),
        ),
        ("sqs_object_missing", object_missing(KEY)),
    ];
    for (name, said) in said {
        let event = on_the_bus(&read(name));
        assert_eq!(event["source"], "perennial", "{name}");
        assert_eq!(event["detail-type"], said.detail_type, "{name}");
        assert_eq!(event["detail"], said.detail, "{name}");
    }
}

#[tokio::test]
async fn an_event_for_another_function_is_refused() {
    for (name, function, event) in of_rules() {
        // `reconcile` and `cleanup` look at the whole, whatever wakes them.
        for other in [
            Function::Train,
            Function::Evaluate,
            Function::Promote,
            Function::Ingest,
        ] {
            // Whom they are for, the run's or the pipeline's record says.
            let kind = event["detail-type"].as_str().expect("a detail-type");
            if other == function || ["Run Due", "Pipeline Due"].contains(&kind) {
                continue;
            }
            let mut world = World::new();
            world.invoke(other, event.clone()).await;
            let [failure] = world.failures.as_slice() else {
                panic!("{name} to {}: {:?}", other.name(), world.failures)
            };
            // What `ingest` does not understand goes back to the queue.
            let words = ["not understood", "goes back to the queue"];
            let word = words[usize::from(other == Function::Ingest)];
            assert!(failure.contains(word), "{name}: {failure}");
        }
    }
}
