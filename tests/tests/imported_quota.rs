//! The account's quota of imported models is looked at before a training job is paid for: in one process.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, Run};
use perennial_ports::memory::Quotas;
use perennial_tests::{World, evaluation, shuffled, training};

const CONTAINER: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[training]
on = "sagemaker"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[idle]
after = "2d"
grace = "1d"
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

fn put(world: &World, pipeline: &str, name: &str, data: String) {
    world.upload(&format!("data/{pipeline}/{name}.jsonl"), data);
}

fn set_up(world: &World, pipeline: &str) {
    world.upload(&format!("pipelines/{pipeline}.toml"), CONTAINER);
    world.upload(&format!("eval/{pipeline}/questions.jsonl"), evaluation());
    put(world, pipeline, "tickets", training());
}

fn more(word: &str) -> String {
    training().replace("\"prompt\":\"", &format!("\"prompt\":\"{word} "))
}

/// Why no run is opened.
async fn reason(world: &World) -> String {
    let nothing = world.pipeline("bot").await.nothing_to_train;
    nothing.expect("the reason is on record").reason
}

async fn outcomes(world: &World) -> Vec<Option<Outcome>> {
    let runs = world.runs("bot").await;
    runs.iter().map(Run::outcome).collect()
}

#[tokio::test]
async fn a_run_whose_weights_could_not_be_imported_is_not_trained() {
    let mut world = World::new();
    set_up(&world, "bot");
    world.pass(SignedDuration::from_hours(6)).await;
    for name in ["tickets", "more"] {
        put(&world, "bot", name, shuffled());
        world.pass(SignedDuration::from_hours(6)).await;
    }
    let declined = Some(Outcome::Declined);
    let ends = [Some(Outcome::Promoted), declined, declined];
    assert_eq!(outcomes(&world).await, ends);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 3);

    put(&world, "bot", "good", training());
    world.pass(SignedDuration::from_hours(2)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 3, "no run is opened");
    let words = reason(&world).await;
    let made = |run: &Run| format!("test-bot-{}-i1", run.id);
    for part in [
        "3 of 3 imported models are there".to_owned(),
        format!("serving nobody: {}, {}.", made(&runs[1]), made(&runs[2])),
        format!("kept: {} (it is the champion).", made(&runs[0])),
        "`perennial start bot`".to_owned(),
    ] {
        assert!(words.contains(&part), "{part}: {words}");
    }
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 3, "no job");

    // What is idle goes, and there is room again.
    world.pass(SignedDuration::from_hours(24 * 5)).await;
    let pipeline = PipelineName::parse("bot").expect("a name");
    world.request(Request::Start { pipeline }).await;
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs[3].outcome(), Some(Outcome::Promoted), "{:#?}", runs[3]);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn the_last_place_is_not_given_to_two_pipelines_at_a_time() {
    let mut world = World::new();
    let pipelines = ["a", "b", "c", "d"];
    for pipeline in pipelines {
        set_up(&world, pipeline);
    }
    world.pass(SignedDuration::from_hours(8)).await;
    let mut ends = Vec::new();
    let mut left = 0;
    for pipeline in pipelines {
        let runs = world.runs(pipeline).await;
        ends.extend(runs.iter().map(Run::outcome));
        let nothing = world.pipeline(pipeline).await.nothing_to_train;
        left += usize::from(nothing.is_some());
    }
    let promoted = |end: &&Option<Outcome>| **end == Some(Outcome::Promoted);
    assert_eq!(ends.iter().filter(promoted).count(), 3, "{ends:?}");
    // The fourth is refused before it is opened, or, if it was opened at the same time, as soon as it is prepared.
    let failed = ends
        .iter()
        .filter(|end| **end == Some(Outcome::Failed))
        .count();
    assert_eq!(failed + left, 1, "{ends:?}");
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 3);
    assert_eq!(world.cloud.bedrock.import_jobs().len(), 3);
}

#[tokio::test]
async fn a_raised_quota_is_told_by_a_parameter() {
    let mut world = World::new();
    world.imported_models = 4;
    world.cloud.bedrock.set_quotas(Quotas {
        imported_models: 4,
        ..Quotas::default()
    });
    for pipeline in ["a", "b", "c", "d"] {
        set_up(&world, pipeline);
    }
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(world.cloud.bedrock.import_jobs().len(), 4);
    assert!(world.pipeline("d").await.champion.is_some());
}

#[tokio::test]
async fn an_account_without_a_place_pauses_no_pipeline_and_the_next_upload_is_trained_on_when_there_is_one()
 {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", CONTAINER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    for word in ["a", "b", "c", "d", "e", "f"] {
        put(&world, "bot", word, more(word));
        world.pass(SignedDuration::from_hours(8)).await;
    }
    let three = [Some(Outcome::Promoted); 3];
    assert_eq!(outcomes(&world).await, three);
    let words = reason(&world).await;
    assert!(words.contains("3 of 3 imported models"), "{words}");
    assert_eq!(world.pipeline("bot").await.paused, None);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 3, "no job");

    world.pass(SignedDuration::from_hours(24 * 10)).await;
    put(&world, "bot", "g", more("g"));
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 4]);
    assert_eq!(world.failures, Vec::<String>::new());
}
