//! A key, a token or a card's number never stands in a report, wherever it stands in whatever file, and whatever is done about it.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, nova, training};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Compiler, SecretsRule, Summary};
use proptest::prelude::*;

const CARD: &str = "4111 1111 1111 1111";

fn checked(name: &str, bytes: &[u8], rule: SecretsRule) -> Summary {
    let mut compiler = Compiler::new(name, nova()).with_secrets(rule);
    let mut out = Vec::new();
    compiler.push(bytes, &mut out);
    compiler.finish(&mut out)
}

fn report(summary: &Summary) -> String {
    format!(
        "{}\n{}",
        serde_json::to_string(summary).unwrap(),
        summary.to_text()
    )
}

#[test]
fn what_cannot_be_read_as_a_record_is_told_without_the_number_in_it() {
    for (name, text) in [
        (
            "card.csv",
            format!("prompt,completion\nmy card is {CARD} ok,yes,too,many\n"),
        ),
        ("quote.csv", format!("prompt,completion\n\"{CARD}\"x,b\n")),
        (
            "open.csv",
            format!("prompt,completion\n\"my card is {CARD}, and\n"),
        ),
        ("header.csv", format!("{CARD},b\nc,d\n")),
        (
            "left-out.csv",
            format!("prompt,completion,my {CARD}\na,b,c\n"),
        ),
        (
            "after.json",
            format!("[{{\"prompt\":\"a\",\"completion\":\"b\"}}] my card {CARD} is"),
        ),
        (
            "feed.json",
            format!("[{{\"prompt\":\"my card {CARD} is\nhere\",\"completion\":\"b\"}}]"),
        ),
    ] {
        let whole = text.as_bytes();
        for rule in [SecretsRule::Off, SecretsRule::Warn, SecretsRule::Reject] {
            let summary = checked(name, whole, rule);
            let report = report(&summary);
            assert!(!report.contains("4111"), "{name}: {report}");
            let named = name == "quote.csv" || report.contains("[a card's number]");
            assert!(named, "{name}: {report}");
            let told = summary.finding_counts.contains_key("card-number");
            assert_eq!(told, rule != SecretsRule::Off, "{name}: {report}");
        }
    }
}

#[test]
fn a_line_with_a_number_shows_everything_but_the_number_where_secrets_are_let_pass() {
    for text in [
        format!("my card is {CARD} ok\n"),
        format!("{{\"prompt\": \"a\", \"completion\": \"my card is {CARD}\"\n"),
        format!("{{\"prompt\": \"a\", \"{CARD}\": \"b\"}}\n"),
        format!(
            "{{\"prompt\": {}, \"completion\": \"b\"}}\n",
            CARD.replace(' ', "")
        ),
        format!("{{\"prompt\": \"a [EOS] {CARD}\", \"completion\": \"b\"}}\n"),
        format!("{{\"messages\": [{{\"role\": \"{CARD}\", \"content\": \"{CARD}\"}}]}}\n"),
        format!(
            "{{\"messages\": [{{\"role\": \"user\", \"content\": {{\"{CARD}\": 1, \"{CARD}\": 2}}}}]}}\n"
        ),
        format!("{{\"prompt\": \"a\", \"completion\": \"{CARD}\"}}\n"),
    ] {
        let summary = checked("a.jsonl", text.as_bytes(), SecretsRule::Off);
        let report = report(&summary);
        assert!(!report.contains("4111"), "{text}{report}");
        assert!(report.contains("a card's number"), "{text}{report}");
    }
}

#[test]
fn a_number_that_reaches_over_the_end_of_what_is_shown_is_not_begun() {
    for before in 60..140 {
        let filler = "é ".repeat(before / 2) + &"x ".repeat(before % 2);
        for (name, text) in [
            (
                "a.csv",
                format!("prompt,completion\n{filler}{CARD} b,c,d,e\n"),
            ),
            (
                "a.csv",
                format!("prompt,completion,{filler}{CARD}\na,b,c\n"),
            ),
            (
                "a.json",
                format!("[{{\"prompt\":\"{CARD} {filler}\nb\",\"completion\":\"b\"}}]"),
            ),
            ("a.jsonl", format!("{filler}{CARD}\n")),
            (
                "a.jsonl",
                format!("{{\"prompt\": \"a\", \"{filler}{CARD}\": \"b\"}}\n"),
            ),
        ] {
            let report = report(&checked(name, text.as_bytes(), SecretsRule::Off));
            for part in ["411", "1 1", "111"] {
                assert!(!report.contains(part), "{before} {text}{report}");
            }
        }
    }
}

