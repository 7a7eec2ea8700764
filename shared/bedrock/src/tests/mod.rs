//! What is sent, and how answers are read.

mod customization;
mod imports;
mod provisioned;
mod registrations;

use std::collections::BTreeMap;

use super::*;
use aws_sdk_bedrock::config::{BehaviorVersion, Region};
use perennial_aws_errors::replay::{Asked, Replay, Reply};
use perennial_ports::{
    BatchSpec, BatchStatus, ChangeDeployments, DeleteModels, DeploymentSpec, ObserveBatch,
    ObserveDeployments, ObserveModels, ObserveTraining, StartBatch, StartTraining, StopTraining,
    TrainingSpec, TrainingStatus, UpdateStatus,
};
use serde_json::{Value, json};

const ACCOUNT: &str = "arn:aws:bedrock:us-east-1:123456789012";

fn bedrock(replay: &Replay) -> Bedrock {
    let config = aws_sdk_bedrock::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Replay::credentials())
        .http_client(replay.http_client())
        .build();
    let settings = Settings {
        bucket: "bucket".into(),
        job_role_arn: "arn:aws:iam::123456789012:role/job".into(),
    };
    Bedrock::new(Client::from_conf(config), settings)
}

fn replay(bodies: impl IntoIterator<Item = Value>) -> Replay {
    Replay::new(bodies.into_iter().map(|body| Reply::ok(body.to_string())))
}

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).expect("JSON")
}

fn tags() -> Tags {
    Tags::from([("perennial:run".to_owned(), "01j".to_owned())])
}

fn missing() -> Reply {
    Reply::refusal(404, "ResourceNotFoundException", "not there")
}

fn job(status: &str) -> Value {
    json!({
        "jobArn": format!("{ACCOUNT}:model-customization-job/x/abc"), "jobName": "p-dev-t", "outputModelName": "p-dev-t",
        "roleArn": "r", "status": status, "creationTime": "2026-11-20T10:00:00Z", "baseModelArn": "m",
        "trainingDataConfig": { "s3Uri": "s3://bucket/a" }, "outputDataConfig": { "s3Uri": "s3://bucket/b" },
        "outputModelArn": format!("{ACCOUNT}:custom-model/x/abc"), "hyperParameters": {},
    })
}

#[tokio::test]
async fn training_bears_its_name_token_and_tags_on_job_and_model() {
    let replay = replay([json!({ "jobArn": "arn" })]);
    let spec = TrainingSpec {
        name: "p-dev-t".into(),
        model_name: "p-dev-m".into(),
        token: "p-dev-t".into(),
        base_model: "amazon.nova-micro-v1:0:128k".into(),
        training_key: "work/p/train.jsonl".into(),
        output_prefix: "work/p/out/".into(),
        customization: perennial_core::routing::Customization::FineTuning,
        hyperparameters: BTreeMap::from([("epochCount".into(), "2".into())]),
        tags: tags(),
    };
    let arn = bedrock(&replay).start_training(&spec).await;
    assert_eq!(arn.as_deref(), Ok("arn"));
    let tag = json!([{ "key": "perennial:run", "value": "01j" }]);
    assert_eq!(
        body(&replay.asked()[0]),
        json!({
            "jobName": "p-dev-t", "customModelName": "p-dev-m", "clientRequestToken": "p-dev-t",
            "roleArn": "arn:aws:iam::123456789012:role/job", "baseModelIdentifier": "amazon.nova-micro-v1:0:128k",
            "customizationType": "FINE_TUNING", "trainingDataConfig": { "s3Uri": "s3://bucket/work/p/train.jsonl" },
            "outputDataConfig": { "s3Uri": "s3://bucket/work/p/out/" }, "hyperParameters": { "epochCount": "2" },
            "jobTags": tag, "customModelTags": tag,
        })
    );
}

#[tokio::test]
async fn a_job_is_found_by_name_with_its_tags() {
    let found = replay([
        job("Completed"),
        json!({ "tags": [{ "key": "perennial:run", "value": "01j" }] }),
    ]);
    let job = bedrock(&found).find_training("p-dev-t").await;
    let job = job.expect("answered").expect("there");
    assert_eq!((job.status, job.tags), (TrainingStatus::Completed, tags()));
    assert_eq!(job.model_arn, Some(format!("{ACCOUNT}:custom-model/x/abc")));
    assert!(
        found.asked()[0]
            .uri
            .ends_with("/model-customization-jobs/p-dev-t")
    );
    let gone = Replay::new([missing()]);
    assert_eq!(bedrock(&gone).find_training("p-dev-t").await, Ok(None));
}

