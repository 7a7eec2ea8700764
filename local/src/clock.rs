//! The cloud's clock: real time, behind a trait, so that a test may move it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Tells the time to everything in the cloud. Timers (polling, back-off) stay on real time.
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock plus an offset that only grows.
#[derive(Debug, Default)]
pub struct OffsetClock {
    ahead_ms: AtomicI64,
}

impl OffsetClock {
    /// Moves the clock forward by `seconds`; negative values are ignored, for time never runs back.
    pub fn advance(&self, seconds: i64) {
        self.ahead_ms
            .fetch_add(seconds.max(0).saturating_mul(1000), Ordering::SeqCst);
    }

    /// How far ahead of the machine's clock, in seconds.
    pub fn ahead_seconds(&self) -> i64 {
        self.ahead_ms.load(Ordering::SeqCst) / 1000
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        let real = Timestamp::now().as_millisecond();
        let moved = real.saturating_add(self.ahead_ms.load(Ordering::SeqCst));
        Timestamp::from_millisecond(moved).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_and_never_goes_back() {
        let clock = OffsetClock::default();
        let before = clock.now();
        clock.advance(3600);
        clock.advance(-3600);
        assert!(clock.now().as_second() - before.as_second() >= 3600);
        assert_eq!(clock.ahead_seconds(), 3600);
    }
}
