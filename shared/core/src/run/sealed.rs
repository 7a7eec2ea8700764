//! The dataset that a run sealed, and what sealing found across its uploads, for people.

use serde::{Deserialize, Serialize};

use super::Run;
use crate::config::{Config, DataUse};
use crate::manifest::{Manifest, Quarantine};
use crate::routing::Route;

/// The dataset that a run trains on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetRef {
    /// Its name.
    pub digest: String,
    /// Its manifest.
    pub manifest_key: String,
    /// Uploads in it.
    pub uploads: u64,
    /// New in it: after this sequence number, up to that one.
    pub sealed: (u64, u64),
    /// What of it was pending at the opening: records, uploads.
    pub pending: (u64, u64),
    /// The pipeline's count of changes at the opening.
    pub changes: u64,
    /// Ranges of sequence numbers that it was withheld, as they were in quarantine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Quarantine,
}

/// Records whose question stands in another upload to the letter, with another answer or system prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflicts {
    /// How many.
    pub records: u64,
    /// The object of the first of them, and the one that has its question too.
    pub uploads: (String, String),
}

impl Conflicts {
    /// In words, with what to do.
    #[must_use]
    pub fn words(&self) -> String {
        let (here, there) = &self.uploads;
        let have = if self.records == 1 {
            "record has"
        } else {
            "records have"
        };
        format!(
            "conflicting-duplicate (warning): {} {have} a question that another upload has to the letter, with another answer or system prompt, as {here} and {there}. Keep one answer for each question, unless the answers are to differ",
            self.records
        )
    }
}

/// An upload of which records were left out, as the model takes no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The object.
    pub object: String,
    /// How many of its records.
    pub records: u64,
}

/// What becomes of records over the model's maximum where only what is new is trained on, in words; none where they come again.
#[must_use]
pub fn gone_for_good(run: &Run) -> Option<String> {
    let first = run.first_prepared().map_or(0, |first| first.left_out);
    let last = run
        .prepared
        .as_ref()
        .map_or(0, |prepared| prepared.left_out);
    let over = first + last;
    let gone = over > 0 && run.config.data.use_ == DataUse::New && run.trial.is_none();
    gone.then(|| {
        format!(
            "with [data] use = \"new\" the {over} records over the limit are in no later dataset either, once this run's model is promoted: \
             upload them again under another name, or set use = \"all\""
        )
    })
}

/// The same before the run's dataset is sealed, while nobody knows how many are duplicates.
#[must_use]
pub fn may_be_gone(config: &Config, manifest: &Manifest, route: &Route) -> Option<String> {
    if config.data.use_ != DataUse::New {
        return None;
    }
    let (documents, training) = manifest.clone().by_stage(route);
    let first = route.first.as_ref().map(|first| first.limits.max_records);
    let over = |records: u64, most: u64| (records > most).then_some((records, most));
    let (records, most) = over(training.records(), route.limits.max_records)
        .or_else(|| over(documents.records(), first?))?;
    Some(format!(
        "of {records} records at most {most} are trained on, the newest uploads first; with [data] use = \"new\" the others are in no later \
         dataset either, once this run's model is promoted"
    ))
}
