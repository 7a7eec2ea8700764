//! Time and chance come through ports, so that one seed can decide everything.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// The time now.
pub trait Clock: Send + Sync {
    /// The wall clock, UTC.
    fn now(&self) -> Timestamp;
}

/// Waiting, where something will be otherwise a little later.
#[async_trait]
pub trait Pause: Send + Sync {
    /// Answers after this span; at once if it is negative.
    async fn pause(&self, span: SignedDuration);
}

/// Fresh randomness, for ids.
pub trait Entropy: Send + Sync {
    /// At least 80 random bits, the lowest ones (what a ULID takes).
    fn random(&self) -> u128;
}

/// The machine's own clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

impl Entropy for SystemClock {
    fn random(&self) -> u128 {
        ulid::Ulid::new().random()
    }
}
