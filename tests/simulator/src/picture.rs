//! The records as they stand, read from what was truly written: what the checkers compare with what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    pub(crate) runs: BTreeMap<RunId, Arc<Run>>,
    pub(crate) uploads: BTreeMap<String, Arc<Upload>>,
    pub(crate) models: BTreeMap<ModelId, Arc<Model>>,
    pub(crate) months: BTreeMap<String, Month>,
    pub(crate) reservations: BTreeMap<Key, Arc<Reservation>>,
    lines: BTreeSet<Key>,
}

/// One record that was written, as it was before and as it is now.
#[derive(Debug)]
pub(crate) enum Change {
    Pipeline(Option<Arc<Pipeline>>),
    Run(RunId, Option<Arc<Run>>),
    Upload(String, Option<Arc<Upload>>),
    Model(ModelId, Option<Arc<Model>>),
    Month(String, Option<Month>),
    Reservation(Key),
    /// What a chain's first stage left.
    Pretrained,
    /// Whether a line stood there before.
    History(bool),
}

fn read<T: DeserializeOwned + Send + Sync + 'static>(row: &Row) -> Result<Arc<T>, String> {
    row.body
        .shared()
        .map_err(|error| format!("{} is not readable: {error}", row.key))
}

impl Picture {
    /// Takes a row in and says what was there before.
    pub(crate) fn take(&mut self, row: &Row) -> Result<Change, String> {
        Ok(match row.key.kind() {
            "pipeline" => {
                let before = self.pipeline.replace(read(row)?);
                Change::Pipeline(before)
            }
            "run" => {
                let run: Arc<Run> = read(row)?;
                let id = run.id.clone();
                let before = self.runs.insert(id.clone(), run);
                Change::Run(id, before)
            }
            "upload" => {
                let upload: Arc<Upload> = read(row)?;
                let key = upload.key.clone();
                let before = self.uploads.insert(key.clone(), upload);
                Change::Upload(key, before)
            }
            "model" => {
                let model: Arc<Model> = read(row)?;
                let id = model.id.clone();
                let before = self.models.insert(id.clone(), model);
                Change::Model(id, before)
            }
            "budget" if row.key.sk.starts_with("month#") => {
                let before = self.months.insert(row.key.sk.clone(), *read(row)?);
                Change::Month(row.key.sk.clone(), before)
            }
            "budget" => {
                let reservation: Arc<Reservation> = read(row)?;
                self.reservations.insert(row.key.clone(), reservation);
                Change::Reservation(row.key.clone())
            }
            "pretrained" => Change::Pretrained,
            _ => Change::History(!self.lines.insert(row.key.clone())),
        })
    }

    pub(crate) fn active(&self) -> Option<&Run> {
        self.runs
            .get(self.pipeline.as_ref()?.active_run.as_ref()?)
            .map(Arc::as_ref)
    }
}
