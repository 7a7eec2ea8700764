//! What came of a file: the numbers and the findings, as they are stored and as a person reads them.
use std::{collections::BTreeMap, fmt::Write};

use serde::{Deserialize, Serialize};

use crate::{
    finding::Finding,
    rules::{self, Severity},
    statistics::{Sample, Statistics},
};

/// The version of the report's form, as its JSON Schema describes it. It grows when a member changes its meaning or goes; new members
/// alone do not change it.
pub const REPORT_FORM: u32 = 1;
/// How many records a summary shows.
pub const SAMPLES: usize = 5;
/// How many characters of each.
pub const SAMPLE: usize = 2000;

/// Whether an upload may be trained on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No error was found.
    Accepted,
    /// At least one error was found. Nothing of the upload is used; the object stays.
    #[default]
    Rejected,
}

/// What came of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// [`REPORT_FORM`]; 0 in reports that were written before there was one.
    pub form: u32,
    /// The object key or file name that the compiler was given.
    pub name: String,
    /// Accepted if there is no error among the findings.
    pub verdict: Verdict,
    /// What the file was held against: the model, its technique, the shape that it was compiled to.
    pub target: Target,
    /// The shape that the records came in, once one was recognised.
    pub shape: Option<String>,
    /// `gzip` or `zstd`, if the file was compressed.
    pub compression: Option<String>,
    /// Lines, blank ones included.
    pub lines: u64,
    /// Records written: without error, and not repeating an earlier one.
    pub records: u64,
    /// Records dropped because they repeat an earlier one exactly.
    pub duplicates: u64,
    /// Records whose prompt also stands with another completion; they are written, and warned of.
    pub conflicts: u64,
    /// Bytes of the file as it is stored.
    pub bytes_read: u64,
    /// Bytes after decompression; the same as `bytes_read` if the file was not compressed.
    pub bytes_decompressed: u64,
    /// Tokens of the records written, estimated; the estimate errs high ([`crate::estimate_tokens`]).
    pub tokens_estimate: u64,
    /// How long the records are.
    pub statistics: Statistics,
    /// The first [`SAMPLES`] records, as they were compiled.
    pub samples: Vec<Sample>,
    /// The first [`crate::LISTED`] findings in the order of the file; errors come before others where not all have a place.
    pub findings: Vec<Finding>,
    /// How often each rule was breached.
    pub finding_counts: BTreeMap<String, u64>,
    /// How many findings are errors.
    pub errors: u64,
    /// How many findings are warnings.
    pub warnings: u64,
}

/// What a file was held against.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// The base model's id, where the caller named it.
    pub model: Option<String>,
    /// `fine-tuning`, `evaluation` and so on.
    pub technique: Option<String>,
    /// The shape of the compiled records.
    pub shape: String,
    /// Where the model's limits come from.
    pub source: String,
}

impl Summary {
    /// How many tokens the records have at most, in words, with what is not counted.
    #[must_use]
    pub fn tokens(&self) -> String {
        let tokens = count(self.tokens_estimate, "token");
        if self.finding_counts.contains_key(rules::UNCOUNTED_MEDIA.id) {
            format!("{tokens} without videos and documents")
        } else {
            tokens
        }
    }

    /// Whether the upload was accepted.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }

    /// The summary as plain text for a terminal or a report.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let verdict = if self.is_accepted() {
            "accepted"
        } else {
            "rejected"
        };
        let mut kinds: Vec<&str> = self.shape.as_deref().into_iter().collect();
        kinds.extend(self.compression.as_deref());
        let kinds = if kinds.is_empty() {
            String::new()
        } else {
            format!(" ({})", kinds.join(", "))
        };
        let name = crate::finding::bounded(&self.name);
        let _ = writeln!(text, "{name}: {verdict}{kinds}");
        let _ = writeln!(
            text,
            "{}, {}, {} dropped, at most about {}; {}, {}",
            count(self.lines, "line"),
            count(self.records, "record"),
            count(self.duplicates, "duplicate"),
            self.tokens(),
            count(self.errors, "error"),
            count(self.warnings, "warning"),
        );
        for finding in &self.findings {
            text.push('\n');
            text.push_str(&finding.to_text());
        }
        let mut unlisted = self.finding_counts.clone();
        for finding in &self.findings {
            if let Some(left) = unlisted.get_mut(&finding.rule) {
                *left = left.saturating_sub(1);
            }
        }
        let rest: Vec<String> = unlisted
            .iter()
            .filter(|(_, left)| **left > 0)
            .map(|(rule, left)| format!("{rule} {}", grouped(*left)))
            .collect();
        if !rest.is_empty() {
            let _ = write!(text, "\nnot listed: {}\n", rest.join(", "));
        }
        text
    }
}

impl Finding {
    /// The finding as plain text, two lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        let place = if self.line == 0 {
            "file".to_owned()
        } else {
            format!("line {}", self.line)
        };
        let severity = match self.severity {
            Severity::Error => String::new(),
            other => format!(" ({})", other.as_str()),
        };
        let path = if matches!(self.path.as_str(), "" | "$") {
            String::new()
        } else {
            format!("{}: ", self.path)
        };
        format!(
            "{place}: {}{severity}: {path}{}\n  fix: {}\n",
            self.rule, self.found, self.fix
        )
    }
}

/// `1 record`, `2 records`.
#[must_use]
pub fn count(number: u64, what: &str) -> String {
    format!(
        "{} {what}{}",
        grouped(number),
        if number == 1 { "" } else { "s" }
    )
}

/// A number with a comma between its thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
