//! What people read: a snapshot for each kind of file that goes wrong.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, gzip, limits, nova, training, zstd};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Compiler, Purpose, rules};

fn text(name: &str, purpose: Purpose, bytes: impl AsRef<[u8]>) -> String {
    let (summary, _) = compile(name, purpose, bytes.as_ref());
    for rule in summary.finding_counts.keys() {
        assert!(
            rules().iter().any(|known| known.id == rule),
            "{rule} stands in the table"
        );
    }
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(
        serde_json::from_str::<perennial_dataset::Summary>(&json).unwrap(),
        summary
    );
    summary.to_text()
}

#[test]
fn files_that_are_no_json_lines() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let mut tar = vec![b'a'; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    tar[262] = 0;
    let utf16: Vec<u8> = "{\"prompt\": \"hi\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("empty.jsonl", vec![]),
        ("blank.jsonl", b"\n\n  \n".to_vec()),
        ("empty.jsonl.gz", gzip(b"")),
        ("image.jsonl", png.to_vec()),
        ("archive.zip", b"PK\x03\x04rest".to_vec()),
        ("program.jsonl", b"\x7fELF\x02\x01".to_vec()),
        ("nul.jsonl", b"{\"prompt\": \"a\0b\"}".to_vec()),
        ("tar.jsonl.gz", gzip(&tar)),
        ("twice.jsonl.gz", gzip(&gzip(b"{}"))),
        ("utf16.jsonl", utf16),
        (
            "array.json",
            b"[{\"prompt\": \"a\", \"completion\": \"b\"}]".to_vec(),
        ),
        (
            "pretty.json",
            b"{\n  \"prompt\": \"a\",\n  \"completion\": \"b\"\n}\n".to_vec(),
        ),
        (
            "train.csv",
            b"text,category\nI am still waiting,card_arrival\n".to_vec(),
        ),
        ("table", b"prompt;completion\na;b\n".to_vec()),
        (
            "chapter.md",
            b"# Ownership\n\nOwnership is a set of rules.\n".to_vec(),
        ),
        ("cut.jsonl.gz", {
            let whole = gzip(b"{\"prompt\":\"a\",\"completion\":\"b\"}\n");
            whole[..whole.len() - 6].to_vec()
        }),
        ("cut.jsonl.zst", {
            let whole = zstd(&b"{\"prompt\":\"a\",\"completion\":\"b\"}\n".repeat(99));
            whole[..whole.len() - 6].to_vec()
        }),
        ("broken.jsonl.gz", {
            let mut whole = gzip(b"{\"prompt\":\"a\",\"completion\":\"b\"}\n");
            whole[12] ^= 0xff;
            whole
        }),
    ];
    let all: Vec<String> = files
        .into_iter()
        .map(|(name, bytes)| text(name, nova(), bytes))
        .collect();
    insta::assert_snapshot!(all.join("\n----\n"));
}

