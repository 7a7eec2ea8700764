//! Batch inference jobs.

use bytes::Bytes;
use perennial_local_services::ObjectAccess;
use serde_json::{Value, json};

use crate::bench::{Bench, ROLE, Reply};

fn records(count: usize) -> String {
    let record = |n| {
        let messages = json!([{ "role": "user", "content": [{ "text": format!("prompt {n}") }] }]);
        json!({ "recordId": format!("R{n}"), "modelInput": { "messages": messages } }).to_string()
    };
    (0..count).map(record).collect::<Vec<_>>().join("\n")
}

fn request(name: &str, model: &str) -> Value {
    json!({
        "jobName": name, "roleArn": ROLE, "modelId": model, "clientRequestToken": format!("t{name}"),
        "modelInvocationType": "Converse", "timeoutDurationInHours": 24,
        "inputDataConfig": { "s3InputDataConfig": { "s3Uri": "s3://bucket/in/prompts.jsonl", "s3InputFormat": "JSONL" } },
        "outputDataConfig": { "s3OutputDataConfig": { "s3Uri": "s3://bucket/answers/" } },
    })
}

fn create(bench: &Bench, request: &Value) -> Reply {
    bench.bedrock("POST", "/model-invocation-job", request)
}

const BASE: &str = "amazon.nova-micro-v1:0";

#[test]
fn a_job_writes_its_answers_and_its_manifest() {
    let bench = Bench::new();
    let blank = json!({ "modelInput": { "messages": [] } });
    bench.put("in/prompts.jsonl", &format!("{}\n{blank}\n", records(100)));
    let arn = create(&bench, &request("base", BASE)).good()["jobArn"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = arn.rsplit('/').next().unwrap();
    assert_eq!(
        create(&bench, &request("base", BASE)).good()["jobArn"],
        json!(arn)
    );
    let statuses: Vec<Value> = [0, 1, 1, 1, 8]
        .into_iter()
        .flat_map(|seconds| bench.after(seconds))
        .map(|event| event["detail"]["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        [
            "Submitted",
            "Validating",
            "Scheduled",
            "InProgress",
            "Completed"
        ]
    );

    let job = bench.get(&format!("/model-invocation-job/{id}")).good();
    assert_eq!(
        (
            &job["status"],
            &job["totalRecordCount"],
            &job["errorRecordCount"]
        ),
        (&json!("Completed"), &json!(101), &json!(1))
    );
    assert_eq!(job["jobExpirationTime"], "2026-11-21T10:00:00Z");
    let output = bench
        .objects
        .read("bucket", &format!("answers/{id}/prompts.jsonl.out"))
        .unwrap();
    let lines: Vec<Value> = output
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 101);
    assert_eq!(lines[7]["recordId"], "R7");
    assert_eq!(
        lines[7]["modelInput"]["messages"][0]["content"][0]["text"],
        "prompt 7"
    );
    assert_eq!(lines[7]["modelOutput"]["stopReason"], "end_turn");
    assert_eq!(
        lines[7]["modelOutput"]["output"],
        bench.converse(BASE, "prompt 7").good()["output"]
    );
    assert_eq!(lines[100]["error"]["errorCode"], 400);
    let manifest: Value = serde_json::from_slice(
        &bench
            .objects
            .read("bucket", &format!("answers/{id}/manifest.json.out"))
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (
            &manifest["successRecordCount"],
            &manifest["processedRecordCount"]
        ),
        (&json!(100), &json!(101))
    );
}

#[test]
fn its_event_has_the_documented_dates() {
    let bench = Bench::new();
    bench.put("in/prompts.jsonl", &records(100));
    create(&bench, &request("base", BASE)).good();
    let events = bench.after(30);
    let last = events.last().unwrap();
    assert_eq!(last["time"], "Fri Nov 20 10:00:10 UTC 2026");
    assert_eq!(last["detail"]["creationTime"], "Nov 20, 2026, 10:00:00 AM");
    assert_eq!(last["detail-type"], "Batch Inference Job State Change");
    assert_eq!(last["detail"]["batchJobName"], "base");
    assert_eq!(last["detail"]["failureMessage"], "");
}

