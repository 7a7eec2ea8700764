//! Provisioned throughput.

use perennial_core::config::Commitment;
use perennial_ports::{DeploymentStatus, Purchase};

use super::*;

fn arn() -> String {
    format!("{ACCOUNT}:provisioned-model/abcdefghijkl")
}

fn bought(status: &str, serves: &str, wanted: &str) -> Value {
    json!({
        "provisionedModelArn": arn(), "provisionedModelName": "p-dev", "modelArn": serves, "desiredModelArn": wanted,
        "foundationModelArn": "f", "modelUnits": 2, "desiredModelUnits": 2, "status": status,
        "creationTime": "2026-11-20T10:00:00Z", "lastModifiedTime": "2026-11-20T11:00:00Z",
    })
}

fn no_tags() -> Value {
    json!({ "tags": [] })
}

#[tokio::test]
async fn throughput_is_bought_swapped_seen_and_ended() {
    let replay = Replay::new([
        Reply::ok(json!({ "provisionedModelArn": arn() }).to_string()),
        Reply::ok("{}"),
        Reply::ok(bought("Updating", "old", "new").to_string()),
        Reply::ok(no_tags().to_string()),
        Reply::ok("{}"),
        missing(),
    ]);
    let bedrock = bedrock(&replay);
    let spec = DeploymentSpec {
        name: "p-dev".into(),
        token: "p-dev".into(),
        model_arn: "old".into(),
        description: "Serves p".into(),
        tags: tags(),
        buy: Some(Purchase {
            units: 2,
            commitment: Commitment::SixMonths,
        }),
    };
    assert_eq!(bedrock.create_deployment(&spec).await, Ok(arn()));
    assert_eq!(bedrock.update_deployment(&arn(), "new").await, Ok(()));
    let seen = bedrock.find_throughput("p-dev").await;
    let seen = seen.expect("answered").expect("there");
    assert_eq!(seen.status, DeploymentStatus::Active, "it serves on");
    assert_eq!(seen.model_arn, "old");
    assert_eq!(seen.update, Some(UpdateStatus::Updating("new".into())));
    assert_eq!(seen.bought.map(|bought| bought.units), Some(2));
    assert_eq!(bedrock.delete_deployment(&arn()).await, Ok(()));
    assert_eq!(bedrock.get_deployment(&arn()).await, Ok(None));
    let asked = replay.asked();
    let request = body(&asked[0]);
    assert_eq!(
        [
            &request["provisionedModelName"],
            &request["clientRequestToken"],
            &request["modelId"],
            &request["commitmentDuration"],
            &request["modelUnits"],
        ],
        [
            &json!("p-dev"),
            &json!("p-dev"),
            &json!("old"),
            &json!("SixMonths"),
            &json!(2)
        ]
    );
    assert_eq!(body(&asked[1]), json!({ "desiredModelId": "new" }));
    assert_eq!(asked[1].method, "PATCH");
    assert!(
        asked[2]
            .uri
            .ends_with("/provisioned-model-throughput/p-dev")
    );
}

/// The service tells of a failed update by nothing but the model: it is done where wanted and serving are one again.
#[tokio::test]
async fn an_update_is_under_way_until_the_wanted_model_serves() {
    for (status, wanted, updating) in [
        ("InService", "old", false),
        ("InService", "new", true),
        ("Updating", "new", true),
    ] {
        let replay = replay([bought(status, "old", wanted), no_tags()]);
        let seen = bedrock(&replay).get_deployment(&arn()).await;
        let seen = seen.expect("answered").expect("there");
        assert_eq!(seen.update.is_some(), updating, "{status} {wanted}");
    }
}

#[tokio::test]
async fn what_is_bought_for_longer_is_a_conflict_and_what_is_being_removed_is_none() {
    let refusal = || Reply::refusal(400, "ConflictException", "cannot be deleted before");
    let mut committed = bought("InService", "old", "old");
    committed["commitmentDuration"] = json!("OneMonth");
    committed["commitmentExpirationTime"] = json!("2026-12-20T10:00:00Z");
    for (found, removed) in [
        (committed, false),
        (bought("Creating", "old", "old"), false),
        (bought("Updating", "old", "new"), false),
        (bought("InService", "old", "old"), true),
    ] {
        let replay = Replay::new([
            refusal(),
            Reply::ok(found.to_string()),
            Reply::ok(no_tags().to_string()),
        ]);
        let ended = bedrock(&replay).delete_deployment(&arn()).await;
        match removed {
            true => assert_eq!(ended, Ok(())),
            false => assert_eq!(ended.map_err(|error| error.kind), Err(ErrorKind::Conflict)),
        }
    }
}

#[tokio::test]
async fn what_serves_a_model_is_both_kinds() {
    let replay = replay([
        json!({ "modelDeploymentSummaries": [] }),
        json!({ "provisionedModelSummaries": [bought("InService", "m", "m")] }),
        bought("InService", "m", "m"),
        no_tags(),
    ]);
    let found = bedrock(&replay).deployments_of("m").await.expect("listed");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].arn, arn());
    assert!(replay.asked()[1].uri.contains("modelArnEquals=m"));
}
