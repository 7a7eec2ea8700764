//! Without an evaluation set: what a conversation that is trained on answers before its last question is no question of the evaluation.

use std::collections::HashSet;

use jiff::SignedDuration;
use perennial_tests::{World, config};
use serde_json::{Value, json};

fn line(turns: &[String]) -> String {
    let message = |(place, text): (usize, &String)| {
        let role = ["user", "assistant"][place % 2];
        json!({ "role": role, "content": text })
    };
    let messages: Vec<Value> = turns.iter().enumerate().map(message).collect();
    format!("{}\n", json!({ "messages": messages }))
}

#[tokio::test]
async fn what_is_asked_is_no_turn_of_a_conversation_that_is_trained_on() {
    let turns = |n: u32, more: bool| {
        let mut turns = vec![
            format!("What of matter {n}?"),
            format!("It is settled as {n}."),
        ];
        if more {
            turns.extend([format!("And after matter {n}?"), "Nothing.".to_owned()]);
        }
        turns
    };
    let file = |more| -> String { (0..600).map(|n| line(&turns(n, more))).collect() };
    let mut world = World::new();
    let config = config("").replace("min_records = 100", "min_records = 1200");
    world.upload("pipelines/bot.toml", config);
    world.upload("data/bot/single.jsonl", file(false));
    world.settle().await;
    world.upload("data/bot/talks.jsonl", file(true));
    world.settle().await;
    world.pass(SignedDuration::from_hours(6)).await;
    let run = world.runs("bot").await.remove(0);
    let prepared = run.prepared.as_ref().expect("prepared");

    let lines = |key: &str| -> Vec<Value> {
        let text = world.cloud.objects.read_text(key).expect("written");
        let parsed = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        parsed.collect()
    };
    let asked: HashSet<String> = lines(&prepared.evaluation_key)
        .iter()
        .map(|question| question["prompt"].as_str().expect("text").to_owned())
        .collect();
    let first_turns: HashSet<String> = lines(&prepared.training_key)
        .iter()
        .map(|record| {
            record["messages"][0]["content"][0]["text"]
                .as_str()
                .expect("text")
                .to_owned()
        })
        .collect();
    assert!(asked.len() > 20, "{}", asked.len());
    assert_eq!(asked.intersection(&first_turns).count(), 0);
    // As many were held out as before: they are not asked, and it is said.
    let unfair = prepared.held_out - asked.len() as u64;
    assert!(unfair > 20, "{unfair}");
    assert_eq!(prepared.prompts_available, asked.len() as u64);
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    let words = format!(
        "({unfair} held-out questions are not asked, as conversations that are trained on answer them before their last question)"
    );
    assert!(report.contains(&words), "{report}");
}
