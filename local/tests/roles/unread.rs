//! What the gateway cannot read, it does not pass on: a service might read it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::worker;
use crate::support::{self, Room};

/// A request in the JSON protocols, by someone's key. Their signatures are not verified.
fn signed(room: &Room, key: &str, target: &str, body: String) -> http::Request<Bytes> {
    let service = match target.split_once('_') {
        Some(("DynamoDB", _)) => "dynamodb",
        _ => "ssm",
    };
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20261121/us-east-1/{service}/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-target, Signature=00"
    );
    http::Request::post(room.cloud().endpoint())
        .header("authorization", authorization)
        .header("x-amz-date", "20261121T120000Z")
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
        .body(body.into())
        .unwrap()
}

/// The database reads values that nest deeper than the gateway's parser follows. Without a refusal, the second statement is
/// carried out for a role that may not touch the table at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_only_the_database_can_read_does_not_reach_it() {
    let room = Room::open().await;
    let worker = worker(&room).await;
    let deep = (0..80).fold(json!({"S": "x"}), |inner, _| json!({"L": [inner]}));
    let table = "\"perennial-local\"";
    let body = json!({"Statements": [
        {"Statement": format!("SELECT * FROM {table} WHERE pk = ?"), "Parameters": [deep]},
        {"Statement": format!("INSERT INTO {table} VALUE {{'pk': 'stolen'}}")},
    ]});
    let target = "DynamoDB_20120810.BatchExecuteStatement";
    let key = worker.access_key_id();
    let (status, answer) = support::send(signed(&room, key, target, body.to_string())).await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer.contains("SerializationException"), "{answer}");
    let table = support::dynamodb(room.cloud().endpoint());
    let found = table.scan().table_name("perennial-local").send().await;
    assert_eq!(found.unwrap().count(), 0);

    let trace = room.trace();
    let refused: Vec<&Value> = trace
        .iter()
        .filter(|call| call["eventName"] == "BatchExecuteStatement")
        .collect();
    assert_eq!(refused[0]["errorCode"], "SerializationException");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_calls_are_refused_as_their_service_refuses_them() {
    let room = Room::open().await;
    let worker = worker(&room).await;
    let key = worker.access_key_id();
    for (target, body, code) in [
        ("DynamoDB_20120810.GetItem", "{", "SerializationException"),
        ("DynamoDB_20120810.GetItem", "[]", "SerializationException"),
        ("DynamoDB_20120810.GetItem", "", "SerializationException"),
        ("AmazonSSM.GetParameter", "{", "SerializationException"),
        ("AmazonSSM.GetNothing", "{}", "UnknownOperationException"),
    ] {
        let (status, answer) = support::send(signed(&room, key, target, body.to_owned())).await;
        assert_eq!(status, 400, "{target} {body}: {answer}");
        assert!(answer.contains(code), "{target} {body}: {answer}");
    }
    room.close().await;
}
