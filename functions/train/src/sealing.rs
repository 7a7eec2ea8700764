//! The time that is left for sealing: a dataset for which one invocation is too short fails its run and says so, before Lambda ends the
//! function. Without this it would be sealed from its first byte again and again, until the run's limit of days.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use perennial_core::manifest::Manifest;
use perennial_core::run::{Event, Run};
use perennial_engine::time_left::{Progress, TimeLeft, size};
use perennial_engine::{Desk, Invocation};

/// The time of one try, and how far it came.
#[derive(Debug)]
pub(crate) struct Sealing {
    time: TimeLeft,
    /// Bytes of all shards, of both stages of a chain.
    of: u64,
    done: AtomicU64,
    /// When the first of them were there.
    first: OnceLock<Timestamp>,
}

impl Sealing {
    pub(crate) fn new(invocation: &Invocation, now: Timestamp, manifest: &Manifest) -> Self {
        Self {
            time: TimeLeft::new(invocation, now),
            of: manifest.training.iter().map(|entry| entry.bytes).sum(),
            done: AtomicU64::new(0),
            first: OnceLock::new(),
        }
    }

    /// Whether to go no further.
    pub(crate) fn is_up(&self, now: Timestamp) -> bool {
        self.time.is_up(now)
    }

    /// So many bytes of shards were decided on, by reading them or by their index.
    pub(crate) fn passed(&self, bytes: u64, now: Timestamp) {
        self.first.get_or_init(|| now);
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What becomes of a run whose dataset was not sealed when the time was up.
    pub(crate) fn outcome(&self, desk: &Desk, run: &Run) -> Event {
        let now = desk.now();
        let far = format!(
            "{} of {} in {} uploads were sealed in {} seconds when the time was up",
            size(self.done.load(Ordering::Relaxed)),
            size(self.of),
            run.dataset.uploads,
            self.time.worked(now).as_secs()
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
                self.time.whole().as_secs(),
                run.pipeline
            ),
        }
    }

    fn is_too_short(&self, now: Timestamp) -> bool {
        let Some(first) = self.first.get() else {
            return false;
        };
        let progress = Progress {
            done: self.done.load(Ordering::Relaxed),
            of: self.of,
            took: now.duration_since(*first),
        };
        self.time.too_short_for(progress).is_some()
    }
}
