//! Nova customized by SageMaker's serverless jobs, a custom model made of the checkpoint, and a deployment before it: in one process.

use jiff::SignedDuration;
use perennial_core::model::ModelLife;
use perennial_core::names::Purpose;
use perennial_core::run::{Outcome, Run, RunState};
use perennial_ports::memory::{JobSpec, Outcome as Ends, Work, operation};
use perennial_ports::{ErrorKind, ModelStatus, TrainingStatus, WriteObjects};
use perennial_tests::{World, evaluation, shuffled, training};

const SERVERLESS: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[training]
on = "sagemaker"
[training.serverless]
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
max_run = "6h"
[budget.prices]
training_per_1k_tokens = 0.002
"#;

fn dropped(world: &mut World, more: &str) {
    world.upload("pipelines/bot.toml", format!("{SERVERLESS}{more}"));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
}

async fn first_run(world: &World) -> Run {
    world.runs("bot").await.remove(0)
}

fn reason(run: &Run) -> String {
    match &run.state {
        RunState::Ended { reason, .. } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_checkpoint_becomes_a_custom_model_that_is_deployed_and_promoted() {
    let mut world = World::new();
    dropped(&mut world, "");
    world.pass(SignedDuration::from_hours(6)).await;
    let run = first_run(&world).await;
    assert_eq!(
        run.outcome(),
        Some(Outcome::Promoted),
        "{:#?} {:?}",
        run.state,
        world.failures
    );
    let jobs = world.cloud.bedrock.container_jobs();
    assert_eq!(jobs.len(), 1);
    let JobSpec::Serverless(spec) = &jobs[0].spec else {
        panic!("{:?}", jobs[0].spec);
    };
    assert!(
        spec.base_model_arn
            .ends_with(":hub-content/SageMakerPublicHub/Model/nova-textgeneration-micro")
    );
    assert!(spec.accept_eula && spec.max_run_seconds == 6 * 3_600);
    assert_eq!(spec.hyperparameters["max_epochs"], "2");
    assert!(world.cloud.bedrock.training_jobs().is_empty());

    let registered = world.cloud.bedrock.import_jobs();
    assert_eq!(registered.len(), 1);
    let weights = run.weights.clone().unwrap_or_default();
    assert!(weights.starts_with("s3://customer-escrow-"), "{weights}");
    let champion = world.pipeline("bot").await.champion.expect("one serves");
    assert_eq!(Some(&champion.arn), registered[0].model_arn.as_ref());
    let deployments = world.cloud.bedrock.deployments();
    assert_eq!(deployments.len(), 1, "the temporary one is gone");
    assert_eq!(deployments[0].model_arn, champion.arn);
    assert_eq!(
        world.cloud.alias.value("/perennial/test/bot/model"),
        Some(deployments[0].arn.clone())
    );
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    for words in [
        "max_epochs = 2",
        "(import): Completed",
        "Bedrock makes a custom model of it",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn answers_that_are_lost_make_no_second_job_and_no_second_model() {
    let mut world = World::new();
    for operation in [operation::CREATE_CONTAINER, operation::CREATE_MODEL] {
        world.cloud.lose_answer_next(operation, 1);
    }
    dropped(&mut world, "");
    world.pass(SignedDuration::from_hours(6)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
    assert_eq!(world.cloud.bedrock.models().len(), 1);
}

#[tokio::test]
async fn a_model_that_could_not_be_made_is_tried_again_without_training_again() {
    let mut world = World::new();
    let fails = Ends::Fails("An internal error occurred. Please try again.".into());
    world.cloud.bedrock.plan_next(Work::Import, fails, 1);
    dropped(&mut world, "");
    world.pass(SignedDuration::from_hours(6)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
    let models = world.cloud.bedrock.models();
    let active = models
        .iter()
        .filter(|model| model.status == ModelStatus::Active);
    assert_eq!((models.len(), active.count()), (2, 1));
}

#[tokio::test]
async fn a_model_that_can_never_be_made_fails_the_run_with_the_services_words() {
    let mut world = World::new();
    let fails = Ends::Fails("The checkpoint's model is not supported in this region".into());
    world.cloud.bedrock.plan_next(Work::Import, fails, 1);
    dropped(&mut world, "");
    world.pass(SignedDuration::from_hours(6)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    let reason = reason(&run);
    assert!(
        reason.contains("registration of the custom model failed")
            && reason.contains("not supported in this region"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_checkpoint_that_may_not_be_registered_waits_for_the_right_and_is_not_trained_again() {
    let mut world = World::new();
    world
        .cloud
        .fail_next(operation::CREATE_MODEL, ErrorKind::Denied, 400);
    dropped(&mut world, "");
    world.pass(SignedDuration::from_hours(26)).await;
    let run = first_run(&world).await;
    assert!(
        matches!(run.state, RunState::Importing { .. }),
        "{:#?}",
        run.state
    );
    let waits = run.waits_for.clone().unwrap_or_default();
    assert!(
        waits.contains("registration of the custom model")
            && waits.contains("s3://customer-escrow-"),
        "{waits}"
    );
    world.cloud.faults.heal();
    world.pass(SignedDuration::from_hours(4)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 1);
}

/// Passes time until the run is there.
async fn until(world: &mut World, there: impl Fn(&RunState) -> bool) -> Run {
    for _ in 0..200 {
        world.pass(SignedDuration::from_mins(3)).await;
        if let Some(run) = world.runs("bot").await.into_iter().next() {
            if there(&run.state) {
                return run;
            }
            assert!(run.outcome().is_none(), "{:#?}", run.state);
        }
    }
    panic!("it never comes so far");
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_its_model_is_made_leaves_no_model_that_nobody_knows() {
    let mut world = World::new();
    // The answer of the create is lost, so the run itself has never seen the model.
    world.cloud.lose_answer_next(operation::CREATE_MODEL, 1);
    dropped(&mut world, "");
    let run = until(&mut world, |state| {
        matches!(state, RunState::Importing { .. })
    })
    .await;
    let request = perennial_core::announcement::Request::Cancel {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(3)).await;
    let run = first_run(&world).await;
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
    assert_eq!((known.len(), known), (1, there));
    assert!(!run.leftovers.contains(&Purpose::Import));
}

#[tokio::test]
async fn a_run_that_is_cancelled_while_it_trains_stops_its_job() {
    let mut world = World::new();
    dropped(&mut world, "");
    let run = until(&mut world, |state| {
        matches!(state, RunState::Training { .. })
    })
    .await;
    let request = perennial_core::announcement::Request::Cancel {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(1)).await;
    let jobs = world.cloud.bedrock.container_jobs();
    assert_eq!(jobs[0].job.status, TrainingStatus::Stopped);
    assert_eq!(first_run(&world).await.outcome(), Some(Outcome::Cancelled));
    assert!(world.cloud.bedrock.models().is_empty());
}

#[tokio::test]
async fn a_job_that_leaves_no_pointer_fails_the_run_and_says_where_it_was_looked_for() {
    let mut world = World::new();
    dropped(&mut world, "");
    let run = until(&mut world, |state| {
        matches!(state, RunState::Training { .. })
    })
    .await;
    // The job completes, and what lies where its pointer should be is none.
    let name = run.resource(Purpose::Training, 1).to_string();
    let key = format!(
        "{}{name}/output/output/manifest.json",
        run.training_output(1)
    );
    for _ in 0..200 {
        world.cloud.clock.advance(SignedDuration::from_mins(1));
        world.cloud.bedrock.settle();
        if world.cloud.objects.read(&key).is_some() {
            break;
        }
    }
    let objects = world.cloud.objects.clone();
    objects
        .put(&key, b"{\"model\":1}".as_slice().into(), "application/json")
        .await
        .expect("written");
    world.pass(SignedDuration::from_hours(1)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    let reason = reason(&run);
    assert!(
        reason.contains("its checkpoint is not to be found")
            && reason.contains("names no checkpoint_s3_bucket; it names model"),
        "{reason}"
    );
    assert!(world.cloud.bedrock.models().is_empty());
}

#[tokio::test]
async fn a_model_that_bedrock_will_not_deploy_fails_the_run_in_its_words_and_is_found_idle() {
    let mut world = World::new();
    world
        .cloud
        .fail_next(operation::CREATE_DEPLOYMENT, ErrorKind::Invalid, 1);
    dropped(&mut world, "[idle]\nafter = \"2d\"\ngrace = \"1d\"\n");
    world.pass(SignedDuration::from_hours(6)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    let reason = reason(&run);
    assert!(reason.contains("on demand"), "{reason}");
    world.pass(SignedDuration::from_hours(24 * 6)).await;
    let models = world.models("bot").await;
    assert!(
        matches!(models[0].life, ModelLife::Deleted { .. }),
        "{:#?}",
        models[0]
    );
    let notes = models[0].notes.join("\n");
    assert!(notes.contains("aws bedrock create-custom-model"), "{notes}");
    assert!(world.cloud.bedrock.models().is_empty());
}

#[tokio::test]
async fn a_worse_model_is_declined_and_the_champion_stays() {
    let mut world = World::new();
    dropped(&mut world, "");
    world.pass(SignedDuration::from_hours(6)).await;
    world.upload("data/bot/tickets.jsonl", shuffled());
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[1].outcome(),
        Some(Outcome::Declined),
        "{:#?}",
        runs[1].state
    );
    let champion = world.pipeline("bot").await.champion.expect("one serves");
    assert_eq!(Some(champion.arn), runs[0].model_arn);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_model_that_somebody_deletes_while_it_is_made_ends_the_run() {
    let mut world = World::new();
    dropped(&mut world, "");
    for _ in 0..600 {
        world.pass(SignedDuration::from_mins(1)).await;
        let made = world.cloud.bedrock.models();
        if let [model] = &made[..] {
            world.cloud.bedrock.remove_model(&model.arn);
            break;
        }
    }
    let run = first_run(&world).await;
    assert!(
        matches!(run.state, RunState::Importing { .. }),
        "{:#?}",
        run.state
    );
    world.pass(SignedDuration::from_hours(30)).await;
    let run = first_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    let reason = reason(&run);
    assert!(
        reason.contains("in time") && reason.contains("somebody deleted it while it was made"),
        "{reason}"
    );
}
