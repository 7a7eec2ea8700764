//! Planted bugs: what holds a promise is taken out, one at a time, so that the simulator proves that it would notice.
//!
//! Some are taken out at the ports, so that the handlers are the ones that ship; the others are rules of `core`, which its feature
//! `simulator` can take out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use perennial_core::announcement::Function;
use perennial_core::names::ResourceName;
use perennial_ports::{
    BatchJob, Deployment, ErrorKind, Expect, PortError, PortResult, Tags, TrainingJob,
    TrainingStatus, Use, Write,
};

use crate::deed::Deed;
use crate::lambda::Delivery;

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Writes to the table are made whatever stands there.
    ConditionalWrite,
    /// A job's event is taken for its state.
    TrueState,
    /// After a refused or unanswered create nothing is found by its name.
    Adoption,
    /// `reconcile` never runs.
    Reconcile,
    /// Nobody is seen to use anything.
    InUse,
    /// The gate compares no digests.
    GateDigest,
    /// Nothing is reserved.
    Reservation,
    /// Sequencers are not compared.
    Sequencer,
    /// An unanswered look at a job counts as the end of its attempt.
    AttemptEnds,
    /// Several moves of the alias at a time.
    OneMove,
    /// No look after a run's end.
    Aftercare,
    /// A run waits for ever for what cannot be removed.
    ClosingLimit,
    /// The deployment of a failed move is not looked for.
    Sweep,
    /// A version that S3's order gives no place to is saved whatever the record has become.
    OwnPlace,
    /// A repair that failed is tried again every ten minutes, for ever.
    RepairPace,
    /// A rollback is carried out whatever serves by then.
    RollbackFrom,
    /// What may be there unseen is given up without a look.
    LooksFirst,
    /// A trial that passed is promoted.
    TrialServes,
    /// What a chain's first stage left is not used again.
    BoughtOnce,
    /// What is billed by the hour for a candidate's answers stays until the run closes.
    CandidateStays,
}

impl Plant {
    /// Those that are hunted with `--plant all`: what a promise stands on, and what the simulator found soon.
    pub const ALL: [Self; 16] = [
        Self::ConditionalWrite,
        Self::TrueState,
        Self::Adoption,
        Self::Reconcile,
        Self::InUse,
        Self::GateDigest,
        Self::Reservation,
        Self::Sequencer,
        Self::AttemptEnds,
        Self::OneMove,
        Self::Aftercare,
        Self::ClosingLimit,
        Self::Sweep,
        Self::TrialServes,
        Self::BoughtOnce,
        Self::CandidateStays,
    ];

    /// What took the simulator longer to find: kept as seeds in `tests/planted.rs`, and hunted by name.
    pub const RARE: [Self; 4] = [
        Self::OwnPlace,
        Self::RepairPace,
        Self::RollbackFrom,
        Self::LooksFirst,
    ];

    /// As `--plant` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConditionalWrite => "conditional-write",
            Self::TrueState => "true-state",
            Self::Adoption => "adoption",
            Self::Reconcile => "reconcile",
            Self::InUse => "in-use",
            Self::GateDigest => "gate-digest",
            Self::Reservation => "reservation",
            Self::Sequencer => "sequencer",
            Self::AttemptEnds => "attempt-ends",
            Self::OneMove => "one-move",
            Self::Aftercare => "aftercare",
            Self::ClosingLimit => "closing-limit",
            Self::Sweep => "sweep",
            Self::OwnPlace => "own-place",
            Self::RepairPace => "repair-pace",
            Self::RollbackFrom => "rollback-from",
            Self::LooksFirst => "looks-first",
            Self::TrialServes => "trial-serves",
            Self::BoughtOnce => "bought-once",
            Self::CandidateStays => "candidate-stays",
        }
    }

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().chain(Self::RARE);
        all.find(|plant| plant.name() == name)
    }

    /// The checkers that are there to notice it: what another one says may be some other harm.
    pub fn checks(self) -> &'static [&'static str] {
        const JOBS: &str = "at most one live or completed job per run and stage";
        const RECORDS: &str =
            "every accepted record is in exactly the datasets that it should be in";
        const NEWEST: &str = "the newest version of an object wins";
        const DELETION: &str = "nothing that is needed or that someone else made is deleted";
        const GATE: &str = "no promotion without a passed gate on the right dataset";
        const ALIAS: &str = "at most one champion, one target of the alias and one move";
        const MONEY: &str =
            "reserved spend is within the budget, and nothing is bought without a reservation";
        const HISTORY: &str = "the history explains every state";
        const LEFT: &str = "every run ends and leaves nothing that costs money";
        const ENDS: &str = "every run ends";
        const BOUGHT: &str = "the first stage of a chain is bought once for the same documents";
        match self {
            Self::ConditionalWrite => &[JOBS, RECORDS, NEWEST, ALIAS, MONEY, HISTORY],
            Self::TrueState | Self::AttemptEnds => &[JOBS, LEFT],
            Self::Adoption => &[JOBS],
            Self::Reconcile => &[ENDS, LEFT, NEWEST],
            Self::InUse => &[DELETION],
            Self::GateDigest | Self::TrialServes => &[GATE],
            Self::Reservation => &[MONEY],
            Self::Sequencer | Self::OwnPlace => &[NEWEST],
            Self::OneMove | Self::RollbackFrom => &[ALIAS],
            Self::Aftercare | Self::Sweep | Self::CandidateStays => &[LEFT],
            Self::ClosingLimit | Self::RepairPace => &[ENDS],
            Self::LooksFirst => &[JOBS, LEFT],
            Self::BoughtOnce => &[BOUGHT],
        }
    }

    #[cfg(feature = "plant")]
    fn rule(self) -> Option<perennial_core::simulator::Rule> {
        use perennial_core::simulator::Rule;
        match self {
            Self::GateDigest => Some(Rule::GateDigest),
            Self::OneMove => Some(Rule::OneMove),
            Self::Aftercare => Some(Rule::Aftercare),
            Self::ClosingLimit => Some(Rule::ClosingLimit),
            Self::Sweep => Some(Rule::Sweep),
            Self::Sequencer => Some(Rule::Sequencer),
            Self::OwnPlace => Some(Rule::OwnPlace),
            Self::RepairPace => Some(Rule::RepairPace),
            Self::RollbackFrom => Some(Rule::RollbackFrom),
            Self::LooksFirst => Some(Rule::LooksFirst),
            Self::TrialServes => Some(Rule::TrialServesNobody),
            Self::BoughtOnce => Some(Rule::BoughtOnce),
            Self::CandidateStays => Some(Rule::CandidateGoesAtOnce),
            _ => None,
        }
    }
}

