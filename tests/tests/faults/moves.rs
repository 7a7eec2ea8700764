//! What serves: moves of the alias, repairs, rollbacks.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, RunState};
use perennial_ports::memory::{Outcome as Ends, Work};
use perennial_tests::training;

use super::{promoted, reason};

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
