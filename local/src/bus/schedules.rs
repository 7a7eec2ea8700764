//! Fires the rules that have a schedule. The last firing is remembered, so that a daily one stays daily over restarts.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use perennial_local_template::Schedule;
use serde_json::json;
use tokio::sync::watch;

use super::{Bus, envelope};
use crate::clock::Clock;
use crate::ledger::LedgerError;
use crate::wiring::ScheduleSpec;

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
    schedule: &ScheduleSpec,
    clock: &dyn Clock,
    first: bool,
) -> Result<(), LedgerError> {
    let now = clock.now();
    let now_ms = now.as_millisecond();
    let due = match bus.ledger.last_fired(&schedule.remembered).await? {
        // The first period begins when the folder is new.
        None => {
            if !schedule.at_start {
                let first = bus.ledger.remember_fired(&schedule.remembered, now_ms);
                first.await?;
            }
            false
        }
        Some(last) => is_due(schedule.when, last, now),
    };
    if !(due || first && schedule.at_start) {
        return Ok(());
    }
    let target = &schedule.target;
    let event = match &target.input {
        Some(input) => input.clone(),
        None => {
            // A look for what is due is not said again while one still waits.
            let pending = bus.ledger.pending().await?;
            let mut pending = pending.iter();
            if pending.any(|pending| pending.function == target.function) {
                return Ok(());
            }
            let rule = std::slice::from_ref(&schedule.arn);
            envelope("aws.events", "Scheduled Event", &json!({}), rule, now)
        }
    };
    bus.send(&target.function, &event).await?;
    let remembered = bus.ledger.remember_fired(&schedule.remembered, now_ms);
    remembered.await
}

fn is_due(when: Schedule, last_ms: i64, now: Timestamp) -> bool {
    match when {
        Schedule::Every(period) => {
            let period = i64::try_from(period.as_millis()).unwrap_or(i64::MAX / 2);
            now.as_millisecond() - last_ms >= period.max(1)
        }
        Schedule::Daily { hour, minute } => {
            // Both numbers are checked when the template is read, so the time is one.
            let time =
                Time::new(hour.cast_signed(), minute.cast_signed(), 0, 0).unwrap_or_default();
            let date = now.to_zoned(TimeZone::UTC).date();
            let at = |date: Date| {
                let at = date.to_datetime(time).to_zoned(TimeZone::UTC);
                at.map(|at| at.timestamp()).unwrap_or(now)
            };
            let latest = match at(date) {
                today if today <= now => today,
                _ => at(date.yesterday().unwrap_or(date)),
            };
            last_ms < latest.as_millisecond()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OffsetClock;
    use crate::ledger::Ledger;
    use crate::options::Delivery;
    use crate::wiring::{Template, Wiring};

    #[tokio::test]
    async fn a_daily_schedule_fires_a_day_after_the_start_and_never_piles_up() {
        let dir = tempfile::tempdir().unwrap();
        let bus = Bus {
            wiring: Arc::new(Wiring::of(&Template::standard()).unwrap()),
            ledger: Ledger::open(&dir.path().join("l.sqlite")).unwrap(),
            delivery: watch::Sender::new(Delivery::default()),
            kept: Arc::default(),
            kept_count: std::sync::atomic::AtomicU64::new(0),
            chaos: None,
        };
        let clock = OffsetClock::default();
        let named = |name: &str| {
            let mut schedules = bus.wiring.schedules.iter();
            schedules.find(|schedule| schedule.name == name).unwrap()
        };
        let cleanup = named("perennial-local-cleanup");
        let sync = named("perennial-local-sync");
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

    #[tokio::test]
    async fn a_target_that_is_busy_does_not_have_the_others_told_again_and_again() {
        let mut template = Template::standard();
        let both = "  Both:
    Type: AWS::Events::Rule
    Properties:
      Name: both
      ScheduleExpression: rate(1 day)
      Targets: [{ Id: reconcile, Arn: !GetAtt ReconcileFunction.Arn }, { Id: cleanup, Arn: !GetAtt CleanupFunction.Arn }]

  BothPermission:
    Type: AWS::Lambda::Permission
    Properties: { Action: lambda:InvokeFunction, FunctionName: !Ref ReconcileFunction, Principal: events.amazonaws.com }

  CleanupPermission:
    Type: AWS::Lambda::Permission
    Properties: { Action: lambda:InvokeFunction, FunctionName: !Ref CleanupFunction, Principal: events.amazonaws.com }

Outputs:
";
        template.text = template.text.replace("Outputs:\n", both);
        let dir = tempfile::tempdir().unwrap();
        let bus = Bus {
            wiring: Arc::new(Wiring::of(&template).unwrap()),
            ledger: Ledger::open(&dir.path().join("l.sqlite")).unwrap(),
            delivery: watch::Sender::new(Delivery::default()),
            kept: Arc::default(),
            kept_count: std::sync::atomic::AtomicU64::new(0),
            chaos: None,
        };
        let clock = OffsetClock::default();
        let schedules = bus.wiring.schedules.iter();
        let both: Vec<_> = schedules.filter(|spec| spec.name == "both").collect();
        assert_eq!(both.len(), 2);
        for schedule in &both {
            look(&bus, schedule, &clock, true).await.unwrap();
        }
        let busy = envelope(
            "perennial",
            "Cleanup Requested",
            &json!({}),
            &[],
            clock.now(),
        );
        bus.send("cleanup", &busy).await.unwrap();
        clock.advance(86_401);
        for _ in 0..3 {
            for schedule in &both {
                look(&bus, schedule, &clock, false).await.unwrap();
            }
        }
        let waiting = bus.ledger.pending().await.unwrap();
        let waiting: Vec<_> = waiting
            .iter()
            .map(|pending| (pending.function.as_str(), pending.waiting))
            .collect();
        assert_eq!(waiting, [("cleanup", 1), ("reconcile", 1)]);
    }

    #[test]
    fn once_a_day_means_at_its_time_and_once() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let when = Schedule::Daily {
            hour: 4,
            minute: 30,
        };
        let fired = at("2026-11-20T04:30:01Z").as_millisecond();
        assert!(!is_due(when, fired, at("2026-11-20T23:59:00Z")));
        assert!(!is_due(when, fired, at("2026-11-21T04:29:59Z")));
        assert!(is_due(when, fired, at("2026-11-21T04:30:00Z")));
        assert!(
            is_due(when, fired, at("2026-11-25T01:00:00Z")),
            "it was missed"
        );
    }
}
