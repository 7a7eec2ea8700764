//! Typed records: reading them with their versions, and the writes that change them.

use jiff::Timestamp;
use perennial_core::keys::{Key, PIPELINES};
use perennial_core::model::{Model, ModelLife};
use perennial_core::money::Usd;
use perennial_core::names::{ModelId, PipelineName, Purpose, RunId};
use perennial_core::pipeline::Pipeline;
use perennial_core::pretrained::Pretrained;
use perennial_core::run::Run;
use perennial_core::upload::Upload;
use perennial_ports::table::query_all;
use perennial_ports::{Body, Expect, Item, Table, Write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::EngineError;

/// A record and the version that its next write is conditional on. Version 0: it is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// The record.
    pub record: T,
    /// As it was read.
    pub version: u64,
}

impl<T> Stored<T> {
    /// A record that is not stored yet.
    pub fn new(record: T) -> Self {
        Self { record, version: 0 }
    }

    /// The condition of the next write.
    pub fn expect(&self) -> Expect {
        expect(self.version)
    }
}

fn expect(version: u64) -> Expect {
    match version {
        0 => Expect::Absent,
        version => Expect::Version(version),
    }
}

/// One line of a run's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// What happened, and why.
    pub text: String,
}

/// What is reserved in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    /// All reservations that were not released.
    pub reserved: Usd,
}

/// Money set aside for one stage and attempt of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// For this run.
    pub run: RunId,
    /// What for.
    pub purpose: Purpose,
    /// Counted from 1.
    pub attempt: u32,
    /// How much.
    pub amount: Usd,
    /// Charged to this month, `2026-11`.
    pub month: String,
    /// Since then.
    pub at: Timestamp,
    /// Set when nothing was created after all.
    pub released: bool,
}

/// The month of a time, UTC.
pub fn month_of(time: Timestamp) -> String {
    time.strftime("%Y-%m").to_string()
}

fn typed<T: DeserializeOwned + Clone + 'static>(item: Item) -> Result<Stored<T>, EngineError> {
    let record = item.body.read().map_err(|error| EngineError::Record {
        key: item.key,
        problem: error.to_string(),
    })?;
    Ok(Stored {
        record,
        version: item.version,
    })
}

async fn load<T: DeserializeOwned + Clone + 'static>(
    table: &dyn Table,
    key: &Key,
) -> Result<Option<Stored<T>>, EngineError> {
    table.get(key).await?.map(typed).transpose()
}

async fn load_all<T: DeserializeOwned + Clone + 'static>(
    table: &dyn Table,
    partition: &str,
) -> Result<Vec<Stored<T>>, EngineError> {
    query_all(table, partition, "")
        .await?
        .into_iter()
        .map(typed)
        .collect()
}

/// One pipeline.
pub async fn pipeline(
    table: &dyn Table,
    name: &PipelineName,
) -> Result<Option<Stored<Pipeline>>, EngineError> {
    load(table, &Key::pipeline(name)).await
}

/// Every pipeline.
pub async fn pipelines(table: &dyn Table) -> Result<Vec<Stored<Pipeline>>, EngineError> {
    load_all(table, PIPELINES).await
}

/// One upload.
pub async fn upload(
    table: &dyn Table,
    name: &PipelineName,
    key: &str,
) -> Result<Option<Stored<Upload>>, EngineError> {
    load(table, &Key::upload(name, key)).await
}

/// Every upload of a pipeline.
pub async fn uploads(
    table: &dyn Table,
    name: &PipelineName,
) -> Result<Vec<Stored<Upload>>, EngineError> {
    load_all(table, &Key::uploads(name)).await
}

/// One run.
pub async fn run(
    table: &dyn Table,
    name: &PipelineName,
    id: &RunId,
) -> Result<Option<Stored<Run>>, EngineError> {
    load(table, &Key::run(name, id)).await
}

/// Every run of a pipeline, the oldest first.
pub async fn runs(table: &dyn Table, name: &PipelineName) -> Result<Vec<Stored<Run>>, EngineError> {
    load_all(table, &Key::runs(name)).await
}

/// The history of a run, the oldest step first.
pub async fn history(table: &dyn Table, id: &RunId) -> Result<Vec<HistoryLine>, EngineError> {
    let lines = load_all(table, &Key::history_of(id)).await?;
    Ok(lines.into_iter().map(|line| line.record).collect())
}

