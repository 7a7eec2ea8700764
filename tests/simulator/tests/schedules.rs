//! Schedules as `cargo test` runs them: few, unoptimised, with nothing planted. `cargo xtask simulate` runs the many.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use perennial_simulator::{Plant, simulate};

/// As many as take seconds in the dev profile.
const SEEDS: u64 = 300;

#[test]
fn no_schedule_breaks_a_promise() {
    let broken: Vec<String> = (0..SEEDS)
        .filter_map(|seed| {
            let violation = simulate(seed, false, None).violation?;
            Some(format!("{seed}: {}: {}", violation.check, violation.words))
        })
        .collect();
    assert!(
        broken.is_empty(),
        "replay with `cargo xtask simulate --seed N --verbose`:\n{}",
        broken.join("\n")
    );
}

/// Whoever finds a broken promise can look at it again: nothing but the seed decides, not even whether anyone reads along.
#[test]
fn the_same_seed_is_the_same_schedule_line_for_line() {
    for seed in 0..30 {
        let (once, again) = (simulate(seed, true, None), simulate(seed, true, None));
        let differs = once
            .trace
            .iter()
            .zip(&again.trace)
            .find(|(once, again)| once != again);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(once.trace.len(), again.trace.len(), "seed {seed}");
        let silent = simulate(seed, false, None);
        assert_eq!(silent.steps, once.steps, "seed {seed}, unread");
        assert_eq!(silent.trace, [""; 0], "nobody asked for lines");
    }
}

/// A schedule leaves nothing behind in its thread that the next one would notice.
#[test]
fn a_schedule_does_not_depend_on_the_one_before() {
    let alone: Vec<_> = (0..8)
        .map(|seed| simulate(seed, true, None).trace)
        .collect();
    for seed in (0..8).rev() {
        let trace = simulate(seed, true, None).trace;
        assert!(
            trace == alone[usize::try_from(seed).unwrap()],
            "seed {seed}"
        );
    }
}

#[test]
fn different_seeds_are_different_schedules() {
    let traces: BTreeSet<Vec<String>> = (0..30)
        .map(|seed| simulate(seed, true, None).trace)
        .collect();
    assert_eq!(traces.len(), 30);
    assert!(
        traces.iter().all(|trace| trace.len() > 20),
        "every schedule has something to tell"
    );
}

#[test]
fn every_planted_bug_is_known_by_its_name_and_no_other_is() {
    for plant in Plant::ALL {
        assert_eq!(Plant::parse(plant.name()), Some(plant));
    }
    let names: BTreeSet<&str> = Plant::ALL.iter().map(|plant| plant.name()).collect();
    assert_eq!(names.len(), Plant::ALL.len(), "no two share a name");
    assert_eq!(Plant::parse("conditional write"), None);
    assert_eq!(Plant::parse(""), None);
}
