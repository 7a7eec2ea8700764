//! Everything that a plan rests on, read from the record and from AWS.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use perennial_core::idle::{Calls, FailedModel, Inventory, Served};
use perennial_core::model::{Model, ModelLife};
use perennial_core::names::{ModelId, Purpose, ResourceName, is_ours};
use perennial_core::pipeline::Pipeline;
use perennial_core::run::Run;
use perennial_engine::records::{self, Stored};
use perennial_engine::{Desk, EngineError};
use perennial_ports::{
    CustomModel, Deployment, ModelStatus, ObserveDeployments, ObserveModels, WatchUse,
};

/// The ports that taking an inventory needs; `perennial cleanup --plan` has no others.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// Looking at deployments.
    pub deployments: &'a dyn ObserveDeployments,
    /// Looking at models.
    pub models: &'a dyn ObserveModels,
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
    failed: Vec<FailedModel>,
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
            failed: &self.failed,
            now,
        }
    }

    /// Whether there is nothing to plan.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty() && self.failed.is_empty()
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
            deployments.push(served(desk, pipeline, found));
        }
    }
    let failed = failed(desk, sight, pipeline).await;
    let calls = calls(desk, sight, pipeline, &ids).await?;
    let plain = models.iter().map(|model| model.record.clone()).collect();
    Ok(Found {
        models,
        plain,
        active,
        calls,
        deployments,
        failed,
    })
}

fn served(desk: &Desk, pipeline: &Pipeline, found: Deployment) -> Served {
    let installation = found.tags.get("perennial:installation");
    let candidate = ours(desk, pipeline, &found.name, Purpose::Candidate);
    Served {
        ours: installation.is_some_and(|id| *id == desk.settings.installation.to_string()),
        bought_until: found.bought.and_then(|bought| bought.until),
        units: found.bought.map_or(0, |bought| bought.units),
        left_by: candidate
            .filter(|name| is_ours(&name.tags(), &found.tags))
            .map(|name| name.run),
        arn: found.arn,
        name: found.name,
        model_arn: found.model_arn,
    }
}

/// The parts of a name that one of the pipeline's runs gives to what it makes for this purpose.
fn ours(desk: &Desk, pipeline: &Pipeline, name: &str, purpose: Purpose) -> Option<ResourceName> {
    ResourceName::parse(name).filter(|name| {
        name.installation == desk.settings.installation
            && name.pipeline == pipeline.name
            && name.purpose == purpose
    })
}

/// Whether a model that was found by its ARN is one that this run could not make: ours by name and tags.
pub(crate) fn is_failed_of_ours(desk: &Desk, pipeline: &Pipeline, found: &CustomModel) -> bool {
    found.status == ModelStatus::Failed
        && ours(desk, pipeline, &found.name, Purpose::Import)
            .is_some_and(|name| is_ours(&name.tags(), &found.tags))
}

/// Custom models of the pipeline's runs that Bedrock could not make. They stand in no registry, so the account's own list is read; where
/// it cannot be, everything else is planned all the same.
async fn failed(desk: &Desk, sight: &Sight<'_>, pipeline: &Pipeline) -> Vec<FailedModel> {
    let listed = match sight.models.list_models().await {
        Ok(listed) => listed,
        Err(error) => {
            tracing::warn!(pipeline = %pipeline.name, %error, "models that could not be made are not looked for");
            return Vec::new();
        }
    };
    let failed = listed
        .into_iter()
        .filter(|model| model.status == ModelStatus::Failed);
    let ours = failed.filter_map(|model| {
        let name = ours(desk, pipeline, &model.name, Purpose::Import)?;
        Some(FailedModel {
            run: name.run,
            arn: model.arn,
            created: model.created,
        })
    });
    ours.collect()
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
