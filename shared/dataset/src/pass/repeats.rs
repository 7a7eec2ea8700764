//! Records that repeat others, in their file and in the files that are checked with it: dropped, or said.
use super::{
    known::{Identity, Known, Seen, Spilled},
    plan::{Plan, Spill},
    said::{answer, conflict_problem, prefers},
};
use crate::{
    between::{At, Between},
    compiler::{Bounds, Purpose},
    finding::{Findings, Place, Problem, bounded},
    rules::{self, Rule},
    summary::{count, grouped},
};

/// Places in other files that a finding names.
const NAMED: usize = 5;

/// What came before, and how much of it came again.
#[derive(Debug)]
pub(crate) struct Repeats {
    training: bool,
    known: Known,
    /// Records that are kept in mind in memory.
    limit: u64,
    spill: Option<Box<dyn Spill>>,
    spilled: Option<Spilled>,
    /// Records that were dropped.
    pub(crate) duplicates: u64,
    pub(crate) conflicts: u64,
    /// Questions that came before with the same answer. They stay.
    asked_again: u64,
    firsts: Firsts,
    pub(crate) between: Option<Between>,
    duplicates_between: Elsewhere,
    conflicts_between: Elsewhere,
    /// The first line that was not compared with all files.
    not_compared: u64,
}

/// The lines on which something was seen first; 0 where it was not.
#[derive(Debug, Default)]
struct Firsts {
    duplicate: u64,
    conflict: u64,
    unchecked: u64,
}

/// Records that another file has, too.
#[derive(Debug, Default)]
struct Elsewhere {
    count: u64,
    /// The first of them: the line here, and the place there.
    named: Vec<(u64, At)>,
}

impl std::fmt::Debug for dyn Spill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spill")
    }
}

impl Repeats {
    pub(super) fn new(purpose: &Purpose, bounds: Bounds) -> Self {
        Self {
            training: matches!(purpose, Purpose::Training(_)),
            known: Known::default(),
            limit: bounds.known,
            spill: None,
            spilled: None,
            duplicates: 0,
            conflicts: 0,
            asked_again: 0,
            firsts: Firsts::default(),
            between: None,
            duplicates_between: Elsewhere::default(),
            conflicts_between: Elsewhere::default(),
            not_compared: 0,
        }
    }

    /// Where records over the model's limit are kept for the search for duplicates.
    pub(crate) fn spill_to(&mut self, spill: Box<dyn Spill>) {
        self.spill = Some(spill);
    }

    /// Reads the places at which these records will be looked for.
    pub(super) fn expect(&self, records: impl Iterator<Item = Identity>) {
        self.known.expect(records);
    }

    /// Whether the record is not dropped.
    pub(super) fn keeps(&mut self, record: Identity, line: u64) -> bool {
        match self.insert(record, line) {
            Seen::New => {}
            Seen::Duplicate => {
                first(&mut self.firsts.duplicate, line);
                if self.training {
                    self.duplicates += 1;
                    return false;
                }
                // An evaluation set is asked as it was given, as published sets are: a question that stands twice counts twice.
                self.asked_again += 1;
            }
            Seen::Conflict => {
                self.conflicts += 1;
                first(&mut self.firsts.conflict, line);
            }
        }
        if self.between.is_some() {
            self.compare(record, line);
        }
        true
    }

    fn insert(&mut self, record: Identity, line: u64) -> Seen {
        if self.known.len() < self.limit as usize {
            return self.known.insert(record);
        }
        if self.spilled.is_none()
            && let Some(file) = self.spill.take()
        {
            self.spilled = Some(Spilled::new(file));
        }
        let seen = self.known.find(record);
        if seen == Seen::Duplicate {
            return seen;
        }
        match self.spilled.as_mut().map(|spilled| spilled.insert(record)) {
            Some(Ok(Seen::New)) => seen,
            Some(Ok(on_disk)) => on_disk,
            // No file, or none any more: what follows is compared with what is in memory.
            Some(Err(_)) | None => {
                self.spilled = None;
                first(&mut self.firsts.unchecked, line);
                seen
            }
        }
    }

