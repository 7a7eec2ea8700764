//! The bus: whatever AWS, Perennial or a person says reaches its function once, twice, late or never.

use perennial_core::announcement::{Announcement, Function, recipient};
use perennial_ports::memory::Change;
use serde_json::{Value, json};

use super::{DAY, MINUTE, What, World};
use crate::lambda::Delivery;

impl World {
    /// Something is said by one of ours, or by a person through the command line.
    pub(super) fn said(&mut self, said: Announcement) {
        let Some(function) = recipient(&said.detail_type, &said.detail) else {
            self.note(|| format!("said: “{}” {}", said.detail_type, said.detail));
            return;
        };
        let event = json!({ "source": "perennial", "detail-type": said.detail_type, "detail": said.detail });
        self.send(function, event);
    }

    /// AWS sends an event.
    pub(super) fn aws(&mut self, event: Value) {
        let kind = event["detail-type"].as_str().unwrap_or_default();
        if let Some(function) = recipient(kind, &event["detail"]) {
            self.send(function, event);
        }
    }

    /// The bucket changed: only what the rules' prefixes let through is sent.
    pub(super) fn changed(&mut self, change: &Change) {
        let heard = ["pipelines/", "data/", "eval/"];
        if heard.iter().any(|prefix| change.key.starts_with(prefix)) {
            self.aws(change.event());
        }
    }

    fn send(&mut self, function: Function, event: Value) {
        let delivery = Delivery::of(function, event);
        if self.chance(self.weather.drop) {
            self.note(|| format!("lost: {}", delivery.words()));
            return;
        }
        if self.chance(self.weather.double) {
            self.note(|| format!("doubled: {}", delivery.words()));
            let again = self.delay();
            self.push(self.now + again, What::Deliver(Box::new(delivery.clone())));
        }
        let delay = self.delay();
        if delay > MINUTE {
            self.note(|| format!("late by {} minutes: {}", delay / MINUTE, delivery.words()));
        }
        self.push(self.now + delay, What::Deliver(Box::new(delivery)));
    }

    fn delay(&mut self) -> u64 {
        if self.chance(self.weather.very_late) {
            return self.rng.u64(0..3 * DAY);
        }
        if self.chance(self.weather.late) {
            return self.rng.u64(0..90 * MINUTE);
        }
        self.rng.u64(20..2_000)
    }

    pub(super) fn chance(&mut self, rate: u32) -> bool {
        rate > 0 && self.rng.u32(0..65_536) < rate
    }
}
