//! A chain with a trial first: its first stage is bought once, for both. In one process.

use std::fmt::Write as _;

use jiff::SignedDuration;
use perennial_core::names::Purpose;
use perennial_core::run::Outcome;
use perennial_ports::memory::ContainerRecord;
use perennial_tests::{World, evaluation, training};

fn chain(max_usd: u32) -> String {
    format!(
        r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
trial = {{ records = 120, max_usd = {max_usd} }}
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
[[stage]]
technique = "fine-tuning"
[evaluation]
max_prompts = 100
[budget]
per_run_usd = 60
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#
    )
}

fn dropped(max_usd: u32) -> World {
    let mut world = World::new();
    world.imported_models = 4;
    let handbook = (1..=20).fold(String::new(), |mut text, chapter| {
        let _ = writeln!(
            text,
            "# Chapter {chapter}\n\nWhoever works at desk {chapter} answers every visitor within {chapter} minutes."
        );
        text
    });
    world.upload("pipelines/bot.toml", chain(max_usd));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/documents/handbook.md", handbook);
    world.upload("data/bot/tickets.jsonl", training());
    world
}

fn jobs_for(world: &World, purpose: Purpose) -> Vec<ContainerRecord> {
    let mut jobs = world.cloud.bedrock.container_jobs();
    jobs.retain(|job| job.spec.tags()["perennial:purpose"] == purpose.word());
    jobs
}

#[tokio::test]
async fn the_trial_buys_the_first_stage_and_the_run_on_all_data_starts_from_its_weights() {
    let mut world = dropped(60);
    world.pass(SignedDuration::from_hours(16)).await;
    let runs = world.runs("bot").await;
    let [trial, full] = &runs[..] else {
        panic!("{runs:#?} {:?}", world.failures);
    };
    assert_eq!(trial.outcome(), Some(Outcome::Passed), "{:#?}", trial.state);
    assert_eq!(full.outcome(), Some(Outcome::Promoted), "{:#?}", full.state);
    let [first] = jobs_for(&world, Purpose::Pretraining)
        .try_into()
        .expect("the first stage is bought once");
    let [of_trial, of_full] = jobs_for(&world, Purpose::Training)
        .try_into()
        .expect("a job for each");
    for job in [&of_trial, &of_full] {
        assert_eq!(job.spec.model(), first.job.weights.as_deref());
    }
    let lines = |key: &str| {
        let text = world.cloud.objects.read_text(key);
        text.expect("it is there").lines().count()
    };
    assert_eq!(lines(of_trial.spec.training_prefix()), 120);
    assert!(lines(of_full.spec.training_prefix()) > 120);
    assert!(trial.reserved.as_dollars() <= 60.0);
    assert!(
        full.reserved < trial.reserved,
        "nothing for the first stage"
    );
    let report = world.report(&format!("reports/bot/runs/{}.txt", full.id));
    assert!(
        report.contains(&format!("bought by run {}, and not again", trial.id)),
        "{report}"
    );
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_chains_trial_that_its_money_cannot_hold_is_refused_with_its_configuration() {
    let mut world = dropped(20);
    world.pass(SignedDuration::from_hours(8)).await;
    assert!(world.runs("bot").await.is_empty());
    let report = world.report("reports/bot/configuration.txt");
    assert!(
        report.contains("trigger.trial.max_usd = $20.00") && report.contains("first stage, "),
        "{report}"
    );
}

#[tokio::test]
async fn a_chains_trial_shortens_the_second_stage_and_never_the_first() {
    let mut world = dropped(24);
    world.pass(SignedDuration::from_hours(16)).await;
    let runs = world.runs("bot").await;
    let Some(trial) = runs.first() else {
        panic!("{}", world.report("reports/bot/configuration.txt"));
    };
    assert_eq!(trial.outcome(), Some(Outcome::Passed), "{:#?}", trial.state);
    assert!(trial.reserved.as_dollars() <= 24.0, "{}", trial.reserved);
    let seconds = |purpose| {
        let jobs = jobs_for(&world, purpose);
        jobs.first().map(|job| job.spec.max_run_seconds())
    };
    assert_eq!(seconds(Purpose::Pretraining), Some(6 * 3600));
    let second = seconds(Purpose::Training).expect("a second stage");
    assert!((600..6 * 3600).contains(&second), "{second}");
}
