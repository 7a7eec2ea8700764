//! banking77, 10,003 messages that nobody here wrote, where the shared data are: as JSON Lines, and as the table that was published.

use serde_json::Value;

use crate::harness::{Cloud, shared_data};

/// What stands before each message in the JSON Lines, and not in what was published.
const INSTRUCTION: &str = "Classify the intent of this bank customer's message: ";

/// How far apart the scores of the two runs may be.
const APART: f64 = 0.02;

/// A cloud with the evaluation set of a pipeline `bank`, and its training data under this name.
fn bank(name: &str, training: Vec<u8>, evaluation: Vec<u8>, data: &str) -> Cloud {
    let cloud = Cloud::start();
    cloud.drop_file(
        "pipelines/bank.toml",
        format!(
            "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[trigger]\nquiet_for = \"2s\"\n\
             [evaluation]\nmax_prompts = 4000\n{data}"
        ),
    );
    cloud.drop_file("eval/bank/eval.jsonl", evaluation);
    // What an upload's report says of the evaluation set, it says of what is there.
    cloud.wait_for_report("bank/uploads/eval/bank/eval.jsonl.txt", "accepted");
    cloud.drop_file(&format!("data/bank/{name}"), training);
    cloud
}

/// Waits for the run, which has to end as a promoted model that was asked every prompt, and to leave these records out.
fn promoted(cloud: &Cloud, leaked: &str) -> Value {
    let run = cloud.wait_for_end("bank", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(run["scores"]["prompts"], 3_080);
    assert!(score(&run) > 0.7, "{run:#}");
    let report = cloud.wait_for_report(
        &format!("bank/runs/{}.txt", run["run"].as_str().unwrap()),
        "promoted",
    );
    assert!(report.contains(leaked), "{report}");
    assert_eq!(cloud.jobs().len(), 1);
    run
}

/// The candidate's.
fn score(run: &Value) -> f64 {
    run["scores"]["candidate"].as_f64().unwrap()
}

#[test]
fn banking77_as_published_trains_as_well_as_its_json_lines_and_both_end_as_promoted_models() {
    let (Some(lines), Some(table), Some(evaluation)) = (
        shared_data("banking77/train.jsonl"),
        shared_data("banking77/train.csv"),
        shared_data("banking77/eval.jsonl"),
    ) else {
        eprintln!("skipped: ../shared/data/banking77 is not here");
        return;
    };
    let as_lines = bank("train.jsonl", lines, evaluation.clone(), "");
    let run_of_lines = promoted(
        &as_lines,
        "7 that stand in the evaluation set (6 to the letter)",
    );
    drop(as_lines);

    // The table has the messages alone, so the questions are the messages alone, too.
    let messages = without_instruction(&evaluation);
    let columns = "[data]\ncolumns = { prompt = \"text\", completion = \"category\" }\n";
    // As published, five of those seven messages begin or end with line feeds.
    let as_table = bank("train.csv", table, messages, columns);
    let run_of_table = promoted(
        &as_table,
        "7 that stand in the evaluation set (1 to the letter)",
    );
    let report = as_table.wait_for_report("bank/uploads/data/bank/train.csv.txt", "accepted");
    let taken = "columns-taken (note): completion = category, prompt = text";
    assert!(report.contains(taken), "{report}");
    let leaks = "evaluation-leak (note)";
    assert_eq!(report.matches(leaks).count(), 7, "{report}");

    let (lines, table) = (score(&run_of_lines), score(&run_of_table));
    eprintln!("the candidate's score: {lines} of JSON Lines, {table} of the table");
    // Four messages that differ from earlier ones in line feeds alone are repetitions in the JSON Lines, where those are taken off.
    assert_eq!(run_of_lines["records"], 10_003 - 7 - 4);
    assert_eq!(run_of_table["records"], 10_003 - 7);
    assert!((table - lines).abs() <= APART, "{table}, {lines}");
}

/// The same questions, without the sentence that stands before each message.
fn without_instruction(evaluation: &[u8]) -> Vec<u8> {
    let mut questions = String::new();
    for line in std::str::from_utf8(evaluation).unwrap().lines() {
        let mut question: Value = serde_json::from_str(line).unwrap();
        let message = question["prompt"].as_str().unwrap();
        let message = message.strip_prefix(INSTRUCTION).unwrap().to_owned();
        question["prompt"] = message.into();
        questions.push_str(&format!("{question}\n"));
    }
    questions.into_bytes()
}
