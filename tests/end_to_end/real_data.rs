//! banking77, 10,003 messages that nobody here wrote, where the shared data are.

use crate::harness::{Cloud, shared_data};

#[test]
fn banking77_dropped_into_the_folder_ends_as_a_promoted_model_evaluated_on_every_prompt() {
    let (Some(training), Some(evaluation)) = (
        shared_data("banking77/train.jsonl"),
        shared_data("banking77/eval.jsonl"),
    ) else {
        eprintln!("skipped: ../shared/data/banking77 is not here");
        return;
    };
    let cloud = Cloud::start();
    cloud.drop_file(
        "pipelines/bank.toml",
        "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[trigger]\nquiet_for = \"2s\"\n\
         [evaluation]\nmax_prompts = 4000\n",
    );
    cloud.drop_file("eval/bank/eval.jsonl", evaluation);
    cloud.drop_file("data/bank/train.jsonl", training);
    let run = cloud.wait_for_end("bank", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(run["scores"]["prompts"], 3_080);
    assert!(
        run["scores"]["candidate"].as_f64().unwrap() > 0.7,
        "{run:#}"
    );
    let report = cloud.wait_for_report(
        &format!("bank/runs/{}.txt", run["run"].as_str().unwrap()),
        "promoted",
    );
    assert!(
        report.contains("7 that stand in the evaluation set (6 to the letter)"),
        "{report}"
    );
    assert_eq!(cloud.jobs().len(), 1);
}
