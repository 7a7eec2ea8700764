//! What conversion has no place for and what a conversation cannot go on without: an answer's weight, the result of a tool.
#![allow(clippy::unwrap_used)]
mod common;

use common::compile;
use perennial_core::limits::{RecordShape, fine_tuning, reinforcement};
use perennial_dataset::{Purpose, Summary};
use serde_json::{Value, json};

fn nova(record: &Value) -> (Summary, Vec<u8>) {
    let limits = fine_tuning("amazon.nova-micro-v1:0").unwrap();
    compile(
        "a.jsonl",
        Purpose::Training(limits),
        format!("{record}\n").as_bytes(),
    )
}

fn rules_of(summary: &Summary) -> Vec<(&str, &str)> {
    let findings = summary.findings.iter();
    findings
        .map(|finding| (finding.rule.as_str(), finding.path.as_str()))
        .filter(|(rule, _)| !rule.starts_with("fewer"))
        .collect()
}

#[test]
fn an_answer_that_is_not_to_be_learned_is_never_trained_on_without_a_word() {
    let said = |first: Value, last: Value| {
        let mut messages = json!([
            {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"},
            {"role": "user", "content": "r"}, {"role": "assistant", "content": "b"}]);
        for (index, weight) in [(1, first), (3, last)] {
            if weight != json!("none") {
                messages[index]["weight"] = weight;
            }
        }
        json!({ "messages": messages })
    };
    let none = || json!("none");
    let (last, earlier) = (
        ("weight-of-answer", "$.messages[3].weight"),
        ("weight-lost", "$.messages[1].weight"),
    );
    for (record, expected, records) in [
        (said(none(), none()), vec![], 1),
        (said(json!(1), json!(1)), vec![], 1),
        (said(json!(null), json!(1.0)), vec![], 1),
        (said(none(), json!(0)), vec![last], 0),
        (said(json!(1), json!(0.0)), vec![last], 0),
        (said(none(), json!("0")), vec![last], 0),
        (said(none(), json!(false)), vec![last], 0),
        (said(json!(0), json!(1)), vec![earlier], 1),
        (said(json!(0.5), none()), vec![earlier], 1),
        (said(json!(0), json!(0)), vec![earlier, last], 0),
    ] {
        let (summary, out) = nova(&record);
        assert_eq!(rules_of(&summary), expected, "{record}");
        assert_eq!(summary.records, records, "{record}");
        assert_eq!(out.is_empty(), records == 0);
        assert!(!String::from_utf8(out).unwrap().contains("weight"));
    }
    // Of a question it means nothing, and is said as any other member.
    let (summary, _) = nova(&said(none(), json!(["a"])));
    assert_eq!(rules_of(&summary), [("extra-member", "$.messages[3]")]);
    let mut record = said(none(), none());
    record["messages"][0]["weight"] = json!(0);
    assert_eq!(
        rules_of(&nova(&record).0),
        [("extra-member", "$.messages[0]")]
    );
    // Reinforcement learns no answer that it is given.
    let limits = reinforcement("amazon.nova-2-lite-v1:0").unwrap();
    let mut record = said(none(), json!(0));
    record["reference_answer"] = json!("42");
    let (summary, _) = compile(
        "a.jsonl",
        Purpose::Training(limits),
        format!("{record}\n").as_bytes(),
    );
    assert_eq!(rules_of(&summary), [("extra-member", "$.messages[3]")]);
    // Of two answers one is preferred, and what was said before is not learned.
    let record = json!({"input": {"messages": [{"role": "user", "content": "q"},
        {"role": "assistant", "content": "a", "weight": 0}, {"role": "user", "content": "r"}]},
        "preferred_output": [{"role": "assistant", "content": "b"}],
        "non_preferred_output": [{"role": "assistant", "content": "c"}]});
    let purpose = common::training(RecordShape::Preferences);
    let (summary, _) = compile("a.jsonl", purpose, format!("{record}\n").as_bytes());
    assert_eq!(
        rules_of(&summary),
        [("extra-member", "$.input.messages[1]")]
    );
}

#[test]
fn a_tool_that_is_used_has_its_result_in_the_next_message_unless_its_use_is_the_last() {
    let used = |ids: &[&str]| {
        let blocks: Vec<_> = ids
            .iter()
            .map(|id| json!({"toolUse": {"toolUseId": id, "name": "t", "input": {}}}))
            .collect();
        json!({"role": "assistant", "content": blocks})
    };
    let results = |ids: &[&str]| {
        let blocks: Vec<_> = ids
            .iter()
            .map(|id| json!({"toolResult": {"toolUseId": id, "content": [{"text": "r"}]}}))
            .collect();
        json!({"role": "user", "content": blocks})
    };
    let user = json!({"role": "user", "content": [{"text": "q"}]});
    let answer = json!({"role": "assistant", "content": [{"text": "a"}]});
    for (messages, at) in [
        (vec![user.clone(), used(&["1"])], None),
        (vec![user.clone(), used(&["1", "2"])], None),
        (
            vec![user.clone(), used(&["1"]), results(&["1"]), answer.clone()],
            None,
        ),
        (
            vec![
                user.clone(),
                used(&["1", "2"]),
                results(&["2", "1"]),
                used(&["3"]),
            ],
            None,
        ),
        (
            vec![user.clone(), used(&["1"]), user.clone(), answer.clone()],
            Some(1),
        ),
        (
            vec![
                user.clone(),
                used(&["1", "2"]),
                results(&["2"]),
                answer.clone(),
            ],
            Some(1),
        ),
        // Too late.
        (
            vec![
                user.clone(),
                used(&["1"]),
                user.clone(),
                answer.clone(),
                results(&["1"]),
                answer.clone(),
            ],
            Some(1),
        ),
    ] {
        let record = json!({"schemaVersion": "bedrock-conversation-2024", "messages": messages});
        let (summary, out) = nova(&record);
        let path = at.map(|at| format!("$.messages[{at}]"));
        let expected: Vec<_> = path
            .iter()
            .map(|path| ("tool-pairing", path.as_str()))
            .collect();
        assert_eq!(
            rules_of(&summary),
            expected,
            "{record}: {}",
            summary.to_text()
        );
        assert_eq!(out.is_empty(), at.is_some());
    }
    // In OpenAI's shape, too.
    let call = json!({"id": "1", "type": "function", "function": {"name": "t", "arguments": "{}"}});
    for (between, expected) in [
        (
            json!({"role": "tool", "tool_call_id": "1", "content": "r"}),
            vec![],
        ),
        (
            json!({"role": "user", "content": "r"}),
            vec![("tool-pairing", "$.messages[1]")],
        ),
    ] {
        let record = json!({"messages": [{"role": "user", "content": "q"},
            {"role": "assistant", "tool_calls": [call]}, between, {"role": "assistant", "content": "a"}]});
        assert_eq!(rules_of(&nova(&record).0), expected, "{record}");
    }
}
