//! What was found in a file: bounded in number and in length, so that no file can flood a report or a terminal.
use std::collections::BTreeMap;

use perennial_inputs::shown;
use serde::{Deserialize, Serialize};

use crate::{
    masked::{Masked, masked, start},
    rules::{Rule, Severity},
    summary::grouped,
};

/// How many findings a summary lists; all of them are counted.
pub const LISTED: usize = 100;
/// How many characters of the file a finding shows.
pub const EXCERPT: usize = 120;

/// One breach of one rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The id of the rule ([`crate::rules()`]).
    pub rule: String,
    /// What it means for the upload.
    pub severity: Severity,
    /// The line, from 1; 0 is the whole file.
    pub line: u64,
    /// The JSON path inside the line (`$.messages[2].role`), empty where there is none.
    pub path: String,
    /// What was found: a bounded excerpt, control characters escaped.
    pub found: String,
    /// How to fix it.
    pub fix: String,
    /// The part of the line that is meant, where it can be pointed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

/// A piece of a line, with the part that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// At most [`EXCERPT`] characters around the part, with whatever could disturb a terminal escaped.
    pub text: String,
    /// The first character of the part, counted in characters of `text` from 0.
    pub from: usize,
    /// The character after its last.
    pub to: usize,
    /// The column in the line of the part's first character, in characters from 1.
    pub column: u64,
    /// Whether text and column are those of the record as it was converted, which stands nowhere in the file: a record over several lines,
    /// a row of a table, a piece of a document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub converted: bool,
}

/// Where a record begins in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// From 1; 0 is the whole file.
    pub(crate) line: u64,
    /// In characters from 1; 0 for what was converted and stands nowhere in that line.
    pub(crate) column: u64,
}

impl Place {
    /// A whole line.
    pub(crate) fn line(line: u64) -> Self {
        Self { line, column: 1 }
    }

    /// The place in words of the record's character `column`, from 1.
    pub(crate) fn column(self, column: u64) -> String {
        match self.column {
            0 => format!("column {} of the converted record", grouped(column)),
            first => format!("column {}", grouped(first - 1 + column)),
        }
    }
}

/// The findings of one file, or of a part of it: the first [`LISTED`] errors, the first [`LISTED`] others, and a count of all. They are
/// kept apart, or a hundred warnings would hide why a file is rejected.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// In the file's order.
    kept: Vec<Finding>,
    /// How many of them are errors.
    kept_errors: usize,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) errors: u64,
    pub(crate) warnings: u64,
}

impl Findings {
    /// Takes a finding of the record at `place`, whose text is `line`.
    pub(crate) fn add(&mut self, place: Place, line: &str, problem: Problem) {
        match problem.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => {}
        }
        *self.counts.entry(problem.rule.id).or_default() += 1;
        if self.has_room(problem.severity) {
            self.keep(Finding {
                rule: problem.rule.id.to_owned(),
                severity: problem.severity,
                line: place.line,
                path: problem.path,
                // What was put together of several excerpts.
                found: masked(&problem.found).into_owned(),
                fix: masked(&problem.fix).into_owned(),
                excerpt: problem.span.and_then(|span| excerpt(place, line, span)),
            });
        }
    }

    /// Takes a finding of the file as a whole.
    pub(crate) fn add_of_file(&mut self, problem: Problem) {
        self.add(Place::default(), "", problem);
    }

    /// Takes the findings of the lines after `line`.
    pub(crate) fn join(&mut self, others: Self, line: u64) {
        self.errors += others.errors;
        self.warnings += others.warnings;
        for (rule, count) in others.counts {
            *self.counts.entry(rule).or_default() += count;
        }
        for mut finding in others.kept {
            if self.has_room(finding.severity) {
                finding.line += line;
                self.keep(finding);
            }
        }
    }

    fn has_room(&self, severity: Severity) -> bool {
        let kept = match severity {
            Severity::Error => self.kept_errors,
            Severity::Warning | Severity::Note => self.kept.len() - self.kept_errors,
        };
        kept < LISTED
    }

    fn keep(&mut self, finding: Finding) {
        self.kept_errors += usize::from(finding.severity == Severity::Error);
        self.kept.push(finding);
    }

    /// The first [`LISTED`] in the file's order, of which errors take the places before others do.
    pub(crate) fn listed(mut self) -> Vec<Finding> {
        let mut others = LISTED - self.kept_errors;
        self.kept.retain(|finding| {
            let stays = finding.severity == Severity::Error || others > 0;
            others -= usize::from(stays && finding.severity != Severity::Error);
            stays
        });
        self.kept
    }
}

