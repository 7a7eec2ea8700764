//! What hides, what is left out and what is counted: nothing of a record goes without a word.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, limits, training};
use perennial_core::limits::{ContentLimits, DataLimits, RecordShape, fine_tuning, reinforcement};
use perennial_dataset::{Compiler, Purpose, Sealed, Sealer, SecretsRule, Summary, prompt_of};
use serde_json::json;

fn nova() -> DataLimits {
    fine_tuning("amazon.nova-micro-v1:0").unwrap()
}

fn compiled(limits: &DataLimits, file: &str) -> (Summary, String) {
    let (summary, out) = compile(
        "a.jsonl",
        Purpose::Training(limits.clone()),
        file.as_bytes(),
    );
    (summary, String::from_utf8(out).unwrap())
}

fn sealed(limits: &DataLimits, lines: &str, holdout: Option<(String, f64)>) -> Sealed {
    let nobody = std::collections::HashSet::new();
    let mut sealer = Sealer::new(limits, nobody, holdout);
    let mut out = Vec::new();
    sealer.push(lines.as_bytes(), &mut out);
    sealer.end_shard(&mut out);
    sealer.finish()
}

fn rules_of(summary: &Summary) -> Vec<(&str, &str)> {
    let findings = summary.findings.iter();
    findings
        .map(|finding| (finding.rule.as_str(), finding.path.as_str()))
        .collect()
}

#[test]
fn a_secret_that_is_spelt_in_escapes_is_found_and_not_shown() {
    let tail = "IOSFODNN7EXAMPLE";
    let slashes = "wJalrXUtnFEMI\\/K7MDENG\\/bPxRfiCYEXAMPLEKEY";
    for (hidden, rule) in [
        (format!("\\u0041KIA{tail}"), "secret"),
        (format!("AKIA\\u0049{}", &tail[1..]), "secret"),
        (format!("\\ufffdAKIA{tail}"), "secret"),
        (format!("aws_secret_access_key = {slashes}"), "secret"),
        ("4111 1111 1111 \\u0031111".to_owned(), "card-number"),
    ] {
        let line =
            format!("{{\"prompt\":\"é {hidden}!\",\"completion\":\"b\",\"more\":\"{hidden}\"}}\n");
        let mut compiler =
            Compiler::new("a.jsonl", Purpose::Training(nova())).with_secrets(SecretsRule::Reject);
        let mut out = Vec::new();
        compiler.push(line.as_bytes(), &mut out);
        let summary = compiler.finish(&mut out);
        assert_eq!(summary.finding_counts.get(rule), Some(&1), "{line}");
        assert!(out.is_empty());
        let shown = serde_json::to_string(&summary).unwrap();
        assert!(
            !shown.contains("ODNN7") && !shown.contains("K7MDENG"),
            "{shown}"
        );
    }
    // Where it stands in the line.
    let line = format!("{{\"prompt\":\"\\u00e9\\u00e9 \\u0041KIA{tail}\",\"completion\":\"b\"}}\n");
    let (summary, _) = compiled(&nova(), &line);
    let column = line.find(" \\u0041").unwrap() + 2;
    let found = summary
        .findings
        .iter()
        .find(|finding| finding.rule == "secret");
    let found = &found.unwrap().found;
    assert!(found.starts_with(&format!("column {column}: ")), "{found}");
}

#[test]
fn what_tools_are_defined_by_given_and_answer_counts_as_tokens() {
    let plain = r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"text":"a"}]}]"#;
    let properties = "\"name\":{\"type\":\"string\"}".to_owned();
    let schema = format!("{{\"type\":\"object\",\"properties\":{{{properties}}}}}");
    let config = format!(
        "{{\"tools\":[{{\"toolSpec\":{{\"name\":\"t\",\"description\":\"d\",\"inputSchema\":{{\"json\":{schema}}}}}}}]}}"
    );
    let input = format!("{{\"name\":\"{}\"}}", "x".repeat(300));
    let answer = format!("{{\"found\":[{}1]}}", "1,".repeat(100));
    let with = format!(
        r#"{{"schemaVersion":"bedrock-conversation-2024","messages":[{{"role":"user","content":[{{"text":"q"}}]}},{{"role":"assistant","content":[{{"toolUse":{{"toolUseId":"1","name":"t","input":{input}}}}}]}},{{"role":"user","content":[{{"toolResult":{{"toolUseId":"1","content":[{{"json":{answer}}}]}}}}]}},{{"role":"assistant","content":[{{"text":"a"}}]}}],"toolConfig":{config}}}"#
    );
    let (summary, without) = compiled(&nova(), &format!("{plain}}}\n"));
    let (more, line) = compiled(&nova(), &format!("{with}\n"));
    assert!(
        more.records == 1 && summary.records == 1,
        "{}",
        more.to_text()
    );
    let least = ((config.len() + input.len() + answer.len()) / 3) as u64;
    assert!(
        more.tokens_estimate >= summary.tokens_estimate + least,
        "{}",
        more.tokens_estimate
    );
    let tokens = |lines: &str| sealed(&nova(), lines, None).tokens_estimate;
    assert!(
        tokens(&line) >= tokens(&without) + least,
        "{}",
        tokens(&line)
    );
    // A record is too long by them alone.
    let long = with.replace(&"x".repeat(300), &"x".repeat(400_000));
    let (summary, _) = compiled(&nova(), &format!("{long}\n"));
    assert!(
        summary.finding_counts.contains_key("sample-too-long"),
        "{}",
        summary.to_text()
    );
}

