//! Where they and we differ, as classes: who, what they do, by which check or rule, and where in the record.
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    cases::Case,
    ours::{self, Ours},
    statement::Found,
};

/// What the two do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The validator refuses what Perennial accepts.
    TheyRefuse,
    /// Perennial refuses what the validator accepts.
    WeRefuse,
    /// The validator would refuse what Perennial writes.
    Written,
}

impl Side {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TheyRefuse => "they-refuse",
            Self::WeRefuse => "we-refuse",
            Self::Written => "written",
        }
    }
}

/// A class of differences.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// What the two do.
    pub side: Side,
    /// The validator.
    pub who: &'static str,
    /// Their check, or our rule.
    pub what: String,
    /// The JSON path, without indices; the form, where the validator does not know it.
    pub at: String,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, what, at, .. } = self;
        match self.side {
            Side::TheyRefuse => write!(f, "{who} refuses by {what} at {at} what Perennial accepts"),
            Side::WeRefuse => write!(f, "Perennial refuses by {what} at {at} what {who} accepts"),
            Side::Written => write!(
                f,
                "{who} would refuse by {what} at {at} what Perennial writes"
            ),
        }
    }
}

/// What a class was seen in.
#[derive(Debug)]
pub struct Seen {
    /// How often.
    pub times: usize,
    /// The case with the fewest changes, in words.
    pub story: String,
    /// Its file, cut.
    pub excerpt: String,
    changes: usize,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The differences.
    pub classes: BTreeMap<Class, Seen>,
    /// What could not be read.
    pub not_yet: BTreeSet<String>,
    /// Verdicts that were compared, and how many of them agree.
    pub compared: usize,
    /// See `compared`.
    pub agreed: usize,
    /// Files that the validators and Perennial both accept.
    pub accepted: usize,
    /// Files that Perennial cannot read yet, which are not compared.
    pub unread: usize,
}

/// A form that a validator does not know, as a check.
pub const ANOTHER_FORM: &str = "another-form";

/// Compares every case, on as many threads as there are processors.
#[must_use]
pub fn compare(cases: &[Case]) -> Comparison {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = cases.chunks(cases.len().div_ceil(threads).max(1));
    let parts: Vec<Comparison> = std::thread::scope(|scope| {
        let started: Vec<_> = parts
            .map(|part| scope.spawn(|| compare_alone(part)))
            .collect();
        // A panic of a thread is one of the test's.
        let ended = started.into_iter().map(|thread| thread.join());
        ended
            .map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut all = Comparison::default();
    for part in parts {
        all.add(part);
    }
    all
}

impl Comparison {
    fn add(&mut self, other: Self) {
        self.not_yet.extend(other.not_yet);
        self.compared += other.compared;
        self.agreed += other.agreed;
        self.accepted += other.accepted;
        self.unread += other.unread;
        for (class, seen) in other.classes {
            match self.classes.entry(class) {
                Entry::Vacant(entry) => drop(entry.insert(seen)),
                Entry::Occupied(mut entry) => {
                    let times = entry.get().times + seen.times;
                    if seen.changes < entry.get().changes {
                        entry.insert(seen);
                    }
                    entry.get_mut().times = times;
                }
            }
        }
    }
}

fn compare_alone(cases: &[Case]) -> Comparison {
    let mut all = Comparison::default();
    for case in cases {
        let Some(limits) = case.target.limits() else {
            let (_, technique) = case.target.name.split_once(", ").unwrap_or_default();
            all.not_yet.insert(technique.to_owned());
            continue;
        };
        let ours = ours::judge(&case.file, &limits);
        if ours.not_yet.is_empty() {
            look(case, &ours, &mut all);
        } else {
            all.unread += 1;
            all.not_yet.extend(ours.not_yet);
        }
    }
    all
}

fn look(case: &Case, ours: &Ours, all: &mut Comparison) {
    for validator in case.target.validators {
        let theirs = (validator.judge)(case.target.nova, &case.file);
        all.compared += 1;
        if theirs.is_empty() == ours.accepts {
            all.agreed += 1;
        }
        match (theirs.is_empty(), ours.accepts) {
            (true, false) => {
                for (rule, at) in &ours.refusals {
                    add(all, case, Side::WeRefuse, validator.name, rule, at);
                }
            }
            (false, true) if case.is_foreign => {
                add(
                    all,
                    case,
                    Side::TheyRefuse,
                    validator.name,
                    ANOTHER_FORM,
                    case.form,
                );
            }
            (false, true) => each(all, case, Side::TheyRefuse, validator.name, &theirs),
            (true, true) => all.accepted += 1,
            (false, false) => {}
        }
        if ours.accepts {
            let written = (validator.judge)(case.target.nova, &ours.written);
            each(all, case, Side::Written, validator.name, &written);
        }
    }
}

fn each(all: &mut Comparison, case: &Case, side: Side, who: &'static str, found: &Found) {
    for breach in &found.breaches {
        add(all, case, side, who, breach.check.id, &breach.at);
    }
}

fn add(all: &mut Comparison, case: &Case, side: Side, who: &'static str, what: &str, at: &str) {
    let class = Class {
        side,
        who,
        what: what.to_owned(),
        at: at.to_owned(),
    };
    let changes = case.changes.len();
    let seen = all.classes.entry(class).or_insert_with(|| Seen {
        times: 0,
        story: String::new(),
        excerpt: String::new(),
        changes: usize::MAX,
    });
    seen.times += 1;
    if changes < seen.changes {
        seen.changes = changes;
        seen.story = case.story();
        seen.excerpt = case.file.text().chars().take(400).collect();
    }
}
