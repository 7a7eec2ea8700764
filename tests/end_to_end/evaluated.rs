//! What is bought for an evaluation and for a chain: throughput for a candidate that answers in no other way, which is gone afterwards,
//! and a first stage that is bought once.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{Cloud, wait};

/// The calls of one operation that were answered, by their parameters.
fn calls(cloud: &Cloud, operation: &str) -> Vec<Value> {
    let trace = std::fs::read_to_string(cloud.dir().join("trace.jsonl")).unwrap();
    trace
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|call| call["eventName"] == operation && call["errorCode"].is_null())
        .map(|call| call["requestParameters"].clone())
        .collect()
}

/// All weights are trained, so the model is served by provisioned throughput only. Prices are placeholders, as nothing is bought.
const FULL_RANK: &str = r#"
technique  = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records   = 100
quiet_for     = "1s"
at_most_every = "1s"
[training]
on = "sagemaker"
[training.serverless]
peft                = "full"
accept_eula         = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
[promotion]
serve       = "provisioned"
model_units = 2
approval    = "manual"
[budget]
per_run_usd           = 1500
per_month_usd         = 3000
serving_per_month_usd = 30000
[budget.prices]
training_per_1k_tokens = 0.002
provisioned_per_hour   = 20
"#;

#[test]
fn a_candidate_that_is_served_in_no_other_way_has_one_unit_for_its_questions_and_none_while_a_person_is_waited_for()
 {
    let cloud = Cloud::start();
    cloud.drop_file("pipelines/bot.toml", FULL_RANK);
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.wait_for_report("bot/uploads/eval/bot/questions.jsonl.txt", "accepted");
    cloud.drop_file("data/bot/tickets.jsonl", perennial_tests::training());
    let run = cloud.wait_for_stage("bot", 0, "approval");
    assert!(run["outcome"].is_null(), "{run:#}");
    let id = run["run"].as_str().unwrap();
    assert_eq!(cloud.throughputs(), [], "its questions are answered");
    assert_eq!(cloud.deployments(), Vec::<String>::new());
    let bought = calls(&cloud, "CreateProvisionedModelThroughput");
    let [candidate] = &bought[..] else {
        panic!("{bought:#?}");
    };
    assert_eq!(candidate["modelUnits"], 1, "{candidate:#}");
    assert!(candidate["commitmentDuration"].is_null(), "{candidate:#}");
    assert!(!calls(&cloud, "DeleteProvisionedModelThroughput").is_empty());

    let (code, said) = cloud.run(&["approve", id]);
    assert_eq!(code, 0, "{said}");
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    let [(arn, _)] = &cloud.throughputs()[..] else {
        panic!("{:?}", cloud.throughputs());
    };
    assert_eq!(
        cloud.parameter("/perennial/local/bot/model").as_ref(),
        Some(arn)
    );
    let bought = calls(&cloud, "CreateProvisionedModelThroughput");
    assert_eq!(bought.len(), 2);
    assert_eq!(bought[1]["modelUnits"], 2, "what serves has its own units");
}

const CHAIN: &str = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records   = 20
quiet_for     = "2s"
at_most_every = "1s"
[training.sagemaker]
image         = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run       = "4h"
[[stage]]
technique = "continued-pre-training"
from      = ["documents/"]
[[stage]]
technique = "fine-tuning"
[budget.prices]
training_per_hour    = 2
imported_per_minute  = 0.2
input_per_1k_tokens  = 0.0003
output_per_1k_tokens = 0.0003
"#;

/// The names of the training jobs that were created for a purpose, by its letter.
fn jobs(cloud: &Cloud, letter: char) -> Vec<String> {
    let mut names: Vec<String> = calls(cloud, "CreateTrainingJob")
        .iter()
        .map(|job| job["TrainingJobName"].as_str().unwrap().to_owned())
        .filter(|name| {
            let end = name.rsplit('-').next();
            end.is_some_and(|end| end.starts_with(letter))
        })
        .collect();
    names.dedup();
    names
}

#[test]
fn a_chain_whose_second_stage_failed_starts_again_from_the_weights_of_its_first() {
    let cloud = Cloud::start();
    let handbook = (1..=20).fold(String::new(), |mut text, desk| {
        let _ = writeln!(
            text,
            "# Desk {desk}\n\nWhoever works at desk {desk} answers every visitor within {desk} minutes."
        );
        text
    });
    cloud.drop_file("pipelines/bot.toml", CHAIN);
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.wait_for_report("bot/uploads/eval/bot/questions.jsonl.txt", "accepted");
    cloud.drop_file("data/bot/documents/handbook.md", handbook);
    cloud.drop_file("data/bot/tickets.jsonl", perennial_tests::training());
    wait("the first stage's job is there", || {
        (!jobs(&cloud, 'p').is_empty()).then_some(())
    });
    let why = "AlgorithmError: out of memory";
    cloud.control(
        "PUT",
        "faults",
        &json!({ "failTrainingJobs": 1, "trainingFailureMessage": why }),
    );
    let failed = cloud.wait_for_end("bot", 0);
    assert_eq!(failed["outcome"], "failed", "{failed:#}");
    assert!(failed["reason"].as_str().unwrap().contains(why));
    assert_eq!((jobs(&cloud, 'p').len(), jobs(&cloud, 't').len()), (1, 1));

    cloud.drop_file("data/bot/more.jsonl", perennial_tests::training());
    let run = cloud.wait_for_end("bot", 1);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(
        jobs(&cloud, 'p').len(),
        1,
        "the documents' model was found again"
    );
    assert_eq!(jobs(&cloud, 't').len(), 2);
    let report = format!("bot/runs/{}.txt", run["run"].as_str().unwrap());
    let bought_by = format!("bought by run {}", failed["run"].as_str().unwrap());
    cloud.wait_for_report(&report, &bought_by);
}
