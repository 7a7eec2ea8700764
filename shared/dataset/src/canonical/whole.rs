//! What a record is known by that goes to the trainer as it came: its question and its answer, without what tells one copy of it from
//! another, such as the id of a request or the time of an entry.

use sha2::{Digest, Sha256};

use super::record_digest;
use crate::{
    json::{Text, Value},
    pass::known::hash,
    path::Path,
    record::log,
};

/// Question and answer of one record, as hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownBy {
    pub(crate) question: u64,
    pub(crate) answer: u64,
}

impl KnownBy {
    /// Of an entry of an invocation log: what the model read, and what it said.
    pub(crate) fn of_log(entry: Value<'_>) -> Self {
        let (question, answer) = log_parts(entry);
        Self {
            question: hash(&question),
            answer: hash(&answer),
        }
    }

    /// Of a reinforcement record: its reference answer, and all the rest but the id.
    pub(crate) fn of_reinforcement(record: Value<'_>) -> Self {
        let answer = record.get("reference_answer").map_or("", Value::raw);
        Self {
            question: hash(&without(record, &["id", "reference_answer"])),
            answer: hash(answer.as_bytes()),
        }
    }
}

/// What such a canonical line is known by across files; nothing for lines that are known by all of their bytes.
pub(super) fn digest(line: Value<'_>) -> Option<[u8; 16]> {
    let speaks = line.some("messages").is_some();
    // Beside messages these are members of one's own.
    if !speaks && line.has("input") && line.has("modelId") {
        let (question, answer) = log_parts(line);
        let mut all = Sha256::new();
        all.update((question.len() as u64).to_le_bytes());
        all.update(question);
        all.update(answer);
        let mut digest = [0; 16];
        digest.copy_from_slice(&all.finalize()[..16]);
        return Some(digest);
    }
    (speaks && line.has("id")).then(|| record_digest(&without(line, &["id"])))
}

/// What the model read, and what it said.
fn log_parts(entry: Value<'_>) -> (Vec<u8>, Vec<u8>) {
    let body = |side: &str, name: &str| entry.get(side)?.get(name);
    let (mut question, mut answer) = (Vec::new(), Vec::new());
    let input = body("input", "inputBodyJson");
    for name in ["system", "messages", "prompt", "inputText"] {
        if let Some(value) = input.and_then(|input| input.get(name)) {
            question.extend_from_slice(name.as_bytes());
            value.write(&mut question);
        }
    }
    if let Some(output) = body("output", "outputBodyJson") {
        let texts = log::answer(output, Path::Root, &mut Vec::new());
        for text in &texts {
            answer.extend_from_slice(text.plain().as_bytes());
            answer.push(0);
        }
        if texts.is_empty() {
            output.write(&mut answer);
        }
    }
    (question, answer)
}

/// The object as one line, without the members that have these names.
fn without(object: Value<'_>, names: &[&str]) -> Vec<u8> {
    let mut out = vec![b'{'];
    for member in object.items() {
        let name = member.name();
        if names.contains(&name.as_ref()) {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(Text::of(&name).raw().as_bytes());
        out.extend_from_slice(b"\":");
        member.write(&mut out);
    }
    out.push(b'}');
    out
}