#[tokio::test]
async fn stopping_an_ended_job_is_no_error() {
    let refusal = || Reply::refusal(400, "ConflictException", "The job has ended");
    let ended = Replay::new([refusal(), Reply::ok(job("Completed").to_string())]);
    assert_eq!(bedrock(&ended).stop_training("p-dev-t").await, Ok(()));
    let running = Replay::new([refusal(), Reply::ok(job("InProgress").to_string())]);
    let error = bedrock(&running)
        .stop_training("p-dev-t")
        .await
        .expect_err("not stopped");
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("The job has ended"), "{error}");
}

#[tokio::test]
async fn a_batch_job_asks_by_converse() {
    let replay = replay([json!({ "jobArn": "arn" })]);
    let spec = BatchSpec {
        name: "p-dev-b".into(),
        token: "p-dev-b".into(),
        model_id: "amazon.nova-micro-v1:0".into(),
        input_key: "work/p/in.jsonl".into(),
        output_prefix: "work/p/answers/".into(),
        tags: tags(),
    };
    bedrock(&replay).start_batch(&spec).await.expect("started");
    let sent = body(&replay.asked()[0]);
    assert_eq!(sent["modelInvocationType"], "Converse");
    assert_eq!(
        sent["inputDataConfig"]["s3InputDataConfig"],
        json!({ "s3InputFormat": "JSONL", "s3Uri": "s3://bucket/work/p/in.jsonl" })
    );
    assert_eq!(
        sent["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"],
        "s3://bucket/work/p/answers/"
    );
    assert_eq!(sent["tags"][0]["key"], "perennial:run");
}

#[tokio::test]
async fn a_batch_job_is_found_by_its_exact_name_over_pages() {
    let summary = |name: &str, id: &str| {
        json!({
            "jobArn": format!("{ACCOUNT}:model-invocation-job/{id}"), "jobName": name, "modelId": "m", "roleArn": "r",
            "submitTime": "2026-11-20T10:00:00Z",
            "inputDataConfig": { "s3InputDataConfig": { "s3Uri": "s3://bucket/a" } },
            "outputDataConfig": { "s3OutputDataConfig": { "s3Uri": "s3://bucket/b" } },
        })
    };
    let mut found = summary("p-dev-b", "exact");
    found["status"] = json!("PartiallyCompleted");
    let replay = replay([
        json!({ "invocationJobSummaries": [summary("p-dev-b2", "other")], "nextToken": "next" }),
        json!({ "invocationJobSummaries": [summary("p-dev-b", "exact")] }),
        found,
        json!({ "tags": [] }),
    ]);
    let job = bedrock(&replay).find_batch("p-dev-b").await;
    let job = job.expect("answered").expect("there");
    assert_eq!((job.id(), job.status), ("exact", BatchStatus::Partial));
    let asked = replay.asked();
    assert!(
        asked[0].uri.contains("nameContains=p-dev-b"),
        "{}",
        asked[0].uri
    );
    assert!(asked[1].uri.contains("nextToken=next"), "{}", asked[1].uri);
}

fn served(update: Value) -> Value {
    json!({
        "customModelDeploymentArn": format!("{ACCOUNT}:custom-model-deployment/abcdefghijkl"),
        "modelDeploymentName": "p-dev", "modelArn": "old", "createdAt": "2026-11-20T10:00:00Z", "status": "Active",
        "updateDetails": update,
    })
}

#[tokio::test]
async fn deployments_are_made_swapped_seen_and_removed() {
    let arn = format!("{ACCOUNT}:custom-model-deployment/abcdefghijkl");
    let replay = Replay::new([
        Reply::ok(json!({ "customModelDeploymentArn": arn }).to_string()),
        Reply::ok(json!({ "customModelDeploymentArn": arn }).to_string()),
        Reply::ok(served(json!({ "modelArn": "new", "updateStatus": "Updating" })).to_string()),
        Reply::ok(json!({ "tags": [] }).to_string()),
        missing(),
        missing(),
    ]);
    let bedrock = bedrock(&replay);
    let spec = DeploymentSpec {
        buy: None,
        name: "p-dev".into(),
        token: "p-dev".into(),
        model_arn: "old".into(),
        description: "Serves p".into(),
        tags: tags(),
    };
    assert_eq!(bedrock.create_deployment(&spec).await, Ok(arn.clone()));
    assert_eq!(bedrock.update_deployment(&arn, "new").await, Ok(()));
    let seen = bedrock.find_deployment("p-dev").await;
    let seen = seen.expect("answered").expect("there");
    assert_eq!(seen.update, Some(UpdateStatus::Updating("new".into())));
    assert_eq!(bedrock.delete_deployment(&arn).await, Ok(()));
    assert_eq!(bedrock.get_deployment(&arn).await, Ok(None));
    let asked = replay.asked();
    assert_eq!(body(&asked[0])["modelDeploymentName"], "p-dev");
    assert_eq!(body(&asked[1]), json!({ "modelArn": "new" }));
    assert_eq!(asked[1].method, "PATCH");
}

