//! The parser of JSON beside `serde_json`, through the compiler: both refuse the same lines, and read the same texts.
use perennial_dataset::{Compiler, Purpose, Summary, completion_of, prompt_of};
use serde_json::Value;

use crate::purposes::pairs;

/// Findings that say that a line is no JSON.
const NO_JSON: &[&str] = &["broken-json", "broken-unicode", "invalid-utf8"];

/// Lines of JSON, or nearly so.
pub fn json(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n').take(8) {
        one(line);
    }
}

fn one(line: &[u8]) {
    if line.len() > 1 << 20 || line.trim_ascii().is_empty() {
        return;
    }
    let (summary, written) = compiled(line);
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        assert!(summary.errors > 0, "serde_json refuses it");
        return;
    };
    for rule in NO_JSON {
        assert!(
            !summary.finding_counts.contains_key(*rule),
            "serde_json takes it: {}",
            summary.to_text()
        );
    }
    assert_eq!(
        summary.errors == 0,
        !written.is_empty() || summary.duplicates > 0
    );
    if !written.is_empty() {
        for (member, read) in [
            ("prompt", prompt_of(&written)),
            ("completion", completion_of(&written)),
        ] {
            if let Some(text) = value[member].as_str() {
                assert_eq!(read.as_deref(), Some(text), "{member}");
            }
        }
    }
}

/// What comes of the line as the second of a file. The first is so long that no more of the file is looked at to tell its kind.
fn compiled(line: &[u8]) -> (Summary, Vec<u8>) {
    let first = format!(
        "{{\"prompt\":\"{}\",\"completion\":\"y\"}}\n",
        "x".repeat(1_100)
    );
    let mut compiler = Compiler::new("x.jsonl", Purpose::Training(pairs().clone()));
    let mut out = Vec::new();
    compiler.push(first.as_bytes(), &mut out);
    compiler.push(line, &mut out);
    let summary = compiler.finish(&mut out);
    let written = out
        .strip_prefix(first.as_bytes())
        .expect("the first line is canonical");
    (summary, written.to_vec())
}
