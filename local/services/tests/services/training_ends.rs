//! What becomes of SageMaker's training jobs: failures, interruptions, data that is not taken, what they leave, a kill.

use perennial_local_services::ObjectAccess;
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    sagemaker::{
        NOVA, channel, on_instances, put_conversations, put_documents, secondary, serverless,
    },
};

#[test]
fn a_planted_failure_a_hanging_job_and_an_interruption() {
    let bench = Bench::new();
    put_documents(&bench);
    let plant = |faults: Value| {
        bench
            .services
            .set_faults(serde_json::from_value(faults).unwrap());
    };
    let create = |request: Value| bench.sagemaker("CreateTrainingJob", &request).good();
    plant(
        json!({ "failTrainingJobs": 1, "trainingFailureMessage": "AlgorithmError: out of memory" }),
    );
    create(on_instances("fails", json!({})));
    bench.after(30);
    let failed = bench.described("fails");
    assert_eq!(failed["TrainingJobStatus"], "Failed");
    assert_eq!(failed["FailureReason"], "AlgorithmError: out of memory");

    plant(json!({ "hangTrainingJobs": 2, "hangInStatus": "Downloading" }));
    create(on_instances("hangs", json!({})));
    create(serverless(
        "hangs-for-ever",
        json!({ "InputDataConfig": [channel("train", "s3://bucket/shards/")] }),
    ));
    bench.after(3000);
    assert_eq!(bench.described("hangs")["SecondaryStatus"], "Downloading");
    bench.after(3000);
    let over = bench.described("hangs");
    assert_eq!(over["TrainingJobStatus"], "Stopped");
    assert_eq!(over["SecondaryStatus"], "MaxRuntimeExceeded");
    assert_eq!(over["BillableTimeInSeconds"], 3600);
    assert_eq!(
        bench.described("hangs-for-ever")["SecondaryStatus"],
        "Downloading"
    );

    plant(json!({ "interruptTrainingJobs": 1 }));
    create(on_instances(
        "spot",
        json!({
            "EnableManagedSpotTraining": true,
            "StoppingCondition": { "MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200 },
            "CheckpointConfig": { "S3Uri": "s3://bucket/checkpoints/spot" },
        }),
    ));
    let events = bench.after(60);
    assert_eq!(
        secondary(&events)[..8],
        [
            "Starting",
            "Downloading",
            "Training",
            "Interrupted",
            "Starting",
            "Downloading",
            "Training",
            "Uploading"
        ]
    );
    let done = bench.described("spot");
    assert_eq!(done["TrainingJobStatus"], "Completed");
    assert!(
        bench
            .text("checkpoints/spot/checkpoint-1/trainer_state.json")
            .contains("spot")
    );
    let billed = done["BillableTimeInSeconds"].as_i64().unwrap();
    assert!(billed < done["TrainingTimeInSeconds"].as_i64().unwrap());
}

#[test]
fn data_that_a_trainer_does_not_take_fails_its_job_and_says_why() {
    let bench = Bench::new();
    let nova = json!({ "TrainingImage": NOVA, "TrainingInputMode": "File" });
    let lite = json!({ "recipe": "fine-tuning/nova/nova_lite_p5_gpu_lora_sft" });
    let of_nova = json!({ "AlgorithmSpecification": nova, "HyperParameters": lite });
    for (number, (content, request, wanted)) in [
        (
            "{\"text\":\"a\",\"id\":1}",
            on_instances("j0", json!({})),
            "line 1 of shards/a.jsonl",
        ),
        ("{\"text\":\"a\"}", on_instances("j1", of_nova), "HyperPod"),
        (
            "{\"text\":\"a\"}",
            serverless("j2", json!({})),
            "no {\"text\"} records",
        ),
        ("\n", on_instances("j3", json!({})), "hold no records"),
        (
            "{\"text\":\"a\"}\n{\"prompt\":\"a\",\"completion\":\"b\"}",
            on_instances("j4", json!({})),
            "mixes",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        bench.put("shards/a.jsonl", content);
        bench.sagemaker("CreateTrainingJob", &request).good();
        bench.after(30);
        let failed = bench.described(&format!("j{number}"));
        assert_eq!(failed["SecondaryStatus"], "Failed");
        let reason = failed["FailureReason"].as_str().unwrap();
        assert!(reason.contains(wanted), "{reason}");
    }
}

#[test]
fn a_nova_job_leaves_a_pointer_to_its_checkpoint_where_the_facts_say() {
    let bench = Bench::new();
    put_conversations(&bench);
    bench
        .sagemaker("CreateTrainingJob", &serverless("sft-1", json!({})))
        .good();
    let nova = json!({ "TrainingImage": NOVA, "TrainingInputMode": "File" });
    let recipe = json!({ "recipe": "fine-tuning/nova/nova_lite_p5_gpu_sft" });
    let request = on_instances(
        "sft-2",
        json!({ "AlgorithmSpecification": nova, "HyperParameters": recipe }),
    );
    bench.sagemaker("CreateTrainingJob", &request).good();
    bench.after(30);
    let manifest: Value =
        serde_json::from_str(&bench.text("out/sft-1/output/output/manifest.json")).unwrap();
    let uri = manifest["checkpoint_s3_bucket"].as_str().unwrap();
    assert!(
        uri.starts_with("s3://customer-escrow-123456789012-local/sft-1-"),
        "{uri}"
    );
    let done = bench.described("sft-1");
    assert_eq!(
        done["OutputModelPackageArn"],
        "arn:aws:sagemaker:us-east-1:123456789012:model-package/perennial/1"
    );
    assert!(done["BillableTokenCount"].as_i64().unwrap() > 0);
    assert!(done.get("BillableTimeInSeconds").is_none());
    let packed = bench
        .objects
        .read("bucket", "out/sft-2/output/output.tar.gz")
        .unwrap();
    let mut tar = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut tar)
        .unwrap();
    assert!(tar.starts_with("manifest.json\0"));
    assert!(
        tar.contains("\"checkpoint_s3_bucket\":\"s3://customer-escrow-123456789012-local/sft-2-")
    );
}

#[test]
fn a_job_survives_a_kill() {
    let bench = Bench::new();
    put_conversations(&bench);
    bench
        .sagemaker("CreateTrainingJob", &serverless("sft-1", json!({})))
        .good();
    bench.after(5);
    // What was read is learnt: the shards may expire.
    bench.put("shards/a.jsonl", "");
    let bench = bench.restarted();
    bench.after(30);
    assert_eq!(bench.described("sft-1")["TrainingJobStatus"], "Completed");
}
