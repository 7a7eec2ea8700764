//! What is wrong with a template, all of it: each finding with its line, its place and what would be understood.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The line of the template, from 1 on; 0 where no line can be named.
    pub line: usize,
    /// Which part, such as `IngestFunction.Timeout`: the logical id comes first.
    pub place: String,
    /// What is wrong, and what is understood.
    pub message: String,
}

impl Finding {
    /// A finding.
    pub fn new(line: usize, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            line,
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Everything that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct TemplateError(
    /// One finding each, in the order of the template.
    pub Vec<Finding>,
);

impl TemplateError {
    /// Of these findings, in the order of the template, each once.
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort();
        findings.dedup();
        Self(findings)
    }
}

fn listed(findings: &[Finding]) -> String {
    let head = match findings.len() {
        1 => "the template has one error".to_owned(),
        more => format!("the template has {more} errors"),
    };
    findings
        .iter()
        .fold(head, |text, finding| format!("{text}\n  {finding}"))
}