/// One model.
pub async fn model(
    table: &dyn Table,
    name: &PipelineName,
    id: &ModelId,
) -> Result<Option<Stored<Model>>, EngineError> {
    load(table, &Key::model(name, id)).await
}

/// Every model of a pipeline.
pub async fn models(
    table: &dyn Table,
    name: &PipelineName,
) -> Result<Vec<Stored<Model>>, EngineError> {
    load_all(table, &Key::models(name)).await
}

/// What is reserved in a month.
pub async fn month(
    table: &dyn Table,
    name: &PipelineName,
    month: &str,
) -> Result<Stored<Month>, EngineError> {
    let stored = load(table, &Key::month(name, month)).await?;
    Ok(stored.unwrap_or(Stored::new(Month {
        reserved: Usd::ZERO,
    })))
}

/// What the first stage of a chain left, by what it was bought for.
pub async fn pretrained(
    table: &dyn Table,
    name: &PipelineName,
    digest: &str,
) -> Result<Option<Stored<Pretrained>>, EngineError> {
    load(table, &Key::pretrained(name, digest)).await
}

/// The reservations of a run.
pub async fn reservations(
    table: &dyn Table,
    name: &PipelineName,
    run: &RunId,
) -> Result<Vec<Stored<Reservation>>, EngineError> {
    let items = query_all(table, &Key::budget(name), &format!("reservation#{run}#")).await?;
    items.into_iter().map(typed).collect()
}

fn put<T: Serialize + Clone + Send + Sync + 'static>(
    key: Key,
    record: &T,
    expect: Expect,
    due: Option<Timestamp>,
) -> Write {
    let body = Body::of(record);
    Write::Put {
        key,
        body,
        expect,
        due,
        expires: None,
    }
}

/// Stores a pipeline; it is due when it says so.
pub fn put_pipeline(stored: &Stored<Pipeline>) -> Write {
    let Stored { record, .. } = stored;
    put(
        Key::pipeline(&record.name),
        record,
        stored.expect(),
        record.due,
    )
}

/// Stores an upload. One that waits is not due: its configuration's arrival takes it up, and the daily listing.
pub fn put_upload(stored: &Stored<Upload>) -> Write {
    let Stored { record, .. } = stored;
    put(
        Key::upload(&record.pipeline, &record.key),
        record,
        stored.expect(),
        None,
    )
}

/// Stores a run that stands at this version, 0 for a new one; it is due when it says so.
pub fn put_run(run: &Run, version: u64) -> Write {
    let key = Key::run(&run.pipeline, &run.id);
    put(key, run, expect(version), run.due)
}

/// Stores a model. Every model that is not gone is due, so that `cleanup` finds it.
pub fn put_model(stored: &Stored<Model>) -> Write {
    let Stored { record, .. } = stored;
    let due = match record.life {
        ModelLife::Deleted { .. } => None,
        ModelLife::Ready | ModelLife::Deleting { .. } => Some(record.created_at),
    };
    put(
        Key::model(&record.pipeline, &record.id),
        record,
        stored.expect(),
        due,
    )
}

/// Stores a line of history, once.
pub fn put_history(run: &RunId, step: u64, at: Timestamp, text: &str) -> Write {
    put(
        Key::history(run, step),
        &HistoryLine {
            at,
            text: text.to_owned(),
        },
        Expect::Absent,
        None,
    )
}

/// Stores what is reserved in a month.
pub fn put_month(name: &PipelineName, month: &str, stored: &Stored<Month>) -> Write {
    put(
        Key::month(name, month),
        &stored.record,
        stored.expect(),
        None,
    )
}

/// Stores a reservation.
pub fn put_reservation(name: &PipelineName, stored: &Stored<Reservation>) -> Write {
    let Stored { record, .. } = stored;
    let key = Key::reservation(name, &record.run, record.purpose.word(), record.attempt);
    put(key, record, stored.expect(), None)
}

/// Stores what the first stage of a chain left. It is forgotten when its weights are not trusted any more.
pub fn put_pretrained(stored: &Stored<Pretrained>) -> Write {
    let Stored { record, .. } = stored;
    Write::Put {
        key: Key::pretrained(&record.pipeline, &record.digest),
        body: Body::of(record),
        expect: stored.expect(),
        due: None,
        expires: Some(record.expires()),
    }
}
