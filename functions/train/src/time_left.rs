//! The time that is left for sealing: a dataset for which one invocation is too short fails its run and says so, before Lambda ends the
//! function. Without this it would be sealed from its first byte again and again, until the run's limit of days.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use perennial_core::manifest::Manifest;
use perennial_core::run::{Event, Run};
use perennial_engine::{Desk, Invocation};

/// How much of an invocation a dataset may take. One that needs less and was not finished had the time taken by something else, as a service
/// that did not answer: it is tried again.
const SHARE: f64 = 0.8;

/// The time of one try, and how far it came.
#[derive(Debug)]
pub(crate) struct TimeLeft {
    began: Timestamp,
    stop_at: Timestamp,
    deadline: Timestamp,
    /// Bytes of all shards, of both stages of a chain.
    of: u64,
    done: AtomicU64,
    /// When the first of them were there: what was waited for before is not the dataset's fault.
    first: OnceLock<Timestamp>,
}

impl TimeLeft {
    pub(crate) fn new(invocation: &Invocation, now: Timestamp, manifest: &Manifest) -> Self {
        Self {
            began: now,
            stop_at: invocation.stop_at(),
            deadline: invocation.deadline,
            of: manifest.training.iter().map(|entry| entry.bytes).sum(),
            done: AtomicU64::new(0),
            first: OnceLock::new(),
        }
    }

    /// Whether to go no further.
    pub(crate) fn is_up(&self, now: Timestamp) -> bool {
        now >= self.stop_at
    }

    /// So many bytes of shards were decided on, by reading them or by their index.
    pub(crate) fn passed(&self, bytes: u64, now: Timestamp) {
        self.first.get_or_init(|| now);
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What becomes of a run whose dataset was not sealed when the time was up.
    pub(crate) fn outcome(&self, desk: &Desk, run: &Run) -> Event {
        let now = desk.now();
        let took = now.duration_since(self.began);
        let far = format!(
            "{} of {} in {} uploads were sealed in {} seconds when the time was up",
            size(self.done.load(Ordering::Relaxed)),
            size(self.of),
            run.dataset.uploads,
            took.as_secs()
        );
        // A first try has the time of a claim, so that a run whose function died does not stand still for long.
        if run.waits_for.is_none() {
            let note = format!("{far}; it is begun again, with all of the function's time");
            return Event::Later {
                at: now,
                note: Some(note),
            };
        }
        if !self.is_too_short(now) {
            let note = format!(
                "{far}. That is not the dataset's fault, it was held up; it is tried again"
            );
            return Event::Later {
                at: desk.next_look(),
                note: Some(note),
            };
        }
        Event::Impossible {
            reason: format!(
                "the dataset is too large to be sealed in one invocation: {far}, and the function has {} seconds. Give TrainFunction more \
                 MemorySize in infra/template.yaml (Lambda gives more processor time with it), or Timeout up to Lambda's 900 \
                 seconds; or train on less: [data] use and from choose among the uploads. Then `perennial start {}`",
                self.deadline.duration_since(self.began).as_secs(),
                run.pipeline
            ),
        }
    }

    fn is_too_short(&self, now: Timestamp) -> bool {
        let Some(first) = self.first.get() else {
            return false;
        };
        let usable = self.stop_at.duration_since(self.began).as_secs_f64() * SHARE;
        let seconds = now.duration_since(*first).as_secs_f64();
        // Bytes are counted well below 2^53.
        let done = self.done.load(Ordering::Relaxed) as f64;
        done > 0.0 && usable > 0.0 && seconds / done * self.of as f64 > usable
    }
}

/// Bytes, for people.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in units {
        if bytes >> shift > 0 {
            let tenths = (u128::from(bytes) * 10) >> shift;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}
