//! What ends an invocation early. Lambda or the queue delivers again; nothing is lost, as the state is saved.

use perennial_core::keys::Key;
use perennial_core::pipeline::Refusal;
use perennial_ports::{PortError, TableError};

/// A failed invocation.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A call failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The table failed.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A record does not have the form that this version writes.
    #[error(
        "the record {key} is not readable: {problem}. Was it changed by hand, or written by a newer version?"
    )]
    Record {
        /// Which record.
        key: Key,
        /// What the parser said.
        problem: String,
    },
    /// Others kept writing first.
    #[error("{key} was changed by others {times} times in a row; it is tried again later")]
    Contended {
        /// Which record.
        key: Key,
        /// How often.
        times: u32,
    },
    /// What was asked does not fit the state.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The event is not one of ours.
    #[error("this event is not understood: {0}")]
    Event(String),
}

impl EngineError {
    /// Whether someone else wrote first, so that loading again and deciding anew may pass.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Table(TableError::Conflict { .. }))
    }
}
