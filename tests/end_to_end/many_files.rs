//! A thousand files at once into one pipeline: each is reported, all of it is trained on once, by one run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Cloud, config, runtime, wait};

const FILES: usize = 1_000;
const RECORDS: usize = 2;

/// Transactions for each upload, those included that were refused because another upload came first. Two uploads are taken at
/// a time (`IngestConcurrency`), and whenever one is accepted the other may have to try again: two at most.
const TRANSACTIONS: f64 = 2.0;

/// Each writes the upload's record and the pipeline's.
const WRITES: f64 = 2.0 * TRANSACTIONS;

fn prompt(file: usize, record: usize) -> String {
    format!(
        "Ticket {record} of file {file}: where is parcel {}?",
        file * 7 + record
    )
}

fn file(file: usize) -> (String, Vec<u8>) {
    let lines = (0..RECORDS).map(|record| {
        let line = json!({ "prompt": prompt(file, record), "completion": "delivery" });
        format!("{line}\n")
    });
    (
        format!("data/bot/{file:04}.jsonl"),
        lines.collect::<String>().into_bytes(),
    )
}

#[test]
fn a_thousand_files_at_once_are_each_reported_and_trained_on_once_by_one_run() {
    let cloud = Cloud::start();
    // The last upload may be a while after the one before it, on a busy machine.
    let patient = config("").replace("quiet_for = \"1s\"", "quiet_for = \"15s\"");
    cloud.drop_file("pipelines/bot.toml", patient);
    cloud.wait_for_report("bot/configuration.txt", "in force");
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.wait_for_report("bot/uploads/eval/bot/questions.jsonl.txt", "accepted");
    let before = cloud.trail().len();
    cloud.put_all((0..FILES).map(file).collect());

    let mut reports = Vec::new();
    for some in (100..=FILES).step_by(100) {
        reports = wait(&format!("{some} files have their report"), || {
            let mut keys = cloud.keys("reports/bot/uploads/data/bot/");
            keys.retain(|key| key.ends_with(".json"));
            (keys.len() >= some).then_some(keys)
        });
    }
    assert_eq!(reports.len(), FILES);
    for (key, text) in reports.iter().zip(cloud.objects(&reports)) {
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["status"], "accepted", "{key}: {report:#}");
        assert_eq!(report["summary"]["records"], RECORDS, "{key}");
    }

    let training = wait("the training file is there", || {
        let mut keys = cloud.keys("work/bot/");
        keys.retain(|key| key.ends_with("/train.jsonl"));
        (!keys.is_empty()).then_some(keys)
    });
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for line in cloud.objects(&training).concat().lines() {
        let text = perennial_dataset::prompt_of(line.as_bytes()).unwrap();
        *times.entry(text).or_default() += 1;
    }
    for record in 0..FILES * RECORDS {
        let prompt = prompt(record / RECORDS, record % RECORDS);
        assert_eq!(times.remove(&prompt), Some(1), "{prompt}");
    }
    assert!(times.is_empty(), "nothing else: {times:?}");
    wait("the job is started", || {
        (!cloud.jobs().is_empty()).then_some(())
    });
    assert_eq!(cloud.jobs().len(), 1);
    assert_eq!(cloud.runs("bot").len(), 1);

    let written = Written::by("ingest", &cloud.trail()[before..]);
    eprintln!("{written:?}");
    let of_each = |count: usize| count as f64 / FILES as f64;
    assert_eq!(
        written.transactions - written.refused,
        FILES,
        "one each: {written:?}"
    );
    assert!(of_each(written.transactions) <= TRANSACTIONS, "{written:?}");
    assert!(of_each(written.items) <= WRITES, "{written:?}");
}

impl Cloud {
    /// Puts many objects, as many at a time as the machine takes.
    fn put_all(&self, objects: Vec<(String, Vec<u8>)>) {
        let client = self.s3();
        runtime().block_on(async {
            let mut under_way = tokio::task::JoinSet::new();
            for (key, body) in objects {
                while under_way.len() >= 32 {
                    under_way.join_next().await.unwrap().unwrap();
                }
                let put = client.put_object().bucket("perennial-local").key(key);
                let body = aws_sdk_s3::primitives::ByteStream::from(body);
                under_way.spawn(async move {
                    put.body(body).send().await.unwrap();
                });
            }
            under_way.join_all().await;
        });
    }

    /// The keys under a prefix.
    fn keys(&self, prefix: &str) -> Vec<String> {
        let client = self.s3();
        runtime().block_on(async {
            let listed = client.list_objects_v2().bucket("perennial-local");
            let mut pages = listed.prefix(prefix).into_paginator().send();
            let mut keys = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                keys.extend(
                    page.contents()
                        .iter()
                        .filter_map(|found| found.key().map(str::to_owned)),
                );
            }
            keys
        })
    }

    /// The objects of these keys, in their order.
    fn objects(&self, keys: &[String]) -> Vec<String> {
        let client = self.s3();
        runtime().block_on(async {
            let mut texts = Vec::new();
            for key in keys {
                let object = client.get_object().bucket("perennial-local").key(key);
                let body = object.send().await.unwrap().body.collect().await.unwrap();
                texts.push(String::from_utf8_lossy(&body.into_bytes()).into_owned());
            }
            texts
        })
    }

    /// What was called so far, from the trail: a call that was answered stands in it.
    fn trail(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.dir().join("trace.jsonl")).unwrap();
        text.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}

/// What a function wrote to the table, from the trail.
#[derive(Debug, Default)]
struct Written {
    transactions: usize,
    /// Those of them that were refused, because another write came first.
    refused: usize,
    /// Items in all of them.
    items: usize,
}

impl Written {
    fn by(function: &str, trail: &[Value]) -> Self {
        let session = format!("perennial-local-{function}");
        let mut written = Self::default();
        for call in trail {
            if call["eventSource"] != "dynamodb.amazonaws.com"
                || call["userIdentity"]["sessionName"] != session.as_str()
            {
                continue;
            }
            let name = call["eventName"].as_str().unwrap();
            if name != "TransactWriteItems" {
                let reads = matches!(name, "GetItem" | "Query");
                assert!(reads, "{name} is counted nowhere");
                continue;
            }
            written.transactions += 1;
            written.refused += usize::from(call["errorCode"] == "TransactionCanceledException");
            let items = &call["requestParameters"]["TransactItems"];
            written.items += items.as_array().unwrap().len();
        }
        written
    }
}
