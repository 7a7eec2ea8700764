//! What was found in a file: bounded in number and in length, so that no file can flood a report or a terminal.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rules::{Rule, Severity};

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
}

/// The findings of one file: the first [`LISTED`], and a count of all.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) listed: Vec<Finding>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) errors: u64,
    pub(crate) warnings: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, line: u64, problem: Problem) {
        let Problem {
            rule,
            path,
            found,
            fix,
        } = problem;
        match rule.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => {}
        }
        match self.counts.get_mut(rule.id) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(rule.id.to_owned(), 1);
            }
        }
        if self.listed.len() < LISTED {
            self.listed.push(Finding {
                rule: rule.id.to_owned(),
                severity: rule.severity,
                line,
                path,
                found,
                fix,
                excerpt: None,
            });
        }
    }
}

/// A finding that does not know its line yet.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) rule: &'static Rule,
    pub(crate) path: String,
    pub(crate) found: String,
    pub(crate) fix: String,
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
        }
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

/// The start of `text`, at most [`EXCERPT`] characters, with whatever could disturb a terminal escaped.
pub(crate) fn bounded(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == EXCERPT {
            shown.push('…');
            break;
        }
        if disturbs(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// `text` around the byte `at`, bounded and escaped.
pub(crate) fn around(text: &str, at: usize) -> String {
    let at = text.floor_char_boundary(at.min(text.len()));
    let start = text[..at]
        .char_indices()
        .rev()
        .nth(39)
        .map_or(0, |(index, _)| index);
    let shown = bounded(&text[start..]);
    if start > 0 {
        format!("…{shown}")
    } else {
        shown
    }
}

/// Control characters, and the marks that turn the direction of text or cannot be seen.
fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
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
