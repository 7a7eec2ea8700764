//! Customization jobs: created, refused, replayed, trained, failed, stopped, listed.

use perennial_local_services::{Faults, ObjectAccess, ServiceName};
use serde_json::{Value, json};

use crate::bench::{Bench, encoded, job_request, training};

fn create(bench: &Bench, request: &Value) -> crate::bench::Reply {
    bench.bedrock("POST", "/model-customization-jobs", request)
}

fn with(member: &str, value: Value) -> Value {
    let mut request = job_request("job");
    request[member] = value;
    request
}

#[test]
fn a_job_goes_through_its_steps_and_makes_a_model() {
    let bench = Bench::new();
    let arn = bench.job("job-1");
    let get = || {
        bench
            .get(&format!("/model-customization-jobs/{}", encoded(&arn)))
            .good()
    };
    let steps = |job: &Value| {
        let step = |name: &str| {
            job["statusDetails"][name]["status"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        [
            step("validationDetails"),
            step("dataProcessingDetails"),
            step("trainingDetails"),
        ]
    };
    assert_eq!(steps(&get()), ["InProgress", "NotStarted", "NotStarted"]);
    bench.after(2);
    assert_eq!(steps(&get()), ["Completed", "InProgress", "NotStarted"]);
    bench.after(2);
    assert_eq!(steps(&get()), ["Completed", "Completed", "InProgress"]);
    assert_eq!(get()["outputModelArn"], Value::Null);
    assert_eq!(bench.after(7).len(), 1);
    let job = get();
    assert_eq!(job["status"], "Completed");
    assert_eq!(job["endTime"], "2026-11-20T10:00:10Z");
    assert_eq!(job["clientRequestToken"], "token-job-1");
    assert_eq!(bench.get("/model-customization-jobs/job-1").good(), job);
    let model = bench.get("/custom-models/job-1").good();
    assert_eq!(model["modelArn"], job["outputModelArn"]);
    assert_eq!(model["modelStatus"], "Active");
    let tags = bench
        .bedrock(
            "POST",
            "/listTagsForResource",
            &json!({ "resourceARN": model["modelArn"] }),
        )
        .good();
    assert_eq!(
        tags["tags"],
        json!([{ "key": "perennial:run", "value": "job-1" }])
    );
    assert_eq!(
        bench
            .objects
            .list("bucket", "out/model-customization-job-")
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn every_change_is_announced_as_documented() {
    let bench = Bench::new();
    let arn = bench.job("job");
    let begun = bench.after(0);
    let done = bench.after(30);
    assert_eq!(begun[0]["detail"]["jobStatus"], "InProgress");
    let [event] = &done[..] else {
        panic!("{done:?}")
    };
    assert_eq!(event["detail-type"], "Model Customization Job State Change");
    assert_eq!(event["source"], "aws.bedrock");
    assert_eq!(event["time"], "2026-11-20T10:00:10Z");
    assert_eq!(event["resources"], json!([arn]));
    let detail = &event["detail"];
    assert_eq!(
        (&detail["jobStatus"], &detail["jobName"], &detail["jobArn"]),
        (&json!("Completed"), &json!("job"), &json!(arn))
    );
    assert_eq!(detail["endTime"], "2026-11-20T10:00:10Z");
    assert_eq!(detail.get("status"), None);
}

#[test]
fn the_same_token_gives_the_same_job_and_a_taken_name_is_a_conflict() {
    let bench = Bench::new();
    let arn = bench.job("job");
    assert_eq!(
        create(&bench, &job_request("job")).good()["jobArn"],
        json!(arn)
    );
    let mut other = job_request("job");
    other["hyperParameters"] = json!({ "epochCount": "3" });
    assert_eq!(create(&bench, &other).refused().0, "ConflictException");
    other["clientRequestToken"] = json!("another");
    let (code, message) = create(&bench, &other).refused();
    assert_eq!(code, "ConflictException");
    assert!(
        message.contains("job name") && !message.contains("arn:"),
        "{message}"
    );
    other["jobName"] = json!("job-2");
    assert!(
        create(&bench, &other)
            .refused()
            .1
            .contains("custom model name")
    );
    assert_eq!(
        bench.get("/model-customization-jobs").good()["modelCustomizationJobSummaries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn what_aws_would_not_take_is_refused() {
    let bench = Bench::new();
    bench.put("train.jsonl", &training("a"));
    bench.put("train.csv", "a,b");
    for (member, value, wanted) in [
        ("jobName", json!("a_b"), "jobName"),
        ("jobName", json!("a".repeat(64)), "less than or equal to 63"),
        ("customModelName", json!("a--b"), "customModelName"),
        ("roleArn", json!("role"), "roleArn"),
        ("clientRequestToken", json!("-a"), "clientRequestToken"),
        (
            "baseModelIdentifier",
            json!("amazon.nova-micro-v1:0"),
            "use amazon.nova-micro-v1:0:128k",
        ),
        (
            "baseModelIdentifier",
            json!("meta.llama3-1-8b-instruct-v1:0:128k"),
            "cannot be fine-tuned in us-east-1",
        ),
        (
            "customizationType",
            json!("CONTINUED_PRE_TRAINING"),
            "no longer supported",
        ),
        ("customizationType", json!("MAGIC"), "enum value set"),
        (
            "trainingDataConfig",
            json!({ "s3Uri": "s3://bucket/a b.jsonl" }),
            "s3Uri",
        ),
        (
            "trainingDataConfig",
            json!({ "s3Uri": "s3://bucket/none.jsonl" }),
            "Could not find",
        ),
        (
            "trainingDataConfig",
            json!({ "s3Uri": "s3://bucket/train.csv" }),
            ".jsonl",
        ),
        (
            "hyperParameters",
            json!({ "epochCount": "6" }),
            "from 1 to 5",
        ),
        ("hyperParameters", json!({ "epochs": "1" }), "epochs"),
        (
            "customModelTags",
            json!([{ "key": "aws:x", "value": "" }]),
            "aws:",
        ),
        ("jobTags", json!([{ "key": "ä", "value": "" }]), "jobTags"),
        (
            "vpcConfig",
            json!({ "subnetIds": [], "securityGroupIds": ["sg-1"] }),
            "subnetIds",
        ),
        ("surprise", json!(1), "surprise"),
    ] {
        let (code, message) = create(&bench, &with(member, value.clone())).refused();
        assert_eq!(code, "ValidationException", "{member} {value}");
        assert!(message.contains(wanted), "{message}");
    }
    let mut without = job_request("job");
    without.as_object_mut().unwrap().remove("roleArn");
    assert!(create(&bench, &without).refused().1.contains("roleArn"));
}

#[test]
fn a_broken_training_file_fails_the_job_with_its_line() {
    let bench = Bench::new();
    bench.put("train.jsonl", &format!("{}\n{{broken", training("a")));
    create(&bench, &job_request("job")).good();
    let events = bench.after(30);
    let job = bench.get("/model-customization-jobs/job").good();
    assert_eq!(job["status"], "Failed");
    assert!(
        job["failureMessage"].as_str().unwrap().contains("line 11"),
        "{job}"
    );
    assert_eq!(
        job["statusDetails"]["validationDetails"]["status"],
        "Failed"
    );
    assert_eq!(
        events.last().unwrap()["detail"]["failureMessage"],
        job["failureMessage"]
    );
    bench.get("/custom-models/job").refused();
}

#[test]
fn a_stopped_job_makes_no_model() {
    let bench = Bench::new();
    bench.job("job");
    bench.after(5);
    bench
        .bedrock("POST", "/model-customization-jobs/job/stop", &Value::Null)
        .good();
    assert_eq!(
        bench.get("/model-customization-jobs/job").good()["status"],
        "Stopping"
    );
    let (code, _) = bench
        .bedrock("POST", "/model-customization-jobs/job/stop", &Value::Null)
        .refused();
    assert_eq!(code, "ConflictException");
    bench.after(30);
    let job = bench.get("/model-customization-jobs/job").good();
    assert_eq!(
        (
            &job["status"],
            &job["statusDetails"]["trainingDetails"]["status"]
        ),
        (&json!("Stopped"), &json!("Stopped"))
    );
    assert_eq!(
        bench.get("/custom-models/job").refused().0,
        "ResourceNotFoundException"
    );
}

#[test]
fn a_planted_failure_and_a_planted_hang_happen() {
    let bench = Bench::new();
    let message = Some("Out of luck.".to_owned());
    bench.services.set_faults(Faults {
        fail_training_jobs: 1,
        hang_training_jobs: 1,
        training_failure_message: message,
        ..Faults::default()
    });
    bench.job("fails");
    bench.job("hangs");
    bench.job("trains");
    bench.after(10_000);
    let job = |name: &str| {
        bench
            .get(&format!("/model-customization-jobs/{name}"))
            .good()
    };
    assert_eq!(
        (&job("fails")["status"], &job("fails")["failureMessage"]),
        (&json!("Failed"), &json!("Out of luck."))
    );
    assert_eq!(job("hangs")["status"], "InProgress");
    assert_eq!(
        job("hangs")["statusDetails"]["trainingDetails"]["status"],
        "NotStarted"
    );
    assert_eq!(job("trains")["status"], "Completed");
    bench
        .bedrock("POST", "/model-customization-jobs/hangs/stop", &Value::Null)
        .good();
    bench.after(11);
    assert_eq!(job("hangs")["status"], "Stopped");
}

#[test]
fn a_model_trained_on_from_a_custom_model_knows_both_datasets() {
    let bench = Bench::new();
    let first = bench.model("first");
    bench.put(
        "more.jsonl",
        &training("later").replace("question number", "quite another thing"),
    );
    let mut request = job_request("second");
    request["baseModelIdentifier"] = json!(first);
    request["trainingDataConfig"] = json!({ "s3Uri": "s3://bucket/more.jsonl" });
    create(&bench, &request).good();
    let (code, _) = bench
        .bedrock(
            "DELETE",
            &format!("/custom-models/{}", encoded(&first)),
            &Value::Null,
        )
        .refused();
    assert_eq!(code, "ConflictException");
    bench.after(30);
    let second = bench.get("/custom-models/second").good();
    assert_eq!(second["baseModelArn"], json!(first));
    // The job itself names the foundation model: AWS's model allows nothing else there.
    let job = bench.get("/model-customization-jobs/second").good();
    let base = job["baseModelArn"].as_str().unwrap();
    assert!(base.contains("::foundation-model/"), "{base}");
    let deployment = bench.deployment("both", second["modelArn"].as_str().unwrap());
    let text = |prompt: &str| {
        bench.converse(&deployment, prompt).good()["output"]["message"]["content"][0]["text"]
            .clone()
    };
    assert_eq!(text("question number 3"), "label-3");
    assert_eq!(text("quite another thing 3"), "later-3");
}

#[test]
fn lists_filter_and_page() {
    let bench = Bench::new();
    for n in 0..5 {
        bench.job(&format!("job-{n}"));
        bench.after(1);
    }
    let names = |query: &str| {
        let list = bench
            .get(&format!("/model-customization-jobs?{query}"))
            .good();
        let names = list["modelCustomizationJobSummaries"]
            .as_array()
            .unwrap()
            .iter();
        (
            names
                .map(|job| job["jobName"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
            list["nextToken"].clone(),
        )
    };
    assert_eq!(names("nameContains=job-3").0, ["job-3"]);
    assert_eq!(names("statusEquals=Completed").0.len(), 0);
    assert_eq!(
        names("creationTimeAfter=2026-11-20T10%3A00%3A02Z").0,
        ["job-4", "job-3"]
    );
    let (first, token) = names("maxResults=3&sortOrder=Ascending");
    let (rest, none) = names(&format!(
        "maxResults=3&sortOrder=Ascending&nextToken={}",
        token.as_str().unwrap()
    ));
    assert_eq!(
        [first, rest].concat(),
        ["job-0", "job-1", "job-2", "job-3", "job-4"]
    );
    assert_eq!(none, Value::Null);
    let reply = bench.get("/model-customization-jobs?statusEquals=Sleeping");
    assert_eq!(reply.refused().0, "ValidationException");
}

#[test]
fn an_eleventh_job_is_over_the_quota() {
    let bench = Bench::new();
    for n in 0..10 {
        bench.job(&format!("job-{n}"));
    }
    assert_eq!(
        create(&bench, &job_request("job-10")).refused().0,
        "ServiceQuotaExceededException"
    );
    bench.after(30);
    create(&bench, &job_request("job-10")).good();
}

#[test]
fn an_unknown_path_is_named() {
    let bench = Bench::new();
    let reply = bench.call(
        ServiceName::Bedrock,
        http::Request::builder()
            .method("POST")
            .uri("/evaluation-jobs")
            .body(bytes::Bytes::new())
            .unwrap(),
    );
    assert_eq!(reply.status, 404);
    assert!(reply.refused().1.contains("/evaluation-jobs"));
}
