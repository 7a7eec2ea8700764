//! What is looked for is looked for in what is written, too: behind escapes that conversion reads a second time, in what tools are given and
//! answer, and where texts are joined.
#![allow(clippy::unwrap_used)]
mod common;

use perennial_core::limits::{DataLimits, RecordShape, fine_tuning, reinforcement};
use perennial_dataset::{Compiler, Purpose, SecretsRule, Summary};
use proptest::prelude::*;
use serde_json::json;

fn nova() -> DataLimits {
    fine_tuning("amazon.nova-micro-v1:0").unwrap()
}

fn haiku() -> DataLimits {
    fine_tuning("anthropic.claude-3-haiku-20240307-v1:0").unwrap()
}

fn compiled(limits: &DataLimits, rule: SecretsRule, file: &str) -> (Summary, String) {
    let mut compiler =
        Compiler::new("a.jsonl", Purpose::Training(limits.clone())).with_secrets(rule);
    let mut out = Vec::new();
    compiler.push(file.as_bytes(), &mut out);
    let summary = compiler.finish(&mut out);
    (summary, String::from_utf8(out).unwrap())
}

/// A conversation in OpenAI's shape whose tool is given `arguments`, which stand in the line as they are here.
fn given(arguments: &str) -> String {
    format!(
        r#"{{"messages":[{{"role":"user","content":"q"}},{{"role":"assistant","tool_calls":[{{"id":"1","type":"function","function":{{"name":"t","arguments":"{arguments}"}}}}]}}]}}"#
    ) + "\n"
}

/// `text` with the characters that `which` says spelt as escapes, for the inside of a JSON string.
fn escaped(text: &str, which: &[bool]) -> String {
    let spelt = |(at, c): (usize, char)| match which.get(at % which.len().max(1)) {
        Some(true) => format!("\\u{:04x}", u32::from(c)),
        _ => json!(c.to_string())
            .to_string()
            .trim_matches('"')
            .to_owned(),
    };
    let quoted = |(at, c)| match c {
        '"' => "\\\"".to_owned(),
        c => spelt((at, c)),
    };
    text.chars().enumerate().map(quoted).collect()
}

/// Secrets by their published forms, put together here so that no scanner of repositories takes this file for a leak.
fn secrets() -> Vec<(String, &'static str)> {
    vec![
        (format!("AKIA{}", "IOSFODNN7EXAMPLE"), "secret"),
        (format!("ghp_{}", "a1B2".repeat(9)), "secret"),
        (
            format!(
                "aws_secret_access_key = {}",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
            ),
            "secret",
        ),
        (format!("-----BEGIN RSA {}", "PRIVATE KEY-----"), "secret"),
        ("4111 1111 1111 1111".to_owned(), "card-number"),
    ]
}

/// Whether a report shows the secret: as it is, or a part of it that nobody else writes.
fn shows(summary: &Summary, out: &str, secret: &str) -> bool {
    let report = serde_json::to_string(summary).unwrap() + out;
    report.contains(secret) || report.contains(&secret[secret.len() - 9..])
}

#[test]
fn a_secret_behind_the_escapes_of_what_a_tool_is_given_is_found_and_not_shown() {
    for limits in [nova(), reinforcement("amazon.nova-2-lite-v1:0").unwrap()] {
        for arguments in [
            r#"{\"k\":\"\\u0041KIAIOSFODNN7EXAMPLE\"}"#,
            r#"{\"k\":\"\u005cu0041KIAIOSFODNN7EXAMPLE\"}"#,
            r#"{\"k\":\"x\\u000aAKIAIOSFODNN7EXAMPLE\"}"#,
            r#"{\"k\":\"\\u0022AKIAIOSFODNN7EXAMPLE\\u0022\"}"#,
            r#"{\"\\u0041KIAIOSFODNN7EXAMPLE\":1}"#,
            // No JSON, and said with a part of it.
            r#"[\"\\u0041KIAIOSFODNN7EXAMPLE\"]"#,
        ] {
            let line = given(arguments);
            let (summary, out) = compiled(&limits, SecretsRule::Reject, &line);
            assert_eq!(summary.finding_counts.get("secret"), Some(&1), "{line}");
            assert!(!shows(&summary, &out, "AKIAIOSFODNN7EXAMPLE"), "{line}");
            let (summary, _) = compiled(&limits, SecretsRule::Warn, &line);
            assert_eq!(summary.finding_counts.get("secret"), Some(&1), "{line}");
            assert!(!shows(&summary, "", "AKIAIOSFODNN7EXAMPLE"), "{line}");
        }
    }
}

