//! What goes to the trainer as it came, invocation logs and reinforcement records, is known by its question and its answer: ids, times and
//! tokens counted make no other record of it.
#![allow(clippy::unwrap_used)]

mod common;

use common::compile;
use perennial_core::config::Technique;
use perennial_core::limits::{self, DataLimits};
use perennial_dataset::{Excluded, Index, Indexer, Purpose, Sealer, Summary};
use serde_json::json;

const MICRO: &str = "amazon.nova-micro-v1:0";
const TEACHER: &str = "amazon.nova-pro-v1:0";

fn logs(answers: bool) -> DataLimits {
    limits::from_logs(MICRO, answers.then_some(TEACHER)).unwrap()
}

fn reinforcement() -> DataLimits {
    limits::of(Technique::Reinforcement, "amazon.nova-2-lite-v1:0").unwrap()
}

/// An entry of which only its id and its time tell it from others with this question and answer.
fn entry(id: usize, question: &str, answer: &str) -> String {
    let text = |text: &str| json!([{ "text": text }]);
    let entry = json!({
        "timestamp": format!("2026-11-20T10:00:{:02}Z", id % 60), "requestId": format!("id-{id}"),
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "modelId": TEACHER,
        "input": { "inputTokenCount": id, "inputBodyJson": {
            "system": text("Be brief."), "messages": [{ "role": "user", "content": text(question) }],
        } },
        "output": { "outputBodyJson": {
            "output": { "message": { "role": "assistant", "content": text(answer) } }, "metrics": { "latencyMs": id },
        } },
    });
    format!("{entry}\n")
}

fn graded(id: usize, question: &str, answer: &str, level: u64) -> String {
    let record = json!({
        "id": format!("id-{id}"), "messages": [{ "role": "user", "content": question }], "reference_answer": answer, "level": level,
    });
    format!("{record}\n")
}

fn checked(limits: &DataLimits, lines: &str) -> (Summary, Vec<u8>) {
    compile(
        "t.jsonl",
        Purpose::Training(limits.clone()),
        lines.as_bytes(),
    )
}

