//! `PutEvents`, and how events are handed out and acknowledged.

use perennial_local_services::ServiceName;
use serde_json::{Value, json};

use crate::bench::{Bench, Reply};

fn put(bench: &Bench, entries: &Value) -> Reply {
    bench.target(
        ServiceName::EventBridge,
        "AWSEvents.PutEvents",
        &json!({ "Entries": entries }),
    )
}

fn entry() -> Value {
    json!({ "Source": "perennial.ingest", "DetailType": "Upload Accepted", "Detail": "{\"pipeline\":\"a\"}", "Resources": ["r"] })
}

#[test]
fn good_entries_are_handed_out_and_bad_ones_refused_one_by_one() {
    let bench = Bench::new();
    let with = |member: &str, value: Value| {
        let mut entry = entry();
        entry[member] = value;
        entry
    };
    let entries = json!([
        entry(),
        with("Source", json!("aws.bedrock")),
        with("Detail", json!("{broken")),
        with("Detail", json!("[1]")),
        with("DetailType", json!(null)),
        with("EventBusName", json!("other")),
        with("Time", json!(1_700_000_000.5)),
    ]);
    let answer = put(&bench, &entries).good();
    assert_eq!(answer["FailedEntryCount"], 5);
    let codes: Vec<&str> = answer["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["ErrorCode"].as_str().unwrap_or(""))
        .collect();
    assert_eq!(
        codes,
        [
            "",
            "NotAuthorizedForSource",
            "MalformedDetail",
            "MalformedDetail",
            "InvalidArgument",
            "InvalidArgument",
            ""
        ]
    );
    let events = bench.services.take_events().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["id"], answer["Entries"][0]["EventId"]);
    assert_eq!(events[0]["detail-type"], "Upload Accepted");
    assert_eq!(events[0]["detail"], json!({ "pipeline": "a" }));
    assert_eq!(
        (&events[0]["time"], &events[0]["resources"]),
        (&json!("2026-11-20T10:00:00Z"), &json!(["r"]))
    );
    assert_eq!(events[1]["time"], "2023-11-14T22:13:20Z");
}

#[test]
fn too_many_or_too_large_entries_are_refused_together() {
    let bench = Bench::new();
    assert_eq!(put(&bench, &json!([])).refused().0, "ValidationException");
    assert_eq!(
        put(&bench, &json!(vec![entry(); 11])).refused().0,
        "ValidationException"
    );
    let mut large = entry();
    large["Detail"] = json!(json!({ "text": "x".repeat(256 * 1024) }).to_string());
    assert!(
        put(&bench, &json!([large]))
            .refused()
            .1
            .contains("over the limit")
    );
    assert_eq!(bench.services.take_events().unwrap().len(), 0);
}

#[test]
fn an_event_is_given_once_in_a_process_and_again_after_a_kill_until_acknowledged() {
    let bench = Bench::new();
    put(&bench, &json!([entry(), entry()])).good();
    let events = bench.services.take_events().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(bench.after(0).len(), 0);
    bench
        .services
        .acknowledge([events[0]["id"].as_str().unwrap(), "unknown"])
        .unwrap();
    let bench = bench.restarted();
    assert_eq!(bench.services.take_events().unwrap(), [events[1].clone()]);
    bench
        .services
        .acknowledge([events[1]["id"].as_str().unwrap()])
        .unwrap();
    assert_eq!(bench.restarted().after(0).len(), 0);
}
