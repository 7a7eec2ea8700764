//! Batch inference jobs.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{BASE, Setup, kind, tags};
use crate::memory::operation;
use crate::objects::read_all;
use crate::{BatchJob, BatchSpec, BatchStatus, ErrorKind};

/// The fewest records of a job.
const MINIMUM: usize = 100;

const INPUT_KEY: &str = "work/support-bot/prompts.jsonl";

/// The whole contract of [`crate::StartBatch`], [`crate::ObserveBatch`] and [`crate::StopBatch`].
pub async fn batch_contract(setup: &Setup<'_>) {
    input(setup, MINIMUM).await;
    answered(setup).await;
    names(setup).await;
    unanswered(setup).await;
    ended_otherwise(setup).await;
}

fn spec(name: &str) -> BatchSpec {
    BatchSpec {
        name: name.to_owned(),
        token: format!("{}-token", name.replace('.', "-dot")),
        model_id: BASE.to_owned(),
        input_key: INPUT_KEY.to_owned(),
        output_prefix: "work/support-bot/answers/".to_owned(),
        tags: tags(name),
    }
}

async fn input(setup: &Setup<'_>, records: usize) {
    let record = |n| {
        json!({ "recordId": format!("R{n:05}"), "modelInput": {
            "messages": [{ "role": "user", "content": [{ "text": format!("prompt {n}") }] }],
            "inferenceConfig": { "maxTokens": 64, "temperature": 0.0 },
        } })
    };
    let lines: Vec<String> = (0..records).map(|n| record(n).to_string()).collect();
    let body = Bytes::from(lines.join("\n"));
    let written = setup.objects.put(INPUT_KEY, body, "application/jsonl");
    written.await.expect("the prompts are written");
}

async fn start(setup: &Setup<'_>, spec: &BatchSpec) -> String {
    let started = setup.bedrock.start_batch(spec).await;
    started.expect("a good job is started")
}

async fn find(setup: &Setup<'_>, name: &str) -> Option<BatchJob> {
    setup.bedrock.find_batch(name).await.expect("answered")
}

async fn known(setup: &Setup<'_>, name: &str) -> BatchJob {
    find(setup, name).await.expect("the job is known")
}

async fn answered(setup: &Setup<'_>) {
    assert_eq!(find(setup, "batch").await, None, "no job, and no error");
    let spec = spec("batch");
    let arn = start(setup, &spec).await;
    let running = BatchJob {
        arn: arn.clone(),
        name: "batch".to_owned(),
        status: BatchStatus::InProgress,
        message: None,
        tags: tags("batch"),
    };
    assert_eq!(known(setup, "batch").await, running);
    assert_eq!(
        start(setup, &spec).await,
        arn,
        "the same call, the same job"
    );
    setup.world.settle().await;
    let job = known(setup, "batch").await;
    assert_eq!(job.status, BatchStatus::Completed, "{:?}", job.message);
    assert_eq!((&job.arn, &job.tags), (&arn, &tags("batch")));
    assert_eq!(start(setup, &spec).await, arn, "after its end too");

    let key = format!("work/support-bot/answers/{}/prompts.jsonl.out", job.id());
    let output = read_all(setup.objects, &key, None, 1 << 20).await;
    let output = output.expect("the answers stand where the port says");
    let lines: BTreeMap<String, Value> = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let line: Value = serde_json::from_slice(line).expect("JSON");
            (
                line["recordId"].as_str().unwrap_or_default().to_owned(),
                line,
            )
        })
        .collect();
    assert_eq!(lines.len(), MINIMUM, "an answer for each record");
    for (id, line) in &lines {
        let output = &line["modelOutput"];
        let text = output["output"]["message"]["content"][0]["text"].as_str();
        assert!(text.is_some(), "{id} in Converse's form: {line}");
        assert!(output["usage"]["inputTokens"].is_u64(), "{line}");
        assert!(output["stopReason"].is_string(), "{line}");
        let asked = &line["modelInput"]["messages"][0]["content"][0]["text"];
        assert!(asked.is_string(), "{line}");
    }
}

async fn names(setup: &Setup<'_>) {
    // The newest ones first are those that are like it.
    let similar = ["batch-1", "a-batch", "batch.", "xbatchx"];
    for name in similar {
        start(setup, &spec(name)).await;
        setup.world.settle().await;
    }
    assert_eq!(known(setup, "batch").await.name, "batch");
    for name in similar {
        let job = known(setup, name).await;
        assert_eq!((job.name.as_str(), job.tags), (name, tags(name)));
    }
    assert_eq!(find(setup, "batc").await, None, "a name is a whole name");
    let taken = BatchSpec {
        token: "other-token".into(),
        ..spec("batch")
    };
    let started = setup.bedrock.start_batch(&taken).await;
    assert_eq!(
        kind(started),
        Some(ErrorKind::Conflict),
        "the name is taken"
    );
    let changed = BatchSpec {
        output_prefix: "work/support-bot/elsewhere/".into(),
        ..spec("batch")
    };
    let started = setup.bedrock.start_batch(&changed).await;
    assert_eq!(
        kind(started),
        Some(ErrorKind::Conflict),
        "a token stands for one request"
    );
}

async fn unanswered(setup: &Setup<'_>) {
    let spec = spec("lost");
    setup.world.lose_answer(operation::CREATE_BATCH).await;
    let lost = setup.bedrock.start_batch(&spec).await;
    assert_eq!(kind(lost), Some(ErrorKind::Unanswered));
    let job = known(setup, "lost").await;
    assert_eq!(start(setup, &spec).await, job.arn, "one job");
    let throttled = self::spec("throttled");
    setup.world.throttle(operation::CREATE_BATCH).await;
    let refused = setup.bedrock.start_batch(&throttled).await;
    assert_eq!(kind(refused), Some(ErrorKind::Throttled));
    assert_eq!(find(setup, "throttled").await, None, "nothing was made");
    setup.world.settle().await;
}

async fn ended_otherwise(setup: &Setup<'_>) {
    let arn = start(setup, &spec("stopped")).await;
    let stop = async |arn: &str| setup.bedrock.stop_batch(arn).await;
    stop(&arn).await.expect("asked to stop");
    let status = known(setup, "stopped").await.status;
    assert_eq!(status, BatchStatus::InProgress, "not stopped before it is");
    setup.world.settle().await;
    let status = known(setup, "stopped").await.status;
    assert_eq!(status, BatchStatus::Stopped);
    stop(&arn).await.expect("an ended job is no error");
    let completed = known(setup, "batch").await.arn;
    stop(&completed).await.expect("nor is a completed one");
    let nobody = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghijkl";
    assert_eq!(kind(stop(nobody).await), Some(ErrorKind::NotFound));

    input(setup, MINIMUM - 1).await;
    start(setup, &spec("few")).await;
    setup.world.settle().await;
    let few = known(setup, "few").await;
    assert_eq!(few.status, BatchStatus::Failed, "too few records");
    assert!(few.message.is_some_and(|words| words.contains("100")));
    for bad in [
        BatchSpec {
            input_key: "work/support-bot/nowhere.jsonl".into(),
            ..spec("bad")
        },
        BatchSpec {
            name: "with_underscore".into(),
            ..spec("bad")
        },
    ] {
        let started = setup.bedrock.start_batch(&bad).await;
        assert_eq!(kind(started), Some(ErrorKind::Invalid), "{bad:?}");
    }
    assert_eq!(find(setup, "bad").await, None);
}
