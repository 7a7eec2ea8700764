//! What only the adapters know: the SDK's own retries, and lists of several pages.

use bytes::Bytes;
use perennial_ports::memory::operation;
use perennial_ports::{
    BatchSpec, ErrorKind, ObserveBatch as _, ObserveTraining as _, StartBatch as _,
    StartTraining as _, Tags, TrainingSpec,
};
use serde_json::json;

use crate::account::Account;

fn training(name: &str) -> TrainingSpec {
    TrainingSpec {
        name: name.into(),
        model_name: name.into(),
        token: name.into(),
        base_model: "amazon.nova-micro-v1:0:128k".into(),
        training_key: "work/p/train.jsonl".into(),
        output_prefix: "work/p/out/".into(),
        customization: perennial_core::routing::Customization::FineTuning,
        hyperparameters: Default::default(),
        tags: Tags::from([("run".into(), name.into())]),
    }
}

/// The SDK tries a lost call again by itself. The client token makes that one job.
#[tokio::test(flavor = "multi_thread")]
async fn the_sdks_own_retries_make_one_job() {
    let account = Account::open().await;
    let bedrock = account.patient_bedrock().await;
    let put = account
        .setup()
        .objects
        .put("work/p/train.jsonl", Bytes::from("{}"), "a/b");
    put.await.unwrap();
    let name = operation::CREATE_TRAINING.trim_start_matches("bedrock:");
    let faults = json!({ "loseAnswers": { name: 3 } });
    account.control("PUT", "faults", faults).await;
    let arn = bedrock.start_training(&training("job")).await.unwrap();
    let found = bedrock.find_training("job").await.unwrap().unwrap();
    assert_eq!(found.arn, arn);

    let faults = json!({ "loseAnswers": { name: 4 } });
    account.control("PUT", "faults", faults).await;
    let lost = bedrock.start_training(&training("lost")).await;
    assert_eq!(lost.unwrap_err().kind, ErrorKind::Unanswered);
    let found = bedrock.find_training("lost").await.unwrap();
    assert_eq!(found.unwrap().tags, training("lost").tags);
    let refusal = json!({ "times": 3, "code": "ThrottlingException" });
    let faults = json!({ "refuse": { name: refusal } });
    account.control("PUT", "faults", faults).await;
    bedrock
        .start_training(&training("throttled"))
        .await
        .unwrap();
    account.close().await;
}

/// A batch job is found by listing all whose names contain its own: here more than a page.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_found_behind_pages_of_similar_ones() {
    let account = Account::open().await;
    let put = account
        .setup()
        .objects
        .put("work/p/in.jsonl", Bytes::from("{}"), "a/b");
    put.await.unwrap();
    let spec = |name: &str| BatchSpec {
        name: name.into(),
        token: name.into(),
        model_id: "amazon.nova-micro-v1:0".into(),
        input_key: "work/p/in.jsonl".into(),
        output_prefix: "work/p/answers/".into(),
        tags: Tags::new(),
    };
    let arn = account.bedrock.start_batch(&spec("base")).await.unwrap();
    for n in 0..120 {
        let spec = spec(&format!("base-{n}"));
        account.bedrock.start_batch(&spec).await.unwrap();
    }
    let found = account.bedrock.find_batch("base").await.unwrap();
    assert_eq!(found.map(|job| job.arn), Some(arn));
    assert_eq!(account.bedrock.find_batch("ase").await, Ok(None));
    account.close().await;
}
