//! What was truly seen to happen, for the checkers: never what a handler says of itself.

use perennial_core::announcement::Announcement;
use perennial_core::keys::Key;
use perennial_ports::{Body, CustomModel, Deployment, TrainingSpec, Write};

/// One happening.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// A transaction was carried out.
    Wrote(Vec<Row>),
    /// An object was written by Perennial.
    Stored {
        /// Its key.
        key: String,
        /// Its bytes.
        body: bytes::Bytes,
    },
    /// Something changed in Bedrock that may send an event.
    Bedrock,
    /// A training job came into being.
    TrainingStarted {
        /// As it was asked for.
        spec: TrainingSpec,
    },
    /// A container's job, or a serverless one, came into being.
    ContainerStarted {
        /// Its name.
        name: String,
        /// The key of what it trains on.
        training: String,
    },
    /// An import job is there, or a model that is made of a checkpoint.
    ImportStarted {
        /// Its name.
        name: String,
    },
    /// A batch job is there.
    BatchStarted {
        /// Its name.
        name: String,
    },
    /// A deployment was removed.
    DeploymentDeleted {
        /// As it was.
        deployment: Deployment,
    },
    /// A model was deleted.
    ModelDeleted {
        /// As it was.
        model: CustomModel,
    },
    /// The alias parameter was written.
    AliasWritten {
        /// What it names.
        value: String,
    },
    /// Something was said on the bus.
    Said(Vec<Announcement>),
}

/// One record as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) body: Body,
}

/// The records that a transaction stores.
pub(crate) fn rows(writes: &[Write]) -> Vec<Row> {
    writes
        .iter()
        .filter_map(|write| match write {
            Write::Put { key, body, .. } => Some(Row {
                key: key.clone(),
                body: body.clone(),
            }),
            Write::Check { .. } => None,
        })
        .collect()
}
