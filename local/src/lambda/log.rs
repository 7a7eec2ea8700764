//! A function's log file: what its process writes, between the lines that Lambda writes around it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::common::append;

/// One function's log. Each line is a single write at the file's end, so that instances may share it.
#[derive(Debug, Clone)]
pub(super) struct FunctionLog {
    path: PathBuf,
}

impl FunctionLog {
    pub(super) fn new(logs: &Path, function: &str) -> Self {
        Self {
            path: logs.join(format!("{function}.log")),
        }
    }

    /// The file, opened for appending, for a process's stdout or stderr.
    pub(super) fn open(&self) -> std::io::Result<File> {
        append(&self.path)
    }

    /// Writes one line; a log that cannot be written stops nothing.
    pub(super) async fn line(&self, text: String) {
        let log = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            log.open()
                .and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()))
        });
        if let Ok(Err(error)) = written.await {
            tracing::warn!(%error, path = %self.path.display(), "a function's log cannot be written");
        }
    }
}
