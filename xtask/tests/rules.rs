//! docs/rules.md says what the table of rules says. `PERENNIAL_UPDATE=1 cargo test -p xtask --test rules` writes the page anew.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use perennial_dataset::{Held, Rule, rules};

const HEAD: &str = "\
# Rules

What data is held against, before anything is spent: after an upload, and by `perennial check FILE…` before it. `perennial rules` prints this
table, for one model and technique if they are named; `--json` for programs. This page is written from it
(`PERENNIAL_UPDATE=1 cargo test -p xtask --test rules`).

A breach is a finding: the line, the JSON path, what was found, and the fix for that case ([the reports](reports.md)). What it means depends on
the rule's severity:

- **error**: the upload is rejected. The object stays where it is, and nothing of it is trained on.
- **warning**: the upload is accepted; someone should look.
- **note**: worth knowing, nothing to do.

The configuration can change the severity of two rules: `[data] secrets` makes `secret` and `card-number` errors (`\"reject\"`), warnings (`\"warn\"`), or
does not look for them (`\"off\"`). So does `perennial check --secrets`.

“For” says which training data a rule is for. Figures that differ from model to model (number of records, tokens of a record, formats) are in
the finding, with their source. Models that AWS no longer trains (Titan Text, Cohere Command) have no rules.

Two groups at the end have no findings: rules that Perennial holds by what it writes, and rules of AWS's that it does not check.
Where Perennial decides otherwise than AWS's own validators, [validators](validators.md) says so and why.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut group = "";
    for rule in rules() {
        if rule.group != group {
            group = rule.group;
            write!(page, "\n## {group}\n").unwrap();
        }
        page.push_str(&section(rule));
    }
    page
}

fn section(rule: &Rule) -> String {
    let severity = match rule.held {
        Held::Finding => format!("**{}**", rule.severity.as_str()),
        Held::Always => "always held".to_owned(),
        Held::NotChecked => "**not checked**".to_owned(),
    };
    format!(
        "\n### {}\n\n{severity}: {}\n\n- For: {}.\n- Source: {}.\n- Fix: {}\n",
        rule.id,
        text(rule.summary),
        rule.applies.to,
        text(rule.source),
        text(rule.fix)
    )
}

/// What Markdown would read as its own; code is left as it is.
fn text(text: &str) -> String {
    let mut shown = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            write!(shown, "`{part}`").unwrap();
            continue;
        }
        for character in part.chars() {
            if matches!(character, '<' | '>' | '[' | ']' | '_' | '*') {
                shown.push('\\');
            }
            shown.push(character);
        }
    }
    shown
}

#[test]
fn the_page_of_the_rules_says_what_the_table_says() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    if std::env::var_os("PERENNIAL_UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page(),
        "docs/rules.md is not what the table says: PERENNIAL_UPDATE=1 cargo test -p xtask --test rules"
    );
}

/// The HTML report links to `rules.md#<id>`.
#[test]
fn every_rule_has_an_anchor_of_its_own() {
    let page = page();
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    let anchors: BTreeSet<&str> = headings.iter().copied().collect();
    assert_eq!(anchors.len(), headings.len());
    assert!(rules().iter().all(|rule| anchors.contains(rule.id)));
}
