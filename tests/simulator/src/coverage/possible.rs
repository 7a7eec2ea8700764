//! Where each event is possible, and why nowhere else.

use perennial_core::simulator::{PIPELINE_STATES, RUN_STATES};

/// In which states an event can be decided at all, and why in no other.
pub(super) struct Possible {
    pub(super) event: &'static str,
    pub(super) states: &'static [&'static str],
    pub(super) why: &'static str,
}

/// Pairs that only a race of two invocations brings: a decision on a pipeline that was loaded after the run had gone on
/// elsewhere. It is refused, or the run's version refuses the transaction. They may be reached and need not be.
pub(super) const RACES: [(&str, &str, &str); 14] = [
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
    ("pipeline", "moving, looking", "ended"),
    ("pipeline", "moving, looking", "deletion begun"),
    // A chain's first stage that nobody waits for any more, and that no stop reached in time.
    ("run", "closing", "weights left"),
    ("run", "ended", "weights left"),
];

const EVALUATING: [&str; 4] = [
    "evaluating, base starting",
    "evaluating, base running",
    "evaluating, base asked",
    "evaluating, base answered",
];

/// Why most events belong to one part of a run's life.
const EFFECT: &str = "only the effect of these states brings it, and a decision is made on the run as it was loaded for that effect";

pub(super) const RUN: [Possible; 32] = [
    Possible {
        event: "claimed",
        states: &[
            "preparing",
            "starting",
            "starting, cancelled",
            "importing",
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
            "importing",
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
        states: &[
            "evaluating, base starting",
            "evaluating, base running",
            "evaluating, base asked",
            "evaluating, base answered",
            "closing",
            "ended",
        ],
        why: "while a run evaluates, what its candidate was asked through and is billed by the hour is removed",
    },
    Possible {
        event: "reported",
        states: &["closing"],
        why: EFFECT,
    },
    Possible {
        event: "weights left",
        states: &["training", "training, stopping"],
        why: "a stop that is to be asked for comes before the look at the job",
    },
    Possible {
        event: "import found",
        states: &["importing"],
        why: EFFECT,
    },
    Possible {
        event: "import refused",
        states: &["importing"],
        why: EFFECT,
    },
    Possible {
        event: "import completed",
        states: &["importing", "closing", "ended"],
        why: EFFECT,
    },
    Possible {
        event: "import failed",
        states: &["importing"],
        why: EFFECT,
    },
];

pub(super) const PIPELINE: [Possible; 25] = [
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
            "moving, looking",
        ],
        why: "without a configuration an upload waits",
    },
    Possible {
        event: "recompiled",
        states: &[
            "collecting",
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, writing",
            "moving, looking",
        ],
        why: "without a configuration nothing is compiled; with one, only another technique makes other records of an upload",
    },
    Possible {
        event: "withdrawn",
        states: &[
            "collecting",
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, writing",
            "moving, looking",
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
        states: &[
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, looking",
        ],
        why: "only the active run promotes",
    },
    Possible {
        event: "move under way",
        states: &["moving, creating", "moving, updating", "moving, looking"],
        why: "only the effects of these phases bring it, on the move as it was loaded",
    },
    Possible {
        event: "update refused",
        states: &["moving, updating"],
        why: "only the effect of this phase brings it, on the move as it was loaded",
    },
    Possible {
        event: "serving",
        states: &["moving, creating", "moving, updating", "moving, looking"],
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
        states: &["moving, creating", "moving, updating", "moving, looking"],
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
            "moving, looking",
        ],
        why: "without a configuration there is no trigger to look at, and nothing is compiled",
    },
    Possible {
        event: "deletion begun",
        states: &["collecting", "in a run"],
        why: "without a configuration nothing ever served",
    },
    Possible {
        event: "serving marked",
        states: &[
            "collecting",
            "in a run",
            "moving, creating",
            "moving, updating",
            "moving, looking",
        ],
        why: "a mark is set only while nothing moves and no run is active; it is taken off whatever is in progress",
    },
    Possible {
        event: "unserved",
        states: &["collecting", "in a run"],
        why: "it is planned only on a pipeline that collects, or whose run waits for a person",
    },
];
