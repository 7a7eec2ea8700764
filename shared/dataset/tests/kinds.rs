//! What a file is taken for, where its name does not say it or says it wrong.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, compile_in, nova, training};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Purpose, Summary};

fn counts(summary: &Summary) -> Vec<(&str, u64)> {
    let counts = summary.finding_counts.iter();
    let counts = counts.filter(|(rule, _)| *rule != "fewer-than-minimum");
    counts
        .map(|(rule, count)| (rule.as_str(), *count))
        .collect()
}

#[test]
fn records_over_several_lines_are_converted_wherever_their_lines_end() {
    let long = "long ".repeat(500);
    for (file, lines) in [
        ("{\"prompt\": \"a\",\n \"completion\": \"b\"}\n{\"prompt\": \"c\",\n \"completion\": \"d\"}\n".to_owned(), [1, 3]),
        ("{\"prompt\": \"a\",\n\"completion\": \"b\"}\n{\"prompt\": \"c\",\n\"completion\": \"d\"}\n".into(), [1, 3]),
        ("{\"prompt\":\r\n\"a\", \"completion\": \"b\"}\r\n{\"prompt\":\r\n\"c\", \"completion\": \"d\"}".into(), [1, 3]),
        ("{ \"prompt\": \"a\"\n, \"completion\": \"b\"\n}\n\n{ \"prompt\": \"c\"\n, \"completion\": \"d\"\n}\n".into(), [1, 5]),
        (format!("{{\"prompt\": \"{long}\",\n \"completion\": \"b\"}}\n{{\"prompt\": \"c\",\n \"completion\": \"d\"}}\n"), [1, 3]),
        ("{\"messages\": [\n{\"role\": \"user\", \"content\": \"a\"},\n{\"role\": \"assistant\", \"content\": \"b\"}]}\n\
          {\"messages\": [\n{\"role\": \"user\", \"content\": \"c\"},\n{\"role\": \"assistant\", \"content\": \"d\"}]}\n".replace("\n{\"role\"", "\n  {\"role\""), [1, 4]),
    ] {
        let whole = compile("a.jsonl", nova(), file.as_bytes());
        assert_eq!((counts(&whole.0), whole.0.records), (vec![("pretty-printed", 1)], 2), "{}", whole.0.to_text());
        let began: Vec<u64> = whole.0.samples.iter().map(|sample| sample.line).collect();
        assert_eq!(began, lines, "{file}");
        for size in [1, 7, 1_023, 1_024, 1_025] {
            let sizes = vec![size; file.len() / size];
            assert_eq!(compile_in("a.jsonl", nova(), file.as_bytes(), &sizes), whole, "{size}");
        }
    }
}

#[test]
fn a_record_that_broke_off_is_no_record_over_several_lines() {
    let good = "{\"prompt\": \"c\", \"completion\": \"d\"}\n";
    for broken in [
        "{\"prompt\": \"a\",\n",
        "{\"prompt\": \"a\", \"completion\":\n",
        "{\"prompt\": \"a\", \"completion\": \"no end\n",
        "{\"prompt\": \"two\nlines\", \"completion\": \"b\"}\n",
        "{\"prompt\": \"a\", \"completion\": [\n\n",
    ] {
        let (summary, _) = compile("a.jsonl", nova(), format!("{broken}{good}").as_bytes());
        assert_eq!(summary.records, 1, "{}", summary.to_text());
        assert!(
            summary.finding_counts["broken-json"] >= 1
                && !summary.finding_counts.contains_key("pretty-printed")
        );
        assert_eq!(summary.findings[0].line, 1, "{}", summary.to_text());
    }
}

