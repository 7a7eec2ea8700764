//! What was reached: every event in every state, or a reason why that is impossible; and a crash before and after every
//! change that a function can make.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use perennial_core::announcement::Function;
use perennial_core::simulator::{
    Decided, PIPELINE_EVENTS, PIPELINE_STATES, RUN_EVENTS, RUN_STATES,
};
use perennial_ports::memory::operation as op;

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
        ],
    ),
    (
        Function::Evaluate,
        &[
            op::TRANSACT,
            op::PUT_OBJECT,
            op::PUT_EVENTS,
            op::STOP_TRAINING,
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

/// In which states an event can be decided at all, and why in no other.
struct Possible {
    event: &'static str,
    states: &'static [&'static str],
    why: &'static str,
}

/// Pairs that only a race of two invocations brings: a decision on a pipeline that was loaded after the run had gone on
/// elsewhere. It is refused, or the run's version refuses the transaction. They may be reached and need not be.
const RACES: [(&str, &str, &str); 10] = [
    ("pipeline", "unconfigured", "ended"),
    ("pipeline", "collecting", "ended"),
    ("pipeline", "moving, creating", "ended"),
    ("pipeline", "moving, updating", "ended"),
    ("pipeline", "moving, writing", "ended"),
    ("pipeline", "collecting", "move begun"),
    ("pipeline", "moving, writing", "move begun"),
    // The daily cleanup may meet a move, and a model of which the days of grace are over.
    ("pipeline", "moving, creating", "deletion begun"),
    ("pipeline", "moving, updating", "deletion begun"),
    ("pipeline", "moving, writing", "deletion begun"),
];

const EVALUATING: [&str; 4] = [
    "evaluating, base starting",
    "evaluating, base running",
    "evaluating, base asked",
    "evaluating, base answered",
];

/// Why most events belong to one part of a run's life.
const EFFECT: &str = "only the effect of these states brings it, and a decision is made on the run as it was loaded for that effect";

const RUN: [Possible; 27] = [
    Possible {
        event: "claimed",
        states: &[
            "preparing",
            "starting",
            "starting, cancelled",
            "evaluating, base starting",
            "evaluating, base running",
            "evaluating, base asked",
            "evaluating, base answered",
            "closing",
            "ended",
        ],
        why: "no effect of the other states needs a claim (`Effect::needs_claim`)",
    },
    Possible {
        event: "later",
        states: &[
            "preparing",
            "starting",
            "starting, cancelled",
            "training",
            "training, to be stopped",
            "training, stopping",
            "evaluating, base starting",
            "evaluating, base running",
            "evaluating, base asked",
            "evaluating, base answered",
            "deciding",
            "promoting",
            "closing",
            "ended",
        ],
        why: "a run that waits for a person has no effect that could wait",
    },
    Possible {
        event: "cancel requested",
        states: &RUN_STATES,
        why: "",
    },
    Possible {
        event: "impossible",
        states: &[
            "preparing",
            "evaluating, base starting",
            "evaluating, base running",
            "evaluating, base asked",
            "evaluating, base answered",
            "deciding",
        ],
        why: "elsewhere a step is never given up as hopeless (`Run::can_be_impossible`)",
    },
    Possible {
        event: "prepared",
        states: &["preparing"],
        why: EFFECT,
    },
    Possible {
        event: "training found",
        states: &["starting", "starting, cancelled"],
        why: EFFECT,
    },
    Possible {
        event: "training refused",
        states: &["starting"],
        why: EFFECT,
    },
    Possible {
        event: "training never started",
        states: &["starting, cancelled"],
        why: EFFECT,
    },
    Possible {
        event: "training running",
        states: &[],
        why: "a look at a job that runs is “later”; the event is kept for trainers that report progress",
    },
    Possible {
        event: "training completed",
        states: &["training", "training, stopping", "closing", "ended"],
        why: "a stop that is to be asked for comes before the look at the job",
    },
    Possible {
        event: "training failed",
        states: &["training", "training, stopping"],
        why: "a stop that is to be asked for comes before the look at the job",
    },
    Possible {
        event: "training stopped",
        states: &["training", "training, stopping"],
        why: "a stop that is to be asked for comes before the look at the job",
    },
    Possible {
        event: "training stop asked",
        states: &["training, to be stopped"],
        why: EFFECT,
    },
    Possible {
        event: "candidate deployed",
        states: &EVALUATING,
        why: EFFECT,
    },
    Possible {
        event: "candidate answered",
        states: &EVALUATING,
        why: EFFECT,
    },
    Possible {
        event: "base found",
        states: &["evaluating, base starting"],
        why: EFFECT,
    },
    Possible {
        event: "base ended without answers",
        states: &["evaluating, base running"],
        why: EFFECT,
    },
    Possible {
        event: "base answered",
        states: &[
            "evaluating, base starting",
            "evaluating, base running",
            "evaluating, base asked",
        ],
        why: EFFECT,
    },
    Possible {
        event: "champion answered",
        states: &EVALUATING,
        why: EFFECT,
    },
    Possible {
        event: "champion gone",
        states: &EVALUATING,
        why: EFFECT,
    },
    Possible {
        event: "judged",
        states: &["deciding"],
        why: EFFECT,
    },
    Possible {
        event: "approved",
        states: &RUN_STATES,
        why: "",
    },
    Possible {
        event: "hold lifted",
        states: &["approval, held"],
        why: "it is decided only on a run that was loaded as held",
    },
    Possible {
        event: "moved",
        states: &["promoting"],
        why: EFFECT,
    },
    Possible {
        event: "move failed",
        states: &["promoting"],
        why: EFFECT,
    },
    Possible {
        event: "removed, or found left over",
        states: &["closing", "ended"],
        why: EFFECT,
    },
    Possible {
        event: "reported",
        states: &["closing"],
        why: EFFECT,
    },
];

const PIPELINE: [Possible; 23] = [
    Possible {
        event: "configured",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "misconfigured",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "accepted",
        states: &[
            "collecting",
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, writing",
        ],
        why: "without a configuration an upload waits",
    },
    Possible {
        event: "recompiled",
        states: &[],
        why: "within one region every model that can be trained takes the same records, so what is compiled anew has the same \
              content, which is nothing new (`keep_unchanged`)",
    },
    Possible {
        event: "withdrawn",
        states: &[
            "collecting",
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, writing",
        ],
        why: "without a configuration nothing was accepted that could be withdrawn",
    },
    Possible {
        event: "opened",
        states: &["collecting"],
        why: "a run is opened only on a pipeline that was loaded as collecting (`trigger`)",
    },
    Possible {
        event: "ended",
        states: &["in a run"],
        why: "the active run ends while no move is in flight, or after it",
    },
    Possible {
        event: "move begun",
        states: &["in a run", "moving, creating", "moving, updating"],
        why: "only the active run promotes",
    },
    Possible {
        event: "move under way",
        states: &["moving, creating", "moving, updating"],
        why: "only the effects of these phases bring it, on the move as it was loaded",
    },
    Possible {
        event: "update refused",
        states: &["moving, updating"],
        why: "only the effect of this phase brings it, on the move as it was loaded",
    },
    Possible {
        event: "serving",
        states: &["moving, creating", "moving, updating"],
        why: "only the effects of these phases bring it, on the move as it was loaded",
    },
    Possible {
        event: "deployment gone, or astray",
        states: &["collecting", "in a run"],
        why: "it is looked for only while no move is in flight, and only where something serves",
    },
    Possible {
        event: "written",
        states: &["moving, writing"],
        why: "only the effect of this phase brings it, on the move as it was loaded",
    },
    Possible {
        event: "move failed",
        states: &["moving, creating", "moving, updating"],
        why: "only the effects of these phases bring it, on the move as it was loaded",
    },
    Possible {
        event: "swept",
        states: &["collecting", "in a run"],
        why: "without a configuration nothing ever moved; while a move is in flight nothing is swept",
    },
    Possible {
        event: "start requested",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "pause requested",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "resume requested",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "release requested",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "rollback requested",
        states: &PIPELINE_STATES,
        why: "",
    },
    Possible {
        event: "nothing to train",
        states: &["collecting"],
        why: "it comes of a trigger that held, so on a pipeline that was loaded as collecting",
    },
    Possible {
        event: "looked",
        states: &[
            "collecting",
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, writing",
        ],
        why: "without a configuration there is no trigger to look at, and nothing is compiled",
    },
    Possible {
        event: "deletion begun",
        states: &["collecting", "in a run"],
        why: "without a configuration nothing ever served",
    },
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
