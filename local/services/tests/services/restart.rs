//! What a kill leaves.

use serde_json::json;

use crate::bench::{Bench, encoded};

#[test]
fn jobs_models_deployments_and_answers_survive() {
    let bench = Bench::new();
    let model = bench.model("model");
    let deployment = bench.deployment("alias", &model);
    bench.job("running");
    bench.after(5);
    // The training file may expire: the model does not need it any more.
    bench.put("train.jsonl", "");
    let bench = bench.restarted();
    let answer = bench.converse(&deployment, "question number 4").good();
    assert_eq!(answer["output"]["message"]["content"][0]["text"], "label-4");
    bench.after(30);
    assert_eq!(
        bench.get("/model-customization-jobs/running").good()["status"],
        "Completed"
    );
}

#[test]
fn a_job_that_ended_while_nobody_looked_ended_at_its_time_and_is_announced() {
    let bench = Bench::new();
    let arn = bench.job("job");
    let before = bench.after(0);
    let ids: Vec<&str> = before
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    bench.services.acknowledge(ids).unwrap();
    let bench = bench.restarted();
    let events = bench.after(86_400);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["detail"]["jobStatus"], "Completed");
    let job = bench
        .get(&format!("/model-customization-jobs/{}", encoded(&arn)))
        .good();
    assert_eq!(job["endTime"], json!("2026-11-20T10:00:10Z"));
}
