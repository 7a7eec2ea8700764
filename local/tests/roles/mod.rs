//! A function's calls meet its role: denied in the words and statuses of each service, read by AWS's own SDKs.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};

use crate::support::{self, Room};

mod two_ways;
mod unread;

/// The key of the function `worker`, which may put objects and nothing else.
async fn worker(room: &Room) -> Credentials {
    let order = json!({"detail": {"do": "environment"}});
    let (_, found) = room.control("POST", "functions/worker/invoke", order).await;
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    let secret = text("AWS_SECRET_ACCESS_KEY");
    Credentials::new(text("AWS_ACCESS_KEY_ID"), secret, None, None, "Lambda")
}

fn words(room: &Room, action: &str, resource: &str) -> String {
    let trace = room.trace();
    let mut callers = trace
        .iter()
        .map(|call| call["userIdentity"]["arn"].as_str().unwrap_or_default());
    let worker = callers.find(|arn| arn.contains(":assumed-role/")).unwrap();
    format!(
        "User: {worker} is not authorized to perform: {action} on resource: {resource} because no identity-based \
         policy allows the {action} action"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_denies_in_its_own_words_and_the_trail_and_the_log_tell_of_it() {
    let room = Room::open().await;
    let endpoint = room.cloud().endpoint();
    let worker = worker(&room).await;

    let s3 = support::s3_as(endpoint, worker.clone(), RetryConfig::disabled());
    let body = ByteStream::from_static(b"{}");
    let put = s3.put_object().bucket("perennial-local").key("work/a");
    put.body(body).send().await.unwrap();
    let get = s3.get_object().bucket("perennial-local").key("work/a");
    let error = get.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    assert_eq!(error.code(), Some("AccessDenied"));
    let object = "arn:aws:s3:::perennial-local/work/a";
    let expected = words(&room, "s3:GetObject", object);
    assert_eq!(error.message(), Some(expected.as_str()));
    let head = s3.head_object().bucket("perennial-local").key("work/a");
    let error = head.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    // A body that is not wanted is read to its end, so that the sender meets the refusal.
    let large = ByteStream::from(vec![7; 3 * 1024 * 1024]);
    let put = s3.put_object().bucket("another").key("a").body(large);
    assert_eq!(put.send().await.unwrap_err().code(), Some("AccessDenied"));

    let table = support::dynamodb_as(endpoint, worker.clone());
    let get = table.get_item().table_name("perennial-local");
    let key = AttributeValue::S("a".into());
    let error = get.key("pk", key).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert_eq!(error.code(), Some("AccessDeniedException"));
    let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/perennial-local";
    let expected = words(&room, "dynamodb:GetItem", arn);
    assert_eq!(error.message(), Some(expected.as_str()));

    let denied: Vec<Value> = room
        .trace()
        .into_iter()
        .filter(|call| {
            call["errorCode"]
                .as_str()
                .is_some_and(|code| code.starts_with("AccessDenied"))
        })
        .collect();
    let names: Vec<&str> = denied
        .iter()
        .filter_map(|call| call["eventName"].as_str())
        .collect();
    assert_eq!(names, ["GetObject", "HeadObject", "PutObject", "GetItem"]);
    assert_eq!(denied[3]["errorMessage"], expected);
    let log = support::lines(&room.cloud().dir().join("logs/permissions.jsonl"));
    assert_eq!(
        log[0],
        json!({"function": "worker", "action": "s3:PutObject", "statement": "PutObjects"})
    );
    assert_eq!(
        log[1]["because"],
        "s3:GetObject on arn:aws:s3:::perennial-local/work/a: no statement names the action"
    );
    room.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_key_is_denied_to_whom_may_not_list_the_bucket() {
    const RIGHT: &str = "            - Sid: PutObjects\n";
    let get = |list: &str| {
        let more = format!(
            "            - {{ Sid: Get, Effect: Allow, Action: s3:GetObject, Resource: !Sub \"${{Bucket.Arn}}/*\" }}\n{list}{RIGHT}"
        );
        async move {
            let room = Room::open_with(|options| {
                assert!(options.template.text.contains(RIGHT));
                options.template.text = options.template.text.replace(RIGHT, &more);
            })
            .await;
            let s3 = support::s3_as(
                room.cloud().endpoint(),
                worker(&room).await,
                RetryConfig::disabled(),
            );
            let get = s3.get_object().bucket("perennial-local").key("work/none");
            let error = get.send().await.unwrap_err();
            let status = error.raw_response().unwrap().status().as_u16();
            let code = error.code().unwrap_or_default().to_owned();
            room.close().await;
            (status, code)
        }
    };
    let list = "            - { Sid: List, Effect: Allow, Action: s3:ListBucket, Resource: !GetAtt Bucket.Arn }\n";
    assert_eq!(get("").await, (403, "AccessDenied".to_owned()));
    assert_eq!(get(list).await, (404, "NoSuchKey".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_to_the_map_of_requests_is_denied_and_says_so() {
    let room = Room::open().await;
    let worker = worker(&room).await;
    let s3 = support::s3_as(room.cloud().endpoint(), worker, RetryConfig::disabled());
    let error = s3.list_buckets().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    let message = error.message().unwrap();
    assert!(
        message.contains("s3 ListBuckets") && message.contains("add a row"),
        "{message}"
    );
    room.close().await;
}
