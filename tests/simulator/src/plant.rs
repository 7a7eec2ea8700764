//! Planted bugs: what holds a promise is taken out, one at a time, so that the simulator proves that it would notice.

use std::collections::BTreeMap;

use perennial_ports::{Deployment, PortResult, TrainingJob, Use};

use crate::deed::Deed;
use crate::lambda::Delivery;

/// What is taken out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plants {}

impl Plants {
    /// As an invocation that is woken by this event has them.
    pub(crate) fn woken(&self, _delivery: &Delivery) -> Self {
        self.clone()
    }

    pub(crate) fn alter(&self, deed: Deed) -> Deed {
        deed
    }

    pub(crate) fn found_training(
        &self,
        _name: &str,
        found: PortResult<Option<TrainingJob>>,
    ) -> PortResult<Option<TrainingJob>> {
        found
    }

    pub(crate) fn deployments_of(&self, found: Vec<Deployment>) -> Vec<Deployment> {
        found
    }

    pub(crate) fn uses(&self, seen: BTreeMap<String, Use>) -> BTreeMap<String, Use> {
        seen
    }
}
