//! Carries events from where they arise (the object store, the services) to the bus, each at least once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::Bus;
use crate::services::EventSource;

/// Between two looks at the sources; the services' jobs advance at each.
const LOOK: Duration = Duration::from_millis(100);

/// After an error.
const PAUSE: Duration = Duration::from_secs(1);

/// Carries one source's events.
#[derive(Debug)]
pub(crate) struct Pump {
    pub(crate) source: Arc<dyn EventSource>,
    pub(crate) bus: Arc<Bus>,
    /// Told after each AWS call, which may have made events.
    pub(crate) called: Arc<Notify>,
    /// Counts the times that the source was found empty.
    pub(crate) rounds: watch::Sender<u64>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Pump {
    /// Works until the cloud stops.
    pub(crate) async fn run(mut self) {
        loop {
            let called = self.called.notified();
            let wait = match self.carry().await {
                Ok(()) => {
                    self.rounds.send_modify(|rounds| *rounds += 1);
                    LOOK
                }
                Err(error) => {
                    tracing::error!(
                        source = self.source.name(),
                        error,
                        "events could not be carried to the bus"
                    );
                    PAUSE
                }
            };
            tokio::select! {
                _ = self.stopping.wait_for(|stop| *stop) => return,
                () = called => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn carry(&self) -> Result<(), String> {
        loop {
            let waiting = self.source.waiting().await?;
            if waiting.is_empty() {
                return Ok(());
            }
            self.bus
                .publish(&waiting)
                .await
                .map_err(|error| error.to_string())?;
            self.source.acknowledge().await?;
        }
    }
}
