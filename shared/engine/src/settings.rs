//! What every function is given: its settings, the table, the bus and the clock.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use perennial_core::names::Installation;
use perennial_core::span::Span;
use perennial_ports::{Announce, Clock, Table};

/// The settings of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its id.
    pub installation: Installation,
    /// The AWS region.
    pub region: String,
    /// How long to wait before something that sends no event is looked at again.
    pub poll: Span,
    /// How many imported models the account may have; 0 counts none.
    pub imported_models: u32,
}

/// The ports that every function has.
#[derive(Clone)]
pub struct Desk {
    /// The settings.
    pub settings: Settings,
    /// The one table.
    pub table: Arc<dyn Table>,
    /// The event bus.
    pub announce: Arc<dyn Announce>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Desk {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When to look again at something that sends no event.
    pub fn next_look(&self) -> Timestamp {
        after(self.now(), self.settings.poll)
    }
}

/// A time plus a span.
pub fn after(time: Timestamp, span: Span) -> Timestamp {
    let span = SignedDuration::from_secs(i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// One invocation of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Its id: who claims a long step.
    pub id: String,
    /// When Lambda will end it.
    pub deadline: Timestamp,
    /// Once for all of it: looked at anew, half of what is left would never be over.
    stop_at: Timestamp,
}

/// Kept free before the deadline, for saving what was done.
const RESERVE_SECONDS: i64 = 20;

impl Invocation {
    /// One that begins now.
    pub fn new(id: impl Into<String>, deadline: Timestamp, now: Timestamp) -> Self {
        let left = deadline.duration_since(now).max(SignedDuration::ZERO);
        let reserve = SignedDuration::from_secs(RESERVE_SECONDS).min(left / 2);
        Self {
            id: id.into(),
            deadline,
            stop_at: deadline.checked_sub(reserve).unwrap_or(now),
        }
    }

    /// When to stop beginning anything that takes long: 20 seconds before the deadline, or at half of a short time.
    pub fn stop_at(&self) -> Timestamp {
        self.stop_at
    }

    /// A share of it, from now until then at most: a step's, which ends with its claim.
    pub(crate) fn until(&self, then: Timestamp, now: Timestamp) -> Self {
        if then >= self.deadline {
            return self.clone();
        }
        Self::new(self.id.clone(), then, now)
    }
}