fn found(summary: &Summary) -> Vec<&str> {
    let findings = summary.findings.iter();
    findings.map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn an_entry_that_was_logged_twice_is_one_record_and_one_that_was_answered_in_two_ways_is_told() {
    let twice: String = (0..240)
        .map(|n| {
            entry(
                n,
                &format!("What is {}?", n % 120),
                &format!("It is {}.", n % 120),
            )
        })
        .collect();
    let in_two_ways: String = (0..240)
        .map(|n| entry(n, &format!("What is {}?", n % 120), &format!("It is {n}.")))
        .collect();
    let (summary, out) = checked(&logs(true), &twice);
    assert_eq!((summary.records, summary.duplicates), (120, 120));
    assert_eq!(out.split(|byte| *byte == b'\n').count(), 121);
    assert_eq!(found(&summary), ["exact-duplicate"]);
    let (summary, _) = checked(&logs(true), &in_two_ways);
    assert_eq!((summary.records, summary.duplicates), (240, 0));
    assert_eq!(found(&summary), ["conflicting-duplicate"]);

    // The teacher is asked again, and would be paid again.
    let (summary, _) = checked(&logs(false), &in_two_ways);
    assert_eq!((summary.records, summary.duplicates), (120, 120));
    assert_eq!(found(&summary), ["exact-duplicate"]);
}

#[test]
fn logged_answers_that_are_nearly_all_the_same_are_told_where_they_are_learnt() {
    let the_same: String = (0..200)
        .map(|n| entry(n, &format!("What is {n}?"), "I do not know."))
        .collect();
    assert_eq!(
        found(&checked(&logs(true), &the_same).0),
        ["near-constant-completion"]
    );
    assert_eq!(
        found(&checked(&logs(false), &the_same).0),
        Vec::<&str>::new()
    );
}

#[test]
fn an_answer_of_another_model_than_the_teacher_is_refused_where_it_is_learnt() {
    let of = |model: &str| entry(1, "What is 1?", "It is 1.").replace(TEACHER, model);
    let profile = format!("us.{TEACHER}");
    let arn = format!("arn:aws:bedrock:us-east-1:123456789012:inference-profile/{profile}");
    let model = format!("arn:aws:bedrock:us-east-1::foundation-model/{TEACHER}");
    for known in [TEACHER, &profile, &arn, &model] {
        assert_eq!(
            found(&checked(&logs(true), &of(known)).0),
            ["fewer-than-minimum"],
            "{known}"
        );
    }
    for other in [
        "amazon.nova-lite-v1:0",
        "us.amazon.nova-lite-v1:0",
        "other-amazon.nova-pro-v1:0x",
    ] {
        let (summary, _) = checked(&logs(true), &of(other));
        assert_eq!(found(&summary), ["other-teacher"]);
        assert!(
            summary.findings[0].fix.contains(TEACHER),
            "{:?}",
            summary.findings
        );
        // The teacher is asked again, whoever was asked then.
        assert_eq!(
            found(&checked(&logs(false), &of(other)).0),
            ["fewer-than-minimum"]
        );
    }
}

#[test]
fn a_graded_question_is_one_record_whatever_its_id_and_two_reference_answers_are_told() {
    let twice: String = (0..240)
        .map(|n| {
            graded(
                n,
                &format!("What is {}?", n % 120),
                &format!("{}", n % 120),
                1,
            )
        })
        .collect();
    let (summary, _) = checked(&reinforcement(), &twice);
    assert_eq!((summary.records, summary.duplicates), (120, 120));
    assert_eq!(found(&summary), ["exact-duplicate"]);
    let in_two_ways: String = (0..240)
        .map(|n| graded(n, &format!("What is {}?", n % 120), &format!("{n}"), 1))
        .collect();
    assert_eq!(
        found(&checked(&reinforcement(), &in_two_ways).0),
        ["conflicting-duplicate"]
    );
    // A member of one's own is the grader's to read: with another value it is another record.
    let of_own: String = (0..240)
        .map(|n| graded(n, &format!("What is {}?", n % 120), "4", n as u64 / 120))
        .collect();
    let (summary, _) = checked(&reinforcement(), &of_own);
    assert_eq!((summary.records, summary.duplicates), (240, 0));
    assert_eq!(found(&summary), Vec::<&str>::new());
}

#[test]
fn what_another_upload_has_already_is_left_out_when_they_are_sealed() {
    let of_logs = |from: usize| -> String {
        (from..from + 120)
            .map(|n| entry(n + from, &format!("What is {n}?"), "It is so."))
            .collect()
    };
    let of_graded = |from: usize| -> String {
        (from..from + 120)
            .map(|n| graded(n + from, &format!("What is {n}?"), "4", 1))
            .collect()
    };
    for (limits, uploads) in [
        (logs(true), [of_logs(0), of_logs(60)]),
        (reinforcement(), [of_graded(0), of_graded(60)]),
    ] {
        let shards = uploads.map(|upload| checked(&limits, &upload).1);
        let sealer = || Sealer::new(&limits, Excluded::default(), None);
        let (mut streamed, mut by_index) = (sealer(), sealer());
        let mut out = Vec::new();
        for shard in &shards {
            streamed.push(shard, &mut out);
            streamed.end_shard(&mut out);
            let mut indexer = Indexer::new();
            indexer.push(shard, &mut Vec::new());
            indexer.end(&mut Vec::new());
            let index = indexer.finish("t").unwrap();
            by_index.push_index(&Index::read(index, "t", shard.len() as u64).unwrap());
        }
        let (streamed, by_index) = (streamed.finish(), by_index.finish());
        assert_eq!((streamed.records, streamed.duplicates), (180, 60));
        assert_eq!(streamed, by_index);
    }
}
