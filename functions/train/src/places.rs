//! Counting the account's imported models before a run that would import one more is paid for.

use perennial_core::idle::protected;
use perennial_core::imported::{Holder, Imported, Places, needs, will_take};
use perennial_core::names::{ModelId, ResourceName, RunId};
use perennial_core::run::Run;
use perennial_engine::{EngineError, records};

use crate::Ports;
use crate::prepare::{Failure, refuse};

/// Refuses a run whose model could not be imported.
pub(crate) async fn check(ports: &Ports, run: &Run) -> Result<(), Failure> {
    lacking(ports, run).await?.map_or(Ok(()), refuse)
}

/// Why a run's model could not be imported, if it could not.
pub(crate) async fn lacking(ports: &Ports, run: &Run) -> Result<Option<String>, EngineError> {
    let (quota, needs) = (ports.desk.settings.imported_models, needs(run));
    if quota == 0 || needs == 0 {
        return Ok(None);
    }
    let names = ports.imports.imported_models().await?;
    let mut models = Vec::new();
    for name in &names {
        models.push(Imported {
            name: name.clone(),
            holder: holder(ports, name).await?,
        });
    }
    let in_flight = in_flight(ports, run, &names).await?;
    let places = Places {
        quota,
        models: &models,
        in_flight,
        needs,
    };
    Ok(places.lacking(&run.pipeline))
}

/// Places that the runs of the installation's other pipelines will take.
async fn in_flight(ports: &Ports, run: &Run, names: &[String]) -> Result<u32, EngineError> {
    let table = ports.desk.table.as_ref();
    let is_there = |id: &RunId| {
        let of = |name: &String| ResourceName::parse(name).is_some_and(|name| name.run == *id);
        names.iter().any(of)
    };
    let mut taken = 0;
    for pipeline in records::pipelines(table).await? {
        let pipeline = pipeline.record;
        let Some(active) = pipeline
            .active_run
            .filter(|_| pipeline.name != run.pipeline)
        else {
            continue;
        };
        if let Some(other) = records::run(table, &pipeline.name, &active).await? {
            taken += will_take(&other.record, &run.id, is_there(&active));
        }
    }
    Ok(taken)
}

/// By its name and by the registry: the list tells no tags.
async fn holder(ports: &Ports, name: &str) -> Result<Holder, EngineError> {
    let desk = &ports.desk;
    let ours = ResourceName::parse(name);
    let Some(made) = ours.filter(|made| made.installation == desk.settings.installation) else {
        return Ok(Holder::Foreign);
    };
    let table = desk.table.as_ref();
    let Some(pipeline) = records::pipeline(table, &made.pipeline).await? else {
        return Ok(Holder::Foreign);
    };
    let id = ModelId::of(&made.run);
    let Some(model) = records::model(table, &made.pipeline, &id).await? else {
        return Ok(Holder::Needed(format!("run {} has just made it", made.run)));
    };
    let active = match &pipeline.record.active_run {
        Some(active) => records::run(table, &made.pipeline, active).await?,
        None => None,
    };
    let active = active.map(|active| active.record);
    let kept = protected(&pipeline.record, active.as_ref(), &model.record);
    Ok(kept.map_or(Holder::Unneeded, Holder::Needed))
}
