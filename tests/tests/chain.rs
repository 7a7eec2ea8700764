//! Chains in one process: documents in one job, pairs on its model in the next, one evaluation at the end.

use std::fmt::Write as _;

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::Purpose;
use perennial_core::run::{Outcome, Run, RunState};
use perennial_ports::ErrorKind;
use perennial_ports::memory::{ContainerRecord, Outcome as Ends, Work, operation};
use perennial_tests::{World, evaluation, training};

const CHAIN: &str = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
hyperparameters = { packing = 2048 }
[[stage]]
technique = "fine-tuning"
hyperparameters = { epochs = 3 }
[budget]
per_run_usd = 60
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

/// The handbook that the first stage reads.
fn handbook() -> String {
    (1..=20).fold(String::new(), |mut text, chapter| {
        let _ = writeln!(
            text,
            "# Chapter {chapter}\n\nWhoever works at desk {chapter} answers every visitor within {chapter} minutes."
        );
        text
    })
}

fn dropped() -> World {
    let world = World::new();
    world.upload("pipelines/bot.toml", CHAIN);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/documents/handbook.md", handbook());
    world.upload("data/bot/tickets.jsonl", training());
    world
}

fn jobs_for(world: &World, purpose: Purpose) -> Vec<ContainerRecord> {
    let mut jobs = world.cloud.bedrock.container_jobs();
    jobs.retain(|job| job.spec.tags()["perennial:purpose"] == purpose.word());
    jobs
}