#[test]
fn records_that_are_wrong() {
    let long = format!(
        "{{\"prompt\": \"{}\", \"completion\": \"b\"}}",
        "word ".repeat(50_000)
    );
    let maybe = format!(
        "{{\"prompt\": \"{}\", \"completion\": \"b\"}}",
        "word ".repeat(25_000)
    );
    let deep = format!("{{\"prompt\": {}1{}}}", "[".repeat(70), "]".repeat(70));
    let lines: Vec<&[u8]> = vec![
        br#"{"prompt": "What?", "completion": "That."}"#,
        br#"{"prompt": "What?" "completion": "That."}"#,
        br#"{"prompt": "What?", "compl"#,
        br#"{'prompt': 'What?', 'completion': 'That.'}"#,
        br#"{"prompt": "a", "completion": "b"} {"prompt": "a", "completion": "b"}"#,
        b"{\"prompt\": \"a\tb\", \"completion\": \"b\"}",
        br#"{"prompt": "\ud800", "completion": "b"}"#,
        b"{\"prompt\": \"caf\xe9\", \"completion\": \"b\"}",
        br#"["prompt", "completion"]"#,
        br#""text""#,
        br#"{"question": "a", "answer": "b"}"#,
        br#"{}"#,
        br#"{"prompt": "a", "response": "b"}"#,
        br#"{"prompt": "a"}"#,
        br#"{"completion": "b"}"#,
        br#"{"prompt": "", "completion": " \n\t"}"#,
        br#"{"prompt": null, "completion": 7}"#,
        br#"{"prompt": ["a"], "completion": {"b": 1}}"#,
        br#"{"prompt": "a", "prompt": "b", "completion": "c"}"#,
        br#"{"prompt": "a", "completion": "b2", "id": 7, "source": "x"}"#,
        br#"{"prompt": "the user: me", "completion": "[eos]"}"#,
        br#"{"prompt": "a", "completion": "b3", "system": " "}"#,
        br#"{"prompt": "a", "referenceResponse": "b"}"#,
        br#"{"text": "A document."}"#,
        br#"{"image-ref": "s3://b/k.png", "caption": "x"}"#,
        br#"{"prompt": "What?", "completion": "That."}"#,
        long.as_bytes(),
        maybe.as_bytes(),
        deep.as_bytes(),
    ];
    insta::assert_snapshot!(text(
        "data/support-bot/tickets.jsonl",
        nova(),
        lines.join(&b'\n')
    ));
}

