//! Custom models made of checkpoints: what is sent, and how their state is read.

use perennial_ports::{
    ErrorKind, ImportJob, ImportSpec, ImportStatus, ObserveRegistrations, PortResult,
    RegisterModels,
};

use super::*;

const URI: &str = "s3://customer-escrow-123456789012-a1b2/p-dev-t1/";

fn arn() -> String {
    format!("{ACCOUNT}:custom-model/imported/abcdefghijkl")
}

fn spec() -> ImportSpec {
    ImportSpec {
        name: "p-dev-i".into(),
        model_name: "p-dev-i".into(),
        token: "p-dev-i".into(),
        weights: URI.into(),
        tags: tags(),
    }
}

fn model(status: &str) -> Value {
    let mut model = json!({
        "modelArn": arn(), "modelName": "p-dev-i", "creationTime": "2026-11-20T10:00:00Z",
        "customizationType": "IMPORTED", "modelStatus": status,
    });
    if status == "Failed" {
        model["failureMessage"] = json!("no checkpoint");
    }
    model
}

async fn find(model: Value) -> PortResult<Option<ImportJob>> {
    let replay = replay([
        model,
        json!({ "tags": [{ "key": "perennial:run", "value": "01j" }] }),
    ]);
    let found = bedrock(&replay).find_registration("p-dev-i").await;
    let asked = &replay.asked()[0].uri;
    assert!(asked.ends_with("/custom-models/p-dev-i"), "{asked}");
    found
}

#[tokio::test]
async fn a_checkpoint_is_registered_with_name_token_role_and_tags() {
    let replay = replay([json!({ "modelArn": arn() })]);
    let made = bedrock(&replay).register_model(&spec()).await;
    assert_eq!(made, Ok(arn()));
    assert_eq!(
        body(&replay.asked()[0]),
        json!({
            "modelName": "p-dev-i", "clientRequestToken": "p-dev-i",
            "roleArn": "arn:aws:iam::123456789012:role/job",
            "modelSourceConfig": { "s3DataSource": { "s3Uri": URI } },
            "modelTags": [{ "key": "perennial:run", "value": "01j" }],
        })
    );
}

#[tokio::test]
async fn a_model_is_told_as_a_job_is_and_keeps_its_reason() {
    for (status, told, message) in [
        ("Creating", ImportStatus::InProgress, None),
        ("Active", ImportStatus::Completed, None),
        ("Failed", ImportStatus::Failed, Some("no checkpoint")),
    ] {
        let found = find(model(status)).await.expect("answered").expect("there");
        assert_eq!((found.status, found.message.as_deref()), (told, message));
        assert_eq!((found.arn.as_str(), &found.tags), (arn().as_str(), &tags()));
        let made = (told == ImportStatus::Completed).then(arn);
        assert_eq!(found.model_arn, made);
    }
}

#[tokio::test]
async fn what_is_not_there_is_none_and_an_unknown_status_decides_nothing() {
    let gone = Replay::new([missing()]);
    assert_eq!(bedrock(&gone).find_registration("p-dev-i").await, Ok(None));
    let between = Replay::new([Reply::ok(model("Active").to_string()), missing()]);
    assert_eq!(
        bedrock(&between).find_registration("p-dev-i").await,
        Ok(None)
    );
    let replay = replay([model("Pondering")]);
    let error = bedrock(&replay).find_registration("p-dev-i").await;
    assert_eq!(error.expect_err("unknown").kind, ErrorKind::Unanswered);
}