#[test]
fn too_few_or_broken_records_fail_the_job() {
    let bench = Bench::new();
    for (name, content, wanted) in [
        ("few", records(99), "at least 100"),
        ("broken", format!("{}\nnonsense", records(100)), "Line 101"),
    ] {
        bench.put("in/prompts.jsonl", &content);
        create(&bench, &request(name, BASE)).good();
        bench.after(30);
        let list = bench
            .get(&format!("/model-invocation-jobs?nameContains={name}"))
            .good();
        let job = &list["invocationJobSummaries"][0];
        assert_eq!(job["status"], "Failed");
        assert!(job["message"].as_str().unwrap().contains(wanted), "{job}");
    }
}

#[test]
fn what_aws_would_not_take_is_refused() {
    let bench = Bench::new();
    let custom = bench.model("custom");
    bench.put("in/prompts.jsonl", &records(100));
    let with = |member: &str, value: Value| {
        let mut request = request("job", BASE);
        request[member] = value;
        request
    };
    for (request, wanted) in [
        (
            with("modelId", json!(custom)),
            "not supported for custom models",
        ),
        (
            with("modelId", json!("amazon.nova-micro-v1:0:128k")),
            "on-demand",
        ),
        (
            with("modelInvocationType", json!("InvokeModel")),
            "Converse",
        ),
        (
            with("timeoutDurationInHours", json!(2)),
            "timeoutDurationInHours",
        ),
        (with("jobName", json!("a_b")), "jobName"),
        (
            with(
                "inputDataConfig",
                json!({ "s3InputDataConfig": { "s3Uri": "s3://bucket/nowhere/" } }),
            ),
            "no .jsonl file",
        ),
    ] {
        let (code, message) = create(&bench, &request).refused();
        assert_eq!(code, "ValidationException");
        assert!(message.contains(wanted), "{message}");
    }
    create(&bench, &request("job", BASE)).good();
    let mut taken = request("job", BASE);
    taken["clientRequestToken"] = json!("other");
    assert_eq!(create(&bench, &taken).refused().0, "ConflictException");
    assert_eq!(
        bench.get("/model-invocation-job/job").refused().0,
        "ValidationException",
        "by id, not by name"
    );
}

#[test]
fn a_folder_is_read_whole_and_a_job_can_be_stopped() {
    let bench = Bench::new();
    bench.put("in/a.jsonl", &records(60));
    bench.put("in/b.jsonl", &records(60));
    bench
        .objects
        .write("bucket", "in/readme.txt", Bytes::from_static(b"no record"))
        .unwrap();
    let mut folder = request("folder", BASE);
    folder["inputDataConfig"]["s3InputDataConfig"]["s3Uri"] = json!("s3://bucket/in/");
    create(&bench, &folder).good();
    bench.after(30);
    let outputs = bench.objects.list("bucket", "answers/").unwrap();
    assert_eq!(outputs.len(), 3, "{outputs:?}");

    let mut other = folder.clone();
    other["jobName"] = json!("stopped");
    other["clientRequestToken"] = json!("t2");
    let arn = create(&bench, &other).good()["jobArn"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = arn.rsplit('/').next().unwrap();
    bench
        .bedrock(
            "POST",
            &format!("/model-invocation-job/{id}/stop"),
            &Value::Null,
        )
        .good();
    bench.after(30);
    assert_eq!(
        bench.get(&format!("/model-invocation-job/{id}")).good()["status"],
        "Stopped"
    );
    assert_eq!(
        bench
            .bedrock(
                "POST",
                &format!("/model-invocation-job/{id}/stop"),
                &Value::Null
            )
            .refused()
            .0,
        "ConflictException"
    );
}
