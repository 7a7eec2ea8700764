//! Who was called, as CloudWatch shows it: late, in whole periods, and sometimes not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::clock::later;
use super::faults::operation;
use super::{Faults, MemoryClock, lock};
use crate::{Clock, PortResult, Use, WatchUse};

/// The length of a period, in seconds.
const PERIOD: i64 = 3_600;

/// The metrics of an account.
#[derive(Debug, Default)]
pub struct MemoryUse {
    clock: Arc<MemoryClock>,
    faults: Arc<Faults>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: BTreeMap<String, BTreeMap<Timestamp, u64>>,
    lag: SignedDuration,
    missing: BTreeSet<String>,
}

impl MemoryUse {
    /// Without any series.
    pub fn new(clock: Arc<MemoryClock>, faults: Arc<Faults>) -> Self {
        Self {
            clock,
            faults,
            state: Mutex::default(),
        }
    }

    /// Calls of a model or deployment at the clock's time, successful or not.
    pub fn record(&self, model_id: &str, calls: u64) {
        self.record_at(model_id, self.clock.now(), calls);
    }

    /// The same, at another time.
    pub fn record_at(&self, model_id: &str, at: Timestamp, calls: u64) {
        *lock(&self.state)
            .calls
            .entry(model_id.to_owned())
            .or_default()
            .entry(at)
            .or_default() += calls;
    }

    /// A call is seen only so long after it.
    pub fn set_lag(&self, lag: SignedDuration) {
        lock(&self.state).lag = lag;
    }

    /// Whether the series of this id is missing, although it was called.
    pub fn set_missing(&self, model_id: &str, missing: bool) {
        let mut state = lock(&self.state);
        if missing {
            state.missing.insert(model_id.to_owned());
        } else {
            state.missing.remove(model_id);
        }
    }

    /// How often it was really called, whatever the metrics show.
    pub fn true_calls(&self, model_id: &str) -> u64 {
        lock(&self.state)
            .calls
            .get(model_id)
            .map_or(0, |series| series.values().sum())
    }

    /// When it was really last called, whatever the metrics show.
    pub fn true_last(&self, model_id: &str) -> Option<Timestamp> {
        let state = lock(&self.state);
        Some(*state.calls.get(model_id)?.last_key_value()?.0)
    }
}

impl State {
    /// Periods count whole: those that begin at or after the one of `from`, and before `to`.
    fn seen(&self, id: &str, from: Timestamp, to: Timestamp, now: Timestamp) -> Option<Use> {
        if self.missing.contains(id) {
            return None;
        }
        let mut visible = self
            .calls
            .get(id)?
            .iter()
            .filter(|(at, _)| later(**at, self.lag) <= now)
            .peekable();
        visible.peek()?;
        let mut found = Use::default();
        for (at, calls) in visible {
            let period = at.as_second().div_euclid(PERIOD);
            if period < from.as_second().div_euclid(PERIOD) || period * PERIOD >= to.as_second() {
                continue;
            }
            found.calls += calls;
            let end = Timestamp::from_second((period + 1) * PERIOD).ok();
            found.last = end.map(|end| end.min(to));
        }
        Some(found)
    }
}

#[async_trait]
impl WatchUse for MemoryUse {
    async fn uses(
        &self,
        model_ids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> PortResult<BTreeMap<String, Use>> {
        self.faults.call(operation::GET_METRICS, || {
            if to <= from {
                return Ok(BTreeMap::new());
            }
            let now = self.clock.now();
            let state = lock(&self.state);
            Ok(model_ids
                .iter()
                .filter_map(|id| Some((id.clone(), state.seen(id, from, to, now)?)))
                .collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::now;

    fn seen(usage: &MemoryUse, from: &str, to: &str) -> BTreeMap<String, Use> {
        let ids = ["a", "b", "never"].map(str::to_owned);
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        now(usage.uses(&ids, time(from), time(to))).expect("answered")
    }

    #[test]
    fn periods_count_whole_and_an_id_without_series_is_missing() {
        let usage = MemoryUse::default();
        usage.record("a", 2);
        usage.clock.advance(SignedDuration::from_mins(70));
        usage.record("a", 1);
        let all = seen(&usage, "2026-11-20T10:30:00Z", "2026-11-20T12:00:00Z");
        assert_eq!(all.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(
            all["a"],
            Use {
                calls: 3,
                last: "2026-11-20T12:00:00Z".parse().ok()
            }
        );
        let none = seen(&usage, "2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z");
        assert_eq!(none["a"], Use::default(), "a series without calls there");
        let short = seen(&usage, "2026-11-20T11:00:00Z", "2026-11-20T11:20:00Z");
        assert_eq!(short["a"].last, "2026-11-20T11:20:00Z".parse().ok());
    }

    #[test]
    fn metrics_come_late_or_not_at_all() {
        let usage = MemoryUse::default();
        usage.set_lag(SignedDuration::from_mins(10));
        usage.record("b", 5);
        let span = ("2026-11-20T09:00:00Z", "2026-11-20T12:00:00Z");
        assert!(seen(&usage, span.0, span.1).is_empty(), "not yet");
        usage.clock.advance(SignedDuration::from_mins(10));
        assert_eq!(seen(&usage, span.0, span.1)["b"].calls, 5);
        usage.set_missing("b", true);
        assert!(seen(&usage, span.0, span.1).is_empty());
        assert_eq!(usage.true_calls("b"), 5);
        usage.set_missing("b", false);
        assert_eq!(seen(&usage, span.0, span.1).len(), 1);
    }
}
