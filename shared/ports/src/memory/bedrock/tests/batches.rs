//! Batch inference.

use serde_json::json;

use super::*;
use crate::{BatchSpec, BatchStatus, ObserveBatch, StartBatch, StopBatch};

fn input(records: usize) -> String {
    (0..records)
        .map(|n| {
            let input = json!({
                "messages": [{ "role": "user", "content": [{ "text": format!("question {n}") }] }],
                "inferenceConfig": { "maxTokens": 9, "temperature": 0.0 },
            });
            format!(
                "{}\n",
                json!({ "recordId": format!("R{n}"), "modelInput": input })
            )
        })
        .collect()
}

fn batch(name: &str) -> BatchSpec {
    BatchSpec {
        name: name.into(),
        token: name.into(),
        model_id: "amazon.nova-micro-v1:0".into(),
        input_key: "work/p/ask/in.jsonl".into(),
        output_prefix: "work/p/told/".into(),
        tags: tags(),
    }
}

fn start(cloud: &MemoryCloud, spec: &BatchSpec) -> PortResult<String> {
    now(cloud.bedrock.start_batch(spec))
}

fn status(cloud: &MemoryCloud, name: &str) -> BatchStatus {
    let found = now(cloud.bedrock.find_batch(name)).expect("answered");
    found.expect("known").status
}

#[test]
fn answers_are_written_as_bedrock_writes_them() {
    let cloud = cloud();
    cloud
        .objects
        .upload("work/p/ask/in.jsonl", input(100) + "{}\n");
    let arn = start(&cloud, &batch("b")).expect("started");
    assert_eq!(start(&cloud, &batch("b")), Ok(arn.clone()), "the same call");
    assert_eq!(status(&cloud, "b"), BatchStatus::InProgress);
    assert!(cloud.objects.keys("work/p/told/").is_empty());
    cloud.clock.advance(minutes(20));
    let job = now(cloud.bedrock.find_batch("b"))
        .expect("answered")
        .expect("known");
    assert_eq!(job.status, BatchStatus::Completed);
    assert_eq!(job.tags, tags());
    let key = format!("work/p/told/{}/in.jsonl.out", job.id());
    let text = cloud.objects.read_text(&key).expect("written");
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 101);
    assert_ne!(lines[0]["recordId"], "R0", "in no order to rely on");
    assert!(
        lines
            .iter()
            .filter(|line| line.get("error").is_some())
            .count()
            == 1
    );
    lines.retain(|line| line["recordId"] == "R7");
    let message = &lines[0]["modelOutput"]["output"]["message"];
    assert_eq!(message["role"], "assistant");
    assert_eq!(
        message["content"][0]["text"],
        "amazon.nova-micro-v1:0 says question 7"
    );
    assert_eq!(lines[0]["modelOutput"]["usage"]["inputTokens"], 2);
    assert_eq!(lines[0]["modelOutput"]["usage"]["outputTokens"], 4);
    assert_eq!(lines[0]["modelInput"]["inferenceConfig"]["maxTokens"], 9);
    assert_eq!(cloud.usage.true_calls("amazon.nova-micro-v1:0"), 0);

    let events = cloud.bedrock.take_events();
    let last = events.last().expect("an event");
    assert_eq!(last["detail-type"], "Batch Inference Job State Change");
    assert_eq!(last["time"], "Fri Nov 20 10:20:00 UTC 2026");
    assert_eq!(last["detail"]["batchJobArn"], arn);
    assert_eq!(last["detail"]["batchJobName"], "b");
    assert_eq!(last["detail"]["status"], "Completed");
    assert_eq!(last["detail"]["creationTime"], "Nov 20, 2026, 10:00:00 AM");
}

#[test]
fn too_few_records_fail_and_custom_models_are_refused() {
    let cloud = cloud();
    cloud.objects.upload("work/p/ask/in.jsonl", input(99));
    start(&cloud, &batch("few")).expect("found out later");
    let model = cloud.bedrock.add_model("m", BASE, "a", Tags::new());
    let custom = BatchSpec {
        model_id: model,
        ..batch("custom")
    };
    assert_eq!(kind(start(&cloud, &custom)), ErrorKind::Invalid);
    let nothing = BatchSpec {
        input_key: "work/none.jsonl".into(),
        ..batch("nothing")
    };
    assert_eq!(kind(start(&cloud, &nothing)), ErrorKind::Invalid);
    let taken = BatchSpec {
        token: "other".into(),
        ..batch("few")
    };
    assert_eq!(kind(start(&cloud, &taken)), ErrorKind::Conflict);
    cloud.clock.advance(minutes(20));
    let records = cloud.bedrock.batch_jobs();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].job.status, BatchStatus::Failed);
    let words = records[0].job.message.as_deref().unwrap_or_default();
    assert!(words.contains("less records (99) than the required minimum of: 100"));
    assert!(cloud.objects.keys("work/p/told/").is_empty());
}

#[test]
fn a_job_may_end_in_part_or_be_stopped() {
    let cloud = cloud();
    cloud.objects.upload("work/p/ask/in.jsonl", input(120));
    cloud.bedrock.plan_next(Work::Batch, Outcome::Misses(5), 1);
    cloud.bedrock.plan_next(Work::Batch, Outcome::Hangs, 1);
    start(&cloud, &batch("part")).expect("started");
    let arn = start(&cloud, &batch("hangs")).expect("started");
    cloud.clock.advance(minutes(20));
    assert_eq!(status(&cloud, "part"), BatchStatus::Partial);
    let keys = cloud.objects.keys("work/p/told/");
    let answers = keys.iter().find(|key| key.ends_with("in.jsonl.out"));
    let text = answers.and_then(|key| cloud.objects.read_text(key));
    assert_eq!(text.map(|text| text.lines().count()), Some(115));
    assert_eq!(status(&cloud, "hangs"), BatchStatus::InProgress);
    now(cloud.bedrock.stop_batch(&arn)).expect("stopping");
    now(cloud.bedrock.stop_batch(&arn)).expect("already");
    cloud.clock.advance(minutes(1));
    assert_eq!(status(&cloud, "hangs"), BatchStatus::Stopped);
    now(cloud.bedrock.stop_batch(&arn)).expect("an ended job is no error");
    let events = cloud.take_events();
    let last = events.last().expect("an event");
    assert_eq!(last["detail"]["status"], "Stopped");
}
