//! Everything that a plan rests on, read from the record and from AWS.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use perennial_core::idle::{Calls, Inventory, Served};
use perennial_core::model::{Model, ModelLife};
use perennial_core::names::ModelId;
use perennial_core::pipeline::Pipeline;
use perennial_core::run::Run;
use perennial_engine::records::{self, Stored};
use perennial_engine::{Desk, EngineError};
use perennial_ports::{ObserveDeployments, WatchUse};

/// The ports that taking an inventory needs; `perennial cleanup --plan` has no others.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// Looking at deployments.
    pub deployments: &'a dyn ObserveDeployments,
    /// Who is called.
    pub usage: &'a dyn WatchUse,
}

impl std::fmt::Debug for Sight<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sight")
    }
}

/// What was found of one pipeline.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its registry, as stored.
    pub models: Vec<Stored<Model>>,
    plain: Vec<Model>,
    active: Option<Run>,
    calls: BTreeMap<String, Calls>,
    deployments: Vec<Served>,
}

impl Found {
    /// For `perennial_core::idle::plan`.
    pub fn inventory<'a>(&'a self, pipeline: &'a Pipeline, now: Timestamp) -> Inventory<'a> {
        Inventory {
            pipeline,
            models: &self.plain,
            active: self.active.as_ref(),
            calls: &self.calls,
            deployments: &self.deployments,
            now,
        }
    }

    /// A model with the version of its record.
    pub fn stored(&self, id: &ModelId) -> Option<&Stored<Model>> {
        self.models.iter().find(|model| model.record.id == *id)
    }
}

/// Reads it all.
pub async fn take(
    desk: &Desk,
    sight: &Sight<'_>,
    pipeline: &Pipeline,
) -> Result<Found, EngineError> {
    let table = desk.table.as_ref();
    let models: Vec<Stored<Model>> = records::models(table, &pipeline.name)
        .await?
        .into_iter()
        .filter(|model| !matches!(model.record.life, ModelLife::Deleted { .. }))
        .collect();
    let active = match &pipeline.active_run {
        Some(id) => records::run(table, &pipeline.name, id)
            .await?
            .map(|stored| stored.record),
        None => None,
    };
    let mut deployments = Vec::new();
    let mut ids = Vec::new();
    for model in &models {
        ids.push(model.record.arn.clone());
        for found in sight.deployments.deployments_of(&model.record.arn).await? {
            ids.push(found.arn.clone());
            let installation = found.tags.get("perennial:installation");
            deployments.push(Served {
                ours: installation.is_some_and(|id| *id == desk.settings.installation.to_string()),
                bought_until: found.bought.and_then(|bought| bought.until),
                arn: found.arn,
                name: found.name,
                model_arn: found.model_arn,
            });
        }
    }
    let calls = calls(desk, sight, pipeline, &ids).await?;
    let plain = models.iter().map(|model| model.record.clone()).collect();
    Ok(Found {
        models,
        plain,
        active,
        calls,
        deployments,
    })
}

async fn calls(
    desk: &Desk,
    sight: &Sight<'_>,
    pipeline: &Pipeline,
    ids: &[String],
) -> Result<BTreeMap<String, Calls>, EngineError> {
    let Some(in_force) = &pipeline.config else {
        return Ok(BTreeMap::new());
    };
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let now = desk.now();
    let idle = &in_force.config.idle;
    let longest = idle.after.max(idle.provisioned_after);
    let after = i64::try_from(longest.as_secs()).unwrap_or(i64::MAX);
    let from = now
        .checked_sub(SignedDuration::from_secs(after))
        .unwrap_or(Timestamp::MIN);
    let uses = sight.usage.uses(ids, from, now).await?;
    Ok(uses
        .into_iter()
        .map(|(id, seen)| {
            (
                id,
                Calls {
                    count: seen.calls,
                    last: seen.last,
                },
            )
        })
        .collect())
}
