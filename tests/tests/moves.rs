//! A move of the alias whose step AWS did not take is tried again, whatever became of an earlier one. In one process.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, Run};
use perennial_ports::ErrorKind;
use perennial_ports::memory::{Outcome as Ends, Work, operation};
use perennial_tests::{World, config, evaluation, training};

fn more(word: &str) -> String {
    training().replace("\"prompt\":\"", &format!("\"prompt\":\"{word} "))
}

/// A pipeline with three files, one after the other; AWS's update to what came of `failing` fails.
async fn with_a_failed_update(failing: &str, files: &[&str]) -> World {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/questions.jsonl", evaluation());
    for file in files {
        if *file == failing {
            let fails = Ends::Fails("no capacity".into());
            world.cloud.bedrock.plan_next(Work::Update, fails, 1);
        }
        world.upload(&format!("data/bot/{file}.jsonl"), more(file));
        world.pass(SignedDuration::from_hours(8)).await;
    }
    let ends: Vec<_> = world.runs("bot").await.iter().map(Run::outcome).collect();
    let failed = files.iter().position(|file| *file == failing);
    assert_eq!(
        ends[failed.expect("it is one of them")],
        Some(Outcome::Failed)
    );
    world
}

fn throttle(world: &World) {
    let faults = &world.cloud.faults;
    faults.fail_next(operation::UPDATE_DEPLOYMENT, ErrorKind::Throttled, 1);
}

#[tokio::test]
async fn a_promotion_that_is_throttled_once_does_not_take_an_earlier_failure_for_its_own() {
    let mut world = with_a_failed_update("b", &["a", "b"]).await;
    throttle(&world);
    world.upload("data/bot/c.jsonl", more("c"));
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(2);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
}

#[tokio::test]
async fn a_rollback_that_is_throttled_once_goes_back_all_the_same() {
    let mut world = with_a_failed_update("c", &["a", "b", "c"]).await;
    let before = world.pipeline("bot").await.champion.expect("it serves");
    throttle(&world);
    let request = Request::Rollback {
        pipeline: PipelineName::parse("bot").expect("valid"),
        to: None,
        from: Some(before.model.run()),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(8)).await;
    let now = world.pipeline("bot").await.champion.expect("it serves");
    assert_ne!(before.model, now.model);
}
