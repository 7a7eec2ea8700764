//! Hands a function its kept deliveries, one after the other, and settles each: taken, to be tried again, or
//! dead.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;

use super::{InvokeError, Pool, sqs};
use crate::ids;
use crate::ledger::{Delivered, Ledger, LedgerError, real_ms};
use crate::options::{Delivery, Retries};

/// How long a dispatcher sleeps at most between two looks at the ledger.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// One function's dispatcher.
#[derive(Debug, Clone)]
pub(crate) struct Dispatcher {
    /// The function.
    pub(crate) pool: Arc<Pool>,
    /// Where deliveries are kept.
    pub(crate) ledger: Ledger,
    /// How failed deliveries are tried again.
    pub(crate) retries: Retries,
    /// Whether the newest goes first.
    pub(crate) delivery: watch::Receiver<Delivery>,
    /// Told when deliveries were kept.
    pub(crate) kept: Arc<Notify>,
    /// Becomes true when the cloud stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Dispatcher {
    /// Works until the cloud stops, and until every invocation in hand is settled.
    pub(crate) async fn run(self) {
        let mut at_work = JoinSet::new();
        while self.something_is_due().await {
            while at_work.try_join_next().is_some() {}
            // The slot is taken only now, so that other callers may have it while nothing is due.
            let Ok(slot) = self.pool.slot().await else {
                break;
            };
            let newest_first = self.delivery.borrow().reversed;
            match self
                .ledger
                .claim(&self.pool.spec().name, newest_first)
                .await
            {
                Ok(Some(delivery)) => {
                    let dispatcher = self.clone();
                    at_work.spawn(async move { dispatcher.deliver(slot, delivery).await });
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "no delivery can be handed out");
                    tokio::time::sleep(LONGEST_SLEEP).await;
                }
            }
        }
        while at_work.join_next().await.is_some() {}
    }

    /// Waits until a delivery is due; false once the cloud stops.
    async fn something_is_due(&self) -> bool {
        let mut stopping = self.stopping.clone();
        loop {
            if *stopping.borrow() {
                return false;
            }
            let kept = self.kept.notified();
            let sleep = self.until_due(&self.pool.spec().name).await;
            if sleep.is_zero() {
                return true;
            }
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return false,
                () = kept => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    async fn until_due(&self, name: &str) -> Duration {
        match self.ledger.next_due(name).await {
            Ok(Some(due_ms)) => {
                let wait = u64::try_from(due_ms - real_ms()).unwrap_or(0);
                Duration::from_millis(wait).min(LONGEST_SLEEP)
            }
            Ok(None) => LONGEST_SLEEP,
            Err(error) => {
                tracing::error!(%error, "the deliveries that are due cannot be read");
                LONGEST_SLEEP
            }
        }
    }

    async fn deliver(&self, slot: OwnedSemaphorePermit, delivery: Delivered) {
        let outcome = match &self.pool.spec().queue {
            Some(queue) => {
                let event = sqs::event(&queue.arn, &delivery).to_string();
                let answer = self
                    .pool
                    .invoke(slot, &ids::uuid(), Bytes::from(event))
                    .await;
                answer.and_then(|response| {
                    sqs::taken(&response, &delivery.message_id).map_err(|message| {
                        InvokeError::Function {
                            kind: "BatchItemFailure".into(),
                            message,
                        }
                    })
                })
            }
            None => {
                let event = Bytes::from(delivery.event.clone());
                self.pool
                    .invoke(slot, &delivery.message_id, event)
                    .await
                    .map(drop)
            }
        };
        if let Err(error) = self.settle(&delivery, outcome).await {
            // It stays marked as running, and is handed out again when the cloud starts next.
            tracing::error!(%error, message = delivery.message_id, "a delivery could not be settled");
        }
    }

    async fn settle(
        &self,
        delivery: &Delivered,
        outcome: Result<(), InvokeError>,
    ) -> Result<(), LedgerError> {
        let error = match outcome {
            Ok(()) => return self.ledger.done(delivery.id).await,
            Err(InvokeError::Stopping) => {
                // First in line at the next start.
                return self.ledger.again(delivery.id, 0, true).await;
            }
            Err(error) => error.to_string(),
        };
        let function = &self.pool.spec().name;
        match self.wait_before_next(delivery) {
            Some(wait) => {
                tracing::warn!(
                    function,
                    attempts = delivery.attempts,
                    error,
                    "an invocation failed and is tried again"
                );
                let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2);
                self.ledger
                    .again(delivery.id, real_ms() + wait, false)
                    .await
            }
            None => {
                tracing::error!(
                    function,
                    attempts = delivery.attempts,
                    error,
                    "an event became a dead letter"
                );
                self.ledger.bury(delivery.id, error).await
            }
        }
    }

    /// How long to wait before the next attempt; `None` if there is no further one: the template says how many there are, and
    /// until what age of the event.
    fn wait_before_next(&self, delivery: &Delivered) -> Option<Duration> {
        let spec = self.pool.spec();
        if let Some(queue) = &spec.queue {
            let more = delivery.attempts < queue.max_receives;
            return more.then_some(self.retries.visibility);
        }
        let age = u64::try_from(real_ms() - delivery.sent_ms).unwrap_or(0);
        if Duration::from_millis(age) > spec.declared.max_event_age {
            return None;
        }
        let made = delivery.attempts.saturating_sub(1);
        if made >= spec.declared.retries {
            return None;
        }
        let made = usize::try_from(made).unwrap_or(usize::MAX);
        self.retries.asynchronous.get(made).copied()
    }
}
