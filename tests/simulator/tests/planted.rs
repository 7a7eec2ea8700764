//! What the simulator has found, each as a seed: the schedule keeps every promise as the code is, and breaks the one that is named
//! here as soon as what mended it is taken out again.
//!
//! A change of what seeds decide (`weather.rs`, `people.rs`, another number drawn anywhere) makes other schedules of them: then
//! `cargo xtask simulate --plant NAME` finds a new seed for each row. The words keep a row from resting on some other harm.
#![cfg(feature = "plant")]

use perennial_simulator::{Plant, simulate};

struct Found {
    what: &'static str,
    /// What mended it, taken out.
    plant: Plant,
    seed: u64,
    /// The promise that is broken then.
    promise: &'static str,
    /// Some of the words in which its checker says so.
    words: &'static str,
}

const FOUND: [Found; 4] = [
    Found {
        what: "a create that was sent before the end of its run took effect after it",
        plant: Plant::Aftercare,
        seed: 2468,
        promise: "every run ends and leaves nothing that costs money",
        words: "the temporary deployment",
    },
    Found {
        what: "a temporary deployment that could never be removed held its run for ever",
        plant: Plant::ClosingLimit,
        seed: 16,
        promise: "every run ends",
        words: "Closing {",
    },
    Found {
        what: "the deployment of a failed move was left behind, serving nobody",
        plant: Plant::Sweep,
        seed: 2876,
        promise: "every run ends and leaves nothing that costs money",
        words: "is left, and nobody calls it",
    },
    Found {
        what: "the gate judged by questions that were replaced after they had been sealed",
        plant: Plant::GateDigest,
        seed: 651,
        promise: "no promotion without a passed gate on the right dataset",
        words: "answers none of its",
    },
];

#[test]
fn what_was_found_is_mended_and_would_be_found_again() {
    for Found {
        what,
        plant,
        seed,
        promise,
        words,
    } in FOUND
    {
        let mended = simulate(seed, false, None).violation;
        assert_eq!(mended, None, "seed {seed}: {what}");
        let broken = simulate(seed, false, Some(plant)).violation;
        assert!(
            broken
                .as_ref()
                .is_some_and(|broken| broken.check == promise && broken.words.contains(words)),
            "seed {seed} does not lead to this any more: {what}. It leads to {broken:?}; find another by \
             `cargo xtask simulate --plant {}`",
            plant.name()
        );
        let again = simulate(seed, false, None).violation;
        assert_eq!(again, None, "seed {seed}: {} stayed planted", plant.name());
    }
}