#[test]
fn a_web_token_is_not_shown_however_long_what_it_says_is() {
    for length in [100, 600, 3_000] {
        let payload = "a1B2c3D4".repeat(length / 8);
        let token = format!("eyJhbGciOiJIUzI1NiJ9.{payload}.{}", &payload[..43]);
        let line = format!("{{\"prompt\": \"use {token}\", \"completion\": \"b\"}}\n");
        for rule in [SecretsRule::Off, SecretsRule::Warn, SecretsRule::Reject] {
            let summary = checked("a.jsonl", line.as_bytes(), rule);
            assert!(!report(&summary).contains("a1B2c3D4"), "{summary:?}");
            let told = summary.finding_counts.get("secret").copied();
            assert_eq!(told, (rule != SecretsRule::Off).then_some(1));
            assert_eq!(summary.records == 0, rule == SecretsRule::Reject);
        }
    }
}

#[test]
fn of_a_token_or_a_key_that_is_longer_than_what_is_looked_at_nothing_is_shown() {
    let body = |lines: usize, between: &str| {
        let line = "kEyB0dy+/".repeat(7) + "A";
        vec![line; lines].join(between)
    };
    let key = |lines, between: &str| {
        let (begin, body) = ("-----BEGIN RSA ", body(lines, between));
        format!("{begin}PRIVATE KEY-----{between}{body}{between}kEyB0dyEnd==")
    };
    let token = |start: &str, length: usize| format!("{start}{}", "kEyB0dy1".repeat(length / 8));
    for secret in [
        token("bedrock-api-key-", 900),
        token("bedrock-api-key-", 9_000),
        token("ABSK", 1_200),
        token("ghp_", 600),
        token("github_pat_", 30_000),
        key(20, "\\n"),
        key(100, "\\n"),
        key(300, "\\r\\n"),
        key(100, "\\n    "),
        key(100, "\\\\n"),
    ] {
        for line in [
            // The forbidden string shows what stands before it.
            format!("{{\"prompt\":\"use {secret} [EOS]\",\"completion\":\"b\"}}\n"),
            format!("{{\"prompt\":\"use {secret}\\n[EOS]\",\"completion\":\"b\"}}\n"),
            format!("{{\"prompt\":\"use {secret}\",\"completion\":\"b\",\"id\":1}}\n"),
            format!("{{\"prompt\":\"use {secret}\n"),
        ] {
            let summary = checked("a.jsonl", line.as_bytes(), SecretsRule::Off);
            let report = report(&summary);
            assert!(!report.contains("kEyB0dy"), "{line:.60} {report}");
            assert!(!summary.findings.is_empty());
        }
    }
}

#[test]
fn a_token_before_a_byte_that_is_no_utf_8_is_not_shown_though_its_start_is_cut_off() {
    for between in [0, 5, 20, 39] {
        let token = format!("ghp_{}", "a1B2c3D4z".repeat(4));
        let line = format!("{{\"prompt\":\"{token} {}", "x".repeat(between));
        for (bytes, rule) in [
            ([line.as_bytes(), b"\xff}\n"].concat(), SecretsRule::Off),
            ([line.as_bytes(), b"\xff}\n"].concat(), SecretsRule::Warn),
            (
                [b"{\"prompt\":\"\xff ", token.as_bytes(), b"\"}\n"].concat(),
                SecretsRule::Off,
            ),
        ] {
            let summary = checked("a.jsonl", &bytes, rule);
            assert!(
                summary.finding_counts.contains_key("invalid-utf8"),
                "{summary:?}"
            );
            let report = report(&summary);
            assert!(!report.contains("D4z"), "{report}");
            assert!(!report.contains("a1B2"), "{report}");
        }
    }
}

