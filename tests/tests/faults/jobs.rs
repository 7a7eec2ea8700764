//! Jobs and datasets.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::run::{Outcome, RunState};
use perennial_ports::memory::{Outcome as Ends, Work, operation};
use perennial_ports::{DeploymentSpec, ErrorKind, StartTraining, TrainingSpec};
use perennial_tests::{shuffled, training};

use super::{dropped, promoted, reason};

#[tokio::test]
async fn every_create_whose_answer_is_lost_is_adopted() {
    for create in [
        operation::CREATE_TRAINING,
        operation::CREATE_BATCH,
        operation::CREATE_DEPLOYMENT,
    ] {
        let mut world = dropped("").await;
        world.cloud.lose_answer_next(create, 1);
        world.pass(SignedDuration::from_hours(8)).await;
        let runs = world.runs("bot").await;
        assert_eq!(
            runs[0].outcome(),
            Some(Outcome::Promoted),
            "{create}: {:?} {:?}",
            runs[0].state,
            world.failures
        );
        assert_eq!(world.cloud.bedrock.training_jobs().len(), 1, "{create}");
        assert_eq!(world.cloud.bedrock.batch_jobs().len(), 1, "{create}");
        assert_eq!(world.cloud.bedrock.deployments().len(), 1, "{create}");
    }
}

#[tokio::test]
async fn throttles_quotas_and_server_errors_only_delay() {
    for kind in [
        ErrorKind::Throttled,
        ErrorKind::Quota,
        ErrorKind::Unanswered,
    ] {
        for create in [
            operation::CREATE_TRAINING,
            operation::CREATE_BATCH,
            operation::CREATE_DEPLOYMENT,
            operation::CONVERSE,
        ] {
            let mut world = dropped("").await;
            world.cloud.fail_next(create, kind, 3);
            world.pass(SignedDuration::from_hours(8)).await;
            let runs = world.runs("bot").await;
            assert_eq!(
                runs[0].outcome(),
                Some(Outcome::Promoted),
                "{create} {kind:?}: {:?}",
                runs[0].state
            );
            assert_eq!(
                world.cloud.bedrock.training_jobs().len(),
                1,
                "{create} {kind:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_right_that_is_missing_after_training_is_waited_for_and_nothing_is_trained_again() {
    for create in [operation::CREATE_BATCH, operation::CREATE_DEPLOYMENT] {
        let mut world = dropped("").await;
        world.cloud.fail_next(create, ErrorKind::Denied, 10_000);
        world.pass(SignedDuration::from_hours(8)).await;
        let run = world.runs("bot").await.remove(0);
        assert!(
            matches!(run.state, RunState::Evaluating { .. }),
            "{create}: {:?}",
            run.state
        );
        let waits = run.waits_for.clone().unwrap_or_default();
        assert!(waits.contains("is denied"), "{create}: {waits}");
        world.cloud.faults.heal();
        world.pass(SignedDuration::from_hours(8)).await;
        let run = world.runs("bot").await.remove(0);
        assert_eq!(run.outcome(), Some(Outcome::Promoted), "{create}");
        assert_eq!(world.cloud.bedrock.training_jobs().len(), 1, "{create}");
    }
}

#[tokio::test]
async fn a_job_name_taken_by_someone_else_is_refused_by_name_and_not_touched() {
    // The run knows its job's name before the job is there: someone else takes it.
    let mut world = dropped("").await;
    world
        .cloud
        .fail_next(operation::CREATE_TRAINING, ErrorKind::Throttled, 1);
    while world.runs("bot").await.is_empty() {
        world.pass(SignedDuration::from_secs(30)).await;
    }
    let run = world.runs("bot").await.remove(0);
    assert!(
        matches!(run.state, RunState::Starting { attempt: 1 }),
        "{:?}",
        run.state
    );
    let name = run
        .resource(perennial_core::names::Purpose::Training, 1)
        .to_string();
    world.upload("work/stranger.jsonl", training());
    let stranger = TrainingSpec {
        name: name.clone(),
        model_name: "theirs".into(),
        token: "theirs".into(),
        base_model: run.trains_from.clone(),
        training_key: "work/stranger.jsonl".into(),
        output_prefix: "work/".into(),
        customization: perennial_core::routing::Customization::FineTuning,
        hyperparameters: Default::default(),
        tags: Default::default(),
    };
    let arn = world
        .cloud
        .bedrock
        .start_training(&stranger)
        .await
        .expect("the name is free");
    world.pass(SignedDuration::from_hours(2)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Failed));
    assert!(reason(&run.state).contains(&arn), "{}", reason(&run.state));
    assert!(reason(&run.state).contains(&name));
    assert!(run.reserved.micros() > 0);
    assert_eq!(
        world.cloud.bedrock.training_jobs().len(),
        1,
        "only the stranger's"
    );
}

#[tokio::test]
async fn a_job_that_fails_for_the_services_own_reasons_is_tried_once_more_and_no_other_is() {
    let mut world = dropped("").await;
    world.cloud.bedrock.plan_next(
        Work::Training,
        Ends::Fails("Internal server error".into()),
        1,
    );
    world.pass(SignedDuration::from_hours(12)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 2);

    let mut world = dropped("").await;
    world.cloud.bedrock.plan_next(
        Work::Training,
        Ends::Fails("Invalid training data".into()),
        1,
    );
    world.pass(SignedDuration::from_hours(48)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "a failed run waits for a change");
    assert_eq!(runs[0].outcome(), Some(Outcome::Failed));
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1);
}

#[tokio::test]
async fn a_hanging_job_is_stopped_at_its_deadline() {
    let mut world = dropped("").await;
    world
        .cloud
        .bedrock
        .plan_next(Work::Training, Ends::Hangs, 1);
    world.pass(SignedDuration::from_hours(80)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:?}", run.state);
    assert!(
        reason(&run.state).contains("72 hours"),
        "{}",
        reason(&run.state)
    );
}

#[tokio::test]
async fn a_cancelled_run_stops_its_job_and_ends_as_cancelled() {
    let mut world = dropped("").await;
    world.pass(SignedDuration::from_mins(20)).await;
    let run = world.runs("bot").await.remove(0);
    assert!(
        matches!(run.state, RunState::Training { .. }),
        "{:?}",
        run.state
    );
    world
        .request(Request::Cancel {
            pipeline: run.pipeline.clone(),
            run: run.id.clone(),
        })
        .await;
    world.pass(SignedDuration::from_hours(1)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Cancelled), "{:?}", run.state);
    assert_eq!(world.cloud.bedrock.models().len(), 0);
}

