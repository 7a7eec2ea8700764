//! Every difference between Perennial and the official validators is in the table, and everything in the table is one.
#![allow(clippy::unwrap_used)]
use std::{env, fs, path::Path};

use perennial_differential::{
    cases::{Case, cases},
    compare::compare,
    ours::{self, NOT_YET},
    page::page,
    table::Table,
};

const SEED: u64 = 1;
const MIXED: usize = 6_000;

#[test]
fn every_difference_has_its_reason_and_every_reason_its_difference() {
    let seen = compare(&cases(SEED, MIXED));
    let gaps = Table::read().unwrap().gaps(&seen);
    println!(
        "{} verdicts compared, {} agree, {} accepted by both; {} files not read yet; {} classes",
        seen.compared,
        seen.agreed,
        seen.accepted,
        seen.unread,
        seen.classes.len()
    );
    assert!(gaps.is_empty(), "{} gaps:\n{}", gaps.len(), gaps.join("\n"));
    let not_yet: Vec<&str> = seen.not_yet.iter().map(String::as_str).collect();
    assert_eq!(not_yet, NOT_YET, "what cannot be read yet, and ours::NOT_YET");
}
