//! Records of an evaluation set: a question and the answer that it should have.
use std::collections::{HashMap, hash_map::Entry};

use perennial_core::prompt::PromptDigest;
use serde::{Deserialize, Serialize};

use crate::{
    canonical,
    finding::{Problem, bounded},
    json::{Tape, Value},
    members::{extra_members, names, text_member},
    path::Path,
    rules,
    summary::{count, grouped},
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
        let line = std::str::from_utf8(canonical_line).ok()?.trim_ascii_end();
        let mut tape = Tape::default();
        tape.parse_canonical(line).ok()?;
        Self::read(tape.value(line))
    }

    /// The canonical line, with its line feed.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut out = Vec::new();
        canonical::line(&mut out, self);
        out
    }

    /// What these records, of all files of an evaluation set, ask more than once, in words; nothing if each question stands once. Questions
    /// that differ in case or white space only are the same.
    #[must_use]
    pub fn asked_again(records: &[Self]) -> Option<String> {
        let (mut answers, mut again, mut otherwise) = (HashMap::new(), 0_u64, 0_u64);
        for record in records {
            match answers.entry(PromptDigest::of(&record.prompt)) {
                Entry::Vacant(first) => {
                    first.insert(&record.reference_response);
                }
                Entry::Occupied(first) => {
                    again += 1;
                    otherwise += u64::from(*first.get() != &record.reference_response);
                }
            }
        }
        (again > 0).then(|| {
            format!(
                "{} of the evaluation set came before, {} of them with another reference answer; each counts as often as it stands",
                count(again, "question"),
                grouped(otherwise)
            )
        })
    }

    pub(crate) fn read(value: Value<'_>) -> Option<Self> {
        let text = |name| {
            value
                .get(name)?
                .text()
                .map(|text| text.plain().into_owned())
        };
        Some(Self {
            prompt: text("prompt")?,
            reference_response: text("referenceResponse")?,
            category: text("category"),
        })
    }
}

/// Checks a record of an uploaded evaluation file.
pub(crate) fn check(value: Value<'_>, problems: &mut Vec<Problem>) -> Option<EvalRecord> {
    let prompt = text_member(
        value,
        "prompt",
        &rules::MISSING_PROMPT,
        &rules::EMPTY_PROMPT,
        problems,
    );
    let reference = text_member(
        value,
        "referenceResponse",
        &rules::MISSING_REFERENCE,
        &rules::EMPTY_REFERENCE,
        problems,
    );
    let category = value.some("category").and_then(|category| {
        let text = category.text();
        if text.is_none() {
            problems.push(Problem::new(
                &rules::WRONG_TYPE,
                "$.category",
                category.kind_name(),
                "Write the category as a string, or leave it out.",
            ));
        }
        text
    });
    extra_members(
        value,
        Path::Root,
        &["prompt", "referenceResponse", "category"],
        problems,
    );
    Some(EvalRecord {
        prompt: prompt?.plain().into_owned(),
        reference_response: reference?.plain().into_owned(),
        category: category.map(|text| text.plain().into_owned()),
    })
}

/// The finding for a training record in an evaluation file.
pub(crate) fn training_record_here(value: Value<'_>, shape: &str) -> Problem {
    Problem::new(
        &rules::WRONG_PLACE,
        "$",
        format!(
            "a training record ({shape}) in an evaluation set, with the members {}",
            bounded(&names(value))
        ),
        "Write {\"prompt\": \"...\", \"referenceResponse\": \"...\"}, or move the file to data/<pipeline>/.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_stand_again_are_counted_with_those_that_are_answered_otherwise() {
        let record = |prompt: &str, answer: &str| EvalRecord {
            prompt: prompt.into(),
            reference_response: answer.into(),
            category: None,
        };
        let once = [record("a", "1"), record("b", "1")];
        assert_eq!(EvalRecord::asked_again(&once), None);
        let again = [
            record("a", "1"),
            record("A ", "1"),
            record("b", "1"),
            record("b", "2"),
        ];
        let said = EvalRecord::asked_again(&again).unwrap();
        assert!(
            said.starts_with("2 questions of the evaluation set came before, 1 of them"),
            "{said}"
        );
    }
}
