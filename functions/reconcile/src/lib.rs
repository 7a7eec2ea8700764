//! `reconcile`: every few minutes, find what no event will report, and say what is due.
//!
//! It only reads and speaks. Once a day, at the local cloud's start, and when `perennial sync` asks, the bucket is
//! listed and compared with the record: what was never announced is announced now.

#[cfg(feature = "lambda")]
mod lambda;
mod sync;

use std::fmt;
use std::sync::Arc;

use perennial_core::announcement::{Announcement, Stage, pipeline_due, run_due};
use perennial_core::keys::{Key, PIPELINES};
use perennial_core::names::{RunId, alias_parameter};
use perennial_core::pipeline::{UNSERVED, is_imported};
use perennial_engine::{Desk, EngineError, records};
use perennial_ports::{ObserveDeployments, ObserveModels, ReadAlias, ReadObjects};
use serde_json::Value;

#[cfg(feature = "lambda")]
pub use lambda::main;

/// What `reconcile` may do.
#[derive(Clone)]
pub struct Ports {
    /// Table, bus, clock.
    pub desk: Desk,
    /// Listing the bucket.
    pub read: Arc<dyn ReadObjects>,
    /// Seeing whether the alias parameter is right.
    pub read_alias: Arc<dyn ReadAlias>,
    /// Seeing whether what clients call is there.
    pub deployments: Arc<dyn ObserveDeployments>,
    /// The same of a model that answers by itself.
    pub models: Arc<dyn ObserveModels>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// The most items that one invocation says to be due, of each kind; the next one goes on.
const MOST: u32 = 500;
/// What the daily schedule's event bears in its detail.
const SYNC: &str = "sync";

/// What a tick saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Runs that are overdue ([`perennial_core::run::OVERDUE_AFTER`]).
    pub overdue: u32,
}

/// Takes a schedule's tick, or a request to list the bucket.
pub async fn handle(ports: &Ports, event: Value) -> Result<(), EngineError> {
    look(ports, event).await.map(drop)
}

/// The same, and what a tick saw; nothing for a request.
pub async fn look(ports: &Ports, event: Value) -> Result<Option<Seen>, EngineError> {
    let asked = event["detail-type"] == "Sync Requested" || event["detail"]["task"] == SYNC;
    if asked {
        sync::sync(ports).await?;
        return Ok(None);
    }
    tick(ports).await.map(Some)
}

async fn tick(ports: &Ports) -> Result<Seen, EngineError> {
    let table = ports.desk.table.as_ref();
    let now = ports.desk.now();
    let mut seen = Seen::default();
    let mut say: Vec<Announcement> = Vec::new();
    for key in table.due("run", now, MOST).await? {
        let (Some(pipeline), Ok(id)) = (key.pipeline_name(), RunId::parse(&key.sk)) else {
            continue;
        };
        let Some(run) = records::run(table, &pipeline, &id).await? else {
            continue;
        };
        // The index lags behind the table: what was dealt with meanwhile is not said again.
        if run.record.due.is_some_and(|due| due <= now) {
            say.push(run_due(&pipeline, &id, run.record.stage()));
            seen.overdue += u32::from(run.record.is_overdue(now));
        }
    }
    for key in table.due(Key::kind(&key_of(PIPELINES)), now, MOST).await? {
        let Some(name) = key.pipeline_name() else {
            continue;
        };
        let Some(pipeline) = records::pipeline(table, &name).await? else {
            continue;
        };
        if pipeline.record.due.is_some_and(|due| due <= now) {
            say.push(pipeline_due(&name, pipeline.record.stage()));
        }
    }
    say.extend(aliases(ports).await?);
    ports.desk.announce.announce(&say).await?;
    Ok(seen)
}

fn key_of(partition: &str) -> Key {
    Key {
        pk: partition.to_owned(),
        sk: String::new(),
    }
}

/// Pipelines whose alias parameter does not name the champion's deployment (SSM is written last, so a crash may leave it),
/// or whose deployment someone removed, or changed to another model.
async fn aliases(ports: &Ports) -> Result<Vec<Announcement>, EngineError> {
    let mut say = Vec::new();
    for stored in records::pipelines(ports.desk.table.as_ref()).await? {
        let pipeline = stored.record;
        if pipeline.unserved.is_some() && pipeline.moving.is_none() {
            let name = alias_parameter(&ports.desk.settings.installation, &pipeline.name);
            let parameter = ports.read_alias.read_alias(&name).await?;
            if parameter.as_deref() != Some(UNSERVED) {
                say.push(pipeline_due(&pipeline.name, Stage::Moving));
            }
            continue;
        }
        let (true, Some(champion), Some(deployment)) = (
            pipeline.may_repair(ports.desk.now()),
            &pipeline.champion,
            &pipeline.deployment,
        ) else {
            continue;
        };
        let name = alias_parameter(&ports.desk.settings.installation, &pipeline.name);
        let parameter = ports.read_alias.read_alias(&name).await?;
        // An imported model is what clients call: there is no deployment that could stray, only a model that could be gone.
        let astray = match is_imported(deployment) {
            true => ports.models.get_model(deployment).await?.is_none(),
            false => {
                let found = ports.deployments.get_deployment(deployment).await?;
                found.is_none_or(|found| found.strays_from(&champion.arn))
            }
        };
        if parameter.as_deref() != Some(deployment.as_str()) || astray {
            say.push(pipeline_due(&pipeline.name, Stage::Moving));
        }
    }
    Ok(say)
}