fn reason(run: &Run) -> &str {
    match &run.state {
        RunState::Ended { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

async fn until(world: &mut World, wanted: impl Fn(&Run) -> bool) -> Run {
    for _ in 0..300 {
        world.pass(SignedDuration::from_mins(2)).await;
        let run = world.runs("bot").await.pop();
        if let Some(run) = run.filter(|run| wanted(run)) {
            return run;
        }
    }
    panic!("{:#?} {:?}", world.runs("bot").await, world.failures)
}

#[tokio::test]
async fn the_second_job_starts_from_the_weights_of_the_first_and_its_model_is_promoted() {
    let mut world = dropped();
    world.pass(SignedDuration::from_hours(8)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{runs:#?} {:?}", world.failures);
    let run = &runs[0];
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);

    let [first] = jobs_for(&world, Purpose::Pretraining)
        .try_into()
        .expect("one job");
    let [second] = jobs_for(&world, Purpose::Training)
        .try_into()
        .expect("one job");
    assert!(first.spec.model().is_none());
    assert_eq!(first.spec.hyperparameters()["packing"], "2048");
    assert_eq!(second.spec.hyperparameters()["epochs"], "3");
    assert_eq!(second.spec.model(), first.job.weights.as_deref());
    assert!(first.ended.is_some_and(|ended| ended <= second.created));
    let file = |key: &str| world.cloud.objects.read_text(key).expect("it is there");
    assert!(file(first.spec.training_prefix()).contains("\"text\""));
    let pairs = file(second.spec.training_prefix());
    assert!(pairs.contains("refund") && !pairs.contains("Chapter"));

    let prepared = run.prepared.as_ref().expect("prepared");
    let first_cost = prepared.first.as_ref().expect("a chain").cost;
    assert_eq!(
        (first_cost.as_dollars(), prepared.training_cost.as_dollars()),
        (12.0, 12.0)
    );
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    assert!(
        report.contains("(pretraining): Completed")
            && report.contains("first stage, training: 1 ml.g5.2xlarge for at most 6h")
            && report.contains("the second stage starts from them"),
        "{report}"
    );
    let upload = world.report("reports/bot/uploads/data/bot/documents/handbook.md.txt");
    assert!(
        upload.contains("the first stage of the chain trains on it: continued-pre-training"),
        "{upload}"
    );
    let configuration = world.report("reports/bot/configuration.txt");
    assert!(
        configuration
            .contains("continued-pre-training on data/bot/documents/, then fine-tuning of Llama"),
        "{configuration}"
    );
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_second_stage_does_not_buy_the_first_again() {
    let mut world = dropped();
    let starting = |run: &Run| run.first_weights.is_some();
    let plan = Ends::Fails("AlgorithmError: out of memory".into());
    world.pass(SignedDuration::from_mins(2)).await;
    // The first job was created already, so this is the second one's fate.
    until(&mut world, |run| {
        matches!(run.state, RunState::Training { .. })
    })
    .await;
    world.cloud.bedrock.plan_next(Work::Training, plan, 1);
    until(&mut world, starting).await;
    let failed = until(&mut world, |run| run.outcome().is_some()).await;
    assert_eq!(failed.outcome(), Some(Outcome::Failed));
    assert!(
        reason(&failed).contains("out of memory"),
        "{}",
        reason(&failed)
    );

    world
        .request(Request::Start {
            pipeline: failed.pipeline.clone(),
        })
        .await;
    world.pass(SignedDuration::from_hours(8)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 2, "{:?}", world.failures);
    assert_eq!(
        runs[1].outcome(),
        Some(Outcome::Promoted),
        "{:#?}",
        runs[1].state
    );
    assert_eq!(jobs_for(&world, Purpose::Pretraining).len(), 1);
    assert_eq!(jobs_for(&world, Purpose::Training).len(), 2);
    assert_eq!(runs[1].first_weights, failed.first_weights);
    let evaluation = runs[1].prepared.as_ref().expect("prepared").evaluation_cost;
    assert_eq!(
        runs[1].reserved.as_dollars(),
        12.0 + evaluation.as_dollars(),
        "nothing is reserved for what is not bought"
    );
    let report = world.report(&format!("reports/bot/runs/{}.txt", runs[1].id));
    let words = format!("not bought again: run {} left its weights", failed.id);
    assert!(report.contains(&words), "{report}");
}

#[tokio::test]
async fn new_pairs_alone_do_not_buy_the_first_stage_again_and_new_documents_do() {
    let mut world = dropped();
    world.pass(SignedDuration::from_hours(8)).await;
    world.upload(
        "data/bot/more.jsonl",
        training().replace("Hello", "Good day"),
    );
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(world.runs("bot").await.len(), 2);
    assert_eq!(jobs_for(&world, Purpose::Pretraining).len(), 1);
    world.upload(
        "data/bot/documents/more.md",
        handbook().replace("desk", "counter"),
    );
    let pipeline = world.runs("bot").await[0].pipeline.clone();
    world.pass(SignedDuration::from_mins(10)).await;
    world.request(Request::Start { pipeline }).await;
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(world.runs("bot").await.len(), 3);
    assert_eq!(jobs_for(&world, Purpose::Pretraining).len(), 2);
}

#[tokio::test]
async fn weights_that_are_gone_are_bought_again() {
    let mut world = dropped();
    world.pass(SignedDuration::from_hours(8)).await;
    let first = world.runs("bot").await.remove(0);
    for key in world
        .cloud
        .objects
        .keys(&format!("work/bot/{}/pretraining-1/", first.id))
    {
        world.cloud.objects.delete(&key);
    }
    world
        .request(Request::Start {
            pipeline: first.pipeline,
        })
        .await;
    world.pass(SignedDuration::from_hours(8)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 2);
    assert_eq!(jobs_for(&world, Purpose::Pretraining).len(), 2);
    assert_ne!(runs[1].first_weights, first.first_weights);
}

#[tokio::test]
async fn a_run_that_is_cancelled_in_its_first_stage_stops_its_job_and_starts_no_second() {
    let mut world = dropped();
    let run = until(&mut world, |run| {
        matches!(run.state, RunState::Training { .. })
    })
    .await;
    world
        .request(Request::Cancel {
            pipeline: run.pipeline.clone(),
            run: run.id.clone(),
        })
        .await;
    world.pass(SignedDuration::from_hours(4)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Cancelled));
    let [first] = jobs_for(&world, Purpose::Pretraining)
        .try_into()
        .expect("one job");
    assert_eq!(first.job.status, perennial_ports::TrainingStatus::Stopped);
    assert!(jobs_for(&world, Purpose::Training).is_empty());
    assert!(run.leftovers.is_empty());
}

#[tokio::test]
async fn answers_that_are_lost_make_no_second_job_of_either_stage() {
    let mut world = dropped();
    world.cloud.lose_answer_next(operation::CREATE_CONTAINER, 1);
    until(&mut world, |run| run.first_weights.is_some()).await;
    world.cloud.lose_answer_next(operation::CREATE_CONTAINER, 1);
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[0].outcome(),
        Some(Outcome::Promoted),
        "{:#?}",
        runs[0].state
    );
    assert_eq!(jobs_for(&world, Purpose::Pretraining).len(), 1);
    assert_eq!(jobs_for(&world, Purpose::Training).len(), 1);
}

#[tokio::test]
async fn a_first_stage_that_hangs_ends_the_run_and_no_second_job_is_bought() {
    let mut world = dropped();
    world
        .cloud
        .bedrock
        .plan_next(Work::Training, Ends::Hangs, 1);
    world.pass(SignedDuration::from_hours(12)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Failed));
    assert!(
        reason(&run).contains("the pre-training job failed")
            && reason(&run).contains("MaxRuntimeExceeded"),
        "{}",
        reason(&run)
    );
    assert!(jobs_for(&world, Purpose::Training).is_empty());
}

#[tokio::test]
async fn a_chain_without_documents_opens_no_run_and_says_what_is_missing() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", CHAIN);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(2)).await;
    assert!(world.runs("bot").await.is_empty());
    assert!(world.cloud.bedrock.container_jobs().is_empty());
    let said = world.cloud.announce.heard();
    let why: Vec<&str> = said
        .iter()
        .filter(|one| one.detail_type == "Nothing To Train")
        .filter_map(|one| one.detail["reason"].as_str())
        .collect();
    assert_eq!(
        why,
        [
            "the first stage (continued-pre-training) has nothing to train on: put documents under data/bot/documents/"
        ]
    );
}

#[tokio::test]
async fn what_the_first_stage_left_is_handed_to_the_second_whole_and_its_model_is_found_where_it_lies()
 {
    let mut world = dropped();
    world
        .cloud
        .bedrock
        .set_model_folders(&["a/", "checkpoints/hf_merged/"]);
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    let [second] = jobs_for(&world, Purpose::Training)
        .try_into()
        .expect("one job");
    let from = second.spec.model().unwrap_or_default();
    assert!(from.ends_with("/output/model/"), "{from}");
    let imported = run.weights.as_deref().unwrap_or_default();
    assert!(
        imported.ends_with("/output/model/checkpoints/hf_merged/"),
        "{imported}"
    );
}

#[tokio::test]
async fn what_a_first_stage_left_that_nobody_waited_for_is_kept_for_later_runs() {
    let mut world = dropped();
    // The job is made, and nobody hears of it until it is done.
    world.cloud.lose_answer_next(operation::CREATE_CONTAINER, 1);
    world
        .cloud
        .fail_next(operation::GET_CONTAINER, ErrorKind::Unanswered, 60);
    let run = until(&mut world, |run| {
        matches!(run.state, RunState::Starting { .. })
            && run.creates.contains(&(Purpose::Pretraining, 1))
    })
    .await;
    world
        .request(Request::Cancel {
            pipeline: run.pipeline.clone(),
            run: run.id.clone(),
        })
        .await;
    world.pass(SignedDuration::from_hours(12)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Cancelled), "{:#?}", run.state);
    let [first] = jobs_for(&world, Purpose::Pretraining)
        .try_into()
        .expect("one job");
    assert_eq!(
        first.job.status,
        perennial_ports::TrainingStatus::Completed,
        "the case is made"
    );
    assert_eq!(run.first_weights, first.job.weights);
}
