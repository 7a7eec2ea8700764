//! The files of a run: each form as it is, each form with each change alone, and forms with two or three changes, all from one seed.
use fastrand::Rng;

use crate::{
    file::File,
    mutation::{Mutation, files, mutations},
    targets::{TARGETS, Target},
};

/// A file, and how it came about.
#[derive(Debug, Clone)]
pub struct Case {
    /// Whom it is for.
    pub target: &'static Target,
    /// The form of its records before they were changed.
    pub form: &'static str,
    /// Whether the validators know that form.
    pub is_foreign: bool,
    /// The changes.
    pub changes: Vec<&'static str>,
    /// The file.
    pub file: File,
}

impl Case {
    /// How it came about, in words.
    #[must_use]
    pub fn story(&self) -> String {
        let changes = if self.changes.is_empty() {
            "as it is".to_owned()
        } else {
            self.changes.join(", ")
        };
        format!("{}; {}; {changes}", self.target.name, self.form)
    }
}

/// Every case of a seed; `mixed` is how many have several changes.
#[must_use]
pub fn cases(seed: u64, mixed: usize) -> Vec<Case> {
    let mut rng = Rng::with_seed(seed);
    let mut all = Vec::new();
    for target in TARGETS {
        single(&mut rng, target, &mut all);
        for _ in 0..mixed * target.share / 1000 {
            all.push(several(&mut rng, target));
        }
    }
    all
}

fn single(rng: &mut Rng, target: &'static Target, all: &mut Vec<Case>) {
    for form in target.forms {
        let plain = Case {
            target,
            form: form.name,
            is_foreign: false,
            changes: Vec::new(),
            file: File::of(&(form.make)(rng)),
        };
        all.push(plain.clone());
        for Mutation { name, draws, apply } in mutations() {
            for _ in 0..*draws {
                let mut record = (form.make)(rng);
                if apply(rng, &mut record) {
                    all.push(Case {
                        changes: vec![name],
                        file: File::of(&record),
                        ..plain.clone()
                    });
                }
            }
        }
        for change in files() {
            // Some of them draw among several places.
            for _ in 0..3 {
                if let Some(file) = (change.make)(rng, *form) {
                    all.push(Case {
                        changes: vec![change.name],
                        file,
                        ..plain.clone()
                    });
                }
            }
        }
    }
    for form in target.foreign {
        all.push(Case {
            target,
            form: form.name,
            is_foreign: true,
            changes: Vec::new(),
            file: File::of(&(form.make)(rng)),
        });
    }
}

fn several(rng: &mut Rng, target: &'static Target) -> Case {
    let form = target.forms[rng.usize(..target.forms.len())];
    let mut record = (form.make)(rng);
    let all: Vec<&Mutation> = mutations().collect();
    let mut changes = Vec::new();
    let wanted = rng.usize(2..=3);
    // A change may find no place; thirty tries find a second one in every form.
    for _ in 0..30 {
        let change = all[rng.usize(..all.len())];
        // Two texts of 200,000 characters say no more than one, and take their time.
        let is_long = change.name.starts_with("a text beyond") || change.name.starts_with("a text within");
        if changes.len() < wanted && !is_long && (change.apply)(rng, &mut record) {
            changes.push(change.name);
        }
    }
    Case {
        target,
        form: form.name,
        is_foreign: false,
        changes,
        file: File::of(&record),
    }
}