fn secret() -> impl Strategy<Value = String> {
    let mixed = |count: usize| "a1B2c3D4".repeat(20)[..count].to_owned();
    prop_oneof![
        Just(CARD.to_owned()),
        Just("5555-5555-5555-4444".to_owned()),
        Just("378282246310005".to_owned()),
        Just(format!("AKIA{}", "IOSFODNN7EXAMPLE")),
        Just(format!("ghp_{}", mixed(36))),
        Just(format!("sk-ant-api03-{}", mixed(95))),
        Just(format!("-----BEGIN RSA {}", "PRIVATE KEY-----")),
        Just(format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", mixed(30), mixed(43))),
    ]
}

const FILES: [(&str, &str); 12] = [
    (
        "a.csv",
        "prompt,completion\na question,an answer\n\"more, of it\",\"and \"\"so\"\" on\"\nlast,one\n",
    ),
    ("a.tsv", "question\tanswer\tid\na question\tan answer\t7\n"),
    (
        "a.json",
        "[{\"prompt\": \"a\", \"completion\": \"b\"}, {\"prompt\": \"c\", \"completion\": \"d\"}]",
    ),
    (
        "a.json",
        "{\n  \"prompt\": \"a\",\n  \"completion\": \"b\"\n}\n",
    ),
    (
        "a.jsonl",
        "{\"prompt\": \"a\", \"completion\": \"b\", \"id\": 7}\n{\"prompt\": \"c\", \"completion\": \"d\"}\n",
    ),
    (
        "a.jsonl",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\n",
    ),
    (
        "a.jsonl",
        "{\"schemaVersion\": \"bedrock-conversation-2024\", \"system\": [{\"text\": \"s\"}], \"messages\": [{\"role\": \"user\", \"content\": [{\"text\": \"a\"}]}, {\"role\": \"assistant\", \"content\": [{\"text\": \"b\"}]}]}\n",
    ),
    (
        "a.jsonl",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"7\"},{\"role\":\"assistant\",\"content\":\"b\"}]}\n",
    ),
    (
        "a.jsonl",
        "{\"modelId\":\"m\",\"input\":{\"inputBodyJson\":{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"q\"}]}]}},\"output\":{\"outputBodyJson\":{\"output\":{\"message\":{\"content\":[{\"text\":\"a\"}]}}}}}\n",
    ),
    ("a.txt", "A document. With prose.\n\nAnd more of it.\n"),
    ("a", "key: value\nprompt\n"),
    ("a.xml", "<a>b c d</a>\n"),
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1500, ..ProptestConfig::default() })]
    #[test]
    fn a_secret_anywhere_in_any_broken_file_is_not_in_the_report(
        (name, text) in proptest::sample::select(&FILES[..]),
        secret in secret(),
        at in any::<prop::sample::Index>(),
        gap in any::<bool>(),
        (from, length) in (any::<prop::sample::Index>(), 0..4_usize),
        junk in "[\\[\\]{}\":,\u{fffd}\\\\ a]{0,3}",
        rule in prop_oneof![Just(SecretsRule::Off), Just(SecretsRule::Warn), Just(SecretsRule::Reject)],
        pairs in any::<bool>(),
    ) {
        let mut text = text.to_owned();
        let from = from.index(text.len());
        text.replace_range(from..(from + length).min(text.len()), &junk);
        let mut at = at.index(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        // As a part of a word it is none.
        let (before, after) = if gap { ("; ", "; ") } else { (": ", "\"") };
        text.insert_str(at, &format!("{before}{secret}{after}"));
        let shape = if pairs { RecordShape::PromptCompletion } else { RecordShape::BedrockConversation };
        let mut compiler = Compiler::new(name, training(shape)).with_secrets(rule);
        let mut out = Vec::new();
        compiler.push(text.as_bytes(), &mut out);
        let report = report(&compiler.finish(&mut out));
        prop_assert!(!report.contains(&secret), "{}\n{}", text, report);
    }
}

#[test]
fn a_file_without_a_secret_is_told_as_before() {
    let (summary, _) = compile(
        "a.csv",
        nova(),
        b"prompt,completion\nmy order 4712 is late,yes,too,many\n",
    );
    assert!(
        summary
            .to_text()
            .contains("those of the header: 2: my order 4712 is late,yes,too,many"),
        "{}",
        summary.to_text()
    );
}
