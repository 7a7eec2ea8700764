//! What sealing finds across uploads is told in the run's report, and counted like with like.

use std::collections::HashSet;

use jiff::SignedDuration;
use perennial_core::prompt::PromptDigest;
use perennial_core::run::{Outcome, Run};
use perennial_tests::{World, config, evaluation, training};

async fn run_on(uploads: &[(&str, String)]) -> (World, Run) {
    let mut world = World::new();
    let config = config("").replace("min_records = 100", "min_records = 300");
    world.upload("pipelines/bot.toml", config);
    for (key, text) in uploads {
        world.upload(key, text.as_str());
        world.settle().await;
    }
    world.pass(SignedDuration::from_hours(6)).await;
    let run = world.runs("bot").await.remove(0);
    (world, run)
}

fn report(world: &World, run: &Run) -> String {
    world.report(&format!("reports/bot/runs/{}.txt", run.id))
}

#[tokio::test]
async fn what_two_uploads_answer_differently_is_a_warning_of_the_run() {
    let otherwise = training()
        .replace("\"refund\"", "\"money-back\"")
        .replace("Hello", "Good day");
    let (world, run) = run_on(&[
        ("eval/bot/e.jsonl", evaluation()),
        ("data/bot/a.jsonl", training()),
        ("data/bot/b.jsonl", otherwise),
    ])
    .await;
    let conflicts = run.prepared.clone().and_then(|prepared| prepared.conflicts);
    // Three wishes in six frames; the seventh was worded otherwise.
    assert_eq!(conflicts.expect("found").records, 18);
    let report = report(&world, &run);
    let words = "conflicting-duplicate (warning): 18 records have a question that another upload has to the letter, with another \
                 answer or system prompt, as data/bot/a.jsonl and data/bot/b.jsonl";
    assert!(report.contains(words), "{report}");

    let (world, run) = run_on(&[
        ("eval/bot/e.jsonl", evaluation()),
        ("data/bot/a.jsonl", training()),
        ("data/bot/b.jsonl", training().replace("H", "J")),
    ])
    .await;
    assert!(!self::report(&world, &run).contains("conflicting-duplicate"));
}

#[tokio::test]
async fn a_held_out_prompt_is_one_question_however_many_uploads_have_it() {
    let again = training().replace("\"completion\":\"", "\"completion\":\"the ");
    let (world, run) = run_on(&[
        ("data/bot/a.jsonl", training()),
        ("data/bot/b.jsonl", again),
    ])
    .await;
    let prepared = run.prepared.clone().expect("sealed");
    let questions = world.cloud.objects.read_text(&prepared.evaluation_key);
    let questions: Vec<serde_json::Value> = questions
        .expect("written")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let distinct: HashSet<PromptDigest> = questions
        .iter()
        .map(|question| PromptDigest::of(question["prompt"].as_str().expect("text")))
        .collect();
    assert_eq!(distinct.len(), questions.len());
    assert_eq!(prepared.prompts_available, distinct.len() as u64);
    assert_eq!(prepared.held_out, 2 * distinct.len() as u64);
    assert_eq!(prepared.held_out_again, distinct.len() as u64);
    let newest = |question: &serde_json::Value| {
        let answer = question["referenceResponse"].as_str();
        answer.is_some_and(|answer| answer.starts_with("the "))
    };
    assert!(questions.iter().all(newest), "{questions:?}");
    let words = format!(
        "{} of those held out repeat a prompt that was held out before",
        distinct.len()
    );
    assert!(report(&world, &run).contains(&words));
}

#[tokio::test]
async fn a_file_under_two_names_has_no_more_leaks_than_under_one() {
    let questions = evaluation();
    let leak = questions.lines().next().expect("a question");
    let leak = leak.replace("referenceResponse", "completion");
    // One of 169 is 0.6 %.
    let leaky = format!("{}{leak}\n", training());
    let (world, run) = run_on(&[
        ("eval/bot/e.jsonl", questions.clone()),
        ("data/bot/a.jsonl", leaky.clone()),
        ("data/bot/b.jsonl", leaky),
    ])
    .await;
    let report = report(&world, &run);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{report}");
    let prepared = run.prepared.expect("sealed");
    assert_eq!((prepared.leaked, prepared.duplicates), (1, 169));

    let leaks: String = questions
        .lines()
        .take(3)
        .map(|line| format!("{}\n", line.replace("referenceResponse", "completion")))
        .collect();
    let (world, run) = run_on(&[
        ("eval/bot/e.jsonl", questions),
        ("data/bot/a.jsonl", format!("{}{leaks}", training())),
        ("data/bot/b.jsonl", format!("{}{leaks}", training())),
    ])
    .await;
    assert_eq!(run.outcome(), Some(Outcome::Failed));
    let report = self::report(&world, &run);
    let words = "3 of 171 training records (1.8 %) also stand in the evaluation set, duplicates not counted";
    assert!(report.contains(words), "{report}");
}
