//! What happened: one line each in `logs/chaos.log` and in the cloud's own log, and counts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;

use super::plan::Kind;
use crate::common::{append, lock};
use crate::error::CloudError;

/// The log and the counts, under one lock: lines are numbered in their order.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    state: Mutex<(File, BTreeMap<Kind, u64>)>,
}

impl Record {
    /// Opens the log for appending.
    pub(super) fn open(path: &Path) -> Result<Self, CloudError> {
        let file = append(path).map_err(CloudError::folder("opening the log of chaos", path))?;
        Ok(Self {
            path: path.to_owned(),
            state: Mutex::new((file, BTreeMap::new())),
        })
    }

    /// Adds one fault: its kind, whom it hit, the how-manieth of that name it was, and how it went.
    pub(super) fn add(&self, kind: Kind, whom: &str, n: u64, how: &str) {
        let mut state = lock(&self.state);
        let (file, counts) = &mut *state;
        *counts.entry(kind).or_default() += 1;
        let number: u64 = counts.values().sum();
        let line = format!("fault {number}: {}: {whom}, no. {n} {how}", kind.word());
        let line = line.trim_end();
        tracing::info!("{line}");
        let written = file.write_all(format!("{} {line}\n", Timestamp::now()).as_bytes());
        if let Err(error) = written {
            tracing::warn!(%error, path = %self.path.display(), "the log of chaos cannot be written");
        }
    }

    /// How often each kind happened since the cloud started.
    pub(super) fn counts(&self) -> BTreeMap<Kind, u64> {
        lock(&self.state).1.clone()
    }
}