#[test]
fn the_finding_says_where_the_secret_stands() {
    let line = given(r#"{\"k\":\"é\\u0041KIAIOSFODNN7EXAMPLE\"}"#);
    let (summary, _) = compiled(&nova(), SecretsRule::Warn, &line);
    let at = line.find("\\\\u0041").unwrap();
    let column = line[..at].chars().count() + 1;
    let found = &summary.findings[0].found;
    assert!(found.starts_with(&format!("column {column}: ")), "{found}");
}

#[test]
fn json_in_a_text_hides_nothing_either() {
    let slashes =
        r#"{\"aws_secret_access_key\": \"wJalrXUtnFEMI\\/K7MDENG\\/bPxRfiCYEXAMPLEKEY\"}"#;
    for text in [
        slashes,
        r#"{\"k\":\"\\u0041KIAIOSFODNN7EXAMPLE\"}"#,
        r#"\u0022AKIAIOSFODNN7EXAMPLE\u0022"#,
    ] {
        for (limits, line) in [
            (
                nova(),
                format!("{{\"prompt\":\"{text}\",\"completion\":\"b\"}}\n"),
            ),
            (
                common::limits(RecordShape::Documents),
                format!("{{\"text\":\"{text}\"}}\n"),
            ),
        ] {
            let (summary, _) = compiled(&limits, SecretsRule::Reject, &line);
            assert_eq!(summary.finding_counts.get("secret"), Some(&1), "{line}");
        }
    }
    // A backslash before a letter is no secret, and the record is what it was.
    let line = "{\"prompt\":\"C:\\\\users \\\\u0041 a\\\\/b\",\"completion\":\"\\\\usepackage\"}\n";
    let (summary, out) = compiled(
        &fine_tuning("meta.llama3-1-8b-instruct-v1:0").unwrap(),
        SecretsRule::Reject,
        line,
    );
    assert_eq!(
        (summary.records, out.as_str()),
        (1, line),
        "{}",
        summary.to_text()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    /// The compiler undoes the escapes of a line, and those of what a tool is given in a string.
    #[test]
    fn a_secret_is_found_at_every_depth_of_escaping_that_the_compiler_undoes(
        which in 0..5_usize,
        before in prop_oneof![Just(""), Just("x "), Just("\n"), Just("\""), Just("é\\"), Just("\t{\"k\": \""), Just("\u{8}"), Just("x\u{c}"), Just("\0"), Just("1\u{1f}")],
        after in prop_oneof![Just(""), Just(" x"), Just("\n"), Just("\""), Just("\\ ")],
        inner in proptest::collection::vec(any::<bool>(), 1..40),
        outer in proptest::collection::vec(any::<bool>(), 1..200),
        is_name in any::<bool>(),
    ) {
        let (secret, rule) = &secrets()[which];
        let said = escaped(&format!("{before}{secret}{after}"), &inner);
        let json = if is_name { format!("{{\"{said}\":1}}") } else { format!("{{\"k\":[\"{said}\"]}}") };
        for line in [
            given(&escaped(&json, &outer)),
            format!("{{\"prompt\":\"{said}\",\"completion\":\"b\"}}\n"),
        ] {
            let (summary, out) = compiled(&nova(), SecretsRule::Warn, &line);
            prop_assert_eq!(summary.records, 1, "{} {}", summary.to_text(), out);
            prop_assert_eq!(summary.finding_counts.get(*rule), Some(&1), "{}", line);
            prop_assert!(!shows(&summary, "", secret), "{}", line);
            let (summary, out) = compiled(&nova(), SecretsRule::Reject, &line);
            prop_assert!(out.is_empty() && summary.records == 0);
        }
    }
}

#[test]
fn the_end_of_an_escape_is_no_letter_before_a_secret() {
    for (secret, rule) in secrets() {
        for before in [
            "\\f",
            "\\b",
            "\\n",
            "x\\r",
            "\\t",
            "\\u0000",
            "\\u001f",
            "7\\u0008",
            "\\u007f",
            "\\ud83d\\ude00",
        ] {
            for rejected in [SecretsRule::Warn, SecretsRule::Reject] {
                let line = format!("{{\"prompt\":\"a {before}{secret}\",\"completion\":\"b\"}}\n");
                let (summary, out) = compiled(&nova(), rejected, &line);
                assert_eq!(summary.finding_counts.get(rule), Some(&1), "{line}");
                assert_eq!(out.is_empty(), rejected == SecretsRule::Reject, "{line}");
                assert!(!shows(&summary, "", &secret), "{line}");
            }
        }
    }
}

#[test]
fn characters_that_were_lost_and_control_characters_are_found_in_what_a_tool_is_given() {
    for (arguments, rule) in [
        (r#"{\"k\":\"a\\ufffdb\"}"#, "replacement-character"),
        (r#"{\"k\":\"a\\u0007b\"}"#, "control-character"),
        (r#"{\"k\":\"a\\u0085b\"}"#, "control-character"),
        (r#"{\"k\\u007f\":\"a\"}"#, "control-character"),
        (r#"{\"k\":\"a\\ud800b\"}"#, "broken-unicode"),
    ] {
        let (summary, _) = compiled(&nova(), SecretsRule::Warn, &given(arguments));
        assert_eq!(
            summary.finding_counts.get(rule),
            Some(&1),
            "{arguments}: {}",
            summary.to_text()
        );
    }
}

#[test]
fn forbidden_strings_are_found_wherever_a_model_reads_them() {
    let turns = |answer: serde_json::Value| {
        json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
            {"role": "user", "content": [{"text": "q"}]}, {"role": "assistant", "content": answer}]})
    };
    let answered = |name: &str, input: serde_json::Value, result: serde_json::Value| {
        json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
            {"role": "user", "content": [{"text": "q"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": name, "input": input}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [result]}}]},
            {"role": "assistant", "content": [{"text": "a"}]}]})
    };
    let fine = || json!({"text": "r"});
    let tools = |description: &str, property: &str| {
        let mut record = turns(json!([{"text": "a"}]));
        record["toolConfig"] = json!({"tools": [{"toolSpec": {"name": "t", "description": description,
            "inputSchema": {"json": {"type": "object", "properties": {property: {"type": "string"}}}}}}]});
        record
    };
    for (record, found) in [
        (answered("t", json!({"k": ["a user: b"]}), fine()), true),
        (answered("t", json!({"User:": 1}), fine()), true),
        (answered("t", json!({"k": "a user b"}), fine()), false),
        (answered("user:", json!({}), fine()), true),
        (answered("t", json!({}), json!({"text": "[eos]"})), true),
        (
            answered("t", json!({}), json!({"json": {"k": {"k": "<image>"}}})),
            true,
        ),
        (
            answered("t", json!({}), json!({"json": {"k": {"k": "image"}}})),
            false,
        ),
        (tools("the Bot: says", "p"), true),
        (tools("says", "bot:"), true),
        (tools("says", "bot"), false),
    ] {
        let (summary, out) = compiled(&nova(), SecretsRule::Warn, &format!("{record}\n"));
        assert_eq!(
            summary.finding_counts.contains_key("forbidden-string"),
            found,
            "{record}: {}",
            summary.to_text()
        );
        assert_eq!(out.is_empty(), found);
    }
    let line = given(r#"{\"k\":\"\\u0055ser: b\"}"#);
    let (summary, _) = compiled(&nova(), SecretsRule::Warn, &line);
    assert!(
        summary.finding_counts.contains_key("forbidden-string"),
        "{}",
        summary.to_text()
    );
}

#[test]
fn for_claude_no_line_starts_with_a_speakers_name_where_texts_are_joined_or_begin() {
    let said = |messages: serde_json::Value| json!({ "messages": messages });
    let pair = |prompt: &str, completion: &str| json!({"prompt": prompt, "completion": completion});
    let answer = json!({"role": "assistant", "content": "a"});
    let blocks = |texts: [&str; 2]| json!([{"type": "text", "text": texts[0]}, {"type": "text", "text": texts[1]}]);
    for (record, found) in [
        (pair("q", "Human: and then?"), true),
        (pair("q", "assistant: yes"), true),
        (pair("Human: q", "a"), true),
        (pair("q", "x\nHuman: and then?"), true),
        (pair("q", "a Human: no"), false),
        (pair("q", "\"Human: no\""), false),
        (pair("q", "Humans are many"), false),
        (
            said(
                json!([{"role": "system", "content": "Be brief.\n"}, {"role": "system", "content": "Human: x"}, {"role": "user", "content": "q"}, answer]),
            ),
            true,
        ),
        (
            said(
                json!([{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Assistant: x"}, {"role": "user", "content": "q"}, answer]),
            ),
            true,
        ),
        (
            said(
                json!([{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Be human."}, {"role": "user", "content": "q"}, answer]),
            ),
            false,
        ),
        (
            said(json!([{"role": "user", "content": blocks(["q", "Human: x"])}, answer])),
            true,
        ),
        (
            said(json!([{"role": "user", "content": blocks(["q\n", "human: x"])}, answer])),
            true,
        ),
        (
            said(json!([{"role": "user", "content": blocks(["q\n", "x"])}, answer])),
            false,
        ),
    ] {
        for spaced in [false, true] {
            let mut line = format!("{record}\n");
            if spaced {
                line = line
                    .replace("\":", "\": ")
                    .replace("H", "\\u0048")
                    .replace("h", "\\u0068")
                    .replace("As", "\\u0041s");
            }
            let (summary, out) = compiled(&haiku(), SecretsRule::Warn, &line);
            assert_eq!(
                summary.finding_counts.contains_key("forbidden-string"),
                found,
                "{line}: {}",
                summary.to_text()
            );
            // What is written holds what the official script looks for in no text.
            let written: serde_json::Value = match out.lines().next() {
                Some(line) => serde_json::from_str(line).unwrap(),
                None => continue,
            };
            let texts = written["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| &message["content"]);
            for text in texts
                .chain([&written["system"]])
                .filter_map(|text| text.as_str())
            {
                let text = format!("\n{text}").to_lowercase();
                assert!(
                    !text.contains("\nhuman:") && !text.contains("\nassistant:"),
                    "{out}"
                );
            }
        }
    }
}
