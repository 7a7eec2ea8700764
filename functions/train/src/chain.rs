//! The first stage of a chain: what it trains on, whether the same was bought before, and its job.

use std::collections::HashSet;

use perennial_core::config::SageMakerConfig;
use perennial_core::manifest::Manifest;
use perennial_core::names::ResourceName;
use perennial_core::pretrained::{self, Pretrained};
use perennial_core::prices::first_stage;
use perennial_core::routing::{FirstStage, Route, Trainer};
use perennial_core::run::{FirstPrepared, KeptWeights, Prepared, Run};
use perennial_dataset::Excluded;
use perennial_engine::{EngineError, records};
use perennial_ports::ContainerSpec;

use crate::Ports;
use crate::assemble::{File, Selection, seal};
use crate::prepare::{Failure, refuse};
use crate::sealing::Sealing;
use crate::start::container_spec;

/// Why a chain cannot begin: one of its stages has nothing to train on.
pub(crate) fn lacks(manifest: &Manifest, route: &Route, pipeline: &str) -> Option<String> {
    let first = route.first.as_ref()?;
    let (documents, rest) = manifest.clone().by_stage(route);
    let folders = first.folders(pipeline);
    if documents.training.is_empty() {
        return Some(format!(
            "the first stage ({}) has nothing to train on: put documents under {folders}",
            first.technique
        ));
    }
    rest.training.is_empty().then(|| {
        format!(
            "the last stage ({}) has nothing to train on: put its data under data/{pipeline}/, and not under {folders}",
            route.technique
        )
    })
}

/// Writes the first stage's training file, prices its job and looks whether the same was bought before. With a line for the
/// estimate; nothing where there is no first stage.
pub(crate) async fn prepare(
    ports: &Ports,
    run: &Run,
    documents: &Manifest,
    time: &Sealing,
) -> Result<Option<(FirstPrepared, String)>, Failure> {
    let (Some(stage), Some(digest)) = (
        run.route.first.as_ref(),
        pretrained::digest(&run.route, documents),
    ) else {
        return Ok(None);
    };
    let training_key = format!("{}/documents.jsonl", run.work());
    // Documents hold no questions, so nothing of the evaluation set can stand among them as a record.
    let nothing = Excluded::of(&[]);
    let limits = &stage.limits;
    // A trial's documents are not sampled: what they make is kept for the run on all data.
    let selection = Selection {
        limits,
        exclude: nothing,
        sample: None,
        seen: HashSet::new(),
        time,
    };
    let File {
        sealed,
        left_out_of,
        ..
    } = seal(ports, run, documents, selection, &training_key).await?;
    if sealed.unreadable > 0 {
        return refuse(format!(
            "{} lines of the documents' shards cannot be read; were files under shards/ changed by hand? Upload them again",
            sealed.unreadable
        ));
    }
    if sealed.records < limits.min_records.max(1) {
        return refuse(format!(
            "{} records are left for the first stage ({}), and it takes no fewer than {}. Add more under {}",
            sealed.records,
            stage.technique,
            limits.min_records.max(1),
            stage.folders(run.pipeline.as_str())
        ));
    }
    let (cost, line) = match first_stage(&run.route, &run.config) {
        Ok(Some(priced)) => priced,
        Ok(None) => return Ok(None),
        Err(unknown) => return refuse(unknown.to_string()),
    };
    let kept = kept(ports, run, &digest).await?;
    let (cost, line) = match &kept {
        None => (cost, line),
        Some(kept) => (
            perennial_core::money::Usd::ZERO,
            format!(
                "first stage: bought by run {}, and not again{}",
                kept.run,
                taken_on_trust(run)
            ),
        ),
    };
    let first = FirstPrepared {
        digest,
        training_key,
        records: sealed.records,
        duplicates: sealed.duplicates,
        left_out: sealed.left_out,
        left_out_of,
        cost,
        kept,
    };
    Ok(Some((first, line)))
}

/// What the digest does not hold, as nobody here may read it.
fn taken_on_trust(run: &Run) -> String {
    let recipe = match &run.route.trainer {
        Trainer::SageMaker { job } => job.recipe.as_deref(),
        _ => None,
    };
    recipe.map_or_else(String::new, |recipe| {
        format!(" (if {recipe} was edited since, give it another name)")
    })
}

/// Weights that an earlier run left for the same, if they are there.
async fn kept(ports: &Ports, run: &Run, digest: &str) -> Result<Option<KeptWeights>, EngineError> {
    let table = ports.desk.table.as_ref();
    let known = records::pretrained(table, &run.pipeline, digest).await?;
    let Some(Pretrained {
        weights,
        run: bought_by,
        ..
    }) = known
        .map(|known| known.record)
        .filter(|known| known.is_trusted(ports.desk.now()))
    else {
        return Ok(None);
    };
    let is_there = match folder_of(&weights) {
        Some(prefix) => !ports.read.list(prefix, None).await?.is_empty(),
        None => false,
    };
    Ok(is_there.then_some(KeptWeights {
        weights,
        run: bought_by,
    }))
}

/// The prefix in the bucket: `s3://bucket/work/…/` is ours, as every output is.
fn folder_of(weights: &str) -> Option<&str> {
    let (_, key) = weights.strip_prefix("s3://")?.split_once('/')?;
    key.ends_with('/').then_some(key)
}

/// The first stage's job: the same container and machines on documents, from the base model.
pub(crate) fn first_spec(
    run: &Run,
    stage: &FirstStage,
    first: &FirstPrepared,
    prepared: &Prepared,
    resource: &ResourceName,
    job: &SageMakerConfig,
) -> ContainerSpec {
    let (work, attempt) = (run.work(), resource.attempt);
    let checkpoints = || format!("{work}/pretraining-checkpoints-{attempt}/");
    ContainerSpec {
        training_prefix: first.training_key.clone(),
        model: None,
        output_prefix: format!("{work}/pretraining-{attempt}/"),
        checkpoint_prefix: job.spot.then(checkpoints),
        hyperparameters: stage.hyperparameters.clone(),
        ..container_spec(run, prepared, resource, job)
    }
}
