//! The records as they stand, read from what was truly written: what the checkers compare with what they were told.

use std::collections::{BTreeMap, BTreeSet};

use perennial_core::keys::Key;
use perennial_core::model::Model;
use perennial_core::names::{ModelId, RunId};
use perennial_core::pipeline::Pipeline;
use perennial_core::run::Run;
use perennial_core::upload::Upload;
use perennial_engine::records::{Month, Reservation};
use serde::de::DeserializeOwned;

use crate::facts::Row;

/// Every record, as it was last written.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) pipeline: Option<Pipeline>,
    pub(crate) runs: BTreeMap<RunId, Run>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) models: BTreeMap<ModelId, Model>,
    pub(crate) months: BTreeMap<String, Month>,
    pub(crate) reservations: BTreeMap<Key, Reservation>,
    lines: BTreeSet<Key>,
}

/// One record that was written, as it was before and as it is now.
#[derive(Debug)]
pub(crate) enum Change {
    Pipeline(Option<Box<Pipeline>>),
    Run(RunId, Option<Box<Run>>),
    Upload(String, Option<Box<Upload>>),
    Model(ModelId, Option<Box<Model>>),
    Month(String, Option<Month>),
    Reservation(Key),
    /// Whether a line stood there before.
    History(bool),
}

fn read<T: DeserializeOwned + Clone + 'static>(row: &Row) -> Result<T, String> {
    row.body
        .read()
        .map_err(|error| format!("{} is not readable: {error}", row.key))
}

impl Picture {
    /// Takes a row in and says what was there before.
    pub(crate) fn take(&mut self, row: &Row) -> Result<Change, String> {
        Ok(match row.key.kind() {
            "pipeline" => {
                let before = self.pipeline.replace(read(row)?);
                Change::Pipeline(before.map(Box::new))
            }
            "run" => {
                let run: Run = read(row)?;
                let id = run.id.clone();
                let before = self.runs.insert(id.clone(), run);
                Change::Run(id, before.map(Box::new))
            }
            "upload" => {
                let upload: Upload = read(row)?;
                let key = upload.key.clone();
                let before = self.uploads.insert(key.clone(), upload);
                Change::Upload(key, before.map(Box::new))
            }
            "model" => {
                let model: Model = read(row)?;
                let id = model.id.clone();
                let before = self.models.insert(id.clone(), model);
                Change::Model(id, before.map(Box::new))
            }
            "budget" if row.key.sk.starts_with("month#") => {
                let before = self.months.insert(row.key.sk.clone(), read(row)?);
                Change::Month(row.key.sk.clone(), before)
            }
            "budget" => {
                self.reservations.insert(row.key.clone(), read(row)?);
                Change::Reservation(row.key.clone())
            }
            _ => Change::History(!self.lines.insert(row.key.clone())),
        })
    }

    pub(crate) fn active(&self) -> Option<&Run> {
        self.runs.get(self.pipeline.as_ref()?.active_run.as_ref()?)
    }
}
