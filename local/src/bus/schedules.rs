//! Fires the wiring's schedules. The last firing is remembered, so that a daily one stays daily over restarts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;

use super::{Bus, envelope, own_event};
use crate::clock::Clock;
use crate::identity::{ACCOUNT, REGION};
use crate::ledger::LedgerError;
use crate::wiring::{Schedule, Sends};

/// Between two looks at the clock; no schedule fires more often.
const LOOK: Duration = Duration::from_millis(200);

/// Works until the cloud stops.
pub(crate) async fn run(bus: Arc<Bus>, clock: Arc<dyn Clock>, mut stopping: watch::Receiver<bool>) {
    let mut first = true;
    loop {
        for schedule in &bus.wiring.schedules {
            if let Err(error) = look(&bus, schedule, clock.as_ref(), first).await {
                tracing::error!(%error, schedule = schedule.name, "a schedule could not fire");
            }
        }
        first = false;
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn look(
    bus: &Bus,
    schedule: &Schedule,
    clock: &dyn Clock,
    first: bool,
) -> Result<(), LedgerError> {
    let now = clock.now();
    let now_ms = now.as_millisecond();
    let every = i64::try_from(schedule.every.as_millis())
        .unwrap_or(i64::MAX / 2)
        .max(1);
    let due = match bus.ledger.last_fired(&schedule.name).await? {
        // The first period begins when the folder is new.
        None => {
            if !schedule.at_start {
                bus.ledger.remember_fired(&schedule.name, now_ms).await?;
            }
            false
        }
        Some(last) => now_ms - last >= every,
    };
    if !(due || first && schedule.at_start) {
        return Ok(());
    }
    match &schedule.sends {
        Sends::Event(detail_type) => {
            bus.publish(&[own_event(detail_type, &json!({"reason": "schedule"}), now)])
                .await?;
        }
        Sends::Tick(function) => {
            let pending = bus.ledger.pending().await?;
            if pending.iter().any(|pending| pending.function == *function) {
                return Ok(());
            }
            let rule = format!(
                "arn:aws:events:{REGION}:{ACCOUNT}:rule/perennial-{}",
                schedule.name
            );
            let tick = envelope("aws.events", "Scheduled Event", &json!({}), &[rule], now);
            bus.send(function, &tick).await?;
        }
    }
    bus.ledger.remember_fired(&schedule.name, now_ms).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OffsetClock;
    use crate::ledger::Ledger;
    use crate::options::{Delivery, Periods};
    use crate::wiring::{Names, Wiring};

    #[tokio::test]
    async fn a_daily_schedule_fires_a_day_after_the_start_and_never_piles_up() {
        let dir = tempfile::tempdir().unwrap();
        let bus = Bus {
            wiring: Arc::new(Wiring::standard(&Names::default(), &Periods::default())),
            ledger: Ledger::open(&dir.path().join("l.sqlite")).unwrap(),
            delivery: watch::Sender::new(Delivery::default()),
            kept: Arc::default(),
            kept_count: std::sync::atomic::AtomicU64::new(0),
            chaos: None,
        };
        let clock = OffsetClock::default();
        let cleanup = &bus.wiring.schedules[1];
        let sync = &bus.wiring.schedules[2];
        look(&bus, cleanup, &clock, true).await.unwrap();
        look(&bus, sync, &clock, true).await.unwrap();
        let waiting = bus.ledger.pending().await.unwrap();
        assert_eq!(
            waiting.len(),
            1,
            "only sync fires at the start: {waiting:?}"
        );
        clock.advance(86_401);
        look(&bus, cleanup, &clock, false).await.unwrap();
        look(&bus, cleanup, &clock, false).await.unwrap();
        clock.advance(86_401);
        look(&bus, cleanup, &clock, false).await.unwrap();
        let waiting = bus.ledger.pending().await.unwrap();
        let cleanups = waiting
            .iter()
            .find(|pending| pending.function == "cleanup")
            .unwrap();
        assert_eq!(cleanups.waiting, 1);
    }
}
