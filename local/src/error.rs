//! What can go wrong when a cloud starts, each with what to do about it.

use std::path::PathBuf;

/// Why a cloud could not start, or could not be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// The folder, or a file in it, could not be read or written.
    #[error("{what} failed at {path}: {source}; check that the folder exists, is writable and has space", path = path.display())]
    Folder {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// Another cloud holds the folder's lock.
    #[error("another local cloud is running in {dir}{at}; stop it, or choose another folder with --dir", dir = dir.display(), at = endpoint.as_ref().map(|e| format!(" at {e}")).unwrap_or_default())]
    Taken {
        /// The folder.
        dir: PathBuf,
        /// The other cloud's address, if it has written one.
        endpoint: Option<String>,
    },
    /// The port is in use or forbidden.
    #[error(
        "cannot listen on 127.0.0.1:{port}: {source}; choose another port with --port, or 0 for any free one"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// No cloud is running in the folder.
    #[error("no local cloud is running in {dir}; start one with `perennial local --dir {dir}`", dir = dir.display())]
    NotRunning {
        /// The folder.
        dir: PathBuf,
    },
    /// The record of events and invocations could not be used.
    #[error("the cloud's ledger {path} cannot be used: {source}; move the file away to start with an empty one", path = path.display())]
    Ledger {
        /// The SQLite file.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// A part of the cloud did not start.
    #[error("the local {part} did not start: {message}")]
    Part {
        /// Which part: s3, dynamodb, services.
        part: &'static str,
        /// What it said.
        message: String,
    },
    /// The template is wrong, or declares what cannot be done here.
    #[error("{name} cannot be run: {message}")]
    Template {
        /// The template's name.
        name: String,
        /// Every finding.
        message: String,
    },
    /// The table could not be created from its definition.
    #[error(
        "the table could not be created as the template declares it: {message}; mend its AWS::DynamoDB::Table"
    )]
    Table {
        /// What DynamoDB answered.
        message: String,
    },
}

impl CloudError {
    pub(crate) fn folder(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { what, path, source }
    }
}
