//! `events/` holds one file for each kind of event that a rule of the template sends to a function, as the function
//! receives it. Every file goes through its function's handler here, and a loop is carried from upload to promotion by
//! these files alone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aws_lambda_events::sqs::SqsEvent;
use jiff::SignedDuration;
use perennial_core::announcement::{
    Announcement, Function, Request, Stage, object_found, object_missing, pipeline_due, recipient,
    run_due,
};
use perennial_core::names::{PipelineName, RunId};
use perennial_core::run::Outcome;
use perennial_local_template::{Deployment, Stack, Trigger};
use perennial_tests::{World, config, evaluation, training};
use serde_json::Value;

/// The run that the files name.
const RUN: &str = "01jdpx4k9m3s7v2c8e5g6h1n0q";
const PIPELINE: &str = "support-bot";
const KEY: &str = "data/support-bot/2026-11-21.jsonl";
const PROMPTS: &str = "eval/support-bot/questions.jsonl";

/// Each file and who receives it.
const FILES: [(&str, &[Function]); 27] = [
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

/// A world that hears nothing but the files.
struct Story {
    world: World,
    run: Option<String>,
}

impl Story {
    async fn begin(more: &str) -> Self {
        let mut world = World::new();
        world.upload(&format!("pipelines/{PIPELINE}.toml"), config(more));
        world.upload(PROMPTS, evaluation());
        world.settle().await;
        world.upload(KEY, training());
        Self { world, run: None }
    }

    /// Gives a file to a function, about this world's run and installation, and nothing of what follows to anybody.
    async fn send(&mut self, function: Function, name: &str) {
        let mut file = text(name).replace("local-support-bot-", "test-support-bot-");
        if let Some(run) = &self.run {
            file = file.replace(RUN, run);
        }
        let event = on_the_bus(&serde_json::from_str(&file).expect("JSON"));
        self.world.invoke(function, event).await;
        assert_eq!(self.world.failures, Vec::<String>::new(), "{name}");
    }

    async fn open(&mut self) {
        self.send(Function::Ingest, "sqs_object_created").await;
        self.send(Function::Train, "start_requested").await;
        let runs = self.world.runs(PIPELINE).await;
        assert_eq!(runs.len(), 1, "a run was asked for");
        self.run = Some(runs[0].id.to_string());
    }

    fn passes(&self, minutes: i64) {
        self.world
            .cloud
            .clock
            .advance(SignedDuration::from_mins(minutes));
        self.world.cloud.bedrock.settle();
    }

    fn heard(&self, kind: &str) -> Option<Value> {
        let heard = self.world.cloud.announce.heard();
        // The prompts of the gate were accepted before the story began.
        let found = heard
            .into_iter()
            .rev()
            .find(|said| said.detail_type == kind && said.detail["key"] != PROMPTS);
        found.map(|said| said.detail)
    }

    async fn outcome(&self) -> Option<Outcome> {
        self.world.runs(PIPELINE).await[0].outcome()
    }
}

fn members(value: &Value) -> Vec<String> {
    let members = value.as_object().into_iter().flatten();
    let mut names: Vec<String> = members.map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_files_alone_carry_an_upload_to_a_promotion() {
    let mut story = Story::begin("[promotion]\napproval = \"manual\"\n").await;
    story.send(Function::Ingest, "sqs_object_created").await;
    let accepted = story
        .heard("Upload Accepted")
        .expect("the upload is accepted");
    assert_eq!(
        members(&accepted),
        members(&read("upload_accepted")["detail"])
    );
    story.send(Function::Train, "upload_accepted").await;
    story.passes(3);
    story.send(Function::Train, "pipeline_due_collecting").await;
    let runs = story.world.runs(PIPELINE).await;
    assert_eq!(runs.len(), 1, "the trigger holds");
    story.run = Some(runs[0].id.to_string());
    story.send(Function::Train, "run_due_starting").await;
    assert_eq!(story.world.cloud.bedrock.training_jobs().len(), 1);
    story.send(Function::Evaluate, "run_due_training").await;
    story.passes(60 * 24);
    story
        .send(Function::Evaluate, "bedrock_customization_state_change")
        .await;
    assert_eq!(
        story.world.models(PIPELINE).await.len(),
        1,
        "the job has ended"
    );
    for _ in 0..50 {
        if story.heard("Evaluation Complete").is_some() {
            break;
        }
        story.passes(15);
        story
            .send(Function::Evaluate, "bedrock_batch_inference_state_change")
            .await;
    }
    let complete = story
        .heard("Evaluation Complete")
        .expect("all answers are there");
    assert_eq!(
        members(&complete),
        members(&read("evaluation_complete")["detail"])
    );
    story.send(Function::Promote, "evaluation_complete").await;
    assert!(story.heard("Approval Needed").is_some());
    story.send(Function::Promote, "approve_requested").await;
    for _ in 0..20 {
        story.passes(5);
        story.send(Function::Promote, "pipeline_due_moving").await;
        story.send(Function::Promote, "run_due_deciding").await;
    }
    assert_eq!(story.outcome().await, Some(Outcome::Promoted));
    assert!(story.world.pipeline(PIPELINE).await.champion.is_some());

    story.send(Function::Promote, "rollback_requested").await;
    story.send(Function::Cleanup, "cleanup_requested").await;
    story.send(Function::Cleanup, "scheduled_rule_tick").await;
    let plan = format!("reports/{PIPELINE}/cleanup.txt");
    assert!(story.world.report(&plan).contains("champion"));
}

#[tokio::test]
async fn a_person_pauses_resumes_cancels_and_releases_by_the_files() {
    let mut story = Story::begin("").await;
    story.open().await;
    story.send(Function::Train, "pause_requested").await;
    assert!(story.world.pipeline(PIPELINE).await.paused.is_some());
    story.send(Function::Train, "resume_requested").await;
    assert!(story.world.pipeline(PIPELINE).await.paused.is_none());
    story.send(Function::Train, "cancel_requested").await;
    for _ in 0..5 {
        story.passes(10);
        story.send(Function::Evaluate, "run_due_training").await;
        story.send(Function::Promote, "run_due_deciding").await;
    }
    let run = &story.world.runs(PIPELINE).await[0];
    assert_eq!(run.outcome(), Some(Outcome::Cancelled), "{run:#?}");
    story.send(Function::Train, "release_requested").await;
}

#[tokio::test]
async fn what_was_missed_is_taken_in_and_withdrawn_by_the_files() {
    let mut story = Story::begin("").await;
    story.send(Function::Ingest, "s3_test_event").await;
    story.send(Function::Ingest, "s3_notification_native").await;
    story
        .send(Function::Ingest, "s3_object_created_eventbridge")
        .await;
    assert!(story.heard("Upload Accepted").is_none(), "another bucket's");
    story.send(Function::Reconcile, "scheduled_rule_tick").await;
    for asks in ["sync_requested", "scheduled_sync"] {
        let before = story.world.cloud.announce.heard().len();
        story.send(Function::Reconcile, asks).await;
        let said = story.world.cloud.announce.heard().split_off(before);
        assert!(
            said.iter().any(|said| said.detail_type == "Object Found"),
            "{asks}: {said:?}"
        );
    }
    story.send(Function::Ingest, "sqs_object_found").await;
    assert!(story.heard("Upload Accepted").is_some());
    story.world.cloud.objects.delete(KEY);
    story.send(Function::Ingest, "sqs_object_deleted").await;
    assert!(story.heard("Upload Withdrawn").is_some());
    story.send(Function::Ingest, "sqs_object_missing").await;
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
            let shared = ["Run Due", "Pipeline Due"]
                .iter()
                .any(|kind| event["detail-type"] == *kind);
            let request = function != Function::Ingest
                && other == Function::Train
                && name.ends_with("_requested");
            if other == function || shared || request {
                continue;
            }
            let mut world = World::new();
            world.invoke(other, event.clone()).await;
            assert_eq!(world.failures.len(), 1, "{name} to {}", other.name());
        }
    }
}
