//! The three stories, in one process.

use jiff::SignedDuration;
use perennial_core::model::ModelLife;
use perennial_core::run::{Outcome, RunState};
use perennial_tests::{World, config, evaluation, shuffled, training};

async fn promoted(more: &str) -> World {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(more));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    world
}

#[tokio::test]
async fn a_dropped_file_ends_as_a_promoted_model_with_nobody_touching_anything() {
    let world = promoted("").await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{runs:#?} {:?}", world.failures);
    assert_eq!(
        runs[0].outcome(),
        Some(Outcome::Promoted),
        "{:#?} {:?}",
        runs[0].state,
        world.failures
    );
    let pipeline = world.pipeline("bot").await;
    let champion = pipeline.champion.expect("a model serves");
    assert_eq!(champion.model.run(), runs[0].id);
    assert_eq!(
        world.cloud.alias.value("/perennial/test/bot/model"),
        pipeline.deployment
    );
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1);
    assert_eq!(
        world.cloud.bedrock.deployments().len(),
        1,
        "the temporary deployment is removed"
    );
    assert!(
        world
            .report("reports/bot/uploads/data/bot/tickets.jsonl.txt")
            .starts_with("accepted")
    );
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_worse_replacement_is_declined_and_its_model_is_deleted_once_idle() {
    let mut world = promoted("[idle]\nafter = \"2d\"\ngrace = \"1d\"\n").await;
    let champion = world.pipeline("bot").await.champion;
    world.upload("data/bot/tickets.jsonl", shuffled());
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 2);
    let RunState::Ended {
        outcome, reason, ..
    } = &runs[1].state
    else {
        panic!("{:?}", runs[1].state)
    };
    assert_eq!(*outcome, Outcome::Declined, "{reason}");
    assert_eq!(
        world.pipeline("bot").await.champion,
        champion,
        "the champion stays"
    );

    world.pass(SignedDuration::from_hours(24 * 6)).await;
    let models = world.models("bot").await;
    assert_eq!(models.len(), 2);
    assert!(models[0].is_ready(), "the champion is kept");
    assert!(
        matches!(models[1].life, ModelLife::Deleted { .. }),
        "{:#?}",
        models[1]
    );
    assert_eq!(world.cloud.bedrock.models().len(), 1);
    assert!(world.report("reports/bot/cleanup.txt").contains("champion"));
    assert_eq!(world.failures, Vec::<String>::new());
}
