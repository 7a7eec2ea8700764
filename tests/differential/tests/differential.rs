//! Every difference between Perennial and the official validators is in the table, and everything in the table is one.
#![allow(clippy::unwrap_used)]
use std::{collections::BTreeSet, env, fs, path::Path, sync::LazyLock};

use perennial_differential::{
    cases::{Case, cases},
    compare::{Comparison, compare},
    mutation::{files, mutations},
    ours::{self, NOT_YET},
    page::page,
    statement::{CHECKS, VALIDATORS},
    table::Table,
    targets::TARGETS,
};

const SEED: u64 = 1;
const MIXED: usize = 4_000;

/// `PERENNIAL_SEED` looks at other files, for which the table may lack a row, and has some that are not seen.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let seed = env::var("PERENNIAL_SEED").map_or(SEED, |seed| seed.parse().unwrap());
    cases(seed, MIXED)
});
static SEEN: LazyLock<Comparison> = LazyLock::new(|| compare(&CASES));

#[test]
fn every_difference_has_its_reason_and_every_reason_its_difference() {
    let gaps = Table::read().unwrap().gaps(&SEEN);
    println!(
        "{} files, {} verdicts compared, {} agree, {} accepted by both, {} classes of differences",
        CASES.len(),
        SEEN.compared,
        SEEN.agreed,
        SEEN.accepted,
        SEEN.classes.len()
    );
    assert!(gaps.is_empty(), "{} gaps:\n{}", gaps.len(), gaps.join("\n"));
}

#[test]
fn different_counts_of_records_have_their_reason_too() {
    let gaps = Table::read().unwrap().figure_gaps();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

#[test]
fn everything_can_be_read() {
    let not_yet: Vec<&str> = SEEN.not_yet.iter().map(String::as_str).collect();
    assert_eq!(not_yet, NOT_YET, "what cannot be read, and ours::NOT_YET");
}

#[test]
fn an_unchanged_record_is_accepted_by_all() {
    for case in CASES.iter().filter(|case| case.changes.is_empty()) {
        let ours = ours::judge(&case.file, &case.target.limits().unwrap());
        assert!(ours.accepts, "{}: {:?}", case.story(), ours.refusals);
        for validator in case.target.validators {
            let theirs = (validator.judge)(case.target.nova, &case.file);
            assert!(
                case.is_foreign || theirs.is_empty(),
                "{}: {theirs:?}",
                case.story()
            );
        }
    }
}

#[test]
fn every_change_finds_a_place_and_every_check_something_to_refuse() {
    let made: BTreeSet<&str> = CASES.iter().flat_map(|case| case.changes.clone()).collect();
    let names = mutations()
        .map(|change| change.name)
        .chain(files().iter().map(|file| file.name));
    let unused: Vec<&str> = names.filter(|name| !made.contains(name)).collect();
    assert!(
        unused.is_empty(),
        "changes that were never made: {unused:?}"
    );

    let mut broken = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for case in CASES.iter() {
        for validator in case.target.validators {
            asked.insert(validator.name);
            let theirs = (validator.judge)(case.target.nova, &case.file);
            broken.extend(theirs.breaches.iter().map(|breach| breach.check.id));
        }
    }
    let blind: Vec<&str> = CHECKS
        .iter()
        .map(|check| check.id)
        .filter(|id| !broken.contains(id))
        .collect();
    assert!(blind.is_empty(), "checks that never refuse: {blind:?}");
    assert_eq!(asked.len(), VALIDATORS.len());
}

#[test]
fn one_seed_makes_one_run() {
    let texts =
        |cases: &[Case]| -> Vec<String> { cases.iter().map(|case| case.file.text()).collect() };
    assert_eq!(texts(&cases(7, 100)), texts(&cases(7, 100)));
    assert_ne!(texts(&cases(7, 100)), texts(&cases(8, 100)));
    assert_eq!(
        TARGETS.iter().map(|target| target.share).sum::<usize>(),
        1000
    );
}

#[test]
fn the_page_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/validators.md");
    let wanted = page(&Table::read().unwrap());
    if env::var_os("PERENNIAL_UPDATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let is = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        is == wanted,
        "docs/validators.md is not what the table says: PERENNIAL_UPDATE=1 cargo test -p perennial-differential"
    );
}
