//! Preferences: every shape in use becomes Nova's own, nothing is lost in silence, and what prefers nothing is refused.
#![allow(clippy::unwrap_used)]
#[path = "../common/mod.rs"]
mod common;
mod in_use;
mod shapes;

use common::{compile, limits, training};
use perennial_core::{
    limits::{DataLimits, RecordShape},
    prompt::PromptDigest,
};
use perennial_dataset::{
    EvalRecord, Excluded, Purpose, Sealer, Summary, completion_of, estimate_tokens, prompt_of,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn preferences() -> Purpose {
    training(RecordShape::Preferences)
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn accepted(record: &Value) -> (Summary, Value) {
    let (summary, out) = compile(
        "a.jsonl",
        preferences(),
        lines(std::slice::from_ref(record)).as_bytes(),
    );
    assert!(summary.is_accepted(), "{}", summary.to_text());
    assert_eq!(summary.records, 1, "{}", summary.to_text());
    (summary, serde_json::from_slice(&out).unwrap())
}

fn refused(records: &[Value]) -> Summary {
    let (summary, out) = compile("a.jsonl", preferences(), lines(records).as_bytes());
    assert!(!summary.is_accepted(), "{}", String::from_utf8_lossy(&out));
    summary
}

fn candidates(better: &str, worse: &str) -> Value {
    json!({ "role": "assistant", "candidates": [
        { "content": [{ "text": better }], "preferenceLabel": "preferred" },
        { "content": [{ "text": worse }], "preferenceLabel": "non-preferred" },
    ] })
}

fn said(role: &str, text: &str) -> Value {
    json!({ "role": role, "content": text })
}

fn canonical(system: Option<&str>, before: &[(&str, &str)], better: &str, worse: &str) -> Value {
    let mut messages: Vec<Value> = before
        .iter()
        .map(|(role, text)| json!({ "role": role, "content": [{ "text": text }] }))
        .collect();
    messages.push(candidates(better, worse));
    match system {
        Some(system) => json!({ "system": [{ "text": system }], "messages": messages }),
        None => json!({ "messages": messages }),
    }
}

/// A text with more than white space that holds no forbidden string.
fn words() -> impl Strategy<Value = String> {
    "[^:\\[\\]<>]{0,20}".prop_map(|text| format!("{text}x"))
}
