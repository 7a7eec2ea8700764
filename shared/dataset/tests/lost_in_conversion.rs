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

fn of(limits: perennial_core::limits::DataLimits, record: &Value) -> (Summary, String) {
    let line = format!("{record}\n");
    let (summary, out) = compile("a.jsonl", Purpose::Training(limits), line.as_bytes());
    (summary, String::from_utf8(out).unwrap())
}

#[test]
fn what_stands_beside_what_is_read_is_told_however_deep() {
    let asked = |content: Value| json!({"role": "user", "content": content});
    let answer = json!({"role": "assistant", "content": "a"});
    let called = |call: Value| json!({"messages": [asked(json!("q")), {"role": "assistant", "tool_calls": [call]}]});
    let shown = |image: Value| {
        let content =
            json!([{"type": "text", "text": "q"}, {"type": "image_url", "image_url": image}]);
        json!({"messages": [asked(content), answer]})
    };
    let blocks = |blocks: Value| {
        json!({"schemaVersion": "bedrock-conversation-2024",
            "messages": [asked(blocks), {"role": "assistant", "content": [{"text": "a"}]}]})
    };
    let image = |source: Value| {
        blocks(json!([{"text": "q"}, {"image": {"format": "png", "source": source}}]))
    };
    let place = |location: Value| json!({ "s3Location": location });
    let function = json!({"name": "t", "arguments": "{}", "output": 1, "thought": "b"});
    for (record, path, found) in [
        (
            called(json!({"id": "1", "type": "function", "function": function})),
            "$.messages[1].tool_calls[0].function",
            "output, thought",
        ),
        (
            shown(json!({"url": "s3://b/k.png", "detail": "low", "alt": "x"})),
            "$.messages[0].content[1].image_url",
            "detail, alt",
        ),
        (
            json!({"messages": [asked(json!("q")), {"role": "assistant", "content": "a", "tool_call_id": "1"}]}),
            "$.messages[1]",
            "tool_call_id",
        ),
        (
            image(json!({"s3Location": {"uri": "s3://b/k.png"}, "note": "x", "bytes": "eA=="})),
            "$.messages[0].content[1].image.source",
            "note, bytes",
        ),
        (
            image(place(
                json!({"uri": "s3://b/k.png", "bucketOwner": 123_456_789_012_u64}),
            )),
            "$.messages[0].content[1].image.source.s3Location",
            "bucketOwner",
        ),
    ] {
        let (summary, out) = of(fine_tuning("amazon.nova-lite-v1:0").unwrap(), &record);
        let found_there = summary.findings.iter().any(|finding| {
            let names: std::collections::BTreeSet<_> = finding.found.split(", ").collect();
            (finding.rule.as_str(), finding.path.as_str()) == ("extra-member", path)
                && names == found.split(", ").collect()
        });
        assert!(found_there, "{record}: {}", summary.to_text());
        assert!(!out.is_empty(), "{record}: {}", summary.to_text());
    }
}

#[test]
fn a_part_of_a_tools_answer_of_another_type_does_not_count_as_none() {
    let answered = |part: Value| {
        json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
            {"role": "user", "content": [{"text": "q"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "t", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [part]}}]},
            {"role": "assistant", "content": [{"text": "a"}]}]})
    };
    let place = "$.messages[2].content[0].toolResult.content[0]";
    for (part, member) in [
        (json!({"text": "see", "json": ["rows", 1]}), ""),
        (json!({"text": ["see"], "json": {"rows": 1}}), ""),
        (json!({"json": ["rows", 1]}), ".json"),
        (json!({"text": ["see"]}), ".text"),
    ] {
        let (summary, out) = nova(&answered(part));
        let path = format!("{place}{member}");
        assert_eq!(rules_of(&summary), [("wrong-type", path.as_str())]);
        assert!(out.is_empty());
    }
}

#[test]
fn a_tools_answer_without_a_part_is_refused_in_either_form() {
    let used =
        json!([{"id": "1", "type": "function", "function": {"name": "t", "arguments": "{}"}}]);
    let answered = |content: Value| {
        json!({"messages": [
            {"role": "user", "content": "q"}, {"role": "assistant", "tool_calls": used},
            {"role": "tool", "tool_call_id": "1", "content": content},
            {"role": "assistant", "content": "a"}]})
    };
    let bedrock = json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
        {"role": "user", "content": [{"text": "q"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "t", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": []}}]},
        {"role": "assistant", "content": [{"text": "a"}]}]});
    for (record, path) in [
        (answered(json!([])), "$.messages[2].content"),
        (bedrock, "$.messages[2].content[0].toolResult.content"),
    ] {
        let (summary, out) = nova(&record);
        assert!(
            rules_of(&summary).contains(&("wrong-type", path)),
            "{record}"
        );
        assert!(out.is_empty(), "{record}");
    }
    let (summary, _) = nova(&answered(json!([])));
    assert_eq!(rules_of(&summary).len(), 1, "{}", summary.to_text());
    let (summary, _) = nova(&answered(json!([{"type": "text", "text": "7"}])));
    assert_eq!((rules_of(&summary), summary.records), (vec![], 1));
    // What goes to the trainer as it came would have no answer of the tool.
    let mut rewarded = answered(json!([]));
    rewarded["messages"].as_array_mut().unwrap().pop();
    rewarded["reference_answer"] = json!("7");
    let limits = reinforcement("amazon.nova-2-lite-v1:0").unwrap();
    let (summary, out) = compile(
        "a.jsonl",
        Purpose::Training(limits),
        format!("{rewarded}\n").as_bytes(),
    );
    assert_eq!(
        rules_of(&summary),
        [("wrong-type", "$.messages[2].content")]
    );
    assert!(out.is_empty());
}

