//! Which processes have an event in hand, and the orders to kill them.
//!
//! An AWS call names the event that its caller has in hand: AWS's SDKs send Lambda's trace id in a header
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>). So the right one of several processes of a
//! function is killed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::plan::Kind;
use super::{Chaos, Question};
use crate::common::lock;

/// How long a killed process may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// An order to kill; answered once the process has ended.
type Order = oneshot::Sender<()>;

/// The processes that have an event in hand, by its trace id.
#[derive(Debug, Default)]
pub(super) struct Processes(Mutex<BTreeMap<String, mpsc::Sender<Order>>>);

/// An event in a process's hands. Dropped when the process gives it back.
#[derive(Debug)]
pub(crate) struct InHand {
    chaos: Arc<Chaos>,
    trace_id: String,
    orders: mpsc::Receiver<Order>,
    life: Option<(Duration, Question)>,
    hour: Option<Instant>,
}

/// Why a process is to end.
#[derive(Debug)]
pub(crate) enum Death {
    /// Its hour has come.
    Hour(Arc<Chaos>, Duration, Question),
    /// An AWS call of it has taken effect.
    Ordered(Order),
}

impl Processes {
    /// Kills the process that has the event in hand which `trace_id` names, and waits for its end; false if there is none.
    pub(super) async fn kill(&self, trace_id: &str) -> bool {
        let Some(sender) = lock(&self.0).get(trace_id).cloned() else {
            return false;
        };
        let (order, ended) = oneshot::channel();
        if sender.try_send(order).is_err() {
            return false;
        }
        matches!(tokio::time::timeout(ENDS_WITHIN, ended).await, Ok(Ok(())))
    }
}

impl InHand {
    /// An event that is about to be given to a process, which may live so long after it.
    pub(super) fn new(
        chaos: Arc<Chaos>,
        trace_id: &str,
        life: Option<(Duration, Question)>,
    ) -> Self {
        let (sender, orders) = mpsc::channel(1);
        lock(&chaos.processes.0).insert(trace_id.to_owned(), sender);
        Self {
            chaos,
            trace_id: trace_id.to_owned(),
            orders,
            life,
            hour: None,
        }
    }

    /// The event is given to a process: its life begins.
    pub(crate) fn given(&mut self) {
        self.hour = self.life.as_ref().map(|(life, _)| Instant::now() + *life);
    }

    /// Waits until the process is to end, if ever.
    pub(crate) async fn end(&mut self) -> Death {
        let (Some(hour), Some((life, question))) = (self.hour, &self.life) else {
            return self.ordered().await;
        };
        let (life, question) = (*life, question.clone());
        tokio::select! {
            death = self.ordered() => death,
            () = tokio::time::sleep_until(hour) => {
                self.life = None;
                Death::Hour(Arc::clone(&self.chaos), life, question)
            }
        }
    }

    async fn ordered(&mut self) -> Death {
        match self.orders.recv().await {
            Some(order) => Death::Ordered(order),
            None => std::future::pending().await,
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        lock(&self.chaos.processes.0).remove(&self.trace_id);
    }
}

impl Death {
    /// The process has ended: whoever gave the order is told, and an hour that has come is noted.
    pub(crate) fn has_come(self) {
        match self {
            Self::Hour(chaos, life, question) => {
                let how = format!("{} ms after it was given an event", life.as_millis());
                chaos.happened(Kind::ProcessKilled, &question, &how);
            }
            // The call that gave it may have ended with its connection.
            Self::Ordered(order) => drop(order.send(())),
        }
    }
}
