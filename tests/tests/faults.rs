//! Lost answers are adopted, strangers are refused by name, failed moves leave the champion in place.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, RunState};
use perennial_ports::memory::{Outcome as Ends, Work, operation};
use perennial_ports::{DeploymentSpec, ErrorKind, StartTraining, TrainingSpec};
use perennial_tests::{World, config, evaluation, shuffled, training};

async fn dropped(more: &str) -> World {
    let world = World::new();
    world.upload("pipelines/bot.toml", config(more));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world
}

async fn promoted() -> World {
    let mut world = dropped("").await;
    world.pass(SignedDuration::from_hours(6)).await;
    assert_eq!(
        world.runs("bot").await[0].outcome(),
        Some(Outcome::Promoted)
    );
    world
}

fn reason(state: &RunState) -> &str {
    match state {
        RunState::Ended { reason, .. } | RunState::Closing { reason, .. } => reason,
        _ => "",
    }
}

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
async fn a_deployment_update_that_fails_leaves_the_champion_serving() {
    let mut world = promoted().await;
    let before = world.pipeline("bot").await;
    world
        .cloud
        .bedrock
        .plan_next(Work::Update, Ends::Fails("no capacity".into()), 1);
    world.upload(
        "data/bot/more.jsonl",
        training().replace("Hello", "Hi there"),
    );
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(1);
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:?}", run.state);
    let words = reason(&run.state);
    assert!(
        words.contains("update failed") && words.contains("still serves"),
        "{words}"
    );
    let after = world.pipeline("bot").await;
    assert_eq!(after.champion, before.champion);
    assert_eq!(after.deployment, before.deployment);
    assert_eq!(
        world.cloud.bedrock.deployments().len(),
        1,
        "the temporary deployment is removed on every outcome"
    );
}

#[tokio::test]
async fn an_equal_candidate_on_fresher_data_is_promoted_as_a_tie_and_can_be_rolled_back() {
    let mut world = promoted().await;
    let first = world.pipeline("bot").await;
    world.upload(
        "data/bot/more.jsonl",
        training().replace("Hello", "Hi there"),
    );
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(1);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    assert!(run.verdict.expect("judged").tie);
    let second = world.pipeline("bot").await;
    assert_eq!(
        second.deployment, first.deployment,
        "clients keep calling the same ARN"
    );
    assert_ne!(second.champion, first.champion);

    let pipeline = PipelineName::parse("bot").expect("valid");
    world
        .request(Request::Rollback {
            pipeline: pipeline.clone(),
            to: None,
            from: None,
        })
        .await;
    world.pass(SignedDuration::from_hours(1)).await;
    let back = world.pipeline("bot").await;
    assert_eq!(back.champion, first.champion);
    assert!(back.hold.is_some(), "promotions wait for resume");
    let serving = &world.cloud.bedrock.deployments()[0];
    assert_eq!(
        Some(&serving.model_arn),
        back.champion.as_ref().map(|champion| &champion.arn)
    );

    world.upload(
        "data/bot/third.jsonl",
        training().replace("Hello", "Good day"),
    );
    world.pass(SignedDuration::from_hours(8)).await;
    let waiting = world.runs("bot").await.remove(2);
    assert!(
        matches!(waiting.state, RunState::AwaitingApproval { .. }),
        "{:?}",
        waiting.state
    );
    world.request(Request::Resume { pipeline }).await;
    world.pass(SignedDuration::from_hours(2)).await;
    let resumed = world.runs("bot").await.remove(2);
    assert_eq!(
        resumed.outcome(),
        Some(Outcome::Promoted),
        "{:?}",
        resumed.state
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
    let both = prepared.evaluation_cost + prepared.evaluation_cost;
    assert_eq!(
        run.reserved,
        prepared.training_cost + both,
        "each attempt is reserved"
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
async fn a_run_held_by_a_rollback_is_judged_anew_against_what_serves_when_the_hold_is_lifted() {
    let mut world = promoted().await;
    let first = world.pipeline("bot").await.champion;
    world.upload(
        "data/bot/more.jsonl",
        training().replace("Hello", "Hi there"),
    );
    world.pass(SignedDuration::from_hours(8)).await;
    // A third run is under way, compared to the second model, when a person rolls back to the first.
    world.upload(
        "data/bot/third.jsonl",
        training().replace("Hello", "Good day"),
    );
    world.pass(SignedDuration::from_mins(20)).await;
    let third = world.runs("bot").await.remove(2);
    assert_eq!(third.outcome(), None);
    let pipeline = PipelineName::parse("bot").expect("valid");
    world
        .request(Request::Rollback {
            pipeline: pipeline.clone(),
            to: None,
            from: None,
        })
        .await;
    world.pass(SignedDuration::from_hours(8)).await;
    world.request(Request::Resume { pipeline }).await;
    world.pass(SignedDuration::from_hours(2)).await;
    let third = world.runs("bot").await.remove(2);
    assert_eq!(third.outcome(), Some(Outcome::Failed), "{:?}", third.state);
    assert_eq!(
        world.pipeline("bot").await.champion,
        first,
        "nothing uncompared serves"
    );
}

#[tokio::test]
async fn a_deployment_removed_by_hand_is_made_anew_and_the_alias_follows() {
    use perennial_ports::ChangeDeployments;
    let mut world = promoted().await;
    let before = world.pipeline("bot").await;
    let dead = before.deployment.clone().expect("it serves");
    world
        .cloud
        .bedrock
        .delete_deployment(&dead)
        .await
        .expect("anyone may");
    world
        .cloud
        .bedrock
        .plan_next(Work::Deployment, Ends::Fails("no capacity".into()), 1);
    world.pass(SignedDuration::from_hours(2)).await;
    let after = world.pipeline("bot").await;
    assert_eq!(after.champion, before.champion);
    assert_ne!(after.deployment, Some(dead));
    assert_eq!(
        world.cloud.alias.value("/perennial/test/bot/model"),
        after.deployment
    );
    assert_eq!(world.cloud.bedrock.deployments().len(), 1);
}

#[tokio::test]
async fn a_second_rollback_never_returns_to_what_was_rolled_back_from() {
    let mut world = promoted().await;
    let first = world.pipeline("bot").await.champion;
    world.upload(
        "data/bot/more.jsonl",
        training().replace("Hello", "Hi there"),
    );
    world.pass(SignedDuration::from_hours(8)).await;
    assert_ne!(world.pipeline("bot").await.champion, first);
    let pipeline = PipelineName::parse("bot").expect("valid");
    for _ in 0..2 {
        let request = Request::Rollback {
            pipeline: pipeline.clone(),
            to: None,
            from: None,
        };
        world.request(request).await;
        world.pass(SignedDuration::from_hours(1)).await;
        assert_eq!(world.pipeline("bot").await.champion, first);
    }
    // By name, a person may.
    let second = world.runs("bot").await.remove(1).id;
    let request = Request::Rollback {
        pipeline,
        to: Some(second.clone()),
        from: None,
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(1)).await;
    let champion = world.pipeline("bot").await.champion.expect("one serves");
    assert_eq!(champion.model.run(), second);
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
