//! The cloud from outside: events, functions as child processes, the drop folder, AWS's own SDKs.
#![allow(clippy::unwrap_used)]

mod chaos;
mod roles;
mod support;

use std::time::{Duration, Instant};

use perennial_local::{Cloud, endpoint_of};
use serde_json::{Value, json};
use support::{Room, dynamodb, options, s3};

/// Not a test: the body of the functions that the tests' clouds start.
#[test]
fn function_process() {
    support::function::serve_if_asked();
}

/// Not a test either: a cloud in a process of its own, to be killed.
#[tokio::test(flavor = "multi_thread")]
async fn cloud_process() {
    let Some(dir) = std::env::var_os("PERENNIAL_TEST_CLOUD") else {
        return;
    };
    let _cloud = Cloud::start(options(dir.as_ref())).await.unwrap();
    std::future::pending::<()>().await;
}

fn ids(journal: &[Value]) -> Vec<&str> {
    journal
        .iter()
        .filter_map(|line| line["event"]["id"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_runs_over_the_real_runtime_api_and_stays_warm() {
    let room = Room::open().await;
    room.work(&[json!({}), json!({})]).await;
    room.drain().await;
    let journal = room.journal();
    assert_eq!(ids(&journal), ["Work-0", "Work-1"]);
    assert_eq!(
        journal[0]["pid"], journal[1]["pid"],
        "one process serves both"
    );
    assert_eq!(journal[0]["function"], "perennial-local-worker");
    assert_eq!(
        journal[0]["arn"],
        "arn:aws:lambda:us-east-1:123456789012:function:perennial-local-worker"
    );
    let (_, environment) = room
        .control(
            "POST",
            "functions/worker/invoke",
            json!({"detail": {"do": "environment"}}),
        )
        .await;
    assert_eq!(environment["AWS_ENDPOINT_URL"], room.cloud().endpoint());
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    assert!(
        environment.get("HOME").is_none(),
        "no profile of the user's is read"
    );
    let log = std::fs::read_to_string(room.cloud().dir().join("logs/worker.log")).unwrap();
    assert!(
        log.contains("START RequestId: ") && log.contains("REPORT RequestId: "),
        "{log}"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_tried_again_and_end_as_dead_letters() {
    let room = Room::open().await;
    room.work(&[
        json!({"do": "fail-once"}),
        json!({"do": "fail"}),
        json!({"do": "exit"}),
        json!({}),
    ])
    .await;
    room.drain().await;
    let journal = room.journal();
    let times = |id: &str| ids(&journal).iter().filter(|found| **found == id).count();
    assert_eq!(
        [
            times("Work-0"),
            times("Work-1"),
            times("Work-2"),
            times("Work-3")
        ],
        [2, 3, 3, 1]
    );
    let first: Vec<_> = journal
        .iter()
        .filter(|line| line["event"]["id"] == "Work-1")
        .collect();
    assert_eq!(
        first[0]["request_id"], first[2]["request_id"],
        "a retry keeps its id"
    );
    let dead = room.dead_letters().await;
    assert_eq!(dead.len(), 2, "{dead:?}");
    let error_of = |id: &str| {
        let letter = dead
            .iter()
            .find(|letter| letter["event"]["id"] == id)
            .unwrap();
        letter["error"].as_str().unwrap().to_owned()
    };
    assert!(error_of("Work-1").contains("as asked"));
    assert!(
        error_of("Work-2").contains("exit status: 3"),
        "{}",
        error_of("Work-2")
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_too_long_is_killed_and_replaced() {
    let room = Room::open_with(|options| {
        support::set(&mut options.template, "Timeout", "1");
        support::set(&mut options.template, "Retries", "0");
    })
    .await;
    room.work(&[json!({"do": "sleep", "millis": 60_000}), json!({})])
        .await;
    room.drain().await;
    let journal = room.journal();
    assert_eq!(ids(&journal), ["Work-0", "Work-1"]);
    assert_ne!(journal[0]["pid"], journal[1]["pid"]);
    let dead = room.dead_letters().await;
    assert!(
        dead[0]["error"].as_str().unwrap().contains("Timedout"),
        "{dead:?}"
    );
    assert!(!is_running(&journal[0]["pid"]));
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_honours_partial_failures_and_its_receive_limit() {
    let room = Room::open().await;
    room.publish("Read", &[json!({"do": "refuse"})]).await;
    room.drain().await;
    let receives: Vec<_> = room
        .journal()
        .iter()
        .map(|line| line["receives"].clone())
        .collect();
    assert_eq!(receives, ["1", "2", "3"]);
    assert_eq!(room.dead_letters().await.len(), 1);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_goes_on_after_a_restart() {
    let mut room = Room::open().await;
    room.work(&[json!({"do": "sleep", "millis": 1500}), json!({})])
        .await;
    let begun = Instant::now();
    while room.journal().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let first = room.journal()[0]["pid"].clone();
    room.restart().await;
    assert!(!is_running(&first), "the functions end with their cloud");
    room.drain().await;
    let journal = room.journal();
    assert_eq!(
        ids(&journal),
        ["Work-0", "Work-0", "Work-1"],
        "{journal:#?}"
    );
    assert_eq!(
        journal
            .iter()
            .filter(|line| line["slept"] == "Work-0")
            .count(),
        1
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_cloud_leaves_no_process_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["cloud_process", "--exact", "--nocapture"])
        .env("PERENNIAL_TEST_CLOUD", dir.path())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let cloud = dir.path().join("cloud");
    let endpoint = eventually("the endpoint", || endpoint_of(&cloud).ok()).await;
    let order = json!([{"id": "Work-0", "source": "test", "detail-type": "Work",
        "detail": {"do": "sleep", "millis": 2500}}]);
    assert_eq!(
        support::control(&endpoint, "POST", "events", order).await.0,
        200
    );
    let journal = support::journal(dir.path());
    let first = eventually("the function", || support::lines(&journal).first().cloned()).await;

    process.kill().await.unwrap();
    eventually("the function's end", || {
        (!is_running(&first["pid"])).then_some(())
    })
    .await;

    let mut room = Room { dir, cloud: None };
    room.restart().await;
    room.drain().await;
    let journal = room.journal();
    assert_eq!(ids(&journal), ["Work-0", "Work-0"]);
    let slept: Vec<_> = journal
        .iter()
        .filter(|line| line["slept"] == "Work-0")
        .collect();
    assert_eq!(slept.len(), 1, "the first one ended in the middle");
    assert!(room.dead_letters().await.is_empty());
    room.close().await;
}

async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{what} did not come"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_put_by_the_sdk_reach_their_function() {
    let room = Room::open().await;
    let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
        .source("test")
        .detail_type("Work")
        .detail("{\"n\": 1}")
        .build();
    let client = support::eventbridge(room.cloud().endpoint());
    let put = client.put_events().entries(entry).send().await.unwrap();
    assert_eq!(put.failed_entry_count(), 0);
    room.drain().await;
    let journal = room.journal();
    assert_eq!(journal.len(), 1);
    assert_eq!(journal[0]["event"]["detail"]["n"], 1);
    let call = room.trace().pop().unwrap();
    assert_eq!(call["eventName"], "PutEvents");
    assert_eq!(call["eventSource"], "events.amazonaws.com");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_unknown_services_are_refused_in_their_own_format() {
    let room = Room::open().await;
    let send = async |key: &str, service: &str| {
        let scope = format!("{key}/20261120/us-east-1/{service}/aws4_request");
        let header =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        support::post(room.cloud().endpoint(), &header).await
    };
    let (status, body) = send("local-user", "lambda").await;
    assert_eq!(status, 501);
    assert!(body.contains("\"lambda\\\"; it has s3, dynamodb"), "{body}");
    let (status, body) = send("local-train-01older", "dynamodb").await;
    assert_eq!(status, 403);
    assert!(body.contains("UnrecognizedClientException"), "{body}");
    let (status, body) = send("nobody", "s3").await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>InvalidAccessKeyId</Code>"), "{body}");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_twice_reversed_or_never_as_asked() {
    let room = Room::open().await;
    let (_, set) = room
        .control("PUT", "delivery", json!({"twice": true, "reversed": true}))
        .await;
    assert_eq!(set["twice"], true);
    room.work(&[json!({}), json!({}), json!({})]).await;
    room.drain().await;
    let journal = room.journal();
    let expected = ["Work-2", "Work-2", "Work-1", "Work-1", "Work-0", "Work-0"];
    assert_eq!(ids(&journal), expected);
    room.control("PUT", "delivery", json!({"drop": ["Work"]}))
        .await;
    room.work(&[json!({})]).await;
    room.drain().await;
    assert_eq!(room.journal().len(), 6);
    let (status, _) = room
        .control("PUT", "delivery", json!({"thrice": true}))
        .await;
    assert_eq!(status, 400);
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_file_becomes_an_object_and_an_event_once() {
    let mut room = Room::open().await;
    let folder = room.cloud().dir().join("drop/data/bot");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a b+%é.jsonl"), "{}\n").unwrap();
    room.drain().await;
    let journal = room.journal();
    assert_eq!(journal.len(), 1, "{journal:?}");
    let detail = &journal[0]["event"]["detail"];
    assert_eq!(detail["object"]["key"], "data/bot/a b+%é.jsonl");
    room.restart().await;
    room.drain().await;
    assert_eq!(room.journal().len(), 1, "a restart imports nothing again");
    let client = s3(room.cloud().endpoint());
    let object = client
        .get_object()
        .bucket("perennial-local")
        .key("data/bot/a b+%é.jsonl");
    let content = object.send().await.unwrap().body.collect().await.unwrap();
    assert_eq!(content.into_bytes().as_ref(), b"{}\n");
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_sdks_reach_s3_and_dynamodb_and_the_trail_tells_of_it() {
    let mut room = Room::open().await;
    let value = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.into());
    let client = dynamodb(room.cloud().endpoint());
    let put = |client: &aws_sdk_dynamodb::Client| {
        client
            .put_item()
            .table_name("perennial-local")
            .item("pk", value("a"))
            .condition_expression("attribute_not_exists(pk)")
    };
    put(&client).send().await.unwrap();
    let refused = put(&client).send().await.unwrap_err().into_service_error();
    assert!(
        refused.is_conditional_check_failed_exception(),
        "{refused:?}"
    );
    s3(room.cloud().endpoint())
        .put_object()
        .bucket("perennial-local")
        .key("media/x")
        .body(b"hello".to_vec().into())
        .send()
        .await
        .unwrap();
    room.restart().await;
    let client = dynamodb(room.cloud().endpoint());
    let got = client
        .get_item()
        .table_name("perennial-local")
        .key("pk", value("a"));
    assert!(
        got.send().await.unwrap().item.is_some(),
        "the table survives a restart"
    );

    let trace = room.trace();
    let puts: Vec<_> = trace
        .iter()
        .filter(|line| line["eventName"] == "PutItem")
        .collect();
    assert_eq!(puts.len(), 2);
    assert_eq!(puts[0]["eventSource"], "dynamodb.amazonaws.com");
    assert_eq!(puts[0]["requestParameters"]["TableName"], "perennial-local");
    assert_eq!(puts[0]["userIdentity"]["type"], "IAMUser");
    assert!(puts[0].get("errorCode").is_none());
    assert_eq!(puts[1]["errorCode"], "ConditionalCheckFailedException");
    let object = trace
        .iter()
        .find(|line| line["eventName"] == "PutObject")
        .unwrap();
    assert_eq!(object["requestParameters"]["key"], "media/x");
    assert!(
        object["responseElements"]["x-amz-version-id"].is_string(),
        "{object}"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_cloud_per_folder_and_clear_refusals() {
    let room = Room::open().await;
    let second = Cloud::start(options(room.dir.path())).await.unwrap_err();
    let text = second.to_string();
    assert!(
        text.contains("another local cloud") && text.contains(room.cloud().endpoint()),
        "{text}"
    );
    let (status, answer) = room.control("GET", "nothing", Value::Null).await;
    assert_eq!((status, answer["error"].is_string()), (404, true));
    let (_, health) = room.control("GET", "health", Value::Null).await;
    assert_eq!(health["status"], "ok");
    room.close().await;
}

fn is_running(pid: &Value) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}