#[test]
fn members_that_are_left_out_or_cannot_be_read_are_said() {
    let log = r#"{"schemaType":"ModelInvocationLog","modelId":"m","input":{"inputBodyJson":{"messages":[{"role":"user","content":[{"text":"q"}]}],"toolConfig":{"tools":[]}}},"output":{"outputBodyJson":{"output":{"message":{"content":[{"text":"a"}]}}}}}"#;
    let (summary, _) = compiled(&nova(), &format!("{log}\n"));
    assert_eq!(summary.records, 1);
    assert_eq!(
        rules_of(&summary)[0],
        ("extra-member", "$.input.inputBodyJson")
    );

    let reinforced = r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","reasoning_content":"because"},{"role":"user","content":"and?"}],"reference_answer":"42"}"#;
    let (summary, out) = compile(
        "a.jsonl",
        training(RecordShape::Reinforcement),
        format!("{reinforced}\n").as_bytes(),
    );
    assert!(!String::from_utf8(out).unwrap().contains("because"));
    assert_eq!(rules_of(&summary)[0], ("extra-member", "$.messages[1]"));

    for (line, path) in [
        (
            r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","tool_calls":"search()"}]}"#,
            "$.messages[1].tool_calls",
        ),
        (
            r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","reasoning_content":["x"]}]}"#,
            "$.messages[1].reasoning_content",
        ),
        (
            r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"t","input":{}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"r"}],"status":200}}]},{"role":"assistant","content":[{"text":"a"}]}]}"#,
            "$.messages[2].content[0].toolResult.status",
        ),
    ] {
        let (summary, out) = compiled(&nova(), &format!("{line}\n"));
        assert!(
            rules_of(&summary).contains(&("wrong-type", path)),
            "{}",
            summary.to_text()
        );
        assert_eq!(out, "");
    }
}

#[test]
fn a_log_of_one_text_is_read_when_it_is_sealed() {
    let distillation = DataLimits {
        content: ContentLimits::default(),
        ..limits(RecordShape::InvocationLogs)
    };
    let log = r#"{"modelId":"amazon.titan-text-express-v1","input":{"inputBodyJson":{"inputText":"What is new?"}},"output":{"outputBodyJson":{"results":[{"outputText":"Nothing."}]}}}"#;
    let (summary, line) = compiled(&distillation, &format!("{log}\n"));
    assert_eq!(summary.records, 1, "{}", summary.to_text());
    let sealed = sealed(&distillation, &line, Some(("key".into(), 1.0)));
    assert_eq!(
        (sealed.records, sealed.unreadable, sealed.held_out),
        (1, 0, 0)
    );
    assert_eq!(prompt_of(line.as_bytes()).as_deref(), Some("What is new?"));
}

#[test]
fn an_answer_that_only_uses_a_tool_is_trained_on_and_not_held_out() {
    let line = r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"q"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"t","input":{}}}]}]}"#;
    let (summary, out) = compiled(&nova(), &format!("{line}\n"));
    assert_eq!(summary.records, 1, "{}", summary.to_text());
    let sealed = sealed(&nova(), &out, Some(("key".into(), 1.0)));
    assert_eq!((sealed.records, sealed.held_out), (1, 0));
}

#[test]
fn what_the_system_says_is_no_part_of_the_question_when_sealing() {
    let with = br#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"q"}],"reference_answer":"42"}"#;
    let without = br#"{"messages":[{"role":"user","content":"q"}],"reference_answer":"42"}"#;
    assert!(prompt_of(with).is_some());
    assert_eq!(prompt_of(with), prompt_of(without));
}

