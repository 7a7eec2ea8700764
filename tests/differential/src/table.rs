//! `disagreements.toml`: every class of differences with the reason why Perennial decides as it does.
use std::collections::BTreeSet;

use serde::Deserialize;

use crate::compare::{Class, Comparison, Side};

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Differences in what is accepted.
    #[serde(rename = "row", default)]
    pub rows: Vec<Row>,
    /// Differences in how many records there may be.
    #[serde(rename = "figure", default)]
    pub figures: Vec<FigureRow>,
}

/// Classes that have one reason: each of `who` with each of `what` and `at`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What the two do.
    pub side: Vec<Side>,
    /// What it is about, in a few words.
    pub title: String,
    /// The validators.
    pub who: Vec<String>,
    /// Their checks, or our rules.
    pub what: Vec<String>,
    /// JSON paths without indices. One that ends in `*` stands for all that start so.
    pub at: Vec<String>,
    /// Why Perennial decides as it does.
    pub why: String,
    /// A fault of Perennial's: `why` says what is to be done.
    #[serde(default)]
    pub open: bool,
}

/// A difference in how many records there may be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureRow {
    /// The validator.
    pub who: String,
    /// The targets.
    pub targets: Vec<String>,
    /// Why Perennial decides as it does.
    pub why: String,
}

impl Row {
    fn takes(&self, class: &Class) -> bool {
        self.side.contains(&class.side)
            && self.who.iter().any(|who| who == class.who)
            && self.what.contains(&class.what)
            && self.at.iter().any(|at| is_at(at, &class.at))
    }
}

fn is_at(pattern: &str, at: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => at.starts_with(start),
        None => pattern == at,
    }
}

impl Table {
    /// The table that is checked in.
    ///
    /// # Errors
    /// What is wrong with it, by `toml`.
    pub fn read() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../disagreements.toml"))
    }

    /// What the table does not explain, and what in it nobody saw, each in a line.
    #[must_use]
    pub fn gaps(&self, seen: &Comparison) -> Vec<String> {
        let mut gaps = Vec::new();
        for (class, seen) in &seen.classes {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.takes(class)).collect();
            match rows.as_slice() {
                [] => gaps.push(format!(
                    "no row: {class}\n    {} times; {}\n    {}",
                    seen.times, seen.story, seen.excerpt
                )),
                [_] => {}
                [one, other, ..] => gaps.push(format!(
                    "two rows: {class}: “{}” and “{}”",
                    one.title, other.title
                )),
            }
        }
        for row in &self.rows {
            let taken: Vec<&Class> = seen
                .classes
                .keys()
                .filter(|class| row.takes(class))
                .collect();
            let mut dead = BTreeSet::new();
            for side in &row.side {
                if taken.iter().all(|class| class.side != *side) {
                    dead.insert(side.name());
                }
            }
            for who in &row.who {
                if taken.iter().all(|class| class.who != who) {
                    dead.insert(who.as_str());
                }
            }
            for what in &row.what {
                if taken.iter().all(|class| class.what != *what) {
                    dead.insert(what.as_str());
                }
            }
            for at in &row.at {
                if taken.iter().all(|class| !is_at(at, &class.at)) {
                    dead.insert(at.as_str());
                }
            }
            for word in dead {
                gaps.push(format!("never seen: {word} in “{}”", row.title));
            }
        }
        gaps
    }

    /// The same for the figures.
    #[must_use]
    pub fn figure_gaps(&self) -> Vec<String> {
        let differences = crate::figures::differences();
        let mut gaps = Vec::new();
        for (figure, words) in &differences {
            let rows = self.figures.iter().filter(|row| {
                row.who == figure.who && row.targets.iter().any(|target| target == figure.target)
            });
            if rows.count() != 1 {
                gaps.push(format!(
                    "not one row: {}, {}: {words}",
                    figure.who, figure.target
                ));
            }
        }
        for row in &self.figures {
            for target in &row.targets {
                let seen = differences
                    .iter()
                    .any(|(figure, _)| figure.who == row.who && figure.target == target);
                if !seen {
                    gaps.push(format!("no difference: {}, {target}", row.who));
                }
            }
        }
        gaps
    }
}