#[test]
fn a_file_without_an_ending_to_its_name_is_known_by_its_content() {
    let documents = || training(RecordShape::Documents);
    for prose in [
        "# Ownership\n\nA set of rules.\n",
        "Ownership is a set of rules.\n",
        "[Rust](https://www.rust-lang.org) is a language.\n",
        "[1] A note.\n",
        "---\ntitle: A\n---\nText.\n",
    ] {
        let (summary, out) = compile("-", documents(), prose.as_bytes());
        assert!(
            summary.is_accepted() && summary.records == 1,
            "{}",
            summary.to_text()
        );
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&out).unwrap()["text"],
            prose
        );
        // Where no documents are trained on, it is said once, and not of each line.
        let (summary, _) = compile("-", nova(), prose.as_bytes());
        assert_eq!(
            (summary.errors, summary.finding_counts["other-trainer"]),
            (1, 1),
            "{}",
            summary.to_text()
        );
        let (summary, _) = compile("-", Purpose::Evaluation, prose.as_bytes());
        assert_eq!(
            (summary.errors, summary.finding_counts["wrong-place"]),
            (1, 1),
            "{}",
            summary.to_text()
        );
    }
    let record = "{\"prompt\": \"a\", \"completion\": \"b\"}";
    for (file, rule) in [
        (format!("{record}\n"), None),
        (format!("[{record}]"), Some("json-array")),
        (format!("[\n[]{record}]"), Some("json-array")),
        ("prompt,completion\na,b\n".into(), Some("columns-taken")),
        (format!("what?\n{record}\n"), Some("broken-json")),
    ] {
        let (summary, _) = compile("-", nova(), file.as_bytes());
        assert_eq!(summary.records, 1, "{}", summary.to_text());
        assert!(
            rule.is_none_or(|rule| summary.finding_counts.contains_key(rule)),
            "{}",
            summary.to_text()
        );
    }
}

#[test]
fn records_are_records_though_their_file_is_named_a_document() {
    let long = "A \"quoted\" line. 日本\u{1f600}\n".repeat(100);
    let longest = "A \"quoted\" line. 日本\u{1f600}\n".repeat(6_000);
    let record = |text: &str| format!("{}\n", serde_json::json!({ "text": text }));
    let pretty = |text: &str| format!("{{\n  \"text\": {}\n}}\n", serde_json::json!(text));
    let lines = |first: &str| record(first) + &record("short");
    let array = |first: &str| format!("[{},\n{}]\n", record(first), record("short"));
    let spelt = lines(&longest)
        .replace('日', "\\u65e5")
        .replace('\u{1f600}', "\\ud83d\\ude00");
    for (file, rule) in [
        (lines("first"), None),
        (lines(&long), None),
        (lines(&longest), None),
        (spelt, None),
        (lines("first").replace("{\"", "{ \""), None),
        (
            format!("\u{feff}\n{}", lines(&long)),
            Some("byte-order-mark"),
        ),
        (array("first"), Some("json-array")),
        (array(&long), Some("json-array")),
        (array(&longest), Some("json-array")),
        (pretty("first") + &pretty("short"), Some("pretty-printed")),
        (pretty(&longest) + &pretty("short"), Some("pretty-printed")),
    ] {
        for name in ["a.txt", "a.md"] {
            let whole = compile(name, training(RecordShape::Documents), file.as_bytes());
            let said: Vec<&str> = counts(&whole.0).iter().map(|(rule, _)| *rule).collect();
            let (summary, out) = &whole;
            assert!(summary.is_accepted(), "{}", summary.to_text());
            assert!(
                !out.windows(8).any(|part| part == b"{\\\"text\\\""),
                "{file:.80}"
            );
            assert!(out.windows(5).any(|part| part == b"short"));
            let rule: Vec<&str> = rule.into_iter().collect();
            assert_eq!(said, rule, "{file:.80} {}", summary.to_text());
            for size in [1_000, 1_024, 5_000, 65_536] {
                let sizes = vec![size; file.len() / size];
                let purpose = training(RecordShape::Documents);
                assert_eq!(compile_in(name, purpose, file.as_bytes(), &sizes), whole);
            }
        }
    }
    // A table's name makes no table of them.
    for name in ["a.csv", "a.tsv"] {
        let (summary, _) = compile(
            name,
            nova(),
            b"{\"prompt\": \"a\", \"completion\": \"b\"}\n",
        );
        assert!(
            summary.is_accepted() && summary.records == 1,
            "{}",
            summary.to_text()
        );
    }
    // One of several lines is broken, or of no shape: it is told as in any other file of records.
    for (file, rule) in [
        (
            format!("{{\"text\": \"no end\n{}", lines("a")),
            "broken-json",
        ),
        ("{\"id\": 1}\n{\"id\": 2}\n".to_owned(), "unknown-shape"),
    ] {
        let (summary, _) = compile("a.txt", training(RecordShape::Documents), file.as_bytes());
        assert!(
            summary.finding_counts.contains_key(rule),
            "{}",
            summary.to_text()
        );
        assert!(!summary.is_accepted());
    }
}

