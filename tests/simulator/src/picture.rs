//! The records as they stand, read from what was truly written: what the checkers compare with what they were told.

use std::collections::BTreeMap;

use perennial_core::keys::Key;
use perennial_core::model::Model;
use perennial_core::money::Usd;
use perennial_core::names::{ModelId, RunId};
use perennial_core::pipeline::{Champion, Pipeline};
use perennial_core::run::RunState;
use perennial_core::upload::Upload;
use perennial_engine::records::{Month, Reservation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::facts::Row;

/// What checkers need of a run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunView {
    pub(crate) id: RunId,
    pub(crate) state: RunState,
    pub(crate) dataset: DatasetView,
    pub(crate) config: ConfigView,
    pub(crate) champion: Option<Champion>,
    pub(crate) starts_from: Option<ModelId>,
    pub(crate) verdict: Option<VerdictView>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DatasetView {
    pub(crate) digest: String,
    pub(crate) manifest_key: String,
    pub(crate) sealed: (u64, u64),
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConfigView {
    pub(crate) budget: BudgetView,
    pub(crate) data: perennial_core::config::DataConfig,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct BudgetView {
    pub(crate) per_month_usd: Usd,
    pub(crate) per_run_usd: Usd,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct VerdictView {
    pub(crate) passed: bool,
}

/// Every record, as it was last written.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    pub(crate) pipeline: Option<Pipeline>,
    pub(crate) runs: BTreeMap<RunId, RunView>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    pub(crate) models: BTreeMap<ModelId, Model>,
    pub(crate) months: BTreeMap<String, Month>,
    pub(crate) reservations: BTreeMap<Key, Reservation>,
}

/// One record that was written, as it was before and as it is now.
#[derive(Debug)]
pub(crate) enum Change {
    Pipeline(Option<Box<Pipeline>>),
    Run(RunId, Option<Box<RunView>>),
    Upload(String, Option<Box<Upload>>),
    Model(ModelId, Option<Box<Model>>),
    Month(String, Option<Month>),
    Reservation(Key),
    History,
}

fn read<T: DeserializeOwned>(row: &Row) -> Result<T, String> {
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
                let run: RunView = read(row)?;
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
            _ => Change::History,
        })
    }

    pub(crate) fn active(&self) -> Option<&RunView> {
        self.runs.get(self.pipeline.as_ref()?.active_run.as_ref()?)
    }
}