#[test]
fn members_of_ones_own_do_not_change_what_a_record_is_known_by() {
    let rewards = reinforcement("amazon.nova-2-lite-v1:0").unwrap();
    let logs = limits(RecordShape::InvocationLogs);
    let rewarded = |question: &str| json!({"messages": [{"role": "user", "content": question}], "reference_answer": "4"});
    let logged = |question: &str| {
        json!({"modelId": "m", "input": {"inputBodyJson": {"messages": [
            {"role": "user", "content": [{"text": question}]}]}},
            "output": {"outputBodyJson": {"completion": "4"}}})
    };
    for (limits, records) in [
        (&rewards, [rewarded("one"), rewarded("two")]),
        (&logs, [logged("one"), logged("two")]),
    ] {
        for own in [
            json!({}),
            json!({"text": "algebra"}),
            json!({"prompt": "p", "completion": "c"}),
            json!({"prompt": "p", "referenceResponse": "c", "schemaType": "s"}),
            json!({"image-ref": "s3://bucket/a.png", "caption": "A house"}),
            json!({"input": "i", "modelId": "m"}),
        ] {
            // What makes it another shape, or takes the place of what was read.
            let changes = own.get("referenceResponse").is_some() || own.get("input").is_some();
            if changes && limits.shape == RecordShape::InvocationLogs {
                continue;
            }
            let lines: String = records
                .iter()
                .map(|record| {
                    let mut record = record.clone();
                    for (name, value) in own.as_object().unwrap() {
                        record[name] = value.clone();
                    }
                    format!("{record}\n")
                })
                .collect();
            let (summary, out) = compiled(limits, &lines);
            assert_eq!(summary.records, 2, "{lines}{}", summary.to_text());
            let first = out.lines().next().unwrap();
            assert_eq!(
                prompt_of(first.as_bytes()).as_deref(),
                Some("one"),
                "{first}"
            );
            let sealed = sealed(limits, &out, None);
            assert_eq!((sealed.records, sealed.duplicates), (2, 0), "{lines}");
        }
    }
}

#[test]
fn findings_of_forbidden_strings_and_broken_json_point_at_the_part() {
    for (line, part) in [
        (
            r#"{"prompt":"\"é\" the user: me","completion":"b"}"#,
            "user:",
        ),
        (
            r#"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"x [eos] y"}]}"#,
            "[eos]",
        ),
        (r#"{"prompt": "é" 'completion': "b"}"#, "'"),
        (r#"{"prompt": "a", "compl"#, "l"),
    ] {
        let (summary, _) = compiled(&nova(), &format!("{line}\n"));
        let excerpt = summary.findings[0].excerpt.as_ref();
        let excerpt = excerpt.unwrap_or_else(|| panic!("{line}: {}", summary.to_text()));
        let marked: String = excerpt
            .text
            .chars()
            .skip(excerpt.from)
            .take(excerpt.to - excerpt.from)
            .collect();
        assert_eq!(marked, part, "{line}");
        let before = line
            .find(part)
            .map(|at| line[..at].chars().count())
            .unwrap();
        let last = line.chars().count() - 1;
        assert!(
            [before, last].contains(&(excerpt.column as usize - 1)),
            "{line}"
        );
    }
}

#[test]
fn a_file_that_is_read_comes_out_as_one_that_is_pushed() {
    let record = |index: usize| {
        format!(
            "{{\"prompt\":\"{index}\",\"completion\":\"{}\"}}\n",
            "é\\n".repeat(index % 700)
        )
    };
    let lines: String = (0..3_000).map(record).collect();
    let long = format!(
        "{{\"prompt\":\"{}\",\"completion\":\"b\"}}\n",
        "x".repeat(9 << 20)
    );
    let files = [
        lines.clone().into_bytes(),
        common::gzip(lines.as_bytes()),
        format!("{lines}{long}{lines}no end").into_bytes(),
        b"prompt,completion\na,b\n".to_vec(),
        Vec::new(),
        b"\x89PNG\r\n\x1a\n".to_vec(),
    ];
    for file in files {
        let (pushed, out) = compile("a", Purpose::Training(nova()), &file);
        for threads in [1, 3] {
            let mut compiler = Compiler::new("a", Purpose::Training(nova())).with_threads(threads);
            let (mut source, mut read) = (&file[..], Vec::new());
            while compiler.read(&mut source, &mut read).unwrap() > 0 {}
            let summary = compiler.finish(&mut read);
            assert_eq!(summary.to_text(), pushed.to_text());
            assert!(read == out, "{} bytes, {threads} threads", file.len());
        }
    }
}
