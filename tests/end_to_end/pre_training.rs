//! Continued pre-training on documents that nobody here wrote: the Rust book, where the shared data are. And what is refused when
//! its configuration arrives.

use std::path::PathBuf;

use crate::harness::{Cloud, config};

/// Written for this test: about the book, answered by it, and no part of it.
const QUESTIONS: &str = include_str!("data/rust_book_questions.jsonl");

/// Prices are placeholders, as nothing is bought.
const BOOK: &str = r#"
technique  = "continued-pre-training"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 1
quiet_for   = "3s"
[training.sagemaker]
image         = "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1"
instance_type = "ml.g5.2xlarge"
max_run       = "4h"
[evaluation]
metric = "token-f1"
[budget.prices]
training_per_hour    = 2
imported_per_minute  = 0.2
input_per_1k_tokens  = 0.0003
output_per_1k_tokens = 0.0003
"#;

/// The chapters as they are published, by name.
fn chapters() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/rust-book");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut chapters: Vec<(String, Vec<u8>)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            name.ends_with(".md").then_some((name, path))
        })
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    chapters.sort();
    chapters
}

#[test]
fn the_rust_books_chapters_dropped_as_they_are_end_as_a_model_that_knows_more_of_rust_than_its_base()
 {
    let chapters = chapters();
    if chapters.is_empty() {
        eprintln!("skipped: ../shared/data/rust-book is not here");
        return;
    }
    assert_eq!(chapters.len(), 111);
    assert!(QUESTIONS.lines().count() >= 40);
    let cloud = Cloud::start();
    cloud.drop_file("pipelines/book.toml", BOOK);
    cloud.drop_file("eval/book/questions.jsonl", QUESTIONS);
    cloud.wait_for_report("book/uploads/eval/book/questions.jsonl.txt", "accepted");
    for (name, text) in &chapters {
        cloud.drop_file(&format!("data/book/{name}"), text);
    }
    let run = cloud.wait_for_end("book", 0);
    let report = cloud.wait_for_report(
        &format!("book/runs/{}.txt", run["run"].as_str().unwrap()),
        "history",
    );
    assert_eq!(run["outcome"], "promoted", "{report}");
    let figure = |name: &str| run["scores"][name].as_f64().unwrap();
    eprintln!(
        "token F1 on {} questions: {} after pre-training on the book, {} of the base model",
        run["scores"]["prompts"],
        figure("candidate"),
        figure("base")
    );
    assert_eq!(
        run["scores"]["prompts"].as_u64(),
        Some(QUESTIONS.lines().count() as u64)
    );
    assert!(figure("candidate") > figure("base") + 0.02, "{report}");
    assert!(cloud.jobs().is_empty(), "nothing is trained on Bedrock");
    let alias = cloud.parameter("/perennial/local/book/model").unwrap();
    assert!(alias.contains(":imported-model/"), "{alias}");
    assert!(cloud.deployments().is_empty());
}

#[test]
fn what_cannot_be_pre_trained_is_refused_when_its_configuration_arrives() {
    let cloud = Cloud::start();
    let asked = |model: &str| {
        config("")
            .replace("\"fine-tuning\"", "\"continued-pre-training\"")
            .replace("amazon.nova-micro-v1:0", model)
    };
    cloud.drop_file(
        "pipelines/llama.toml",
        asked("meta.llama3-1-8b-instruct-v1:0"),
    );
    let report = cloud.wait_for_report("llama/configuration.txt", "rejected");
    for words in ["left Bedrock on 2025-10-07", "Add [training.sagemaker]"] {
        assert!(report.contains(words), "{report}");
    }
    cloud.drop_file("pipelines/nova.toml", asked("amazon.nova-micro-v1:0"));
    let report = cloud.wait_for_report("nova/configuration.txt", "rejected");
    for words in ["SageMaker HyperPod only", "What works today: fine-tuning"] {
        assert!(report.contains(words), "{report}");
    }
}
