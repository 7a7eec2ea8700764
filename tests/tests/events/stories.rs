//! Every file of `events/` is given to its function, and does what its name says.

use jiff::SignedDuration;
use perennial_core::announcement::{Function, Stage};
use perennial_core::model::ModelLife;
use perennial_core::run::Outcome;
use perennial_tests::{World, config, evaluation, shuffled, training};
use serde_json::Value;

use crate::{KEY, PIPELINE, RUN, on_the_bus, read, text};

const PROMPTS: &str = "eval/support-bot/questions.jsonl";

/// A world that hears nothing but the files.
struct Story {
    world: World,
    /// What stands in the files, and what it is called here.
    names: Vec<(&'static str, String)>,
}

impl Story {
    async fn begin(more: &str) -> Self {
        Self::of(config(more)).await
    }

    /// Of a pipeline that is configured so.
    async fn of(config: String) -> Self {
        let mut world = World::new();
        world.upload(&format!("pipelines/{PIPELINE}.toml"), config);
        world.upload(PROMPTS, evaluation());
        world.settle().await;
        world.upload(KEY, training());
        let names = vec![("local-support-bot-", "test-support-bot-".to_owned())];
        Self { world, names }
    }

    /// Gives a file to a function, about this world's run and installation, and nothing of what follows to anybody.
    async fn send(&mut self, function: Function, name: &str) {
        let names = self.names.iter();
        let file = names.fold(text(name), |file, (from, to)| file.replace(from, to));
        let event = on_the_bus(&serde_json::from_str(&file).expect("JSON"));
        self.world.invoke(function, event).await;
        assert_eq!(self.world.failures, Vec::<String>::new(), "{name}");
    }

    /// From now on the files speak of this run.
    async fn follow(&mut self, run: usize) {
        let runs = self.world.runs(PIPELINE).await;
        assert_eq!(runs.len(), run + 1, "a run was opened");
        self.names.retain(|(from, _)| *from != RUN);
        self.names.push((RUN, runs[run].id.to_string()));
    }

    fn passes(&self, minutes: i64) {
        self.world
            .cloud
            .clock
            .advance(SignedDuration::from_mins(minutes));
        self.world.cloud.bedrock.settle();
    }

    /// What was said of this kind, in its order.
    fn heard(&self, kind: &str) -> Vec<Value> {
        let heard = self.world.cloud.announce.heard().into_iter();
        heard
            // The prompts of the gate were accepted before the story began.
            .filter(|said| said.detail_type == kind && said.detail["key"] != PROMPTS)
            .map(|said| said.detail)
            .collect()
    }

    fn accepted(&self) -> Vec<Value> {
        let heard = self.heard("Upload Accepted").into_iter();
        heard.map(|said| said["key"].clone()).collect()
    }

    async fn stage(&self, run: usize) -> Stage {
        self.world.runs(PIPELINE).await[run].stage()
    }

