//! A clock that moves only when told, and randomness that one seed decides.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::lock;
use crate::{Clock, Entropy, Pause};

/// 2026-11-20T10:00:00Z: where a clock starts unless told otherwise.
const START: i64 = 1_795_168_800;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct MemoryClock {
    now: Mutex<Timestamp>,
}

impl Default for MemoryClock {
    fn default() -> Self {
        Self::at(Timestamp::from_second(START).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl MemoryClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now: Mutex::new(now),
        }
    }

    /// Sets the time, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *lock(&self.now) = now;
    }

    /// Moves the time on and answers the new one.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut now = lock(&self.now);
        *now = later(*now, by);
        *now
    }
}

impl Clock for MemoryClock {
    fn now(&self) -> Timestamp {
        *lock(&self.now)
    }
}

/// Who waits moves the clock.
#[async_trait]
impl Pause for MemoryClock {
    async fn pause(&self, span: SignedDuration) {
        self.advance(span.max(SignedDuration::ZERO));
    }
}

/// At the end of time it stays there.
pub(crate) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// The same seed, the same numbers (SplitMix64).
#[derive(Debug)]
pub struct MemoryEntropy {
    state: AtomicU64,
}

impl MemoryEntropy {
    /// From this seed on.
    pub fn seeded(seed: u64) -> Self {
        Self {
            state: AtomicU64::new(seed),
        }
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self
            .state
            .fetch_add(STEP, Ordering::Relaxed)
            .wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Entropy for MemoryEntropy {
    fn random(&self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_moves_only_when_told() {
        let clock = MemoryClock::default();
        assert_eq!(clock.now().to_string(), "2026-11-20T10:00:00Z");
        clock.advance(SignedDuration::from_mins(90));
        assert_eq!(clock.now().to_string(), "2026-11-20T11:30:00Z");
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.set(Timestamp::MAX);
        assert_eq!(clock.advance(SignedDuration::from_hours(1)), Timestamp::MAX);
    }

    #[test]
    fn one_seed_decides_every_number() {
        let draw = |seed| {
            let entropy = MemoryEntropy::seeded(seed);
            [entropy.random(), entropy.random(), entropy.random()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let [a, b, c] = draw(7);
        assert!(a != b && b != c);
    }
}
