//! What is wrong with a tool's use is said once, of the use.
#![allow(clippy::unwrap_used)]
mod common;

use common::compile;
use perennial_core::limits::fine_tuning;
use perennial_dataset::{Purpose, Summary};
use serde_json::{Value, json};

fn checked(line: &Value) -> Summary {
    let limits = fine_tuning("amazon.nova-2-lite-v1:0").unwrap();
    let (summary, _) = compile(
        "a.jsonl",
        Purpose::Training(limits),
        format!("{line}\n").as_bytes(),
    );
    summary
}

fn errors(summary: &Summary) -> Vec<(&str, &str)> {
    let errors = summary
        .findings
        .iter()
        .filter(|finding| finding.severity == perennial_dataset::Severity::Error);
    errors
        .map(|finding| (finding.rule.as_str(), finding.found.as_str()))
        .collect()
}

#[test]
fn arguments_that_cannot_be_read_are_shown_and_their_result_is_not_blamed() {
    for (arguments, found) in [
        (
            json!(""),
            "arguments without a character, where {} are none",
        ),
        (
            json!("  "),
            "arguments without a character, where {} are none",
        ),
        (json!("nothing"), "nothing"),
        (json!([1]), "[1]"),
        (Value::Null, "no arguments"),
    ] {
        let summary = checked(&json!({"messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]},
            {"role": "tool", "tool_call_id": "c", "content": "7"},
            {"role": "assistant", "content": "a"},
        ]}));
        assert_eq!(
            errors(&summary),
            [("wrong-type", found)],
            "{}",
            summary.to_text()
        );
    }
}

#[test]
fn a_use_in_bedrocks_form_is_blamed_alone_too() {
    for used in [
        json!({"toolUseId": "c", "name": "f", "input": "x"}),
        json!({"toolUseId": "c", "input": {}}),
    ] {
        let summary = checked(
            &json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
                {"role": "user", "content": [{"text": "q"}]},
                {"role": "assistant", "content": [{"toolUse": used}]},
                {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "7"}]}}]},
                {"role": "assistant", "content": [{"text": "a"}]},
            ]}),
        );
        let rules: Vec<_> = errors(&summary)
            .iter()
            .map(|(rule, _)| rule.to_string())
            .collect();
        assert_eq!(rules, ["wrong-type"], "{}", summary.to_text());
    }
}

#[test]
fn an_address_has_letters_and_digits_of_any_script() {
    for (key, taken) in [
        ("ä.png", true),
        ("٣.png", true),
        ("日本/x.png", true),
        ("a b.png", false),
        ("a%20b.png", false),
        ("a+b.png", false),
        ("a.png\n", false),
    ] {
        let summary = checked(
            &json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
                {"role": "user", "content": [{"text": "q"}, {"image": {"format": "png", "source": {"s3Location": {"uri": format!("s3://b/{key}")}}}}]},
                {"role": "assistant", "content": [{"text": "a"}]},
            ]}),
        );
        assert_eq!(
            !summary.finding_counts.contains_key("media-source"),
            taken,
            "{key}: {}",
            summary.to_text()
        );
    }
}

#[test]
fn the_same_answer_to_the_same_question_with_other_tools_contradicts_nothing() {
    let record = |tool: &str, answer: &str| {
        let tools = json!([{ "type": "function", "function": { "name": "get", "description": tool,
            "parameters": { "type": "object", "properties": {} } } }]);
        let messages =
            json!([{ "role": "user", "content": "q" }, { "role": "assistant", "content": answer }]);
        format!("{}\n", json!({ "tools": tools, "messages": messages }))
    };
    let said = |text: String| {
        let purpose = Purpose::Training(fine_tuning("amazon.nova-2-lite-v1:0").unwrap());
        let (summary, _) = compile("a.jsonl", purpose, text.as_bytes());
        (summary.records, summary.duplicates, summary.conflicts)
    };
    let one = record("one", "same");
    assert_eq!(said(one.clone() + &record("two", "same")), (2, 0, 0));
    assert_eq!(said(one.clone() + &one), (1, 1, 0));
    // With the same tools it does.
    assert_eq!(said(one.clone() + &record("one", "other")), (2, 0, 1));
    // One that speaks of the tools as they are written.
    let spoken = record("one", &one);
    assert_eq!(said(spoken.clone() + &record("two", &one)), (2, 0, 0));
    assert_eq!(said(spoken.clone() + &spoken), (1, 1, 0));
}
