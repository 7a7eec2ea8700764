//! Bedrock invocation logs become records: what of an entry has no place there is said.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, limits, nova, training};
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_dataset::{Purpose, Summary};
use proptest::prelude::*;
use serde_json::{Value, json};

fn converse() -> Value {
    json!({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "modelId": "m", "timestamp": "2026-11-20T00:00:00Z",
        "input": {"inputContentType": "application/json", "inputBodyJson": {
            "system": [{"text": "be kind"}],
            "messages": [{"role": "user", "content": [{"text": "q"}]}],
            "inferenceConfig": {"maxTokens": 7},
        }},
        "output": {"outputBodyJson": {
            "output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}, "stopReason": "end_turn", "usage": {"inputTokens": 7},
        }},
    })
}

fn openai() -> Value {
    json!({
        "modelId": "m",
        "input": {"inputBodyJson": {
            "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "q"}], "temperature": 0.5,
        }},
        "output": {"outputBodyJson": {
            "id": "x", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a", "tool_calls": [], "refusal": null}}],
        }},
    })
}

fn anthropic() -> Value {
    json!({
        "modelId": "m",
        "input": {"inputBodyJson": {
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 7, "system": "be kind",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "q", "cache_control": {"type": "ephemeral"}}]}],
        }},
        "output": {"outputBodyJson": {"id": "x", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn"}},
    })
}

fn compiled(log: &Value) -> (Summary, String) {
    let (summary, out) = compile("a.jsonl", nova(), format!("{log}\n").as_bytes());
    (summary, String::from_utf8(out).unwrap())
}

fn set(mut log: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match log.pointer_mut(parent).unwrap() {
        Value::Object(members) => {
            members.insert(name.to_owned(), value);
        }
        Value::Array(list) => list.push(value),
        other => panic!("{other}"),
    }
    log
}

const INPUT: &str = "/input/inputBodyJson";
const OUTPUT: &str = "/output/outputBodyJson";

#[test]
fn an_entry_whose_every_text_has_a_place_is_converted_without_a_word() {
    let cached = set(
        converse(),
        "/input/inputBodyJson/system/-",
        json!({"cachePoint": {"type": "default"}}),
    );
    let cached = set(
        cached,
        "/input/inputBodyJson/messages/0/content/-",
        json!({"cachePoint": {"type": "default"}}),
    );
    for log in [converse(), openai(), anthropic(), cached] {
        let (summary, out) = compiled(&log);
        let unspoken: Vec<_> = summary
            .findings
            .iter()
            .filter(|finding| finding.rule != "fewer-than-minimum")
            .collect();
        assert!(unspoken.is_empty(), "{log}: {}", summary.to_text());
        for text in ["be kind", "\"q\"", "\"a\""] {
            assert!(out.contains(text), "{log}: {out}");
        }
    }
}

#[test]
fn what_of_an_entry_has_no_place_is_said() {
    let at = |base: Value, place: &str, name: &str, value: Value| {
        set(base, &format!("{place}{name}"), value)
    };
    let choices = format!("{OUTPUT}/choices");
    for (log, rule) in [
        (
            at(
                converse(),
                INPUT,
                "/system/-",
                json!({"guardContent": {"text": {"text": "lost"}}}),
            ),
            "no-place",
        ),
        (
            at(
                converse(),
                INPUT,
                "/messages/0/content/-",
                json!({"image": {"format": "png"}}),
            ),
            "no-place",
        ),
        (
            at(
                converse(),
                INPUT,
                "/messages/0/content",
                json!([{"text": "q", "image": {"format": "png"}}]),
            ),
            "no-place",
        ),
        (
            at(
                converse(),
                INPUT,
                "/messages/0/content",
                json!([{"text": "q", "note": "lost"}]),
            ),
            "extra-member",
        ),
        (
            at(
                converse(),
                INPUT,
                "/messages/0/tool_calls",
                json!([{"id": "x"}]),
            ),
            "no-place",
        ),
        (
            at(
                converse(),
                INPUT,
                "/messages/-",
                json!({"role": "system", "content": "late"}),
            ),
            "role-order",
        ),
        (
            at(
                converse(),
                INPUT,
                "/messages/-",
                json!({"role": "tool", "content": "lost"}),
            ),
            "no-place",
        ),
        (
            at(
                converse(),
                INPUT,
                "/chat_history",
                json!([{"message": "lost"}]),
            ),
            "no-place",
        ),
        (
            at(converse(), INPUT, "/documents", json!(["lost"])),
            "no-place",
        ),
        (
            at(converse(), INPUT, "/instructions", json!("lost")),
            "no-place",
        ),
        (at(converse(), INPUT, "/prompt", json!("lost")), "no-place"),
        (
            at(converse(), INPUT, "/of_my_own", json!("lost")),
            "extra-member",
        ),
        (at(converse(), "", "/note", json!("lost")), "extra-member"),
        (
            at(
                openai(),
                INPUT,
                "/messages/0/content",
                json!([{"type": "image_url", "image_url": "lost"}]),
            ),
            "no-place",
        ),
        (
            at(
                openai(),
                &choices,
                "/-",
                json!({"message": {"content": "lost"}}),
            ),
            "no-place",
        ),
        (
            at(
                openai(),
                &choices,
                "/0/message/tool_calls",
                json!([{"id": "x"}]),
            ),
            "no-place",
        ),
        (
            at(
                openai(),
                &choices,
                "/0/message/reasoning_content",
                json!("lost"),
            ),
            "extra-member",
        ),
        (
            at(openai(), OUTPUT, "/completion", json!("lost")),
            "no-place",
        ),
        (
            at(
                anthropic(),
                OUTPUT,
                "/content/-",
                json!({"type": "tool_use", "name": "lost"}),
            ),
            "no-place",
        ),
        (
            at(
                anthropic(),
                OUTPUT,
                "/content/-",
                json!({"type": "thinking", "thinking": "lost"}),
            ),
            "no-place",
        ),
    ] {
        let (summary, out) = compiled(&log);
        assert!(
            summary.finding_counts.contains_key(rule),
            "{log}: {}",
            summary.to_text()
        );
        assert!(!out.contains("lost"), "{out}");
        // Distillation from logs takes the entry as it is.
        let (summary, out) = compile(
            "a.jsonl",
            training(RecordShape::InvocationLogs),
            format!("{log}\n").as_bytes(),
        );
        assert!(
            !summary.finding_counts.contains_key("extra-member"),
            "{}",
            summary.to_text()
        );
        if summary.records == 1 {
            assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), log);
        }
    }
}

