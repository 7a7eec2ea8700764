//! The table's contract against a DynamoDB on this machine, and the shape of what is sent.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region};
use jiff::Timestamp;
use perennial_aws_errors::replay::{Replay, Reply};
use perennial_ports::contract::table_contract;
use perennial_ports::{ErrorKind, Expect, Key, Table, TableError, Write};
use perennial_store::{DynamoTable, definition};
use serde_json::{Value, json};
use tokio::net::TcpListener;

fn config() -> Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Replay::credentials())
}

/// A DynamoDB of its own on a free port; it ends with the test.
async fn dynamodb() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let database = dynoxide::Database::memory().expect("a database");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    Client::from_conf(config().endpoint_url(format!("http://{address}")).build())
}

fn replaying(replay: &Replay) -> DynamoTable {
    let config = config().http_client(replay.http_client()).build();
    DynamoTable::new(Client::from_conf(config), "perennial-test")
}

fn put() -> Vec<Write> {
    vec![Write::Put {
        key: Key {
            pk: "run#p".into(),
            sk: "1".into(),
        },
        body: json!({ "stage": "training" }).into(),
        expect: Expect::Version(3),
        due: Some(Timestamp::from_millisecond(1_500).expect("a time")),
        expires: Some(Timestamp::from_second(9).expect("a time")),
    }]
}

#[tokio::test]
async fn dynamodb_keeps_the_contract() {
    let client = dynamodb().await;
    definition::ensure(&client, "perennial-test")
        .await
        .expect("the table is created");
    definition::ensure(&client, "perennial-test")
        .await
        .expect("creating it twice is no error");
    table_contract(&DynamoTable::new(client, "perennial-test")).await;
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let table = DynamoTable::new(dynamodb().await, "missing");
    let Err(TableError::Port(error)) = table.transact(put()).await else {
        panic!("there is no such table");
    };
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(error.operation, "dynamodb:TransactWriteItems");
}

#[tokio::test]
async fn ensure_sends_what_the_definition_says() {
    let missing = Reply::refusal(400, "ResourceNotFoundException", "no table");
    let active = || Reply::ok(r#"{"Table":{"TableStatus":"ACTIVE"}}"#);
    let replay = Replay::new([
        missing,
        Reply::ok("{}"),
        active(),
        Reply::ok(r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}"#),
        Reply::ok("{}"),
        Reply::refusal(400, "UnknownOperationException", ""),
    ]);
    let client = Client::from_conf(config().http_client(replay.http_client()).build());
    definition::ensure(&client, "t").await.expect("it is there");
    let asked = replay.asked();
    let create: Value = serde_json::from_str(&asked[1].body).expect("JSON");
    assert_eq!(create, definition::create_table_request("t"));
    let ttl: Value = serde_json::from_str(&asked[4].body).expect("JSON");
    assert_eq!(
        ttl["TimeToLiveSpecification"],
        json!({ "AttributeName": "expires", "Enabled": true })
    );
}

#[tokio::test]
async fn a_put_is_one_conditional_write_with_its_due_time() {
    let replay = Replay::new([Reply::ok("{}")]);
    replaying(&replay).transact(put()).await.expect("written");
    let sent: Value = serde_json::from_str(&replay.asked()[0].body).expect("JSON");
    assert_eq!(
        sent["TransactItems"][0]["Put"],
        json!({
            "TableName": "perennial-test",
            "Item": {
                "pk": { "S": "run#p" }, "sk": { "S": "1" }, "version": { "N": "4" },
                "body": { "M": { "stage": { "S": "training" } } },
                "due_kind": { "S": "run" }, "due_at": { "N": "1500" }, "expires": { "N": "9" },
            },
            "ConditionExpression": "#version = :expected",
            "ExpressionAttributeNames": { "#version": "version" },
            "ExpressionAttributeValues": { ":expected": { "N": "3" } },
        })
    );
}

#[tokio::test]
async fn a_retry_bears_the_same_token_and_another_call_another_one() {
    let replay = Replay::new([Reply::Silence, Reply::ok("{}"), Reply::ok("{}")]);
    let table = replaying(&replay);
    table.transact(put()).await.expect("written");
    table.transact(put()).await.expect("written");
    let tokens: Vec<Value> = replay
        .asked()
        .iter()
        .map(|asked| {
            let sent: Value = serde_json::from_str(&asked.body).expect("JSON");
            sent["ClientRequestToken"].clone()
        })
        .collect();
    assert!(tokens[0].is_string());
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let busy = r#"{"__type":"TransactionCanceledException","CancellationReasons":[{"Code":"TransactionConflict"}]}"#;
    let in_progress = "TransactionInProgressException";
    let throttled = "ProvisionedThroughputExceededException";
    for (reply, expected) in [
        (
            Reply::Answer {
                status: 400,
                headers: vec![],
                body: busy.into(),
            },
            None,
        ),
        (
            Reply::refusal(400, in_progress, "wait"),
            Some(ErrorKind::Unanswered),
        ),
        (
            Reply::refusal(400, throttled, "wait"),
            Some(ErrorKind::Throttled),
        ),
        (
            Reply::refusal(500, "InternalServerError", "oh"),
            Some(ErrorKind::Unanswered),
        ),
        (Reply::Silence, Some(ErrorKind::Unanswered)),
        (
            Reply::refusal(400, "AccessDeniedException", "no"),
            Some(ErrorKind::Denied),
        ),
    ] {
        let replay = Replay::new(vec![reply.clone(); 3]);
        let error = replaying(&replay)
            .transact(put())
            .await
            .expect_err("refused");
        match (error, expected) {
            (TableError::Conflict { key }, None) => assert_eq!(key.sk, "1"),
            (TableError::Port(error), Some(kind)) => assert_eq!(error.kind, kind, "{error}"),
            (error, expected) => panic!("{error:?} is not {expected:?}"),
        }
    }
}
