//! What can go wrong with a call to a service, in the few kinds that the rules tell apart.

use std::fmt;

/// How a call failed, as far as the caller must act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The thing does not exist.
    NotFound,
    /// A name is taken, or the state does not allow the call now.
    Conflict,
    /// Too many requests for now: the same call may pass later.
    Throttled,
    /// An account limit is reached: the same call passes once something else ends.
    Quota,
    /// The request itself is wrong: the same call will never pass.
    Invalid,
    /// The role may not do this.
    Denied,
    /// No answer, or a server's error: the call may have taken effect.
    Unanswered,
}

impl ErrorKind {
    /// Whether the same call may pass later without any change.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Quota | Self::Unanswered)
    }
}

/// A failed call: which, how, and what the service said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {message}")]
pub struct PortError {
    /// The service and operation, e.g. `bedrock:CreateModelCustomizationJob`.
    pub operation: String,
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The service's own words, with the resource where it is known.
    pub message: String,
}

impl PortError {
    /// This refusal, where a look at the thing failed too: the refusal is still what happened, and on the look it hangs whether to
    /// try again.
    pub fn unseen(self, look: &Self) -> Self {
        Self {
            kind: look.kind,
            message: format!("{}; and a look at it failed, {look}", self.message),
            ..self
        }
    }

    /// A failure of `operation`.
    pub fn new(operation: impl Into<String>, kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self {
            operation: operation.into(),
            kind,
            message: message.to_string(),
        }
    }
}

/// The answer of a port.
pub type PortResult<T> = Result<T, PortError>;
