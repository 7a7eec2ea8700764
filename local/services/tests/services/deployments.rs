//! Deployments: created, updated, deleted, each in its time.

use perennial_local_services::Faults;
use serde_json::{Value, json};

use crate::bench::{Bench, Reply, encoded};

const PATH: &str = "/model-customization/custom-model-deployments";

fn create(bench: &Bench, name: &str, model: &str) -> Reply {
    let request = json!({ "modelDeploymentName": name, "modelArn": model, "clientRequestToken": format!("t-{name}") });
    bench.bedrock("POST", PATH, &request)
}

fn get(bench: &Bench, identifier: &str) -> Reply {
    bench.get(&format!("{PATH}/{}", encoded(identifier)))
}

fn update(bench: &Bench, identifier: &str, model: &str) -> Reply {
    bench.bedrock(
        "PATCH",
        &format!("{PATH}/{}", encoded(identifier)),
        &json!({ "modelArn": model }),
    )
}

#[test]
fn a_deployment_becomes_active_and_its_token_is_honoured() {
    let bench = Bench::new();
    let model = bench.model("model");
    let created = create(&bench, "alias", &model);
    assert_eq!(created.status, 202);
    let arn = created.good()["customModelDeploymentArn"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        create(&bench, "alias", &model).good()["customModelDeploymentArn"],
        json!(arn)
    );
    assert_eq!(get(&bench, "alias").good()["status"], "Creating");
    assert_eq!(
        bench.converse(&arn, "hello").refused().0,
        "ModelNotReadyException"
    );
    assert_eq!(
        update(&bench, &arn, &model).refused().0,
        "ValidationException"
    );
    assert!(
        bench
            .after(11)
            .iter()
            .all(|event| event["detail-type"] != "Deployment"),
        "AWS sends no event about it"
    );
    assert_eq!(get(&bench, &arn).good()["status"], "Active");
    let taken =
        json!({ "modelDeploymentName": "alias", "modelArn": model, "clientRequestToken": "other" });
    assert!(
        bench
            .bedrock("POST", PATH, &taken)
            .refused()
            .1
            .contains("name is already in use")
    );
}

#[test]
fn an_update_swaps_the_model_behind_the_arn() {
    let bench = Bench::new();
    let first = bench.model("first");
    let deployment = bench.deployment("alias", &first);
    let second = bench.model("second");
    update(&bench, &deployment, &second).good();
    let during = get(&bench, &deployment).good();
    assert_eq!(during["modelArn"], json!(first));
    assert_eq!(
        during["updateDetails"],
        json!({ "modelArn": second, "updateStatus": "Updating" })
    );
    bench.converse(&deployment, "it still answers").good();
    assert_eq!(
        update(&bench, &deployment, &first).refused().0,
        "ValidationException"
    );
    let delete = |arn: &str| {
        bench.bedrock(
            "DELETE",
            &format!("/custom-models/{}", encoded(arn)),
            &Value::Null,
        )
    };
    assert_eq!(delete(&second).refused().0, "ConflictException");
    bench.after(11);
    let after = get(&bench, &deployment).good();
    assert_eq!(
        (&after["modelArn"], &after["updateDetails"]["updateStatus"]),
        (&json!(second), &json!("UpdateCompleted"))
    );
    delete(&first).good();
}

#[test]
fn a_failed_update_leaves_the_old_model() {
    let bench = Bench::new();
    let (first, second) = (bench.model("first"), bench.model("second"));
    let deployment = bench.deployment("alias", &first);
    bench.services.set_faults(Faults {
        fail_deployment_updates: 1,
        ..Faults::default()
    });
    update(&bench, &deployment, &second).good();
    bench.after(11);
    let after = get(&bench, &deployment).good();
    assert_eq!(
        (&after["modelArn"], &after["updateDetails"]["updateStatus"]),
        (&json!(first), &json!("UpdateFailed"))
    );
    assert_eq!(after["status"], "Active");
    update(&bench, &deployment, &second).good();
    bench.after(11);
    assert_eq!(get(&bench, &deployment).good()["modelArn"], json!(second));
}

#[test]
fn a_failed_deployment_can_be_deleted() {
    let bench = Bench::new();
    let model = bench.model("model");
    bench.services.set_faults(Faults {
        fail_deployments: 1,
        ..Faults::default()
    });
    let arn = bench.deployment("alias", &model);
    assert_eq!(get(&bench, &arn).good()["status"], "Failed");
    assert_eq!(
        bench.converse(&arn, "hello").refused().0,
        "ValidationException"
    );
    bench
        .bedrock("DELETE", &format!("{PATH}/alias"), &Value::Null)
        .good();
    let again = bench
        .bedrock("DELETE", &format!("{PATH}/alias"), &Value::Null)
        .refused();
    assert_eq!(again.0, "ConflictException");
    bench.after(11);
    assert_eq!(get(&bench, &arn).refused().0, "ResourceNotFoundException");
    assert_eq!(
        bench.converse(&arn, "hello").refused().0,
        "ResourceNotFoundException"
    );
}

#[test]
fn quotas_hold_for_all_and_for_those_in_progress() {
    let bench = Bench::new();
    let model = bench.model("model");
    create(&bench, "a", &model).good();
    create(&bench, "b", &model).good();
    assert_eq!(
        create(&bench, "c", &model).refused().0,
        "ServiceQuotaExceededException"
    );
    bench.after(11);
    for name in ["c", "d", "e", "f", "g", "h", "i", "j"] {
        create(&bench, name, &model).good();
        bench.after(11);
    }
    assert!(create(&bench, "k", &model).refused().1.contains("10"));
    let list = bench
        .get(&format!("{PATH}?nameContains=j&statusEquals=Active"))
        .good();
    assert_eq!(
        list["modelDeploymentSummaries"][0]["customModelDeploymentName"],
        "j"
    );
    let page = bench
        .get(&format!(
            "{PATH}?maxResults=4&modelArnEquals={}",
            encoded(&model)
        ))
        .good();
    assert_eq!(
        page["modelDeploymentSummaries"].as_array().unwrap().len(),
        4
    );
    assert!(page["nextToken"].is_string());
}

#[test]
fn what_cannot_be_deployed_is_refused() {
    let bench = Bench::new();
    let missing = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/aaaaaaaaaaaa";
    assert_eq!(
        create(&bench, "a", missing).refused().0,
        "ResourceNotFoundException"
    );
    assert_eq!(
        create(&bench, "a", "model").refused().0,
        "ValidationException"
    );
    assert_eq!(
        create(&bench, "a__b", missing).refused().0,
        "ValidationException"
    );
}
