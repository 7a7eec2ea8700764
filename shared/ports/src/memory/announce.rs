//! What was said on the bus, in order.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use perennial_core::announcement::Announcement;

use super::faults::operation;
use super::{Faults, lock};
use crate::{Announce, PortResult};

/// A bus that keeps what it hears.
#[derive(Debug, Default)]
pub struct MemoryAnnounce {
    faults: Arc<Faults>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    heard: Vec<Announcement>,
    taken: usize,
}

impl MemoryAnnounce {
    /// Silent so far.
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            state: Mutex::default(),
        }
    }

    /// What was said since the last `take`.
    pub fn take(&self) -> Vec<Announcement> {
        let mut state = lock(&self.state);
        let from = state.taken;
        state.taken = state.heard.len();
        state.heard[from..].to_vec()
    }

    /// Everything that was ever said.
    pub fn heard(&self) -> Vec<Announcement> {
        lock(&self.state).heard.clone()
    }
}

#[async_trait]
impl Announce for MemoryAnnounce {
    async fn announce(&self, announcements: &[Announcement]) -> PortResult<()> {
        if announcements.is_empty() {
            return Ok(());
        }
        self.faults.call(operation::PUT_EVENTS, || {
            lock(&self.state).heard.extend_from_slice(announcements);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::announcement::happened;
    use serde_json::json;

    use super::*;
    use crate::ErrorKind;
    use crate::memory::now;

    #[test]
    fn announcements_are_taken_once_and_in_order() {
        let bus = MemoryAnnounce::default();
        let said = |word: &str| happened(word, json!({}));
        now(bus.announce(&[said("a"), said("b")])).expect("heard");
        assert_eq!(bus.take(), [said("a"), said("b")]);
        bus.faults
            .fail_next(operation::PUT_EVENTS, ErrorKind::Throttled, 1);
        now(bus.announce(&[said("c")])).expect_err("refused");
        now(bus.announce(&[said("d")])).expect("heard");
        assert_eq!(bus.take(), [said("d")]);
        assert_eq!(bus.take(), []);
        assert_eq!(bus.heard().len(), 3);
    }
}
