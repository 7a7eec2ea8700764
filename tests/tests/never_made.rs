//! Custom models that Bedrock could not make of a checkpoint: each takes a place of the account's quota until somebody removes it. In one
//! process.

use jiff::SignedDuration;
use perennial_core::names::{Purpose, ResourceName, RunId};
use perennial_core::run::Outcome;
use perennial_ports::memory::{Outcome as Ends, Work};
use perennial_ports::{ImportSpec, ModelStatus, RegisterModels, Tags};
use perennial_tests::{World, evaluation, training};

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
[idle]
grace = "3d"
[budget.prices]
training_per_1k_tokens = 0.002
"#;

fn failed(world: &World) -> Vec<String> {
    let models = world.cloud.bedrock.models().into_iter();
    models
        .filter(|model| model.status == ModelStatus::Failed)
        .map(|model| model.name)
        .collect()
}

/// A model that somebody could not make.
async fn of_somebody(world: &World, name: &ResourceName, tags: Tags) -> String {
    let spec = ImportSpec {
        name: name.to_string(),
        model_name: name.to_string(),
        token: name.to_string(),
        weights: "s3://nowhere/".into(),
        tags,
    };
    let made = world.cloud.bedrock.register_model(&spec).await;
    made.expect("it is begun");
    name.to_string()
}

#[tokio::test]
async fn models_that_could_not_be_made_go_after_the_grace_and_anothers_stay() {
    let mut world = World::new();
    let again = "An internal error occurred. Please try again.".to_owned();
    world
        .cloud
        .bedrock
        .plan_next(Work::Import, Ends::Fails(again), 1);
    world.upload("pipelines/bot.toml", SERVERLESS);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    let ours = run.resource(Purpose::Import, 1);

    // A name like ours without its tags, and another installation's with all of its own.
    let like_ours = ResourceName {
        run: RunId::from_parts(1_700_000_000_000, 1),
        ..ours.clone()
    };
    let elsewhere = ResourceName {
        installation: perennial_core::names::Installation::parse("other").expect("valid"),
        ..ours.clone()
    };
    let others = [
        of_somebody(&world, &like_ours, Tags::new()).await,
        of_somebody(&world, &elsewhere, elsewhere.tags()).await,
    ];
    world.pass(SignedDuration::from_hours(48)).await;
    let all = failed(&world);
    assert_eq!(all.len(), 3, "the grace period runs: {all:?}");
    let report = world.report("reports/bot/cleanup.txt");
    assert!(
        report.contains("could not make a model") && report.contains("quota"),
        "{report}"
    );

    world.pass(SignedDuration::from_hours(48)).await;
    let left = failed(&world);
    assert!(!left.contains(&ours.to_string()), "{left:?}");
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(others.iter().all(|name| left.contains(name)), "{left:?}");
    let champion = world.pipeline("bot").await.champion.expect("it serves");
    assert!(
        world.cloud.bedrock.model(&champion.arn).is_some(),
        "the model that was made stays"
    );
    assert_eq!(world.failures, Vec::<String>::new());
}
