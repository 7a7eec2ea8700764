//! What was reached: every event in every state, or a reason why that is impossible; and a crash before and after every
//! change that a function can make.

mod possible;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use perennial_core::announcement::Function;
use perennial_core::simulator::{
    Decided, PIPELINE_EVENTS, PIPELINE_STATES, RUN_EVENTS, RUN_STATES,
};
use perennial_ports::memory::operation as op;

use possible::{PIPELINE, Possible, RACES, RUN};

/// Every change that a function's ports let it make.
pub(crate) const CHANGES: [(Function, &[&str]); 6] = [
    (
        Function::Ingest,
        &[op::TRANSACT, op::PUT_OBJECT, op::PUT_EVENTS],
    ),
    (
        Function::Train,
        &[
            op::TRANSACT,
            op::PUT_OBJECT,
            op::PUT_EVENTS,
            op::CREATE_TRAINING,
            op::CREATE_CONTAINER,
            op::CREATE_IMPORT,
            op::CREATE_MODEL,
        ],
    ),
    (
        Function::Evaluate,
        &[
            op::TRANSACT,
            op::PUT_OBJECT,
            op::PUT_EVENTS,
            op::STOP_TRAINING,
            op::STOP_CONTAINER,
            op::CREATE_DEPLOYMENT,
            op::CREATE_BATCH,
        ],
    ),
    (
        Function::Promote,
        &[
            op::TRANSACT,
            op::PUT_OBJECT,
            op::PUT_EVENTS,
            op::CREATE_DEPLOYMENT,
            op::UPDATE_DEPLOYMENT,
            op::DELETE_DEPLOYMENT,
            op::STOP_BATCH,
            op::STOP_TRAINING,
            op::STOP_CONTAINER,
            op::PUT_PARAMETER,
        ],
    ),
    (Function::Reconcile, &[op::PUT_EVENTS]),
    (
        Function::Cleanup,
        &[
            op::TRANSACT,
            op::PUT_OBJECT,
            op::PUT_EVENTS,
            op::DELETE_DEPLOYMENT,
            op::DELETE_MODEL,
        ],
    ),
];

/// What schedules have reached.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    pub(crate) decided: Decided,
    /// Function, operation, whether the call had been made.
    pub(crate) crashes: BTreeSet<(Function, &'static str, bool)>,
}

impl Coverage {
    /// Adds what another schedule reached.
    pub fn merge(&mut self, other: &Self) {
        self.decided.merge(&other.decided);
        self.crashes.extend(other.crashes.iter().copied());
    }

    /// What could have been reached and was not, and what was reached although it was called impossible.
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        pairs(
            &mut gaps,
            "run",
            &RUN_STATES,
            &RUN_EVENTS,
            &self.decided.runs,
            &RUN,
        );
        pairs(
            &mut gaps,
            "pipeline",
            &PIPELINE_STATES,
            &PIPELINE_EVENTS,
            &self.decided.pipelines,
            &PIPELINE,
        );
        for (function, operations) in CHANGES {
            for operation in operations {
                for (after, word) in [(false, "before"), (true, "after")] {
                    if !self.crashes.contains(&(function, operation, after)) {
                        gaps.push(format!(
                            "no crash of {} {word} {operation}",
                            function.name()
                        ));
                    }
                }
            }
        }
        gaps
    }

    /// How much was reached, in words.
    pub fn words(&self) -> String {
        let count = |states: &[&str], events: &[&str], reached: &[u32], rows: &[Possible]| {
            let met = |state: usize, event: &str| {
                let place = events.iter().position(|known| *known == event);
                place.is_some_and(|place| reached[state] & (1 << place) != 0)
            };
            let of_state = |(place, state): (usize, &&str)| {
                rows.iter()
                    .filter(|row| row.states.contains(state) && met(place, row.event))
                    .count()
            };
            states.iter().enumerate().map(of_state).sum::<usize>()
        };
        let mut text = String::new();
        let _ = write!(
            text,
            "{} of {} pairs of a run's state and event, {} of {} of a pipeline's, {} crashes before or after a change",
            count(&RUN_STATES, &RUN_EVENTS, &self.decided.runs, &RUN),
            RUN.iter().map(|row| row.states.len()).sum::<usize>(),
            count(
                &PIPELINE_STATES,
                &PIPELINE_EVENTS,
                &self.decided.pipelines,
                &PIPELINE
            ),
            PIPELINE.iter().map(|row| row.states.len()).sum::<usize>(),
            self.crashes.len()
        );
        text
    }

    /// Every pair that is called impossible, with its reason: for people.
    pub fn impossible() -> Vec<String> {
        let mut lines = Vec::new();
        for (machine, states, rows) in [
            ("run", &RUN_STATES[..], &RUN[..]),
            ("pipeline", &PIPELINE_STATES[..], &PIPELINE[..]),
        ] {
            for row in rows.iter().filter(|row| row.states.len() < states.len()) {
                let not: Vec<&str> = states
                    .iter()
                    .filter(|state| !row.states.contains(state))
                    .copied()
                    .collect();
                lines.push(format!(
                    "{machine}: “{}” in {}: {}",
                    row.event,
                    not.join("; "),
                    row.why
                ));
            }
        }
        lines
    }
}

fn pairs(
    gaps: &mut Vec<String>,
    machine: &str,
    states: &[&str],
    events: &[&str],
    reached: &[u32],
    rows: &[Possible],
) {
    for (state, bits) in states.iter().zip(reached) {
        for (place, event) in events.iter().enumerate() {
            let met = bits & (1 << place) != 0;
            let Some(row) = rows.iter().find(|row| row.event == *event) else {
                gaps.push(format!(
                    "{machine}: nobody says where “{event}” is possible"
                ));
                continue;
            };
            let possible = row.states.contains(state);
            let race = RACES.contains(&(machine, *state, *event));
            if possible && !met && !race {
                gaps.push(format!("{machine}: “{event}” in “{state}” was not reached"));
            }
            if met && !possible && !race {
                gaps.push(format!(
                    "{machine}: “{event}” in “{state}” was reached, though it is called impossible: {}",
                    row.why
                ));
            }
        }
    }
}
