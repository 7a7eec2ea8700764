//! Records of an evaluation set: a question and the answer that it should have.
use serde::{Deserialize, Serialize};

use crate::{
    canonical,
    finding::{Problem, bounded},
    json::{Json, Object, parse_canonical},
    members::{extra_members, text_member},
    rules,
};

/// One evaluation record, as Bedrock's evaluation prompt sets name its members
/// (model-evaluation-prompt-datasets-judge).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvalRecord {
    /// The question, as it is asked.
    pub prompt: String,
    /// The answer that answers are scored against.
    #[serde(rename = "referenceResponse")]
    pub reference_response: String,
    /// A name under which results may be grouped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl EvalRecord {
    /// Reads a canonical evaluation line; nothing if it is no such line.
    #[must_use]
    pub fn parse(canonical_line: &[u8]) -> Option<Self> {
        match parse_canonical(std::str::from_utf8(canonical_line).ok()?) {
            Ok(Json::Object(object)) => Self::read(&object),
            _ => None,
        }
    }

    /// The canonical line, with its line feed.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut out = Vec::new();
        canonical::line(&mut out, self);
        out
    }

    pub(crate) fn read(object: &Object<'_>) -> Option<Self> {
        let text = |name| match object.get(name) {
            Some(Json::Text(text)) => Some(text.to_string()),
            _ => None,
        };
        Some(Self {
            prompt: text("prompt")?,
            reference_response: text("referenceResponse")?,
            category: text("category"),
        })
    }
}

/// Checks a record of an uploaded evaluation file.
pub(crate) fn check(object: &Object<'_>, problems: &mut Vec<Problem>) -> Option<EvalRecord> {
    let prompt = text_member(
        object,
        "prompt",
        &rules::MISSING_PROMPT,
        &rules::EMPTY_PROMPT,
        problems,
    );
    let reference = text_member(
        object,
        "referenceResponse",
        &rules::MISSING_REFERENCE,
        &rules::EMPTY_REFERENCE,
        problems,
    );
    let category = match object.some("category") {
        None => None,
        Some(Json::Text(category)) => Some(category.to_string()),
        Some(other) => {
            problems.push(Problem::new(
                &rules::WRONG_TYPE,
                "$.category",
                other.kind(),
                "Write the category as a string, or leave it out.",
            ));
            None
        }
    };
    extra_members(
        object,
        "$",
        &["prompt", "referenceResponse", "category"],
        problems,
    );
    Some(EvalRecord {
        prompt: prompt?.to_owned(),
        reference_response: reference?.to_owned(),
        category,
    })
}

/// The finding for a training record in an evaluation file.
pub(crate) fn training_record_here(object: &Object<'_>, shape: &str) -> Problem {
    let members: Vec<&str> = object.names().take(8).collect();
    Problem::new(
        &rules::WRONG_PLACE,
        "$",
        format!(
            "a training record ({shape}) in an evaluation set, with the members {}",
            bounded(&members.join(", "))
        ),
        "Write {\"prompt\": \"...\", \"referenceResponse\": \"...\"}, or move the file to data/<pipeline>/.",
    )
}