/// Takes core's rule out on this thread, or puts all of them back.
pub(crate) fn prepare(plant: Option<Plant>) {
    #[cfg(feature = "plant")]
    perennial_core::simulator::remove(plant.and_then(Plant::rule));
    #[cfg(not(feature = "plant"))]
    let _ = plant;
}

/// What one invocation has of the planted bug.
#[derive(Debug, Clone)]
pub(crate) struct Planted {
    plant: Option<Plant>,
    function: Function,
    /// The status that a job's event tells, if it woke the invocation.
    told: Option<String>,
    /// A change of this invocation was refused, or its answer lost.
    refused: Arc<AtomicBool>,
}

impl Planted {
    pub(crate) fn new(plant: Option<Plant>, delivery: &Delivery) -> Self {
        let told = match delivery.event["detail-type"].as_str() {
            Some("Model Customization Job State Change") => delivery.event["detail"]["jobStatus"]
                .as_str()
                .map(str::to_owned),
            _ => None,
        };
        Self {
            plant,
            function: delivery.function,
            told,
            refused: Arc::default(),
        }
    }

    pub(crate) fn refused(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// After a refused or unanswered create nothing is found by its name.
    fn hides(&self) -> bool {
        self.is(Plant::Adoption) && self.refused.load(Ordering::Relaxed)
    }

    fn is(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    pub(crate) fn alter(&self, deed: Deed) -> Deed {
        let Deed::Transact(mut writes) = deed else {
            return deed;
        };
        if self.is(Plant::ConditionalWrite) {
            writes.retain_mut(|write| match write {
                Write::Put { expect, .. } => {
                    *expect = Expect::Any;
                    true
                }
                Write::Check { .. } => false,
            });
        }
        if self.is(Plant::Reservation) {
            writes.retain(|write| match write {
                Write::Put { key, .. } => key.kind() != "budget",
                Write::Check { .. } => true,
            });
        }
        Deed::Transact(writes)
    }

    pub(crate) fn found_training(
        &self,
        name: &str,
        found: PortResult<Option<TrainingJob>>,
    ) -> PortResult<Option<TrainingJob>> {
        if self.hides() {
            return Ok(None);
        }
        if self.is(Plant::TrueState)
            && let (Some(told), Ok(Some(mut job))) = (&self.told, found.clone())
        {
            job.status = match told.as_str() {
                "Completed" => TrainingStatus::Completed,
                "Failed" => TrainingStatus::Failed,
                "Stopped" => TrainingStatus::Stopped,
                "Stopping" => TrainingStatus::Stopping,
                _ => TrainingStatus::InProgress,
            };
            if job.status == TrainingStatus::Failed {
                job.message = Some("Internal server error, try again".into());
            }
            return Ok(Some(job));
        }
        if self.is(Plant::AttemptEnds)
            && self.function == Function::Evaluate
            && let Err(PortError {
                kind: ErrorKind::Unanswered,
                ..
            }) = &found
        {
            return Ok(Some(TrainingJob {
                arn: String::new(),
                name: String::new(),
                status: TrainingStatus::Failed,
                message: Some("the look at it timed out".into()),
                model_arn: None,
                tags: ResourceName::parse(name).map_or_else(Tags::new, |name| name.tags()),
            }));
        }
        found
    }

    pub(crate) fn found_deployment(&self, found: Option<Deployment>) -> Option<Deployment> {
        found.filter(|_| !self.hides())
    }

    pub(crate) fn found_batch(&self, found: Option<BatchJob>) -> Option<BatchJob> {
        found.filter(|_| !self.hides())
    }

    pub(crate) fn deployments_of(&self, mut found: Vec<Deployment>) -> Vec<Deployment> {
        if self.is(Plant::InUse) {
            found.retain(|one| one.tags.contains_key("perennial:installation"));
        }
        found
    }

    pub(crate) fn uses(&self, seen: BTreeMap<String, Use>) -> BTreeMap<String, Use> {
        if self.is(Plant::InUse) {
            return BTreeMap::new();
        }
        seen
    }
}