    /// Looks for the record in the files before.
    fn compare(&mut self, record: Identity, line: u64) {
        let Some(between) = &mut self.between else {
            return;
        };
        let elsewhere = match between.take(record, line) {
            Some((Seen::New, _)) => return,
            Some((Seen::Duplicate, at)) => (&mut self.duplicates_between, at),
            Some((Seen::Conflict, at)) => (&mut self.conflicts_between, at),
            None => {
                first(&mut self.not_compared, line);
                return;
            }
        };
        let (elsewhere, at) = elsewhere;
        elsewhere.count += 1;
        if elsewhere.named.len() < NAMED {
            elsewhere.named.push((line, at));
        }
    }

    /// Says what was found.
    pub(super) fn finish(&self, plan: &Plan, findings: &mut Findings) {
        let Firsts {
            duplicate,
            conflict,
            unchecked,
        } = self.firsts;
        if duplicate > 0 {
            let (repetitions, fix) = if self.training {
                (self.duplicates, "Nothing: they were dropped.")
            } else {
                (
                    self.asked_again,
                    "Take them out, unless a question is to count as often as it stands: an evaluation set is asked as it is given.",
                )
            };
            findings.add_of_file(Problem::of_file(
                &rules::EXACT_DUPLICATE,
                format!(
                    "{} of earlier records, the first at line {}",
                    count(repetitions, "exact repetition"),
                    grouped(duplicate)
                ),
                fix,
            ));
        }
        if conflict > 0 {
            findings.add_of_file(conflict_problem(plan, self.conflicts, conflict));
        }
        if unchecked > 0 {
            findings.add_of_file(Problem::of_file(
                &rules::DUPLICATES_UNCHECKED,
                format!(
                    "from line {} on, records were only compared with the first {}",
                    grouped(unchecked),
                    grouped(self.limit)
                ),
                "Nothing: they are looked for again when the dataset is sealed.",
            ));
        }
        if let Some(between) = &self.between {
            self.finish_between(plan, between, findings);
        }
    }

    fn finish_between(&self, plan: &Plan, between: &Between, findings: &mut Findings) {
        let what = answer(plan);
        let (conflict, how, keep) = if prefers(plan) {
            (
                &rules::CONTRADICTING_PREFERENCE,
                "in which the answer is preferred that another file rejects".to_owned(),
                "Keep the one that is right: together they teach nothing.".to_owned(),
            )
        } else {
            (
                &rules::CONFLICTING_DUPLICATE,
                format!("with a prompt that has another {what} in another file"),
                format!("Keep one {what} for each prompt, unless the answers are to differ."),
            )
        };
        let fix = if self.training {
            "Nothing: where both are uploaded, a dataset has it once."
        } else {
            "Take it out of one of them, unless the question is to count as often as it stands."
        };
        for (elsewhere, rule, how, fix) in [
            (
                &self.duplicates_between,
                &rules::EXACT_DUPLICATE,
                "in another file, too".to_owned(),
                fix.to_owned(),
            ),
            (&self.conflicts_between, conflict, how, keep),
        ] {
            elsewhere.say(rule, &how, fix, between, findings);
        }
        if self.not_compared > 0 {
            findings.add_of_file(Problem::of_file(
                &rules::DUPLICATES_UNCHECKED,
                format!(
                    "from line {} on, records were not compared with all other files: {} are kept in mind",
                    grouped(self.not_compared),
                    count(between.most(), "record")
                ),
                "Nothing: they are looked for again when the dataset is sealed.",
            ));
        }
    }

    /// Records that a file before has, too, word for word.
    pub(crate) fn in_other_files(&self) -> u64 {
        self.duplicates_between.count
    }
}

impl Elsewhere {
    fn say(
        &self,
        rule: &'static Rule,
        how: &str,
        fix: String,
        between: &Between,
        findings: &mut Findings,
    ) {
        let Some((first, _)) = self.named.first() else {
            return;
        };
        let places: Vec<String> = self
            .named
            .iter()
            .map(|(line, at)| {
                let (file, there) = between.name(*at);
                format!(
                    "line {} as {} line {}",
                    grouped(*line),
                    bounded(file),
                    grouped(there)
                )
            })
            .collect();
        let more = match self.count - self.named.len() as u64 {
            0 => String::new(),
            more => format!(", and {} more", grouped(more)),
        };
        let found = format!(
            "{} {how}: {}{more}",
            count(self.count, "record"),
            places.join(", ")
        );
        findings.add(Place::line(*first), "", Problem::of_file(rule, found, fix));
    }
}

fn first(place: &mut u64, line: u64) {
    if *place == 0 {
        *place = line;
    }
}
