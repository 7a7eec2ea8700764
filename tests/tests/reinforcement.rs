//! Reinforcement fine-tuning on Bedrock: from the dropped file to the promoted model, in one process.

use jiff::SignedDuration;
use perennial_core::routing::Customization;
use perennial_core::run::Outcome;
use perennial_tests::{World, evaluation, training};
use serde_json::{Value, json};

const GRADER: &str = "arn:aws:lambda:us-east-1:123456789012:function:grader";

fn config() -> String {
    format!(
        "technique = \"reinforcement-fine-tuning\"\nbase_model = \"amazon.nova-2-lite-v1:0\"\n[trigger]\nmin_records = 100\n\
         quiet_for = \"1m\"\n[training.reinforcement]\ngrader = \"{GRADER}\"\n[training.hyperparameters]\nreasoningEffort = \"low\"\n\
         batchSize = 32\n[budget.prices]\ntraining_per_hour = 0.1\n"
    )
}

/// The prompts and answers of the other tests, as records that a grader can score.
fn graded() -> String {
    let records = training();
    let lines = records.lines().map(|line| {
        let pair: Value = serde_json::from_str(line).expect("a record");
        let message = json!([{ "role": "user", "content": pair["prompt"] }]);
        format!(
            "{}\n",
            json!({ "messages": message, "reference_answer": pair["completion"] })
        )
    });
    lines.collect()
}

#[tokio::test]
async fn a_dropped_file_becomes_a_promoted_model_and_the_job_names_the_grader() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config());
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/graded.jsonl", graded());
    world.pass(SignedDuration::from_hours(12)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{runs:#?} {:?}", world.failures);
    let run = &runs[0];
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);

    let jobs = world.cloud.bedrock.training_jobs();
    let [job] = jobs.as_slice() else {
        panic!("{jobs:#?}");
    };
    assert_eq!(
        job.spec.customization,
        Customization::Reinforcement {
            grader: GRADER.to_owned()
        }
    );
    let sent = |name: &str| job.spec.hyperparameters.get(name).map(String::as_str);
    assert_eq!(sent("reasoningEffort"), Some("low"));
    assert_eq!(sent("batchSize"), Some("32"));
    let file = world.cloud.objects.read_text(&job.spec.training_key);
    let file = file.expect("it is there");
    assert!(file.contains("\"reference_answer\""), "{file}");

    let champion = world.pipeline("bot").await.champion;
    assert_eq!(champion.expect("a model serves").model.run(), run.id);
    let said = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    assert!(said.contains("at most 72 hours"), "{said}");
    assert_eq!(world.failures, Vec::<String>::new());
}