#[tokio::test]
async fn removing_what_is_being_removed_is_no_error_and_what_is_being_changed_a_conflict() {
    let arn = format!("{ACCOUNT}:custom-model-deployment/abcdefghijkl");
    let refusal = || Reply::refusal(400, "ConflictException", "A change is in progress");
    let no_tags = || Reply::ok(json!({ "tags": [] }).to_string());
    let served = |status| {
        Reply::ok(served(json!({ "modelArn": "new", "updateStatus": status })).to_string())
    };
    let removed = Replay::new([refusal(), served("UpdateCompleted"), no_tags()]);
    assert_eq!(bedrock(&removed).delete_deployment(&arn).await, Ok(()));
    let gone = Replay::new([refusal(), missing()]);
    assert_eq!(bedrock(&gone).delete_deployment(&arn).await, Ok(()));
    let updated = Replay::new([refusal(), served("Updating"), no_tags()]);
    let error = bedrock(&updated).delete_deployment(&arn).await;
    let error = error.expect_err("not removed");
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("A change is in progress"), "{error}");
}

#[tokio::test]
async fn being_denied_to_remove_what_is_not_there_is_no_error() {
    let arn = format!("{ACCOUNT}:custom-model-deployment/abcdefghijkl");
    let refusal = || Reply::refusal(403, "AccessDeniedException", "not authorized");
    let gone = Replay::new([refusal(), missing(), refusal(), missing()]);
    assert_eq!(bedrock(&gone).delete_deployment(&arn).await, Ok(()));
    assert_eq!(bedrock(&gone).delete_model("arn").await, Ok(()));
    let there = Replay::new([refusal(), refusal()]);
    let error = bedrock(&there).delete_model("arn").await;
    assert_eq!(error.expect_err("denied").kind, ErrorKind::Denied);
}

#[tokio::test]
async fn a_refusal_is_told_also_when_the_look_after_it_fails() {
    let arn = format!("{ACCOUNT}:custom-model-deployment/abcdefghijkl");
    let refusal = |code| Reply::refusal(400, code, "the delete is refused");
    let busy = || Reply::refusal(400, "ValidationException", "the look is refused");
    let both = |error: PortError, operation: &str| {
        assert_eq!(error.operation, operation);
        assert_eq!(error.kind, ErrorKind::Invalid);
        for words in ["the delete is refused", "the look is refused"] {
            assert!(error.message.contains(words), "{error}");
        }
    };
    for code in ["AccessDeniedException", "ConflictException"] {
        let replay = Replay::new([refusal(code), busy()]);
        let error = bedrock(&replay).delete_deployment(&arn).await;
        both(
            error.expect_err("refused"),
            "bedrock:DeleteCustomModelDeployment",
        );
    }
    let replay = Replay::new([refusal("AccessDeniedException"), busy()]);
    let error = bedrock(&replay).delete_model("arn").await;
    both(error.expect_err("refused"), "bedrock:DeleteCustomModel");
}

#[tokio::test]
async fn models_are_listed_over_pages_and_a_deployed_one_is_a_conflict() {
    let summary = |name: &str| {
        json!({
            "modelArn": format!("{ACCOUNT}:custom-model/{name}"), "modelName": name,
            "creationTime": "2026-11-20T10:00:00Z", "baseModelArn": "b", "baseModelName": "b",
        })
    };
    let refusal = Reply::refusal(400, "ConflictException", "The model is deployed");
    let replay = Replay::new([
        Reply::ok(json!({ "modelSummaries": [summary("a")], "nextToken": "n" }).to_string()),
        Reply::ok(json!({ "modelSummaries": [summary("b")] }).to_string()),
        refusal,
        missing(),
    ]);
    let bedrock = bedrock(&replay);
    let models = bedrock.list_models().await.expect("listed");
    assert_eq!(models.len(), 2);
    assert!(replay.asked()[0].uri.contains("isOwned=true"));
    let error = bedrock.delete_model("arn").await.expect_err("deployed");
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(bedrock.delete_model("arn").await, Ok(()));
}
