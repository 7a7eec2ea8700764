//! Training on SageMaker with real processes: spot instances that are taken back, and Nova by preferences.

use serde_json::{Value, json};

use crate::harness::{Cloud, runtime};

const TRIGGER: &str = "[trigger]\nmin_records = 100\nquiet_for = \"1s\"\nat_most_every = \"1s\"\n";

/// Prices are placeholders, as nothing is bought.
const SPOT: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[training]
on = "sagemaker"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
spot = true
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

const PREFERENCES: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[training]
on = "sagemaker"
[training.serverless]
technique = "dpo"
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
[budget.prices]
training_per_1k_tokens = 0.002
"#;

fn with(faults: &Value, config: &str, data: &str) -> Cloud {
    let cloud = Cloud::start();
    cloud.control("PUT", "faults", faults);
    cloud.drop_file("pipelines/bot.toml", format!("{config}{TRIGGER}"));
    cloud.wait_for_report("bot/configuration.txt", "accepted");
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.wait_for_report("bot/uploads/eval/bot/questions.jsonl.txt", "accepted");
    cloud.drop_file("data/bot/tickets.jsonl", data);
    cloud
}

/// The keys below a prefix.
fn keys(cloud: &Cloud, prefix: &str) -> Vec<String> {
    let client = cloud.s3();
    runtime().block_on(async {
        let listed = client.list_objects_v2().bucket("perennial-local");
        let listed = listed.prefix(prefix).send().await.unwrap();
        let keys = listed.contents().iter().filter_map(|object| object.key());
        keys.map(str::to_owned).collect()
    })
}

#[test]
fn a_job_whose_spot_instances_are_taken_back_goes_on_from_its_checkpoint_and_is_not_bought_again() {
    let taken_back = json!({ "interruptTrainingJobs": 2 });
    let cloud = with(&taken_back, SPOT, &perennial_tests::training());
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    let work = format!("work/bot/{}/", run["run"].as_str().unwrap());
    let of_job = keys(&cloud, &work);
    let taken_back: Vec<_> = of_job
        .iter()
        .filter_map(|key| key.strip_prefix(&work)?.split_once("checkpoint-"))
        .collect();
    assert_eq!(
        taken_back,
        [
            ("checkpoints-1/", "1/trainer_state.json"),
            ("checkpoints-1/", "2/trainer_state.json")
        ],
        "{of_job:?}"
    );
    let report = format!("bot/runs/{}.txt", run["run"].as_str().unwrap());
    let history = cloud.wait_for_report(&report, "history");
    let started = history.matches("training job ").count();
    assert_eq!(started, 1, "{history}");
}

#[test]
fn preferences_dropped_as_they_are_end_as_a_promoted_model() {
    let records: Vec<Value> = perennial_tests::training()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let pairs: String = records
        .iter()
        .map(|record| {
            let better = &record["completion"];
            let others = records.iter().map(|other| &other["completion"]);
            let worse = others.clone().find(|other| *other != better).unwrap();
            let pair = json!({ "prompt": record["prompt"], "chosen": better, "rejected": worse });
            format!("{pair}\n")
        })
        .collect();
    let cloud = with(&json!({}), PREFERENCES, &pairs);
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    let figure = |name: &str| run["scores"][name].as_f64().unwrap();
    assert!(figure("candidate") > figure("base"), "{run:#}");
    assert!(cloud.jobs().is_empty(), "nothing is trained on Bedrock");
    let alias = cloud.parameter("/perennial/local/bot/model").unwrap();
    assert!(alias.contains(":custom-model-deployment/"), "{alias}");
}
