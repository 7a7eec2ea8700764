//! How a command ends: what is said, and the exit status that programs read (docs/commands.md).

use std::path::PathBuf;

use perennial_engine::EngineError;
use perennial_local::CloudError;
use perennial_ports::{ErrorKind, PortError, TableError};

/// The thing that was asked about is bad.
pub(crate) const BAD: u8 = 1;
/// The command line does not make sense (clap uses it too).
pub(crate) const USAGE: u8 = 2;
/// There is no such pipeline, run or file.
pub(crate) const NOT_FOUND: u8 = 3;
/// AWS, the local cloud or a file could not be used.
pub(crate) const SERVICE: u8 = 4;
/// A request was sent, but its effect was not seen in time.
pub(crate) const TIMED_OUT: u8 = 5;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was asked about is bad, or a request does not fit the state.
    #[error("{0}")]
    Bad(String),
    /// The command line does not make sense.
    #[error("{0}")]
    Usage(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A file could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A service refused, or did not answer.
    #[error("{0}")]
    Service(String),
    /// A request was sent, but its effect was not seen in time.
    #[error("{0}")]
    TimedOut(String),
}

impl Failure {
    /// The exit status.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Bad(_) => BAD,
            Self::Usage(_) => USAGE,
            Self::NotFound(_) => NOT_FOUND,
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => NOT_FOUND,
            Self::File { .. } | Self::Service(_) => SERVICE,
            Self::TimedOut(_) => TIMED_OUT,
        }
    }

    /// For `map_err` on file operations.
    pub(crate) fn file(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        let advice = match error.kind {
            ErrorKind::Unanswered => {
                "No answer. Is the local cloud running (`perennial local`), or, on AWS, are region, network and endpoint right?"
            }
            ErrorKind::Denied => {
                "Check the credentials (`aws sts get-caller-identity`, --profile) and what they may do."
            }
            ErrorKind::NotFound => {
                "Check --table, --bucket and --region (PERENNIAL_TABLE, PERENNIAL_BUCKET, AWS_REGION)."
            }
            ErrorKind::Throttled | ErrorKind::Quota => "Try again in a moment.",
            ErrorKind::Conflict | ErrorKind::Invalid => return Self::Service(error.to_string()),
        };
        Self::Service(format!("{error}\n{advice}"))
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Port(error) => error.into(),
            conflict @ TableError::Conflict { .. } => Self::Service(conflict.to_string()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Port(error) => error.into(),
            EngineError::Table(error) => error.into(),
            EngineError::Refused(refusal) => Self::Bad(refusal.to_string()),
            other => Self::Service(other.to_string()),
        }
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        match error {
            CloudError::NotRunning { .. } => Self::NotFound(error.to_string()),
            CloudError::Template { .. } => Self::Bad(error.to_string()),
            other => Self::Service(other.to_string()),
        }
    }
}
