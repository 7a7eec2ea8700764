//! What Perennial says on a file.
use std::collections::BTreeSet;

use perennial_core::limits::DataLimits;
use perennial_dataset::{Compiler, Purpose, Severity, Verdict};

use crate::file::File;

/// What Perennial cannot read yet, by the rules that say so and the techniques that have no limits: a file with one of those
/// findings is not compared. The tests hold this list to what there is, and in the end it is empty.
pub const NOT_YET: &[&str] = &[];

/// What came of a file.
#[derive(Debug)]
pub struct Ours {
    /// Whether it can be trained on.
    pub accepts: bool,
    /// The rules that were broken and refuse the file, with the JSON path without its indices.
    pub refusals: BTreeSet<(String, String)>,
    /// The rules of [`NOT_YET`] among them.
    pub not_yet: BTreeSet<String>,
    /// The compiled records.
    pub written: File,
}

/// Compiles the file.
#[must_use]
pub fn judge(file: &File, limits: &DataLimits) -> Ours {
    let mut compiler = Compiler::new(
        "data/pipeline/file.jsonl",
        Purpose::Training(limits.clone()),
    )
    .in_bucket("training-bucket");
    let mut out = Vec::new();
    compiler.push(file.text().as_bytes(), &mut out);
    let summary = compiler.finish(&mut out);
    let refusals: BTreeSet<(String, String)> = summary
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| (finding.rule.clone(), without_indices(&finding.path)))
        .collect();
    let text = String::from_utf8_lossy(&out);
    Ours {
        accepts: summary.verdict == Verdict::Accepted,
        not_yet: refusals
            .iter()
            .map(|(rule, _)| rule.clone())
            .filter(|rule| NOT_YET.contains(&rule.as_str()))
            .collect(),
        refusals,
        written: File::new(text.lines().map(crate::file::Line::raw).collect()),
    }
}

/// `$.messages[2].role` becomes `$.messages[].role`.
fn without_indices(path: &str) -> String {
    let mut short = String::new();
    let mut inside = false;
    for character in path.chars() {
        match character {
            '[' => inside = true,
            ']' => {
                inside = false;
                short.push('[');
            }
            _ => {}
        }
        if !inside && character != '[' || character == ']' && !short.ends_with("[]") {
            short.push(character);
        }
    }
    if short.is_empty() {
        "$".to_owned()
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_loses_its_indices() {
        for (path, short) in [
            (
                "$.messages[12].content[0].text",
                "$.messages[].content[].text",
            ),
            ("$.a[0][1]", "$.a[][]"),
            ("", "$"),
            ("$", "$"),
        ] {
            assert_eq!(super::without_indices(path), short);
        }
    }
}