#[test]
fn conversations_that_are_wrong() {
    let bedrock = r#"{"schemaVersion": "bedrock-conversation-2024", "messages": MESSAGES}"#;
    let message = |role: &str, text: &str| {
        format!(r#"{{"role": "{role}", "content": [{{"text": "{text}"}}]}}"#)
    };
    let with =
        |messages: &[String]| bedrock.replace("MESSAGES", &format!("[{}]", messages.join(",")));
    let lines = [
        with(&[message("user", "a"), message("assistant", "b")]),
        with(&[message("assistant", "b"), message("user", "a")]),
        with(&[message("user", "a"), message("user", "b"), message("assistant", "c")]),
        with(&[message("user", "a")]),
        with(&[]),
        with(&[message("User", "a"), message("assistant", "b")]),
        with(&[message("user", ""), message("assistant", " ")]),
        with(&[r#"{"role": "user", "content": "a"}"#.into(), message("assistant", "b")]),
        with(&[r#"{"role": "user", "content": [{"image": {}}]}"#.into(), message("assistant", "b")]),
        with(&[r#"{"role": "user", "content": [{"type": "text"}, 3]}"#.into(), message("assistant", "b")]),
        with(&[r#"{"role": 1, "content": []}"#.into(), r#"{"content": []}"#.into(), r#"{"role": "user"}"#.into(), "5".into()]),
        with(&[message("user", "a"), message("assistant", "b2")]).replace("2024", "2023"),
        with(&[message("user", "a"), message("assistant", "b3")]).replace(r#""schemaVersion": "bedrock-conversation-2024", "#, ""),
        bedrock.replace("MESSAGES", "{}"),
        bedrock.replace("MESSAGES", "[]").replace(r#""messages""#, r#""system": [{"text": "s"}], "message""#),
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#.into(),
    ];
    insta::assert_snapshot!(text("conversations.jsonl", nova(), lines.join("\n")));
}

#[test]
fn messages_that_are_wrong() {
    let lines = [
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "s"}, {"role": "assistant", "content": "b"}]}"#,
        r#"{"messages": [{"role": "system", "content": "s"}]}"#,
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": [{}]}, {"role": "tool", "content": "x"}]}"#,
        r#"{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "assistant", "content": "b"}]}"#,
        r#"{"messages": [{"role": "user", "content": "a"}], "reference_answer": {"x": 1}}"#,
        r#"{"messages": [{"role": "user", "content": "a", "name": "Ann"}, {"role": "assistant", "content": "b2", "weight": 0}]}"#,
        r#"{"messages": [{"role": "user", "content": 5}, {"role": "bot", "content": "b"}]}"#,
        r#"{"schemaType": "ModelInvocationLog", "modelId": "m", "input": {}, "output": {}}"#,
    ];
    insta::assert_snapshot!(text(
        "messages.jsonl",
        training(RecordShape::AnthropicMessages),
        lines.join("\n")
    ));
}

#[test]
fn a_log_has_one_question_in_one_block_and_an_answer() {
    let log = |content: &str, output: &str| {
        format!(
            r#"{{"schemaType": "ModelInvocationLog", "modelId": "m", "input": {{"inputBodyJson": {{"messages": [{content}]}}}}, "output": {output}}}"#
        )
    };
    let answer = r#"{"outputBodyJson": {"output": {"message": {"role": "assistant", "content": [{"text": "b"}]}}}}"#;
    let user = |content: &str| format!(r#"{{"role": "user", "content": {content}}}"#);
    let question = user(r#"[{"text": "a"}]"#);
    let two_of_user = format!("{question}, {question}");
    let assistant = question.replace("user", "assistant");
    let rules_of = |shape, line: &str| -> Vec<String> {
        let (summary, _) = compile("log.jsonl", training(shape), line.as_bytes());
        summary.finding_counts.keys().cloned().collect()
    };
    let nova = RecordShape::BedrockConversation;
    let (logs, prompts) = (
        RecordShape::InvocationLogs,
        RecordShape::DistillationPrompts,
    );
    for (shape, line, rules) in [
        (nova, log(&question, answer), &[][..]),
        (logs, log(&question, answer), &[]),
        (logs, log(&question, "null"), &["missing-completion"]),
        (
            logs,
            log(&user(r#"["a"]"#), answer),
            &["distillation-turns"],
        ),
        (
            logs,
            log(&user(r#"[{"text": ""}]"#), answer),
            &["empty-prompt"],
        ),
        (logs, log(&assistant, answer), &["no-place"]),
        (
            logs,
            r#"{"prompt": "a", "completion": "b"}"#.to_owned(),
            &["other-trainer"],
        ),
        // The teacher answers anew, and that is said.
        (prompts, log(&question, answer), &["extra-member"]),
        (
            prompts,
            log(&two_of_user, answer),
            &["distillation-turns", "extra-member"],
        ),
        // Two blocks of one message are one turn, two messages of one speaker are not.
        (
            nova,
            log(&user(r#"[{"text": "a"}, {"text": "b"}]"#), answer),
            &[],
        ),
        (nova, log(&two_of_user, answer), &["role-order"]),
        (
            nova,
            log(&question, &answer.replace("\"b\"", "\" \"")),
            &["empty-completion"],
        ),
    ] {
        assert_eq!(rules_of(shape, &line), rules, "{line}");
    }
}

#[test]
fn a_tools_answer_is_no_question() {
    let tool = r#"{"messages": [{"role": "tool", "tool_call_id": "1", "content": "7"}], "reference_answer": "b"}"#;
    let asked = tool.replace("[{", r#"[{"role": "user", "content": "a"}, {"#);
    for (line, accepted) in [(tool, false), (&asked, true)] {
        let purpose = training(RecordShape::Reinforcement);
        let (summary, _) = compile("rft.jsonl", purpose, line.as_bytes());
        let found = summary.finding_counts.contains_key("role-order");
        assert_eq!(!found, accepted, "{}", summary.to_text());
    }
}

#[test]
fn a_warning_about_a_block_hides_no_empty_text() {
    for (question, answer) in [
        (r#"[{"text": "a"}]"#, r#"[{"text": "", "weight": 1}]"#),
        (r#"[{"text": " ", "weight": 1}]"#, r#"[{"text": "b"}]"#),
        (r#""a""#, r#"[{"type": "text", "text": "", "weight": 1}]"#),
    ] {
        let line = format!(
            r#"{{"messages": [{{"role": "user", "content": {question}}}, {{"role": "assistant", "content": {answer}}}]}}"#
        );
        let (summary, _) = compile("x.jsonl", nova(), line.as_bytes());
        let found: Vec<_> = summary.finding_counts.keys().collect();
        let empty = found.iter().any(|rule| rule.starts_with("empty-"));
        assert!(
            empty && found.iter().any(|rule| *rule == "extra-member"),
            "{found:?}"
        );
    }
}

#[test]
fn a_content_of_nothing_is_not_written_for_reinforcement() {
    let line = r#"{"messages": [{"role": "system", "content": []}, {"role": "user", "content": "a"}], "reference_answer": "b"}"#;
    let purpose = training(RecordShape::Reinforcement);
    let (summary, out) = compile("rft.jsonl", purpose, line.as_bytes());
    assert!(summary.is_accepted(), "{}", summary.to_text());
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains(r#"[{"role":"system"},{"#), "{out}");
}

#[test]
fn texts_without_a_place_in_prompt_and_completion() {
    let lines = [
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
        r#"{"system": "s", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#,
        r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}"#,
    ];
    insta::assert_snapshot!(text(
        "turns.jsonl",
        training(RecordShape::PromptCompletion),
        lines.join("\n")
    ));
}

#[test]
fn evaluation_records_that_are_wrong() {
    let lines = [
        r#"{"prompt": "a", "referenceResponse": "b", "category": "c"}"#,
        r#"{"prompt": "a"}"#,
        r#"{"prompt": "a", "referenceResponse": " ", "category": 5}"#,
        r#"{"referenceResponse": "b"}"#,
        r#"{"prompt": "a", "completion": "b"}"#,
        r#"{"prompt": "a2", "referenceResponse": "b", "modelResponses": []}"#,
        r#"{"text": "b"}"#,
    ];
    insta::assert_snapshot!(text(
        "eval/support-bot/questions.jsonl",
        Purpose::Evaluation,
        lines.join("\n")
    ));
}

#[test]
fn notes_and_counts() {
    let mut limits = limits(RecordShape::BedrockConversation);
    (limits.min_records, limits.max_records) = (3, 3);
    let record = |n: usize| format!("{{\"prompt\": \"a{n}\", \"completion\": \"b\"}}\r\n\r\n");
    let many: String = [1, 1, 2, 3, 4, 4, 5].map(record).concat();
    let over = text(
        "over.jsonl",
        Purpose::Training(limits.clone()),
        format!("\u{feff}{many}"),
    );
    let under = text("under.jsonl", Purpose::Training(limits), record(1));
    insta::assert_snapshot!([over, under].join("\n----\n"));
}

#[test]
fn the_first_hundred_are_listed_and_all_counted() {
    let (summary, _) = compile("x.jsonl", nova(), &b"{\n\"x\n".repeat(500)[2..]);
    assert_eq!(summary.findings.len(), 100);
    assert_eq!(summary.errors, 999);
    assert!(
        summary.to_text().ends_with("not listed: broken-json 899\n"),
        "{}",
        summary.to_text()
    );
}

#[test]
fn a_line_of_200_mb_is_skipped_and_the_rest_read() {
    let mut compiler = Compiler::new("long.jsonl", nova());
    let mut out = Vec::new();
    compiler.push(
        b"{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"prompt\":\"",
        &mut out,
    );
    let megabyte = vec![b'x'; 1_000_000];
    for _ in 0..200 {
        compiler.push(&megabyte, &mut out);
    }
    compiler.push(
        b"\"}\n{\"prompt\":\"c\",\"completion\":\"d\"}\nbroken",
        &mut out,
    );
    insta::assert_snapshot!(compiler.finish(&mut out).to_text());
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 2);
}

#[test]
fn a_bomb_is_let_go() {
    for bomb in [gzip(&vec![b' '; 100 << 20]), zstd(&vec![b' '; 100 << 20])] {
        let mut compiler = Compiler::new("bomb.jsonl.gz", nova());
        let mut out = Vec::new();
        for chunk in bomb.chunks(100) {
            compiler.push(chunk, &mut out);
        }
        let hopeless = compiler.is_hopeless();
        let summary = compiler.finish(&mut out);
        assert!(
            hopeless || summary.finding_counts.contains_key("decompression-ratio"),
            "{}",
            summary.to_text()
        );
        assert_eq!(summary.finding_counts.len(), 1);
        assert!(summary.bytes_decompressed < 70 << 20);
    }
}

#[test]
fn a_secret_is_said_and_never_shown() {
    // Put together here, so that no scanner of repositories takes this file for a leak.
    let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    let lines = [
        format!("{{\"prompt\": \"{key}\", \"completion\": \"ok\"}}"),
        format!("{{\"prompt\": \"User: {key}\", \"completion\": \"ok\"}}"),
        format!("{{\"prompt\": \"{key}\", \"completion\": }}"),
        format!("\"{key}\""),
        format!("{{\"prompt\": [\"{key}\"], \"completion\": \"{key}\"}}"),
        format!("{{\"prompt\": \"{key} \u{fffd}\", \"completion\": \"ok\"}}"),
        format!("{{\"prompt\": \"a\", \"completion\": \"ok\", \"{key}\": 1}}"),
        format!("{{\"{key}\": \"{key}\"}}"),
        format!("{{\"text\": \"{key}\"}}"),
    ];
    let documents =
        format!("{{\"text\": \"a {key}\"}}\n{{\"text\": \"b\"}}\n{{\"text\": \"c\"}}\n");
    let table = format!("prompt,completion\na,b,{key}\n\"a\"{key},b\nc,\"{key}\n");
    let mut invalid = format!("{{\"prompt\": \"{key} ").into_bytes();
    invalid.extend(b"\xff\", \"completion\": \"b\"}");
    let mut files: Vec<(&str, Purpose, Vec<u8>)> = lines
        .iter()
        .map(|line| ("a.jsonl", nova(), line.clone().into_bytes()))
        .collect();
    files.push(("all.jsonl", nova(), lines.join("\n").into_bytes()));
    files.push((
        "a.jsonl",
        training(RecordShape::Documents),
        documents.into_bytes(),
    ));
    files.push(("a.csv", nova(), table.into_bytes()));
    files.push(("a.jsonl", nova(), invalid));
    for (name, purpose, bytes) in files {
        let (summary, _) = compile(name, purpose, &bytes);
        let report = serde_json::to_string(&summary).unwrap() + &summary.to_text();
        assert!(!report.contains(&key[4..]), "{report}");
        assert!(
            name == "a.csv" || summary.finding_counts.contains_key("secret"),
            "{report}"
        );
    }
}

#[test]
fn why_a_file_is_rejected_is_listed_however_much_else_is_said_before() {
    // Warnings, far from each other, then an error in another block.
    let warned = |n: usize| {
        format!(
            "{{\"prompt\":\"q{n}{}\",\"completion\":\"a\",\"id\":1}}\n",
            "x".repeat(3_000)
        )
    };
    let error = |n: usize| format!("{{\"prompt\":\"{n}\",\"completion\":7}}\n");
    let lines = |warnings: usize, errors: usize| -> String {
        (0..warnings)
            .map(warned)
            .chain((0..errors).map(error))
            .collect()
    };
    for (warnings, errors, listed) in [(300, 1, 1), (150, 130, 100), (99, 1, 1), (5, 300, 100)] {
        let text = lines(warnings, errors);
        let (summary, _) = compile("h.jsonl", nova(), text.as_bytes());
        let of = |severity| {
            let listed = summary.findings.iter();
            listed.filter(|one| one.severity == severity).count()
        };
        assert_eq!(summary.findings.len(), 100);
        assert_eq!(of(perennial_dataset::Severity::Error), listed);
        assert!(summary.findings.is_sorted_by_key(|one| one.line));
        let first = (summary.findings.iter()).find(|one| one.rule == "wrong-type");
        assert_eq!(first.unwrap().line, warnings as u64 + 1);
        let mut threads = Compiler::new("h.jsonl", nova()).with_threads(3);
        for piece in text.as_bytes().chunks(70_001) {
            threads.push(piece, &mut Vec::new());
        }
        assert_eq!(threads.finish(&mut Vec::new()), summary);
    }
}
