//! A trial first: a sample is trained on, judged against the base model, and only a pass buys the run on all data. In one process.

use jiff::SignedDuration;
use perennial_core::config::TrialConfig;
use perennial_core::model::ModelLife;
use perennial_core::run::Outcome;
use perennial_ports::memory::{Outcome as Ends, Work};
use perennial_tests::{World, config, evaluation, shuffled, training};

const TRIAL: &str =
    "trial = { records = 120, max_usd = 5 }\n[idle]\nafter = \"2d\"\ngrace = \"1d\"\n";

fn world(data: String, more: &str) -> World {
    let world = World::new();
    world.upload("pipelines/bot.toml", config(more));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", data);
    world
}

#[tokio::test]
async fn a_trial_comes_first_and_the_run_on_all_data_follows_without_anybody() {
    let mut world = world(training(), TRIAL);
    world.pass(SignedDuration::from_hours(12)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 2, "{runs:#?} {:?}", world.failures);
    let (trial, full) = (&runs[0], &runs[1]);
    assert_eq!(trial.outcome(), Some(Outcome::Passed), "{:#?}", trial.state);
    assert_eq!(full.outcome(), Some(Outcome::Promoted), "{:#?}", full.state);
    assert!(matches!(
        trial.trial,
        Some(TrialConfig { records: 120, .. })
    ));
    assert_eq!(full.trial, None);
    assert_eq!(full.because, format!("trial {} passed", trial.id));

    let [of_trial, of_full] =
        [trial, full].map(|run| run.prepared.as_ref().expect("it was prepared"));
    assert_eq!(of_trial.records, 120);
    assert_eq!(of_trial.records + of_trial.not_sampled, of_full.records);
    assert_eq!(of_full.not_sampled, 0);
    assert!(
        trial.reserved < full.reserved,
        "{} {}",
        trial.reserved,
        full.reserved
    );
    // The base model has answered already.
    assert_eq!(world.cloud.bedrock.batch_jobs().len(), 1);

    let champion = world
        .pipeline("bot")
        .await
        .champion
        .expect("a model serves");
    assert_eq!(champion.model.run(), full.id);
    let said = world.report(&format!("reports/bot/runs/{}.txt", trial.id));
    assert!(
        said.contains("passed")
            && said.contains("This run is a trial")
            && said.contains("outside the sample"),
        "{said}"
    );

    // Its model goes, though it is not idle for two days yet.
    world.pass(SignedDuration::from_hours(60)).await;
    let models = world.models("bot").await;
    assert!(
        matches!(models[0].life, ModelLife::Deleted { .. }),
        "{:#?}",
        models[0]
    );
    assert!(models[0].trial && models[1].is_ready());
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_trial_that_gains_too_little_buys_no_run_until_more_data_come() {
    let mut world = world(shuffled(), TRIAL);
    world.pass(SignedDuration::from_hours(24)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{runs:#?}");
    assert_eq!(
        runs[0].outcome(),
        Some(Outcome::Declined),
        "{:#?}",
        runs[0].state
    );
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1);
    let pipeline = world.pipeline("bot").await;
    assert_eq!(pipeline.quarantine, vec![], "a sample condemns no upload");
    let said = world.report(&format!("reports/bot/runs/{}.txt", runs[0].id));
    assert!(!said.contains("quarantine"), "{said}");

    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(24)).await;
    let outcomes: Vec<_> = world
        .runs("bot")
        .await
        .iter()
        .map(|run| run.outcome())
        .collect();
    let expected = [Outcome::Declined, Outcome::Passed, Outcome::Promoted].map(Some);
    assert_eq!(outcomes, expected);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_trial_that_would_cost_more_than_it_may_starts_nothing() {
    // It holds the questions, and not the records, whose length nobody knew before they were there.
    let more = TRIAL.replace("max_usd = 5", "max_usd = 0.009");
    let more = format!("{more}[evaluation]\nmax_prompts = 72\n");
    let mut world = world(training(), &more);
    world.pass(SignedDuration::from_hours(24)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].outcome(), Some(Outcome::Failed));
    let said = world.report(&format!("reports/bot/runs/{}.txt", runs[0].id));
    assert!(said.contains("trigger.trial.max_usd allows"), "{said}");
    assert!(world.cloud.bedrock.training_jobs().is_empty());
}

#[tokio::test]
async fn a_trial_that_can_never_be_paid_is_refused_with_its_configuration() {
    let more = TRIAL.replace("max_usd = 5", "max_usd = 0.000001");
    let mut world = world(training(), &more);
    world.pass(SignedDuration::from_hours(24)).await;
    assert_eq!(world.runs("bot").await, vec![]);
    let said = world.report("reports/bot/configuration.txt");
    assert!(said.contains("Write max_usd = 0."), "{said}");
}

/// A container by the hour, whose full run of 6 hours costs $12; the questions cost $9 of imported models.
const CONTAINER: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
trial = { records = 120, max_usd = 15 }
[training]
on = "sagemaker"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[evaluation]
max_prompts = 100
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

async fn in_a_container(hangs: bool) -> World {
    let mut world = World::new();
    world.imported_models = 4;
    if hangs {
        let bedrock = &world.cloud.bedrock;
        bedrock.plan_next(Work::Training, Ends::Hangs, 1);
    }
    world.upload("pipelines/bot.toml", CONTAINER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(16)).await;
    world
}

#[tokio::test]
async fn a_containers_trial_stays_within_its_money_and_opens_the_run_with_all_its_time() {
    let mut world = in_a_container(false).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 2, "{runs:#?} {:?}", world.failures);
    let (trial, full) = (&runs[0], &runs[1]);
    assert_eq!(trial.outcome(), Some(Outcome::Passed), "{:#?}", trial.state);
    assert_eq!(full.outcome(), Some(Outcome::Promoted), "{:#?}", full.state);
    assert!(trial.reserved.as_dollars() <= 15.0, "{}", trial.reserved);
    let limits: Vec<u64> = world
        .cloud
        .bedrock
        .container_jobs()
        .iter()
        .map(|job| job.spec.max_run_seconds())
        .collect();
    // What the questions leave of $15, at $2 an hour.
    assert_eq!(limits, vec![179 * 60, 6 * 3_600]);
    let said = world.report(&format!("reports/bot/runs/{}.txt", trial.id));
    assert!(said.contains("ml.g5.2xlarge for at most 179m"), "{said}");
    world.pass(SignedDuration::from_hours(1)).await;
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_containers_trial_that_runs_out_of_its_time_says_what_gives_it_more() {
    let world = in_a_container(true).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs[0].outcome(), Some(Outcome::Failed), "{:#?}", runs[0]);
    let said = world.report(&format!("reports/bot/runs/{}.txt", runs[0].id));
    assert!(
        said.contains("MaxRuntimeExceeded")
            && said.contains("trigger.trial.max_usd lets it run for 179m"),
        "{said}"
    );
    assert!(runs[0].reserved.as_dollars() <= 15.0);
}

#[tokio::test]
async fn a_later_trial_is_compared_to_the_base_model_and_the_run_after_it_to_the_champion() {
    let mut world = world(training(), TRIAL);
    world.pass(SignedDuration::from_hours(12)).await;
    world.upload("data/bot/more.jsonl", shuffled());
    world.pass(SignedDuration::from_hours(24)).await;
    let runs = world.runs("bot").await;
    assert!(runs.len() >= 3, "{runs:#?}");
    assert!(runs[2].trial.is_some() && runs[2].champion.is_none());
    for run in &runs[3..] {
        assert!(run.trial.is_some() || run.champion.is_some());
    }
    let champion = world
        .pipeline("bot")
        .await
        .champion
        .expect("a model serves");
    assert_eq!(champion.model.run(), runs[1].id, "{runs:#?}");
}
