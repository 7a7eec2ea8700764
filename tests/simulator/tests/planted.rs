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

const FOUND: [Found; 8] = [
    Found {
        what: "a create that was sent before the end of its run took effect after it",
        plant: Plant::Aftercare,
        seed: 1071,
        promise: "every run ends and leaves nothing that costs money",
        words: "is stored, and the registry does not know it",
    },
    Found {
        what: "a temporary deployment that could never be removed held its run for ever",
        plant: Plant::ClosingLimit,
        seed: 719,
        promise: "every run ends",
        words: "Closing {",
    },
    Found {
        what: "the deployment of a failed move was left behind, serving nobody",
        plant: Plant::Sweep,
        seed: 1623,
        promise: "every run ends and leaves nothing that costs money",
        words: "is left, and nobody calls it",
    },
    Found {
        what: "the gate judged by questions that were replaced after they had been sealed",
        plant: Plant::GateDigest,
        seed: 5027,
        promise: "no promotion without a passed gate on the right dataset",
        words: "answers none of its",
    },
    Found {
        what: "a version that was found by listing, or led to by an event of another, replaced a newer one",
        plant: Plant::OwnPlace,
        seed: 5219,
        promise: "the newest version of an object wins",
        words: "went back from version",
    },
    Found {
        what: "a hopeless repair of what serves was repeated every few minutes, for ever",
        plant: Plant::RepairPace,
        seed: 1718,
        promise: "every run ends",
        words: "rounds of reconcile without faults",
    },
    Found {
        what: "a request for a rollback that came twice went back twice",
        plant: Plant::RollbackFrom,
        seed: 4394,
        promise: "at most one champion, one target of the alias and one move",
        words: "rollbacks were carried out",
    },
    Found {
        what: "a run that nobody had looked at for two days was given up without a look for its job, which was there",
        plant: Plant::LooksFirst,
        seed: 19_624,
        promise: "at most one live or completed job per run and stage",
        words: "it was not adopted",
    },
];

#[test]
fn what_is_hunted_by_name_alone_is_kept_as_a_seed() {
    for plant in Plant::RARE {
        let kept = FOUND.iter().any(|found| found.plant == plant);
        assert!(kept, "no seed is kept for {}", plant.name());
    }
}

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