#[test]
fn a_list_of_no_tools_is_none() {
    for (name, none) in [
        ("tools", json!([])),
        ("tools", json!(null)),
        ("tool_calls", json!([])),
    ] {
        let mut record = json!({"messages": [
            {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]});
        let holder = if name == "tools" {
            &mut record
        } else {
            &mut record["messages"][1]
        };
        holder[name] = none.clone();
        let (summary, out) = nova(&record);
        assert_eq!(
            (rules_of(&summary), summary.records),
            (vec![], 1),
            "{record}"
        );
        assert!(!String::from_utf8(out).unwrap().contains("tools"));
    }
    // What the trainer gets as it came has none, as its validators refuse an empty list.
    let record = json!({"messages": [{"role": "user", "content": "q"}], "tools": [], "reference_answer": "42"});
    let (summary, out) = of(reinforcement("amazon.nova-2-lite-v1:0").unwrap(), &record);
    assert_eq!(rules_of(&summary), []);
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({"messages": [{"role": "user", "content": "q"}], "reference_answer": "42"})
    );
}

#[test]
fn a_system_text_that_is_a_string_is_read_in_every_form() {
    for (content, rules) in [
        (json!([{"text": "q"}]), vec!["system-string"]),
        (json!("q"), vec![]),
    ] {
        let mut record = json!({"system": "Be brief.", "messages": [
            {"role": "user", "content": content}, {"role": "assistant", "content": content}]});
        if !rules.is_empty() {
            record["schemaVersion"] = json!("bedrock-conversation-2024");
        }
        let (summary, out) = nova(&record);
        let found: Vec<_> = rules_of(&summary)
            .into_iter()
            .map(|(rule, _)| rule)
            .collect();
        assert_eq!(found, rules, "{record}");
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(r#""system":[{"text":"Be brief."}]"#), "{out}");
    }
}

#[test]
fn white_space_that_is_left_out_is_told_and_nothing_is_told_of_what_is_kept() {
    let call = json!({"id": "1", "type": "function", "function": {"name": "t", "arguments": "{}", "output": 1}, "more": 2});
    let used = |content: Value| {
        json!({"messages": [{"role": "user", "content": "q"},
            {"role": "assistant", "content": content, "tool_calls": [call], "tool_call_id": "1"},
            {"role": "tool", "tool_call_id": "1", "content": "r"}], "reference_answer": "42"})
    };
    for (content, told) in [("\n", true), ("", false), ("so", false)] {
        let limits = reinforcement("amazon.nova-2-lite-v1:0").unwrap();
        let (summary, out) = of(limits, &used(json!(content)));
        let white = ("white-space-left-out", "$.messages[1].content");
        let wanted = if told { vec![white] } else { vec![] };
        assert_eq!(rules_of(&summary), wanted, "{content:?}");
        // It goes to the trainer as it came.
        assert!(
            out.contains(r#""output":1"#) && out.contains(r#""more":2"#),
            "{out}"
        );
    }
    let blocks = |text: &str| {
        json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
            {"role": "user", "content": [{"text": "q"}]},
            {"role": "assistant", "content": [{"text": text}, {"toolUse": {"toolUseId": "1", "name": "t", "input": {}}}]}]})
    };
    let white = ("white-space-left-out", "$.messages[1].content");
    assert_eq!(rules_of(&nova(&blocks("\n")).0), [white]);
    assert_eq!(rules_of(&nova(&blocks("")).0), []);
}

#[test]
fn the_model_of_a_log_is_a_string() {
    let logs = perennial_core::limits::from_logs("amazon.nova-lite-v1:0", Some("m")).unwrap();
    for (model, rules) in [
        (json!("m"), vec![]),
        (json!({"id": "m"}), vec![("wrong-type", "$.modelId")]),
        (json!(null), vec![("wrong-type", "$")]),
    ] {
        let record = json!({"schemaType": "ModelInvocationLog", "modelId": model,
            "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": "q"}]}]}},
            "output": {"outputBodyJson": {"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}}}});
        let (summary, _) = of(logs.clone(), &record);
        assert_eq!(rules_of(&summary), rules, "{}", summary.to_text());
    }
}
