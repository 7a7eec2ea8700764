//! EventBridge's part: takes events, finds the rules that match, and keeps a delivery for each target before
//! the sender may forget the event.

mod pump;
mod schedules;

pub(crate) use schedules::run as run_schedules;

pub(crate) use pump::Pump;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::chaos::{Chaos, EventFate};
use crate::identity::{ACCOUNT, REGION};
use crate::ids;
use crate::ledger::{Ledger, LedgerError, NewDelivery, real_ms};
use crate::options::Delivery;
use crate::wiring::Wiring;

/// With [`Delivery::reversed`], events wait for the end of their window, and each window goes newest first.
const WINDOW_MS: i64 = 400;

/// The default bus.
#[derive(Debug)]
pub(crate) struct Bus {
    /// The rules.
    pub(crate) wiring: Arc<Wiring>,
    /// Where deliveries are kept.
    pub(crate) ledger: Ledger,
    /// How events are delivered.
    pub(crate) delivery: watch::Sender<Delivery>,
    /// Tells the dispatchers that deliveries were kept.
    pub(crate) kept: Arc<Notify>,
    /// How many deliveries were kept since the cloud started.
    pub(crate) kept_count: AtomicU64,
    /// What goes wrong on purpose.
    pub(crate) chaos: Option<Arc<Chaos>>,
}

impl Bus {
    /// Takes events. When this returns, no kill can lose them.
    ///
    /// # Errors
    /// If the ledger refuses; then none of them was taken.
    pub(crate) async fn publish(&self, events: &[Value]) -> Result<(), LedgerError> {
        let mut deliveries = Vec::new();
        for event in events {
            let rules = self.wiring.rules.iter();
            let mut taken = false;
            for rule in rules.filter(|rule| rule.declared.takes(event)) {
                taken = true;
                for target in &rule.targets {
                    let sent = target.input.as_ref().unwrap_or(event);
                    self.prepare(&target.function, sent, &mut deliveries);
                }
            }
            if !taken {
                tracing::debug!(detail_type = detail_type(event), "an event matches no rule");
            }
        }
        self.keep(deliveries).await
    }

    /// Sends an event to one function, past the rules (a schedule's target).
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn send(&self, target: &str, event: &Value) -> Result<(), LedgerError> {
        let mut deliveries = Vec::new();
        self.prepare(target, event, &mut deliveries);
        self.keep(deliveries).await
    }

    fn prepare(&self, target: &str, event: &Value, deliveries: &mut Vec<NewDelivery>) {
        let how = self.delivery.borrow();
        if how.drop.iter().any(|lost| lost == detail_type(event)) {
            tracing::info!(
                detail_type = detail_type(event),
                target,
                "an event is lost, as asked"
            );
            return;
        }
        let fate = self.chaos.as_ref().map(|chaos| {
            let detail_type = detail_type(event);
            chaos.event(detail_type, target)
        });
        let late = match fate {
            Some(EventFate::Dropped) => return,
            Some(EventFate::Delivered(late)) => late,
            Some(EventFate::Twice) | None => Duration::ZERO,
        };
        let now = real_ms() + i64::try_from(late.as_millis()).unwrap_or(0);
        let delivery = || NewDelivery {
            function: target.to_owned(),
            message_id: ids::uuid(),
            event: event.clone(),
            queued: self
                .wiring
                .function(target)
                .is_some_and(|spec| spec.queue.is_some()),
            due_ms: if how.reversed {
                (now / WINDOW_MS + 1) * WINDOW_MS
            } else {
                now
            },
        };
        deliveries.push(delivery());
        if how.twice || fate == Some(EventFate::Twice) {
            deliveries.push(delivery());
        }
    }

    async fn keep(&self, deliveries: Vec<NewDelivery>) -> Result<(), LedgerError> {
        let count = u64::try_from(deliveries.len()).unwrap_or(u64::MAX);
        self.ledger.keep(deliveries).await?;
        self.kept_count.fetch_add(count, Ordering::SeqCst);
        self.kept.notify_waiters();
        Ok(())
    }
}

fn detail_type(event: &Value) -> &str {
    event["detail-type"].as_str().unwrap_or_default()
}

/// An event of Perennial's own, in EventBridge's envelope.
#[cfg(test)]
pub(crate) fn own_event(detail_type: &str, detail: &Value, now: jiff::Timestamp) -> Value {
    let source = perennial_core::announcement::SOURCE;
    envelope(source, detail_type, detail, &[], now)
}

fn envelope(
    source: &str,
    detail_type: &str,
    detail: &Value,
    resources: &[String],
    now: jiff::Timestamp,
) -> Value {
    json!({
        "version": "0",
        "id": ids::uuid(),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": REGION,
        "resources": resources,
        "detail": detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wiring::Template;

    async fn bus(delivery: Delivery) -> (tempfile::TempDir, Bus) {
        let dir = tempfile::tempdir().unwrap();
        let bus = Bus {
            wiring: Arc::new(Wiring::of(&Template::standard()).unwrap()),
            ledger: Ledger::open(&dir.path().join("l.sqlite")).unwrap(),
            delivery: watch::Sender::new(delivery),
            kept: Arc::new(Notify::new()),
            kept_count: AtomicU64::new(0),
            chaos: None,
        };
        let now = jiff::Timestamp::UNIX_EPOCH;
        let events = [1, 2, 3].map(|n| own_event("Upload Accepted", &json!({"n": n}), now));
        bus.publish(&events).await.unwrap();
        (dir, bus)
    }

    async fn order(bus: &Bus) -> Vec<i64> {
        let mut order = Vec::new();
        let newest_first = bus.delivery.borrow().reversed;
        while let Some(next) = bus.ledger.claim("train", newest_first).await.unwrap() {
            let event: Value = serde_json::from_str(&next.event).unwrap();
            order.push(event["detail"]["n"].as_i64().unwrap());
        }
        order
    }

    #[tokio::test]
    async fn once_and_in_order() {
        let (_dir, bus) = bus(Delivery::default()).await;
        assert_eq!(order(&bus).await, [1, 2, 3]);
    }

    #[tokio::test]
    async fn twice() {
        let (_dir, bus) = bus(Delivery {
            twice: true,
            ..Delivery::default()
        })
        .await;
        assert_eq!(order(&bus).await, [1, 1, 2, 2, 3, 3]);
    }

    #[tokio::test]
    async fn reversed_after_a_short_wait() {
        let (_dir, bus) = bus(Delivery {
            reversed: true,
            ..Delivery::default()
        })
        .await;
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        let order = order(&bus).await;
        assert_eq!(order, [3, 2, 1]);
    }

    #[tokio::test]
    async fn dropped_kinds_never_arrive() {
        let drop = vec!["Upload Accepted".to_owned()];
        let (_dir, bus) = bus(Delivery {
            drop,
            ..Delivery::default()
        })
        .await;
        assert_eq!(order(&bus).await, [0_i64; 0]);
    }
}
