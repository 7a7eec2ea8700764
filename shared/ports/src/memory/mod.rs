//! In-memory twins of every port, for tests and for the simulator.
//!
//! They are deterministic: time is a clock that only the test moves, ids come from counters, and nothing is ordered by
//! a hash. Every call is answered at once, so that a future of theirs is ready the first time it is polled.

pub mod alias;
pub mod announce;
pub mod bedrock;
pub mod clock;
#[cfg(test)]
mod contract_tests;
pub mod faults;
mod ids;
mod object_bodies;
mod object_events;
pub mod objects;
pub mod table;
pub mod usage;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use alias::MemoryAlias;
pub use announce::MemoryAnnounce;
pub use bedrock::{
    AskedQuestion, BatchRecord, ContainerRecord, JobSpec, MemoryBedrock, Mind, ModelRef, Outcome,
    Pace, Quotas, TrainingRecord, Work,
};
pub use clock::{MemoryClock, MemoryEntropy};
pub use faults::{Faults, operation};
pub use objects::{Author, BUCKET, Change, ChangeKind, MemoryObjects};
pub use table::MemoryTable;
pub use usage::MemoryUse;

use crate::ErrorKind;

/// The account in every ARN and event.
pub const ACCOUNT: &str = "123456789012";

/// The region in every ARN and event.
pub const REGION: &str = "us-east-1";

/// An account in memory: one twin of each port, with one clock and one set of faults. Cheap to clone.
#[derive(Clone)]
pub struct MemoryCloud {
    /// The wall clock; it moves only when told.
    pub clock: Arc<MemoryClock>,
    /// Randomness from the seed.
    pub entropy: Arc<MemoryEntropy>,
    /// What fails next, and how often everything was called.
    pub faults: Arc<Faults>,
    /// The table.
    pub table: Arc<MemoryTable>,
    /// The bucket.
    pub objects: Arc<MemoryObjects>,
    /// Jobs, models, deployments and their answers.
    pub bedrock: Arc<MemoryBedrock>,
    /// The parameters.
    pub alias: Arc<MemoryAlias>,
    /// Who was called, as CloudWatch shows it.
    pub usage: Arc<MemoryUse>,
    /// What was said on the bus.
    pub announce: Arc<MemoryAnnounce>,
}

impl MemoryCloud {
    /// An empty account on 2026-11-20. `mind` answers for every model; it must not call the cloud.
    pub fn new(
        seed: u64,
        mind: impl Fn(&ModelRef, &str) -> String + Send + Sync + 'static,
    ) -> Self {
        let clock = Arc::new(MemoryClock::default());
        let faults = Arc::new(Faults::default());
        let objects = Arc::new(MemoryObjects::new(clock.clone(), faults.clone()));
        let usage = Arc::new(MemoryUse::new(clock.clone(), faults.clone()));
        let bedrock = Arc::new(MemoryBedrock::new(
            clock.clone(),
            faults.clone(),
            objects.clone(),
            usage.clone(),
            Box::new(mind),
        ));
        Self {
            entropy: Arc::new(MemoryEntropy::seeded(seed)),
            table: Arc::new(MemoryTable::with_faults(faults.clone())),
            alias: Arc::new(MemoryAlias::new(faults.clone())),
            announce: Arc::new(MemoryAnnounce::new(faults.clone())),
            clock,
            faults,
            objects,
            bedrock,
            usage,
        }
    }

    /// The next `n` calls of this operation fail so, without any effect. See [`Faults::fail_next`].
    pub fn fail_next(&self, operation: &str, kind: ErrorKind, n: usize) {
        self.faults.fail_next(operation, kind, n);
    }

    /// The next `n` calls of this operation take effect and answer `Unanswered`. See [`Faults::lose_answer_next`].
    pub fn lose_answer_next(&self, operation: &str, n: usize) {
        self.faults.lose_answer_next(operation, n);
    }

    /// How often this operation was called, failed calls included.
    pub fn calls(&self, operation: &str) -> u64 {
        self.faults.calls(operation)
    }

    /// Every AWS event since the last time: the bucket's, then Bedrock's up to the clock's time.
    pub fn take_events(&self) -> Vec<serde_json::Value> {
        self.bedrock.settle();
        let mut events = self.objects.take_events();
        events.extend(self.bedrock.take_events());
        events
    }
}

impl fmt::Debug for MemoryCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCloud")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// A lock that a panicking test does not poison for the others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a twin's future, which is ready at once.
#[cfg(test)]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    futures::FutureExt::now_or_never(future).expect("twins answer at once")
}
