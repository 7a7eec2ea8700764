//! Serverless jobs by preferences (DPO): what they take, what they learn, and what fails them.

use perennial_local_services::ObjectAccess;
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    imported::{get, registration},
    sagemaker::serverless,
};

fn candidates(number: usize) -> Value {
    json!({ "messages": [
        { "role": "user", "content": [{ "text": format!("question number {number}") }] },
        { "role": "assistant", "candidates": [
            { "content": [{ "text": format!("bad {number}") }], "preferenceLabel": "non-preferred" },
            { "content": [{ "text": format!("good {number}") }], "preferenceLabel": "preferred" },
        ] },
    ] })
}

fn file(records: impl Iterator<Item = Value>) -> String {
    records.map(|record| format!("{record}\n")).collect()
}

fn by_preferences(name: &str, batch: &str) -> Value {
    let mut request = serverless(
        name,
        json!({ "HyperParameters": { "global_batch_size": batch } }),
    );
    request["ServerlessJobConfig"]["CustomizationTechnique"] = json!("DPO");
    request
}

#[test]
fn the_preferred_answers_are_learnt_and_both_are_counted() {
    let bench = Bench::new();
    let data = file((0..20).map(candidates));
    bench.put("shards/a.jsonl", &data);
    bench
        .sagemaker("CreateTrainingJob", &by_preferences("dpo", "16"))
        .good();
    bench.after(30);
    let done = bench.described("dpo");
    assert_eq!(done["TrainingJobStatus"], "Completed", "{done}");
    // Four characters a token, of the prompt and both answers.
    let length: usize = (0..20)
        .map(|n| format!("question number {n}bad {n}good {n}").len())
        .sum();
    assert_eq!(done["BillableTokenCount"], length.div_ceil(4));
    let manifest = bench.text("out/dpo/output/output/manifest.json");
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let checkpoint = manifest["checkpoint_s3_bucket"].as_str().unwrap();
    bench.register(&registration("m", checkpoint)).good();
    bench.after(30);
    let model = get(&bench, "custom-models", "m")["modelArn"].clone();
    let deployment = bench.deployment("d", model.as_str().unwrap());
    assert_eq!(bench.said(&deployment, "question number 7"), "good 7");
}

#[test]
fn the_second_generation_of_nova_is_not_trained_so() {
    let bench = Bench::new();
    bench.put("shards/a.jsonl", &file((0..20).map(candidates)));
    let mut request = by_preferences("dpo", "16");
    let hub = &mut request["ServerlessJobConfig"]["BaseModelArn"];
    let (before, _) = hub.as_str().unwrap().rsplit_once('/').unwrap();
    *hub = json!(format!("{before}/nova-textgeneration-lite-v2"));
    let (code, message) = bench.sagemaker("CreateTrainingJob", &request).refused();
    assert_eq!(code, "ValidationException");
    assert!(message.contains("DPO is not supported"), "{message}");
}

#[test]
fn data_of_another_technique_fails_the_job_and_says_which_line() {
    let bench = Bench::new();
    let pair = json!({ "messages": [
        { "role": "user", "content": [{ "text": "a" }] },
        { "role": "assistant", "content": [{ "text": "b" }] },
    ] });
    let mut unlabelled = candidates(0);
    unlabelled["messages"][1]["candidates"][0]["preferenceLabel"] = json!("preferred");
    let chosen = json!({ "prompt": "a", "chosen": "b", "rejected": "c" });
    for (number, (content, mut request, wanted)) in [
        (
            file([candidates(0)].into_iter()),
            serverless("", json!({})),
            "Records with candidates go with the customization technique DPO only",
        ),
        (
            file([candidates(0), pair].into_iter()),
            by_preferences("", "1"),
            "line 2 of shards/a.jsonl: the last message has the member content",
        ),
        (
            file([chosen].into_iter()),
            by_preferences("", "1"),
            "line 1 of shards/a.jsonl: a record has the member",
        ),
        (
            file([unlabelled].into_iter()),
            by_preferences("", "1"),
            "2 candidates are preferred",
        ),
        (
            file((0..15).map(candidates)),
            by_preferences("", "16"),
            "Number of samples 15 out of bounds between 16 and inf",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        bench.put("shards/a.jsonl", &content);
        let name = format!("j{number}");
        request["TrainingJobName"] = json!(name);
        bench.sagemaker("CreateTrainingJob", &request).good();
        bench.after(30);
        let failed = bench.described(&name);
        assert_eq!(failed["SecondaryStatus"], "Failed");
        let reason = failed["FailureReason"].as_str().unwrap();
        assert!(
            reason.starts_with("ClientError: Invalid input error: ") && reason.contains(wanted),
            "{reason}"
        );
        let manifest = format!("out/{name}/output/output/manifest.json");
        assert!(bench.objects.read("bucket", &manifest).is_err());
    }
}
