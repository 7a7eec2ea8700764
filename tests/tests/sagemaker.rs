//! Containers' jobs on SageMaker, their weights imported into Bedrock, and a model that answers by itself: in one process.

use jiff::SignedDuration;
use perennial_core::model::ModelLife;
use perennial_core::names::Purpose;
use perennial_core::run::{Outcome, RunState};
use perennial_ports::ErrorKind;
use perennial_ports::memory::{Outcome as Ends, Work, operation};
use perennial_tests::{World, evaluation, shuffled, training};

const SAGEMAKER: &str = r#"
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
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

async fn started(more: &str) -> World {
    let mut world = World::new();
    begin(&mut world, more).await;
    world
}

async fn begin(world: &mut World, more: &str) {
    world.upload("pipelines/bot.toml", format!("{SAGEMAKER}{more}"));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_mins(30)).await;
}

#[tokio::test]
async fn weights_are_imported_and_the_model_serves_by_its_own_name() {
    let mut world = started("").await;
    world.pass(SignedDuration::from_hours(5)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{runs:#?} {:?}", world.failures);
    let run = &runs[0];
    assert_eq!(
        run.outcome(),
        Some(Outcome::Promoted),
        "{:#?} {:?}",
        run.state,
        world.failures
    );
    let jobs = world.cloud.bedrock.container_jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].spec.max_run_seconds(), 6 * 3600);
    assert_eq!(world.cloud.bedrock.import_jobs().len(), 1);
    assert!(world.cloud.bedrock.training_jobs().is_empty());
    assert!(
        world.cloud.bedrock.deployments().is_empty(),
        "nothing stands before an imported model"
    );

    let champion = world
        .pipeline("bot")
        .await
        .champion
        .expect("a model serves");
    assert!(champion.answers_by_itself());
    assert_eq!(
        world.cloud.alias.value("/perennial/test/bot/model"),
        Some(champion.arn.clone())
    );
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    assert!(
        report.contains("ml.g5.2xlarge for at most 6h") && report.contains("(import): Completed"),
        "{report}"
    );
    let model = &world.models("bot").await[0];
    assert_eq!(model.weights, run.weights);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn an_imported_model_that_nobody_uses_is_deleted_and_the_record_says_where_its_weights_are() {
    let mut world = started("[idle]\nafter = \"2d\"\ngrace = \"1d\"\n").await;
    world.pass(SignedDuration::from_hours(5)).await;
    world.upload("data/bot/tickets.jsonl", shuffled());
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[1].outcome(),
        Some(Outcome::Declined),
        "{:#?}",
        runs[1].state
    );
    world.pass(SignedDuration::from_hours(24 * 6)).await;
    let models = world.models("bot").await;
    assert!(models[0].is_ready(), "the champion is kept");
    assert!(
        matches!(models[1].life, ModelLife::Deleted { .. }),
        "{:#?}",
        models[1]
    );
    assert_eq!(world.cloud.bedrock.models().len(), 1);
    let notes = models[1].notes.join("\n");
    assert!(notes.contains("import it again from s3://"), "{notes}");
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn answers_that_are_lost_make_no_second_job_and_no_second_import() {
    let mut world = World::new();
    for operation in [operation::CREATE_CONTAINER, operation::CREATE_IMPORT] {
        world.cloud.lose_answer_next(operation, 1);
    }
    world.upload("pipelines/bot.toml", SAGEMAKER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[0].outcome(),
        Some(Outcome::Promoted),
        "{:#?}",
        runs[0].state
    );
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
    assert_eq!(world.cloud.bedrock.import_jobs().len(), 1);
}

#[tokio::test]
async fn a_failed_import_is_tried_again_without_training_again() {
    let mut world = World::new();
    world
        .cloud
        .bedrock
        .plan_next(Work::Import, Ends::Fails("Internal server error".into()), 1);
    world.upload("pipelines/bot.toml", SAGEMAKER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    let run = &world.runs("bot").await[0];
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
    assert_eq!(world.cloud.bedrock.import_jobs().len(), 2);
}

#[tokio::test]
async fn weights_that_may_not_be_imported_wait_for_the_right_and_are_not_trained_again() {
    let mut world = World::new();
    world
        .cloud
        .fail_next(operation::CREATE_IMPORT, ErrorKind::Denied, 400);
    world.upload("pipelines/bot.toml", SAGEMAKER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(26)).await;
    let run = &world.runs("bot").await[0];
    assert!(
        matches!(run.state, RunState::Importing { .. }),
        "{:#?}",
        run.state
    );
    let waits = run.waits_for.clone().unwrap_or_default();
    assert!(
        waits.contains("is denied") && waits.contains("s3://"),
        "{waits}"
    );
    world.cloud.faults.heal();
    world.pass(SignedDuration::from_hours(4)).await;
    let run = &world.runs("bot").await[0];
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_it_imports_leaves_no_model_that_nobody_knows() {
    let mut world = started("").await;
    let run = loop {
        world.pass(SignedDuration::from_mins(5)).await;
        let run = world.runs("bot").await.remove(0);
        if matches!(run.state, RunState::Importing { .. }) {
            break run;
        }
        assert!(run.outcome().is_none(), "{:#?}", run.state);
    };
    let request = perennial_core::announcement::Request::Cancel {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(3)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Cancelled));
    let known: Vec<String> = world
        .models("bot")
        .await
        .into_iter()
        .map(|model| model.arn)
        .collect();
    let there: Vec<String> = world
        .cloud
        .bedrock
        .models()
        .into_iter()
        .map(|model| model.arn)
        .collect();
    assert_eq!(known, there);
    assert_eq!(there.len(), 1, "the import could not be stopped");
    assert!(!run.leftovers.contains(&Purpose::Import));
}

#[tokio::test]
async fn a_job_that_runs_into_its_own_limit_fails_the_run_and_costs_no_more_than_was_reserved() {
    let mut world = World::new();
    world
        .cloud
        .bedrock
        .plan_next(Work::Training, Ends::Hangs, 1);
    world.upload("pipelines/bot.toml", SAGEMAKER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(8)).await;
    let run = &world.runs("bot").await[0];
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    assert!(
        run.prepared
            .as_ref()
            .is_some_and(|prepared| prepared.training_cost.as_dollars() == 12.0)
    );
    assert!(world.cloud.bedrock.import_jobs().is_empty());
    let RunState::Ended { reason, .. } = &run.state else {
        panic!("{:?}", run.state)
    };
    assert!(reason.contains("MaxRuntimeExceeded"), "{reason}");
}

#[tokio::test]
async fn a_model_that_lies_deeper_below_the_output_is_imported_from_there() {
    let mut world = World::new();
    world
        .cloud
        .bedrock
        .set_model_folders(&["checkpoint-100/", "SageMaker-FFT/Llama-3.1-8B/"]);
    begin(&mut world, "").await;
    world.pass(SignedDuration::from_hours(5)).await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[0].outcome(),
        Some(Outcome::Promoted),
        "{:#?}",
        runs[0].state
    );
    let imports = world.cloud.bedrock.import_jobs();
    assert_eq!(imports.len(), 1);
    let weights = runs[0].weights.as_deref().unwrap_or_default();
    assert!(
        weights.ends_with("/output/model/SageMaker-FFT/Llama-3.1-8B/"),
        "{weights}"
    );
}

#[tokio::test]
async fn of_two_models_none_is_guessed_and_nothing_is_trained_again() {
    let mut world = World::new();
    world.cloud.bedrock.set_model_folders(&["a/", "b/"]);
    begin(&mut world, "").await;
    world.pass(SignedDuration::from_hours(12)).await;
    let runs = world.runs("bot").await;
    let RunState::Ended {
        outcome, reason, ..
    } = &runs[0].state
    else {
        panic!("{:#?}", runs[0].state)
    };
    assert_eq!(*outcome, Outcome::Failed);
    assert!(reason.contains("it left 2 models"), "{reason}");
    assert!(reason.contains("a/, b/"), "{reason}");
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
    assert!(world.cloud.bedrock.import_jobs().is_empty());
}
