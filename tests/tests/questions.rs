//! What an evaluation set asks more than once is said: of one file in its report, of all files in the run's.

use jiff::SignedDuration;
use perennial_core::run::Outcome;
use perennial_tests::{World, config, evaluation, training};

#[tokio::test]
async fn a_question_that_stands_twice_is_told_and_the_set_is_asked_as_it_was_given() {
    let mut world = World::new();
    let questions = evaluation();
    let first = questions.lines().next().expect("a question");
    let record: serde_json::Value = serde_json::from_str(first).expect("JSON");
    let otherwise = serde_json::json!({ "prompt": record["prompt"], "referenceResponse": "x" });
    world.upload("pipelines/bot.toml", config(""));
    world.upload(
        "eval/bot/a.jsonl",
        format!("{questions}{first}\n{otherwise}\n"),
    );
    world.upload("eval/bot/b.jsonl", format!("{otherwise}\n"));
    world.upload("data/bot/a.jsonl", training());
    world.pass(SignedDuration::from_hours(8)).await;

    let report = world.report("reports/bot/uploads/eval/bot/a.jsonl.txt");
    assert!(report.starts_with("accepted"), "{report}");
    let lines = questions.lines().count();
    for words in [
        format!(
            "exact-duplicate (note): 1 exact repetition of earlier records, the first at line {}",
            lines + 1
        ),
        format!(
            "conflicting-duplicate (warning): 1 record with a prompt that came before with another reference answer, the first at line {}",
            lines + 2
        ),
    ] {
        assert!(report.contains(&words), "{words}: {report}");
    }
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted));
    let prepared = run.prepared.expect("prepared");
    assert_eq!(prepared.prompts_available, lines as u64 + 3);
    let words =
        "3 questions of the evaluation set came before, 2 of them with another reference answer";
    assert!(prepared.power.contains(words), "{}", prepared.power);
}