#[test]
fn an_answer_of_several_texts_is_taken_whole() {
    let log = set(
        converse(),
        "/output/outputBodyJson/output/message/content/-",
        json!({"text": "and more"}),
    );
    let (summary, out) = compiled(&log);
    assert_eq!(summary.records, 1, "{}", summary.to_text());
    assert!(out.contains("and more"), "{out}");
}

#[test]
fn an_answer_that_is_learnt_is_held_to_what_the_model_takes() {
    let learnt = |answers_of: Option<&str>, log: &Value| {
        let limits = DataLimits {
            answers_of: answers_of.map(str::to_owned),
            max_record_tokens: 1_000,
            ..limits(RecordShape::InvocationLogs)
        };
        let bytes = format!("{log}\n");
        let (summary, out) = compile("a.jsonl", Purpose::Training(limits), bytes.as_bytes());
        (summary, String::from_utf8(out).unwrap())
    };
    let said = |text: &str| {
        let place = format!("{OUTPUT}/output/message/content");
        set(converse(), &place, json!([{ "text": text }]))
    };
    let content = format!("{OUTPUT}/output/message/content");
    for (log, rule) in [
        (said("a"), None),
        (said("a [EOS] b"), Some("forbidden-string")),
        (said(&"word ".repeat(5_000)), Some("sample-too-long")),
        (said(" "), Some("empty-completion")),
        (
            set(converse(), &content, json!([])),
            Some("missing-completion"),
        ),
        (
            set(converse(), &content, json!([{"toolUse": {}}])),
            Some("missing-completion"),
        ),
    ] {
        let (summary, out) = learnt(Some("m"), &log);
        let told = rule.is_none_or(|rule| summary.finding_counts.contains_key(rule));
        assert!(told, "{log} {}", summary.to_text());
        assert_eq!(out.is_empty(), rule.is_some(), "{}", summary.to_text());
        // Where the teacher answers anew, what it once said is not learnt.
        let (summary, out) = learnt(None, &log);
        assert!(!out.is_empty(), "{}", summary.to_text());
    }
    let [with, without] = [Some("m"), None].map(|of| learnt(of, &said("one two three")).0);
    assert!(with.tokens_estimate > without.tokens_estimate);
}

/// Every object of an entry, but those that only say how it was asked.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(at.to_owned());
            for (name, value) in members {
                if !matches!(name.as_str(), "inferenceConfig" | "usage" | "cache_control") {
                    objects(value, &format!("{at}/{name}"), found);
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                objects(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_text_anywhere_in_an_entry_is_converted_or_said_to_be_lost(
        base in prop_oneof![Just(converse()), Just(openai()), Just(anthropic())],
        place in any::<prop::sample::Index>(),
        name in prop_oneof![
            "[a-z]{3}",
            proptest::sample::select(vec!["content", "text", "prompt", "messages", "system", "output", "choices", "results", "generation",
                "completion", "inputText", "message", "documents", "image", "input", "refusal"]).prop_map(str::to_owned),
        ],
        value in prop_oneof![Just(json!("unique word")), Just(json!(["unique word"])), Just(json!({"x": "unique word"})), Just(json!([{"text": "unique word"}])), Just(json!([{"x": "unique word"}]))],
    ) {
        let mut places = Vec::new();
        objects(&base, "", &mut places);
        let log = set(base, &format!("{}/{name}", place.get(&places)), value);
        let (summary, out) = compiled(&log);
        let kept = out.contains("unique word");
        let told = summary.errors + summary.warnings > 0 || summary.findings.iter().any(|finding| finding.rule == "extra-member");
        prop_assert!(kept || told, "{}\n{}", log, summary.to_text());
    }
}
