//! Continued pre-training on short documents, which are packed when they are compiled: what several uploads have is trained on once.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use perennial_core::manifest::index_key;
use perennial_core::names::PipelineName;
use perennial_core::run::Run;
use perennial_engine::records;
use perennial_tests::{World, evaluation};

const BOOK: &str = r#"
technique = "continued-pre-training"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 2
quiet_for = "1m"
at_most_every = "1h"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1"
instance_type = "ml.g5.2xlarge"
max_run = "4h"
[budget]
per_run_usd = 60
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0003
output_per_1k_tokens = 0.0003
"#;

fn documents(numbers: std::ops::Range<u32>) -> String {
    let line = |n| format!("{{\"text\":\"Desk {n} is beside door {n}.\"}}\n");
    numbers.map(line).collect()
}

async fn shard_of(world: &World, key: &str) -> String {
    let name = PipelineName::parse("bot").expect("valid");
    let upload = records::upload(world.cloud.table.as_ref(), &name, key).await;
    let upload = upload.expect("readable").expect("known").record;
    upload.shard.expect("compiled").key
}

/// The run on two uploads that have 299 of 300 documents in common; `spoil` is called before it begins.
async fn run_on_two(spoil: impl AsyncFnOnce(&World)) -> (World, Run, Vec<String>) {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", BOOK);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/p1.jsonl", documents(0..300));
    world.settle().await;
    world.upload("data/bot/p2.jsonl", documents(1..301));
    world.settle().await;
    spoil(&world).await;
    world.pass(SignedDuration::from_hours(8)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.dataset.uploads, 2);
    let key = &run.prepared.as_ref().expect("prepared").training_key;
    let file = world.cloud.objects.read_text(key).expect("written");
    let text = |line: &str| -> String {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        record["text"].as_str().expect("text").to_owned()
    };
    let texts = file.lines().map(text).collect::<Vec<_>>().join("\n\n");
    let documents = texts.split("\n\n").map(str::to_owned).collect();
    (world, run, documents)
}

#[tokio::test]
async fn a_short_document_in_two_uploads_is_once_in_the_training_file() {
    let (world, run, documents) = run_on_two(async |_| ()).await;
    let distinct: BTreeSet<&String> = documents.iter().collect();
    assert_eq!((documents.len(), distinct.len()), (301, 301));
    let prepared = run.prepared.as_ref().expect("prepared");
    assert_eq!(prepared.duplicates, 299);
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    assert!(
        report.contains(
            "left out: 299 duplicates (documents; short ones are packed, several in a record)"
        ),
        "{report}"
    );
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn without_its_index_a_shard_is_compared_by_whole_records_and_loses_nothing() {
    for spoil in ["no index", "another"] {
        let (_, _, documents) = run_on_two(async |world| {
            let index = index_key(&shard_of(world, "data/bot/p1.jsonl").await);
            assert!(world.cloud.objects.read(&index).is_some());
            match spoil {
                "no index" => drop(world.cloud.objects.delete(&index)),
                _ => drop(world.cloud.objects.upload(&index, "rubbish")),
            }
        })
        .await;
        let distinct: BTreeSet<&String> = documents.iter().collect();
        assert_eq!((documents.len(), distinct.len()), (600, 301), "{spoil}");
    }
}