    async fn outcome(&self, run: usize) -> Option<Outcome> {
        self.world.runs(PIPELINE).await[run].outcome()
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
    let accepted = story.heard("Upload Accepted").pop();
    let accepted = accepted.expect("the upload is accepted");
    assert_eq!(
        members(&accepted),
        members(&read("upload_accepted")["detail"])
    );
    story.send(Function::Train, "upload_accepted").await;
    assert!(story.world.runs(PIPELINE).await.is_empty(), "it is quiet");
    story.passes(3);
    story.send(Function::Train, "pipeline_due_collecting").await;
    story.follow(0).await;
    story.send(Function::Train, "run_due_starting").await;
    assert_eq!(story.world.cloud.bedrock.training_jobs().len(), 1);
    story.send(Function::Evaluate, "run_due_training").await;
    assert_eq!(story.stage(0).await, Stage::Training, "the job goes on");
    story.passes(60 * 24);
    story
        .send(Function::Evaluate, "bedrock_customization_state_change")
        .await;
    assert_eq!(story.stage(0).await, Stage::Evaluating, "the job has ended");
    assert_eq!(story.world.models(PIPELINE).await.len(), 1);
    for _ in 0..50 {
        if !story.heard("Evaluation Complete").is_empty() {
            break;
        }
        story.passes(15);
        story
            .send(Function::Evaluate, "bedrock_batch_inference_state_change")
            .await;
    }
    let complete = story.heard("Evaluation Complete").pop();
    let complete = complete.expect("all answers are there");
    assert_eq!(
        members(&complete),
        members(&read("evaluation_complete")["detail"])
    );
    story.send(Function::Promote, "evaluation_complete").await;
    assert_eq!(story.heard("Approval Needed").len(), 1);
    assert!(story.world.pipeline(PIPELINE).await.moving.is_none());
    story.send(Function::Promote, "approve_requested").await;
    assert!(story.world.pipeline(PIPELINE).await.moving.is_some());
    for _ in 0..20 {
        story.passes(5);
        story.send(Function::Promote, "pipeline_due_moving").await;
    }
    let pipeline = story.world.pipeline(PIPELINE).await;
    assert!(pipeline.moving.is_none() && pipeline.champion.is_some());
    assert_eq!(
        story
            .world
            .cloud
            .alias
            .value("/perennial/test/support-bot/model"),
        pipeline.deployment
    );
    assert_eq!(story.outcome(0).await, Some(Outcome::Promoted));
}

const ON_SAGEMAKER: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
[training]
on = "sagemaker"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

#[tokio::test]
async fn a_containers_job_that_has_ended_is_seen_by_its_file() {
    let mut story = Story::of(ON_SAGEMAKER.to_owned()).await;
    story.send(Function::Ingest, "sqs_object_created").await;
    story.send(Function::Train, "start_requested").await;
    story.follow(0).await;
    for _ in 0..5 {
        story.passes(1);
        story.send(Function::Train, "run_due_starting").await;
    }
    let follow = "sagemaker_training_state_change";
    assert_eq!(story.world.cloud.bedrock.container_jobs().len(), 1);
    story.send(Function::Evaluate, follow).await;
    assert_eq!(story.stage(0).await, Stage::Training, "the job goes on");
    story.passes(60 * 5);
    story.send(Function::Evaluate, follow).await;
    assert_eq!(story.stage(0).await, Stage::Importing, "the job has ended");
    let run = story.world.runs(PIPELINE).await.remove(0);
    assert!(run.weights.is_some(), "{run:#?}");
}

#[tokio::test]
async fn a_person_pauses_resumes_and_cancels_by_the_files() {
    let mut story = Story::begin("").await;
    story.send(Function::Ingest, "sqs_object_created").await;
    story.send(Function::Train, "start_requested").await;
    story.follow(0).await;
    story.send(Function::Train, "pause_requested").await;
    assert!(story.world.pipeline(PIPELINE).await.paused.is_some());
    story.send(Function::Train, "resume_requested").await;
    assert!(story.world.pipeline(PIPELINE).await.paused.is_none());
    story.send(Function::Train, "cancel_requested").await;
    assert_eq!(story.outcome(0).await, None, "its job is to be looked for");
    for _ in 0..5 {
        story.passes(10);
        story.send(Function::Train, "run_due_starting").await;
        story.send(Function::Evaluate, "run_due_training").await;
    }
    assert_eq!(story.stage(0).await, Stage::Closing);
    story.send(Function::Promote, "run_due_deciding").await;
    assert_eq!(story.outcome(0).await, Some(Outcome::Cancelled));
}

/// A model that was declined, or served before, and what the files make of it.
#[tokio::test]
async fn a_person_goes_back_releases_and_cleans_up_by_the_files() {
    let mut story = Story::begin("[idle]\nafter = \"2d\"\ngrace = \"1d\"\n").await;
    story.world.pass(SignedDuration::from_hours(6)).await;
    assert_eq!(story.outcome(0).await, Some(Outcome::Promoted));
    let first = story.world.pipeline(PIPELINE).await.champion;
    let more = "data/support-bot/more.jsonl";
    let other = |records: String| records.replace("Hello", "Hi there");
    story.world.upload(more, other(training()));
    story.world.pass(SignedDuration::from_hours(6)).await;
    story.follow(1).await;
    assert_eq!(story.outcome(1).await, Some(Outcome::Promoted));
    assert_ne!(story.world.pipeline(PIPELINE).await.champion, first);
    story.send(Function::Promote, "rollback_requested").await;
    for _ in 0..20 {
        story.passes(5);
        story.send(Function::Promote, "pipeline_due_moving").await;
    }
    let pipeline = story.world.pipeline(PIPELINE).await;
    assert_eq!(pipeline.champion, first);
    assert!(pipeline.hold.is_some());

    story.world.upload(KEY, shuffled());
    story.world.upload(more, other(shuffled()));
    story.world.pass(SignedDuration::from_hours(10)).await;
    let run = story.world.runs(PIPELINE).await.remove(2);
    assert_eq!(run.outcome(), Some(Outcome::Declined), "{:?}", run.state);
    assert!(!story.world.pipeline(PIPELINE).await.quarantine.is_empty());
    story.passes(60 * 24 * 2);
    story.send(Function::Cleanup, "cleanup_requested").await;
    let plan = format!("reports/{PIPELINE}/cleanup.txt");
    assert!(story.world.report(&plan).contains("champion"));
    let model = story.world.models(PIPELINE).await.remove(2);
    assert!(model.mark.is_some() && model.is_ready(), "{model:#?}");
    story.passes(60 * 25);
    story.send(Function::Cleanup, "scheduled_rule_tick").await;
    let model = story.world.models(PIPELINE).await.remove(2);
    assert!(!matches!(model.life, ModelLife::Ready), "{model:#?}");
    story.send(Function::Train, "release_requested").await;
    assert!(story.world.pipeline(PIPELINE).await.quarantine.is_empty());
}

#[tokio::test]
async fn what_was_missed_is_taken_in_and_withdrawn_by_the_files() {
    let mut story = Story::begin("").await;
    for asks in ["sync_requested", "scheduled_sync"] {
        let before = story.heard("Object Found").len();
        story.send(Function::Reconcile, asks).await;
        assert!(story.heard("Object Found").len() > before, "{asks}");
    }
    assert!(story.accepted().is_empty());
    story.send(Function::Ingest, "sqs_object_found").await;
    assert_eq!(story.accepted(), [KEY]);
    story.passes(3);
    let before = story.heard("Pipeline Due").len();
    story.send(Function::Reconcile, "scheduled_rule_tick").await;
    assert_eq!(story.heard("Pipeline Due").len(), before + 1);
    story.world.cloud.objects.delete(KEY);
    story.send(Function::Ingest, "sqs_object_deleted").await;
    assert_eq!(story.heard("Upload Withdrawn").len(), 1);

    let mut story = Story::begin("").await;
    story.send(Function::Ingest, "sqs_object_created").await;
    story.send(Function::Ingest, "sqs_object_missing").await;
    assert!(story.heard("Upload Withdrawn").is_empty(), "it is there");
    story.world.cloud.objects.delete(KEY);
    story.send(Function::Ingest, "sqs_object_missing").await;
    assert_eq!(story.heard("Upload Withdrawn").len(), 1);
}

/// The samples speak of other buckets' objects: here, of one that could be a pipeline's.
#[tokio::test]
async fn s3s_own_forms_are_read_out_of_a_message() {
    let mut story = Story::begin("").await;
    let happy = "data/support-bot/Happy Face.jsonl";
    story.world.upload(happy, training());
    story.names.push(("example-key", KEY.to_owned()));
    story
        .names
        .push(("Happy%20Face", "data/support-bot/Happy%20Face".to_owned()));
    story.send(Function::Ingest, "s3_test_event").await;
    assert!(story.accepted().is_empty());
    story.send(Function::Ingest, "s3_notification_native").await;
    assert_eq!(story.accepted(), [happy]);
    story
        .send(Function::Ingest, "s3_object_created_eventbridge")
        .await;
    assert_eq!(story.accepted(), [happy, KEY]);
}
