//! Waiting, where others wrote first: all uploads of a pipeline change its one record, and whoever tries again at once meets the others
//! again.

use jiff::SignedDuration;
use perennial_core::keys::Key;
use perennial_engine::EngineError;
use sha2::{Digest, Sha256};

use crate::Ports;
use perennial_engine::time_left::TimeLeft;

/// The longest wait before the second try, in milliseconds; it doubles with each further one.
const FIRST: u64 = 100;
/// The longest wait before any.
const MOST: u64 = 4_000;

/// The tries of one save, as long as there is time.
pub(crate) struct Tries<'a> {
    ports: &'a Ports,
    /// The object's key.
    object: &'a str,
    most: u32,
    tried: u32,
    time: TimeLeft,
}

impl<'a> Tries<'a> {
    /// So many at most.
    pub(crate) fn new(ports: &'a Ports, object: &'a str, most: u32, time: TimeLeft) -> Self {
        Self {
            ports,
            object,
            most,
            tried: 0,
            time,
        }
    }

    /// Waits before a try, not before the first. False: there is no other.
    pub(crate) async fn next(&mut self) -> bool {
        if self.tried == self.most {
            return false;
        }
        if self.tried > 0 {
            let span = span(self.object, self.tried);
            if !self.time.allows_try_after(self.ports.desk.now(), span) {
                return false;
            }
            self.ports.pause.pause(span).await;
        }
        self.tried += 1;
        true
    }

    /// What to say then: the event goes back to the queue.
    pub(crate) fn used_up(self, key: Key) -> EngineError {
        EngineError::Contended {
            key,
            times: self.tried,
        }
    }
}

/// Somewhere between nothing and the longest, by the object's key: others wait for another time.
fn span(key: &str, tried: u32) -> SignedDuration {
    let most = FIRST.saturating_mul(1 << (tried - 1).min(16)).min(MOST);
    let digest = Sha256::digest(format!("{tried} {key}"));
    let drawn = digest
        .iter()
        .take(4)
        .fold(0, |drawn, byte| drawn << 8 | u64::from(*byte));
    SignedDuration::from_millis(i64::try_from((most * drawn) >> 32).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_four_seconds_and_differ_from_key_to_key() {
        let longest = |tried| {
            let spans = (0..1_000).map(|n| span(&format!("data/p/{n}.jsonl"), tried));
            spans.max().expect("a thousand").as_millis()
        };
        assert!((95..=100).contains(&longest(1)));
        assert!((760..=800).contains(&longest(4)));
        assert!((3_900..=4_000).contains(&longest(8)));
        assert!((3_900..=4_000).contains(&longest(60)));
        assert_ne!(span("data/p/a", 8), span("data/p/b", 8));
        assert_eq!(span("data/p/a", 8), span("data/p/a", 8));
    }
}