#[test]
fn a_document_is_one_though_it_begins_with_an_object_and_what_looks_like_json_is_told() {
    let tail = "\n# Hi\n\ntext\n";
    for (begin, told) in [
        ("{\"title\": \"x\"}\n", true),
        ("{ \"title\": \"x\",\n  \"by\": \"y\" }\n", true),
        ("{\"text\": \"x\"} is how a record is written.\n", true),
        ("{\"text\": \"no end\n", true),
        ("[{\"title\": 1}]\n", true),
        ("{\"a\": ", true),
        ("{% raw %}\n", false),
        ("{}\n", false),
        ("{ \n", false),
        ("[1] A note.\n", false),
        ("[[\"a\"]]\n", false),
        ("[x](y) {\"text\": \"x\"}\n", false),
        ("```json\n{\"text\": \"x\"}\n```\n", false),
        ("Text.\n{\"text\": \"x\"}\n", false),
    ] {
        for name in ["a.md", "a.txt"] {
            let file = format!("{begin}{tail}");
            let (summary, out) = compile(name, training(RecordShape::Documents), file.as_bytes());
            assert!(summary.is_accepted(), "{begin} {}", summary.to_text());
            let text = &serde_json::from_slice::<serde_json::Value>(&out).unwrap()["text"];
            assert!(
                text.as_str().unwrap().starts_with(begin.trim_end()),
                "{text}"
            );
            let said = summary.finding_counts.contains_key("json-as-text");
            assert_eq!(said, told, "{begin}");
        }
        let (summary, _) = compile("a.md", nova(), format!("{begin}{tail}").as_bytes());
        assert!(summary.finding_counts.contains_key("other-trainer"));
    }
}

#[test]
fn a_list_of_texts_in_a_file_that_is_named_a_document_is_told() {
    let long = format!(
        "[{}\"last\"]\n",
        "\"a document of its own\",\n ".repeat(10_000)
    );
    for (file, told) in [
        ("[\"doc one\\n...\",\"doc two\"]", true),
        ("[\n  \"doc one\",\n  \"doc two\"\n]\n", true),
        ("\u{feff}[\"one\"]\n[\"two\"]\n", true),
        ("[[\"a\"], [\"b\"]]", true),
        ("[1, 2.5, -3]\n", true),
        (&long, true),
        ("[1] A note.\n", false),
        ("[1]\n\nA note.\n", false),
        ("[1][2] Two notes.\n", false),
        ("[1] [2]\n[3]\n", true),
        ("[\"Quoted\"](link) and more.\n", false),
        ("[\"An open quotation\n", false),
        ("[\"one\", two]\n", false),
        ("[[wiki]]\n", false),
        ("[-] a task\n", false),
        ("[]\n", false),
        (&long.replace("\",\n", " and\n"), false),
    ] {
        for name in ["corpus.txt", "corpus.md"] {
            let whole = compile(name, training(RecordShape::Documents), file.as_bytes());
            let said = whole.0.finding_counts.contains_key("json-as-text");
            assert_eq!(said, told, "{file:.80} {}", whole.0.to_text());
            assert!(whole.0.is_accepted(), "{file:.80}");
            for size in [7, 1_024, 5_000] {
                let sizes = vec![size; file.len() / size];
                let purpose = training(RecordShape::Documents);
                assert_eq!(compile_in(name, purpose, file.as_bytes(), &sizes), whole);
            }
        }
    }
}

#[test]
fn text_in_utf_32_is_called_so() {
    for (mark, to) in [
        (&[0xff, 0xfe, 0, 0], u32::to_le_bytes as fn(u32) -> [u8; 4]),
        (&[0, 0, 0xfe, 0xff], u32::to_be_bytes),
    ] {
        let text = "{\"prompt\": \"hi\"}".chars();
        let text: Vec<u8> = text.flat_map(|letter| to(letter.into())).collect();
        let (summary, _) = compile("a.jsonl", nova(), &[&mark[..], &text].concat());
        let found = &summary.findings[0];
        assert_eq!(
            (found.rule.as_str(), found.found.as_str()),
            ("utf-16", "UTF-32 text")
        );
        assert!(found.fix.contains("iconv -f UTF-32"));
    }
}
