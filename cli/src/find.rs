//! Finding records by what a person typed, with errors that say where to look.

use perennial_core::names::{PipelineName, RunId};
use perennial_core::pipeline::Pipeline;
use perennial_core::run::Run;
use perennial_engine::records;
use perennial_ports::Table;

use crate::exit::Failure;
use crate::output::clean;

/// A part of a run's id must have at least this many characters.
const LEAST: usize = 4;

/// The pipeline of this name.
pub(crate) async fn pipeline(table: &dyn Table, name: &PipelineName) -> Result<Pipeline, Failure> {
    match records::pipeline(table, name).await? {
        Some(stored) => Ok(stored.record),
        None => Err(Failure::NotFound(format!(
            "there is no pipeline {name} yet; a configuration is read a few seconds after it was uploaded or dropped. `perennial status` lists what there is; `perennial init {name}` writes a configuration for a new one"
        ))),
    }
}

/// One pipeline, or all of them.
pub(crate) async fn pipelines(
    table: &dyn Table,
    name: Option<&PipelineName>,
) -> Result<Vec<Pipeline>, Failure> {
    match name {
        Some(name) => Ok(vec![pipeline(table, name).await?]),
        None => Ok(records::pipelines(table)
            .await?
            .into_iter()
            .map(|stored| stored.record)
            .collect()),
    }
}

/// The run with this id, or the only one whose id begins or ends so.
pub(crate) async fn run(table: &dyn Table, text: &str) -> Result<Run, Failure> {
    let wanted = text.trim().to_lowercase();
    let all = records::pipelines(table).await?;
    if let Ok(id) = RunId::parse(&wanted) {
        for pipeline in &all {
            if let Some(stored) = records::run(table, &pipeline.record.name, &id).await? {
                return Ok(stored.record);
            }
        }
        return Err(none(text));
    }
    if wanted.len() < LEAST {
        return Err(Failure::Usage(format!(
            "“{}” is too short for a run's id: give at least {LEAST} characters of its beginning or end, as `perennial runs` lists them",
            clean(text)
        )));
    }
    let mut found = Vec::new();
    for pipeline in &all {
        let runs = records::runs(table, &pipeline.record.name).await?;
        let fits = |run: &Run| {
            let id = run.id.as_str();
            id.starts_with(&wanted) || id.ends_with(&wanted)
        };
        found.extend(runs.into_iter().map(|stored| stored.record).filter(fits));
    }
    match found.len() {
        0 => Err(none(text)),
        1 => Ok(found.remove(0)),
        many => Err(Failure::Usage(format!(
            "{many} runs have an id like “{}”: {}",
            clean(text),
            found
                .iter()
                .map(|run| run.id.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

fn none(text: &str) -> Failure {
    Failure::NotFound(format!(
        "there is no run “{}”. `perennial runs` lists them",
        clean(text)
    ))
}