/// The part of the record's line around these bytes, which are shortened if there are many.
fn excerpt(place: Place, line: &str, (start, end): (usize, usize)) -> Option<Excerpt> {
    const BEFORE: usize = 30;
    const PART: usize = 60;
    line.get(start..end)?;
    let before = &line[..start];
    let from = before
        .char_indices()
        .rev()
        .nth(BEFORE - 1)
        .map_or(0, |(index, _)| index);
    let until = line.floor_char_boundary(end.min(start + 4 * (PART + 1)));
    let behind = line.floor_char_boundary(line.len().min(until + 4 * (BEFORE + 1)));
    let hidden = Masked::near(line, from, behind);
    let mut text = String::new();
    // An element of an array may have others before it on its line.
    if from > 0 || place.column > 1 {
        text.push('…');
    }
    text.push_str(&shown(&hidden.part(from, start), BEFORE));
    let first = text.chars().count();
    let mut marked = shown(&hidden.part(start, until), PART);
    if until < end && !marked.ends_with('…') {
        marked.push('…');
    }
    text.push_str(&marked);
    let last = text.chars().count().max(first + 1);
    if !marked.ends_with('…') {
        text.push_str(&shown(&hidden.part(end, behind), BEFORE));
    }
    Some(Excerpt {
        text,
        from: first,
        to: last,
        column: before.chars().count() as u64 + place.column.max(1),
        converted: place.column == 0,
    })
}

/// A finding that does not know its line yet.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) rule: &'static Rule,
    pub(crate) path: String,
    pub(crate) found: String,
    pub(crate) fix: String,
    /// The bytes of the line that are meant.
    pub(crate) span: Option<(usize, usize)>,
    /// Where the configuration makes a rule more severe than its table does.
    severity: Severity,
}

impl Problem {
    pub(crate) fn new(
        rule: &'static Rule,
        path: impl Into<String>,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            path: bounded(&path.into()),
            found: found.into(),
            fix: fix.into(),
            span: None,
            severity: rule.severity,
        }
    }

    /// Takes the rule as this severe.
    pub(crate) fn made_severe(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Points at these bytes of the line.
    pub(crate) fn at(mut self, span: (usize, usize)) -> Self {
        self.span = Some(span);
        self
    }

    /// Keeps what the line says to itself: a secret stands on it, and a report is read by more people than the data.
    pub(crate) fn without_text(mut self) -> Self {
        self.found =
            "not shown, as a key, a token or a card's number stands on this line".to_owned();
        self.span = None;
        self
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// A problem of the file as a whole.
    pub(crate) fn of_file(
        rule: &'static Rule,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(rule, "", found, fix)
    }
}

/// The start of `text`, at most [`EXCERPT`] characters, with whatever could disturb a terminal escaped, and without keys and the like.
pub(crate) fn bounded(text: &str) -> String {
    start(text, EXCERPT)
}

/// `text` around the byte `at`, bounded and escaped, and without keys and the like.
pub(crate) fn around(text: &str, at: usize) -> String {
    let at = text.floor_char_boundary(at.min(text.len()));
    let from = text[..at]
        .char_indices()
        .rev()
        .nth(39)
        .map_or(0, |(index, _)| index);
    let to = text.floor_char_boundary(text.len().min(from + 4 * (EXCERPT + 1)));
    let mut part = shown(&Masked::near(text, from, to).part(from, to), EXCERPT);
    if to < text.len() && !part.ends_with('…') {
        part.push('…');
    }
    if from > 0 { format!("…{part}") } else { part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_bounded_and_harmless() {
        assert_eq!(
            bounded("a\u{1b}[31mb\u{202e}c\nd"),
            "a\\u{1b}[31mb\\u{202e}c\\nd"
        );
        let long = "é".repeat(500);
        assert_eq!(bounded(&long).chars().count(), EXCERPT + 1);
        assert!(around(&long, 301).starts_with("…é"));
        assert_eq!(around("short", 99), "short");
    }
}
