//! The estimate of a run whose champion comes of a dearer base model.

use jiff::SignedDuration;
use perennial_core::run::Outcome;
use perennial_tests::{World, evaluation, training};

fn config(base_model: &str, prices: &str) -> String {
    format!(
        "technique = \"fine-tuning\"\nbase_model = {base_model:?}\n[trigger]\nmin_records = 100\nquiet_for = \"1m\"\n\
         at_most_every = \"1h\"\n{prices}"
    )
}

#[tokio::test]
async fn a_dearer_champion_is_reserved_at_the_price_that_its_own_run_stated() {
    let mut world = World::new();
    let prices = "[budget.prices]\ntraining_per_1k_tokens = 0.008\ninput_per_1k_tokens = 0.002\noutput_per_1k_tokens = 0.02\n";
    world.upload("pipelines/bot.toml", config("amazon.nova-pro-v1:0", prices));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    let first = world.runs("bot").await.remove(0);
    assert_eq!(
        first.outcome(),
        Some(Outcome::Promoted),
        "{:?}",
        first.state
    );

    world.upload("pipelines/bot.toml", config("amazon.nova-micro-v1:0", ""));
    // Questions that the champion has no kept answers to.
    world.upload(
        "eval/bot/questions.jsonl",
        evaluation().replace("\"prompt\":\"", "\"prompt\":\"Please: "),
    );
    world.upload("data/bot/more.jsonl", training().replace("Hello", "Hi"));
    world.pass(SignedDuration::from_hours(6)).await;
    let runs = world.runs("bot").await;
    let prepared = runs[1].prepared.as_ref().expect("prepared");
    let of = |who: &str| {
        let mut lines = prepared.cost_lines.iter();
        let line = lines
            .find(|line| line.starts_with(who))
            .expect("it is asked");
        let (_, amount) = line.rsplit_once('$').expect("an amount");
        amount.parse::<f64>().expect("a figure")
    };
    let lines = prepared.cost_lines.join("\n");
    assert!(
        lines.contains("at the prices of amazon.nova-pro-v1:0"),
        "{lines}"
    );
    assert!(of("champion") > 50.0 * of("candidate"), "{lines}");
    assert_eq!(world.failures, Vec::<String>::new());
}