#[tokio::test]
async fn three_declines_in_a_row_pause_the_pipeline() {
    let mut world = promoted().await;
    for round in 0..3 {
        world.upload(
            "data/bot/tickets.jsonl",
            shuffled().replace("Hello", &format!("Hello {round}")),
        );
        world.pass(SignedDuration::from_hours(8)).await;
    }
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 4);
    let pipeline = world.pipeline("bot").await;
    assert!(pipeline.paused.is_some(), "{pipeline:#?}");
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(
        world.runs("bot").await.len(),
        4,
        "a paused pipeline opens no runs"
    );
}

#[tokio::test]
async fn a_model_that_someone_else_deployed_is_never_deleted() {
    use perennial_ports::ChangeDeployments;
    let mut world = dropped("[idle]\nafter = \"2d\"\ngrace = \"1d\"\nkeep_previous = 0\n").await;
    world.pass(SignedDuration::from_hours(6)).await;
    world.upload("data/bot/tickets.jsonl", shuffled());
    world.pass(SignedDuration::from_hours(6)).await;
    let declined = world.models("bot").await.remove(1);
    let theirs = DeploymentSpec {
        buy: None,
        name: "theirs".into(),
        token: "theirs".into(),
        model_arn: declined.arn.clone(),
        description: String::new(),
        tags: Default::default(),
    };
    world
        .cloud
        .bedrock
        .create_deployment(&theirs)
        .await
        .expect("possible");
    world.pass(SignedDuration::from_hours(24 * 10)).await;
    assert!(world.models("bot").await.remove(1).is_ready());
    assert_eq!(world.cloud.bedrock.models().len(), 2);
}

#[tokio::test]
async fn answers_that_a_batch_job_left_out_are_asked_for_and_no_second_job_is_bought() {
    let mut world = dropped("").await;
    world
        .cloud
        .bedrock
        .plan_next(Work::Batch, Ends::Misses(60), 1);
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    assert_eq!(world.cloud.bedrock.batch_jobs().len(), 1);
    assert_eq!(run.verdict.expect("judged").base.n, 72);
}

#[tokio::test]
async fn a_batch_job_that_fails_is_bought_once_more_within_the_budget() {
    let mut world = dropped("").await;
    world
        .cloud
        .bedrock
        .plan_next(Work::Batch, Ends::Fails("Internal error".into()), 1);
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    assert_eq!(world.cloud.bedrock.batch_jobs().len(), 2);
    let prepared = run.prepared.expect("prepared");
    let again = prepared.base_cost.expect("it is priced");
    assert!(again < prepared.evaluation_cost, "{prepared:?}");
    assert_eq!(
        run.reserved,
        prepared.training_cost + prepared.evaluation_cost + again,
        "each attempt is reserved, and the other models' answers once"
    );
}

#[tokio::test]
async fn a_shard_removed_by_hand_ends_the_run_with_words_and_not_in_a_loop() {
    let mut world = dropped("").await;
    world.pass(SignedDuration::from_secs(30)).await;
    for key in world.cloud.objects.keys("shards/bot/training/") {
        world.cloud.objects.delete(&key);
    }
    world.pass(SignedDuration::from_hours(1)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:?}", run.state);
    assert!(
        reason(&run.state).contains("shards/bot/training/"),
        "{}",
        reason(&run.state)
    );
}

#[tokio::test]
async fn the_same_file_again_is_nothing_new_and_buys_no_job() {
    let mut world = promoted().await;
    for _ in 0..2 {
        world.upload("data/bot/tickets.jsonl", training());
        world.pass(SignedDuration::from_hours(8)).await;
    }
    assert_eq!(world.runs("bot").await.len(), 1);
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1);
    let report = world.report("reports/bot/uploads/data/bot/tickets.jsonl.txt");
    assert!(report.contains("nothing new"), "{report}");
}
