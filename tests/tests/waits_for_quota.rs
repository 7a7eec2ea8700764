//! What waits for a quota of the account: it is not told at every look, stands on the record, and what was paid for is not given up soon. In one
//! process.

use jiff::SignedDuration;
use perennial_core::run::{CandidateSide, Outcome, Run, RunState};
use perennial_ports::memory::{Outcome as Ends, Quotas, Work, operation};
use perennial_tests::{World, evaluation, training};

/// Of Llama 3.2 1B no custom model is served on demand: its candidate needs throughput.
const LLAMA: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-2-1b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[promotion]
serve = "provisioned"
[budget]
per_run_usd = 1000
per_month_usd = 2000
serving_per_month_usd = 15000
[budget.prices]
provisioned_per_hour = 20
training_per_1k_tokens = 0.001
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

/// Micro's candidate is asked on demand, and only what serves is bought.
const MICRO: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[promotion]
serve = "provisioned"
[budget]
serving_per_month_usd = 15000
[budget.prices]
provisioned_per_hour = 20
"#;

fn begin(world: &World, config: &str) {
    world.upload("pipelines/bot.toml", config);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
}

fn model_units(world: &World, units: u32) {
    world.cloud.bedrock.set_quotas(Quotas {
        model_units: units,
        ..Quotas::default()
    });
}

async fn only_run(world: &World) -> Run {
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs[0].clone()
}

async fn lines_with(world: &World, run: &Run, words: &str) -> usize {
    let history = perennial_engine::records::history(world.cloud.table.as_ref(), &run.id).await;
    let history = history.expect("it is there");
    let with = |line: &&perennial_engine::records::HistoryLine| line.text.contains(words);
    history.iter().filter(with).count()
}

#[tokio::test]
async fn a_candidate_waits_days_for_model_units_and_does_not_say_so_at_every_look() {
    let mut world = World::in_region("us-west-2");
    model_units(&world, 0);
    begin(&world, LLAMA);
    world.pass(SignedDuration::from_hours(24 * 5)).await;
    let run = only_run(&world).await;
    assert!(
        matches!(
            run.state,
            RunState::Evaluating {
                candidate: CandidateSide::Deploying,
                ..
            }
        ),
        "{:#?}",
        run.state
    );
    let why = run.waits_for.clone().expect("it is on the record");
    assert!(why.contains("no more model units"), "{why}");
    // It is told once more when another side has answered meanwhile.
    let told = lines_with(&world, &run, "no more model units").await;
    assert!((1..=2).contains(&told), "{told}");
    let report = world.report("reports/bot/configuration.txt");
    assert!(report.contains("quota of model units"), "{report}");

    model_units(&world, 5);
    world.pass(SignedDuration::from_hours(4)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
}

#[tokio::test]
async fn a_candidate_that_never_gets_model_units_ends_its_run_with_the_reason() {
    let mut world = World::in_region("us-west-2");
    model_units(&world, 0);
    begin(&world, LLAMA);
    world.pass(SignedDuration::from_hours(24 * 8)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    let RunState::Ended { reason, .. } = &run.state else {
        panic!("it has not ended");
    };
    assert!(reason.contains("no more model units"), "{reason}");
}

#[tokio::test]
async fn throughput_that_fails_for_want_of_capacity_is_tried_again() {
    let mut world = World::in_region("us-west-2");
    let fails = Ends::Fails("There is not enough capacity".into());
    world.cloud.bedrock.plan_next(Work::Deployment, fails, 1);
    begin(&world, LLAMA);
    world.pass(SignedDuration::from_hours(6)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1);
    // Two for the candidate, and one that serves.
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), 3);
    assert_eq!(world.cloud.bedrock.deployments().len(), 1);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn throughput_that_fails_again_ends_the_run_and_is_removed() {
    let mut world = World::in_region("us-west-2");
    let fails = Ends::Fails("There is not enough capacity".into());
    world.cloud.bedrock.plan_next(Work::Deployment, fails, 2);
    begin(&world, LLAMA);
    world.pass(SignedDuration::from_hours(6)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), 2);
    assert!(world.cloud.bedrock.deployments().is_empty());
}

#[tokio::test]
async fn a_move_that_waits_for_a_quota_says_so_on_the_records() {
    let mut world = World::new();
    model_units(&world, 0);
    begin(&world, MICRO);
    world.pass(SignedDuration::from_hours(4)).await;
    let moving = world.pipeline("bot").await.moving.expect("it waits");
    let why = moving.waits_for.expect("it is on the record");
    assert!(why.contains("no more model units"), "{why}");
    let run = only_run(&world).await;
    let why = run.waits_for.clone().expect("it is on the run's, too");
    assert!(why.contains("no more model units"), "{why}");
    assert_eq!(lines_with(&world, &run, "no more model units").await, 1);

    model_units(&world, 5);
    world.pass(SignedDuration::from_hours(1)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
}

#[tokio::test]
async fn a_lost_answer_to_a_removal_buys_no_third_throughput() {
    let mut world = World::in_region("us-west-2");
    let fails = Ends::Fails("There is not enough capacity".into());
    world.cloud.bedrock.plan_next(Work::Deployment, fails, 9);
    let lost = operation::DELETE_THROUGHPUT;
    world.cloud.faults.lose_answer_next(lost, 3);
    begin(&world, LLAMA);
    world.pass(SignedDuration::from_hours(12)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), 2);
    assert!(world.cloud.bedrock.deployments().is_empty());
}

#[tokio::test]
async fn a_run_whose_move_goes_on_waits_for_nothing() {
    let mut world = World::new();
    model_units(&world, 0);
    begin(&world, MICRO);
    world.pass(SignedDuration::from_hours(4)).await;
    assert!(only_run(&world).await.waits_for.is_some());
    model_units(&world, 5);
    let mut seen = 0;
    for _ in 0..120 {
        world.pass(SignedDuration::from_secs(30)).await;
        let Some(moving) = world.pipeline("bot").await.moving else {
            break;
        };
        if moving.waits_for.is_none() {
            seen += 1;
            assert_eq!(only_run(&world).await.waits_for, None);
        }
    }
    assert!(seen > 0, "it was never seen to go on");
}
