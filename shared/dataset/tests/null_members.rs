//! A member that is null is as good as none: it does not say what a record is, unless no other does.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, nova, training};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Purpose, Summary};
use serde_json::{Value, json};

fn compiled(purpose: Purpose, record: &Value) -> (Summary, String) {
    let (summary, out) = compile("a.jsonl", purpose, format!("{record}\n").as_bytes());
    (summary, String::from_utf8(out).unwrap())
}

#[test]
fn a_null_member_more_changes_nothing_of_what_is_written() {
    let said = || json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]);
    let blocks = || json!([{"role": "user", "content": [{"text": "q"}]}, {"role": "assistant", "content": [{"text": "a"}]}]);
    let entry = json!({"modelId": "m", "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "q"}]}]}},
        "output": {"outputBodyJson": {"completion": "a"}}});
    let shape = training;
    for (purpose, record) in [
        (nova(), json!({"messages": said()})),
        (nova(), json!({"messages": blocks()})),
        (nova(), json!({"prompt": "q", "completion": "a"})),
        (nova(), json!({"prompt": "q", "response": "a"})),
        (shape(RecordShape::Documents), json!({"text": "t"})),
        (shape(RecordShape::Documents), json!({"input": "t"})),
        (
            shape(RecordShape::ImageCaptions),
            json!({"image-ref": "s3://bucket/a.png", "caption": "A house"}),
        ),
        (
            shape(RecordShape::Preferences),
            json!({"prompt": "q", "chosen": "a", "rejected": "b"}),
        ),
        (
            shape(RecordShape::DistillationPrompts),
            json!({"prompt": "q"}),
        ),
        (nova(), json!(entry)),
        (
            Purpose::Evaluation,
            json!({"prompt": "q", "referenceResponse": "a"}),
        ),
    ] {
        let (summary, expected) = compiled(purpose.clone(), &record);
        assert_eq!(summary.records, 1, "{record} {}", summary.to_text());
        for name in [
            "messages",
            "schemaVersion",
            "schemaType",
            "referenceResponse",
            "reference_answer",
            "completion",
            "response",
            "image-ref",
            "chosen",
            "preferred_output",
            "text",
            "input",
        ] {
            if record.get(name).is_some() {
                continue;
            }
            let mut more = record.clone();
            more[name] = Value::Null;
            let (summary, out) = compiled(purpose.clone(), &more);
            assert_eq!(out, expected, "{more} {}", summary.to_text());
        }
    }
}

#[test]
fn null_members_of_a_message_do_not_say_whose_form_it_is() {
    let record = json!({"messages": [
        {"role": "user", "content": [{"type": null, "text": "q"}], "candidates": null},
        {"role": "assistant", "content": [{"text": "a"}], "tool_calls": null}]});
    let (summary, out) = compiled(nova(), &record);
    assert_eq!(summary.records, 1, "{}", summary.to_text());
    assert!(out.contains("\"q\"") && out.contains("\"a\""), "{out}");
}

#[test]
fn where_no_member_says_what_a_record_is_one_that_is_null_does() {
    let preferences = || training(RecordShape::Preferences);
    for (purpose, record, found) in [
        (
            nova(),
            json!({"prompt": "q", "completion": null}),
            "completion is null",
        ),
        (
            nova(),
            json!({"prompt": "q", "response": null}),
            "response is null",
        ),
        (
            nova(),
            json!({"prompt": null, "completion": null}),
            "prompt is null",
        ),
        (
            training(RecordShape::Documents),
            json!({"text": null}),
            "text is null",
        ),
        (
            Purpose::Evaluation,
            json!({"prompt": "q", "referenceResponse": null}),
            "referenceResponse is null",
        ),
        (
            preferences(),
            json!({"prompt": "q", "chosen": null, "rejected": null}),
            "no chosen among",
        ),
    ] {
        let (summary, out) = compiled(purpose, &record);
        assert!(summary.errors > 0 && out.is_empty(), "{record}");
        let text = summary.to_text();
        assert!(
            text.contains(found) && !text.contains("unknown-shape"),
            "{record} {text}"
        );
    }
}
