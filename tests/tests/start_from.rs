//! `training.start_from = "champion"`: iterative training, and what it must not carry over to another base model.

use jiff::SignedDuration;
use perennial_core::run::Outcome;
use perennial_tests::{World, evaluation, training};

fn iterative(base_model: &str) -> String {
    format!(
        "technique = \"fine-tuning\"\nbase_model = \"{base_model}\"\n[trigger]\nmin_records = 100\nquiet_for = \
         \"1m\"\nat_most_every = \"1m\"\n[data]\nuse = \"new\"\n[training]\nstart_from = \"champion\"\n[budget.prices]\ntraining_per_1k_tokens = 0.001\n"
    )
}

/// The same records once more, under another name and with another word in each prompt: new to the pipeline.
fn more(word: &str) -> String {
    training().replace("\"prompt\":\"", &format!("\"prompt\":\"{word} "))
}

#[tokio::test]
async fn the_second_run_trains_on_from_the_champion_and_one_of_another_base_model_does_not() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", iterative("amazon.nova-micro-v1:0"));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/first.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    world.upload("data/bot/second.jsonl", more("please"));
    world.pass(SignedDuration::from_hours(6)).await;
    world.upload("pipelines/bot.toml", iterative("amazon.nova-lite-v1:0"));
    world.upload("data/bot/third.jsonl", more("kindly"));
    world.pass(SignedDuration::from_hours(6)).await;

    let runs = world.runs("bot").await;
    let outcomes: Vec<_> = runs.iter().map(|run| run.outcome()).collect();
    assert_eq!(
        outcomes,
        vec![Some(Outcome::Promoted); 3],
        "{runs:#?} {:?}",
        world.failures
    );
    let jobs = world.cloud.bedrock.training_jobs();
    let bases: Vec<&str> = jobs
        .iter()
        .map(|job| job.spec.base_model.as_str())
        .collect();
    let champion = runs[0].model_arn.as_deref().expect("a model was made");
    assert_eq!(
        bases,
        [
            runs[0].route.customization_id.as_str(),
            champion,
            runs[2].route.customization_id.as_str()
        ]
    );
    assert_eq!(runs[2].starts_from, None);
    let uploads: Vec<u64> = runs.iter().map(|run| run.dataset.uploads).collect();
    assert_eq!(
        uploads,
        [1, 1, 3],
        "what starts from a bare model is given everything"
    );
    assert!(
        runs[2].because.contains(
            "it starts from amazon.nova-lite-v1:0, though training.start_from = \"champion\""
        ),
        "{}",
        runs[2].because
    );
    assert!(
        runs[2]
            .because
            .contains("comes from amazon.nova-micro-v1:0"),
        "{}",
        runs[2].because
    );
}
