//! The first stage of a chain is bought once for the same documents, as long as its weights are there.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use perennial_core::names::{Purpose, ResourceName, RunId};
use perennial_core::pretrained::TRUSTED_DAYS;
use perennial_core::run::Job;
use perennial_ports::memory::JobSpec;

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
#[derive(Default)]
pub(crate) struct BoughtOnce {
    /// For each run, the first stages' jobs that were known to have completed when it was opened.
    known: BTreeMap<RunId, BTreeSet<String>>,
}

impl Check for BoughtOnce {
    fn name(&self) -> &'static str {
        "the first stage of a chain is bought once for the same documents"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        let completed =
            |job: &&Job| job.purpose == Purpose::Pretraining && job.status == "Completed";
        for change in written.changes {
            let Change::Run(id, None) = change else {
                continue;
            };
            let runs = view.picture.runs.values();
            let known = runs.flat_map(|run| run.jobs.iter().filter(completed));
            let known = known.map(|job| job.name.clone()).collect();
            self.known.insert(id.clone(), known);
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        let Fact::ContainerStarted { name, .. } = fact else {
            return Ok(());
        };
        let jobs = view.cloud.bedrock.container_jobs();
        let started = jobs.iter().find(|job| job.job.name == *name);
        let (Some(of), Some(started)) = (ResourceName::parse(name), started) else {
            return Ok(());
        };
        let spec = &started.spec;
        match of.purpose {
            Purpose::Pretraining => self.not_again(&of.run, spec, view),
            Purpose::Training => from_the_first(&of.run, spec, view),
            _ => Ok(()),
        }
    }
}

impl BoughtOnce {
    fn not_again(&self, run: &RunId, spec: &JobSpec, view: &View<'_>) -> Result<(), String> {
        let Some(known) = self.known.get(run) else {
            return Ok(());
        };
        let wanted = bought_for(run, spec, view);
        for earlier in view.cloud.bedrock.container_jobs() {
            let name = &earlier.job.name;
            let (Some(of), Some(ended)) = (ResourceName::parse(name), earlier.ended) else {
                continue;
            };
            let trusted = view.now.duration_since(ended)
                < SignedDuration::from_hours(24 * (TRUSTED_DAYS - 1));
            let weights = earlier.job.weights.as_deref().unwrap_or_default();
            if known.contains(name)
                && trusted
                && is_there(weights, view)
                && bought_for(&of.run, &earlier.spec, view) == wanted
            {
                return Err(format!(
                    "{} was bought, and {name} has left its weights in {weights}",
                    spec.name()
                ));
            }
        }
        Ok(())
    }
}

/// What decides what a first stage learns: base model, container, hyperparameters, documents to the byte.
fn bought_for(
    run: &RunId,
    spec: &JobSpec,
    view: &View<'_>,
) -> (
    Option<String>,
    String,
    BTreeMap<String, String>,
    Option<String>,
) {
    let run = view.picture.runs.get(run);
    (
        run.map(|run| run.route.base_model.clone()),
        match spec {
            JobSpec::Container(spec) => spec.image.clone(),
            JobSpec::Serverless(_) => String::new(),
        },
        spec.hyperparameters().clone(),
        view.cloud.objects.read_text(spec.training_prefix()),
    )
}

/// The second job of a chain starts from weights that a first stage of the same documents has left.
fn from_the_first(run: &RunId, spec: &JobSpec, view: &View<'_>) -> Result<(), String> {
    let Some(known) = view.picture.runs.get(run) else {
        return Ok(());
    };
    if known.route.first.is_none() {
        return match spec.model() {
            None => Ok(()),
            Some(model) => Err(format!(
                "{} is no chain, and starts from {model}",
                spec.name()
            )),
        };
    }
    let jobs = view.cloud.bedrock.container_jobs();
    let left = jobs
        .iter()
        .find(|job| job.job.weights.is_some() && job.job.weights.as_deref() == spec.model());
    let Some(left) = left else {
        return Err(format!(
            "{} starts from {:?}, which no job left",
            spec.name(),
            spec.model()
        ));
    };
    let documents = format!("{}/documents.jsonl", known.work());
    let sealed = view.cloud.objects.read_text(&documents);
    if sealed == view.cloud.objects.read_text(left.spec.training_prefix()) {
        return Ok(());
    }
    Err(format!(
        "{} starts from {}, which was trained on other documents",
        spec.name(),
        left.job.name
    ))
}

fn is_there(weights: &str, view: &View<'_>) -> bool {
    let key = weights
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    key.is_some_and(|(_, prefix)| !view.cloud.objects.keys(prefix).is_empty())
}
