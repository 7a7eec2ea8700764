//! The files of a run: each form as it is, each form with each change alone, and forms with two or three changes, all from one seed.
use fastrand::Rng;

use crate::{
    file::File,
    mutation::{FileChange, Mutation, files, mutations},
    records::Form,
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
///
/// Each draws from a generator of its own, so that a further form or change leaves the others as they are.
#[must_use]
pub fn cases(seed: u64, mixed: usize) -> Vec<Case> {
    let mut all = Vec::new();
    for target in TARGETS {
        for form in target.forms.iter().chain(target.foreign) {
            let rng = &mut of(seed, &[target.name, form.name]);
            all.push(Case {
                target,
                form: form.name,
                is_foreign: !target.forms.iter().any(|known| known.name == form.name),
                changes: Vec::new(),
                file: File::of(&(form.make)(rng)),
            });
        }
        for form in target.forms {
            single(seed, target, *form, &mut all);
        }
        for number in 0..mixed * target.share / 1000 {
            let rng = &mut of(seed, &[target.name, &number.to_string()]);
            all.push(several(rng, target));
        }
    }
    all
}

/// A generator for what these words name.
fn of(seed: u64, words: &[&str]) -> Rng {
    // FNV-1a: the same on every machine and in every version of Rust.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in words.iter().flat_map(|word| word.bytes().chain([0xff])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    Rng::with_seed(hash ^ seed)
}

fn single(seed: u64, target: &'static Target, form: Form, all: &mut Vec<Case>) {
    let mut add = |name: &'static str, file: File| {
        all.push(Case {
            target,
            form: form.name,
            is_foreign: false,
            changes: vec![name],
            file,
        });
    };
    for Mutation { name, draws, apply } in mutations() {
        let rng = &mut of(seed, &[target.name, form.name, name]);
        for _ in 0..*draws {
            let mut record = (form.make)(rng);
            if apply(rng, &mut record) {
                add(name, File::of(&record));
            }
        }
    }
    for FileChange { name, make } in files() {
        let rng = &mut of(seed, &[target.name, form.name, name]);
        // Some of them draw among several places.
        for _ in 0..3 {
            if let Some(file) = make(rng, form) {
                add(name, file);
            }
        }
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
        let is_long =
            change.name.starts_with("a text beyond") || change.name.starts_with("a text within");
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
