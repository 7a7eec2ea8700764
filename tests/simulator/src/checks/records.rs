//! Every accepted record is in exactly the datasets that it should be in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use perennial_core::config::{DataUse, StartFrom};
use perennial_core::manifest::{Manifest, compile_digest};
use perennial_core::names::{Purpose, ResourceName};
use perennial_core::pipeline::{Pipeline, is_imported};
use perennial_core::run::{Outcome, Run};
use perennial_core::upload::{Shard, Upload, UploadKind};

use super::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
#[derive(Default)]
pub(crate) struct NoRecordLost {
    /// What each run should train on: the originals (key, version).
    expected: BTreeMap<String, BTreeSet<(String, String)>>,
    /// What each run's model lacks: what was in quarantine when it was opened, or its champion lacked, and is not in its dataset.
    lacks: BTreeMap<String, BTreeSet<(String, String)>>,
}

impl Check for NoRecordLost {
    fn name(&self) -> &'static str {
        "every accepted record is in exactly the datasets that it should be in"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        let mut counted = false;
        for change in written.changes {
            match change {
                Change::Run(id, None) => {
                    if let Some(run) = view.picture.runs.get(id) {
                        self.opened(run, written, view)?;
                    }
                }
                Change::Pipeline(_) | Change::Upload(..) => counted = true,
                _ => {}
            }
        }
        if counted { pending(view) } else { Ok(()) }
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::TrainingStarted { spec } => self.trains_on(&spec.name, &spec.training_key, view),
            Fact::ContainerStarted { name, training } => self.trains_on(name, training, view),
            _ => Ok(()),
        }
    }
}

impl NoRecordLost {
    /// A run seals what is in force at that moment: no more, no less.
    fn opened(&mut self, run: &Run, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        let before = written.changes.iter().find_map(|change| match change {
            Change::Pipeline(Some(before)) => Some(before),
            _ => None,
        });
        let Some(pipeline) = before else {
            return Err(format!(
                "run {} was opened without its pipeline being told in the same transaction",
                run.id
            ));
        };
        if let Some(active) = &pipeline.active_run {
            return Err(format!(
                "run {} was opened while {active} is active",
                run.id
            ));
        }
        if run.dataset.sealed.1 != pipeline.sequence {
            return Err(format!(
                "run {} seals up to {}, and the pipeline is at {}",
                run.id, run.dataset.sealed.1, pipeline.sequence
            ));
        }
        tried_first(run, pipeline, view)?;
        let over = starts_over(run, pipeline, view)?;
        let quarantined = |shard: &Shard| {
            let range = |(after, to): &(u64, u64)| shard.sequence > *after && shard.sequence <= *to;
            pipeline.quarantine.iter().any(range)
        };
        let route = pipeline.config.as_ref().and_then(|in_force| {
            perennial_core::routing::route(&in_force.config, view.region).ok()
        });
        // Not from the pipeline's record: the champion is as its own run was opened.
        let champion = pipeline.champion.as_ref();
        let champion = champion.map_or("", |champion| champion.model.as_str());
        let maker = view.picture.runs.values();
        let learnt = maker
            .map(Arc::as_ref)
            .find(|known| known.id.as_str() == champion)
            .map_or(0, |maker| maker.dataset.sealed.1);
        let lacked = self.lacks.get(champion).cloned().unwrap_or_default();
        let digest = |key: &str| {
            let route = route.as_ref()?;
            Some(compile_digest(route, UploadKind::Training, key))
        };
        let expected: BTreeSet<(String, String)> = view
            .picture
            .uploads
            .values()
            .filter(|upload| upload.kind == UploadKind::Training)
            .filter_map(|upload| {
                let shards = [upload.shard.as_ref(), upload.earlier.as_ref()];
                let shard = shards
                    .into_iter()
                    .flatten()
                    .find(|shard| !quarantined(shard))?;
                let compiled = Some(&shard.compile_digest) == digest(&upload.key).as_ref();
                let original = (upload.key.clone(), shard.version.clone());
                let wanted = match run.config.data.use_ {
                    DataUse::New => over || shard.sequence > learnt || lacked.contains(&original),
                    _ => true,
                };
                (compiled && wanted).then_some(original)
            })
            .collect();
        let manifest: Manifest = view
            .cloud
            .objects
            .read(&run.dataset.manifest_key)
            .and_then(|body| serde_json::from_slice(&body).ok())
            .ok_or_else(|| format!("run {} has no manifest", run.id))?;
        if manifest.digest() != run.dataset.digest {
            return Err(format!(
                "the manifest of run {} is not the one it names",
                run.id
            ));
        }
        let sealed: BTreeSet<(String, String)> = manifest
            .training
            .iter()
            .map(|entry| (entry.object.clone(), entry.version.clone()))
            .collect();
        if sealed != expected {
            return Err(format!(
                "run {} seals {sealed:?}; in force are {expected:?}",
                run.id
            ));
        }
        let training = view.picture.uploads.values();
        let training = training.filter(|upload| upload.kind == UploadKind::Training);
        let mut lacks = lacked;
        for upload in training {
            let shards = [upload.shard.as_ref(), upload.earlier.as_ref()];
            let held_back = shards.into_iter().flatten().filter(|s| quarantined(s));
            lacks.extend(held_back.map(|shard| (upload.key.clone(), shard.version.clone())));
        }
        lacks.retain(|original| !expected.contains(original));
        self.lacks.insert(run.id.to_string(), lacks);
        self.expected.insert(run.id.to_string(), expected);
        Ok(())
    }

    /// The training file holds the originals' records, each once.
    fn trains_on(&self, job: &str, key: &str, view: &View<'_>) -> Result<(), String> {
        let Some(name) = ResourceName::parse(job) else {
            return Ok(());
        };
        let Some(expected) = self.expected.get(name.run.as_str()) else {
            return Err(format!("{job} was started for a run that was never opened"));
        };
        let file = view
            .cloud
            .objects
            .read_text(key)
            .ok_or_else(|| format!("{job} has no training file"))?;
        let run = view.picture.runs.get(&name.run);
        let first = run.and_then(|run| run.route.first.as_ref());
        let of_first = name.purpose == Purpose::Pretraining;
        let mut prompts = BTreeSet::new();
        for (object, version) in expected {
            // Each stage of a chain has its own.
            if first.is_some_and(|first| first.takes(object) != of_first) {
                continue;
            }
            let original = view.cloud.objects.read_version(object, version);
            prompts.extend(original.lines().filter_map(prompt_of).map(str::to_owned));
        }
        let mut found = BTreeSet::new();
        for line in file.lines() {
            let Some(prompt) = prompt_of(line) else {
                return Err(format!("{job}: a line without a prompt: {line}"));
            };
            if !found.insert(prompt) {
                return Err(format!("{job} trains on “{prompt}” twice"));
            }
        }
        let trial = run.and_then(|run| run.trial);
        if let Some(trial) = trial
            && found.len() as u64 > trial.records
        {
            return Err(format!("{job}, a trial, trains on {} records", found.len()));
        }
        if trial.is_none()
            && let Some(lost) = prompts
                .iter()
                .find(|prompt| !found.contains(prompt.as_str()))
        {
            // A hold-out is a share of the records, and there is none where there are questions.
            let held_out = !view
                .picture
                .uploads
                .values()
                .any(|upload| upload.kind == UploadKind::Evaluation && upload.shard.is_some());
            if of_first || !held_out && !self.held_out(name.run.as_str(), view) {
                return Err(format!("{job} does not train on “{lost}”"));
            }
        }
        match found.into_iter().find(|prompt| !prompts.contains(*prompt)) {
            Some(more) => Err(format!(
                "{job} trains on “{more}”, which is in none of its uploads"
            )),
            None => Ok(()),
        }
    }

    fn held_out(&self, run: &str, view: &View<'_>) -> bool {
        let run = view
            .picture
            .runs
            .values()
            .find(|known| known.id.as_str() == run);
        run.and_then(|run| view.cloud.objects.read(&run.dataset.manifest_key))
            .and_then(|body| serde_json::from_slice::<Manifest>(&body).ok())
            .is_some_and(|manifest| manifest.holdout.is_some())
    }
}

/// Whether a run that was to start from the champion starts from the base model, on everything: only if the champion comes from
/// another base model, or was imported.
fn starts_over(run: &Run, pipeline: &Pipeline, view: &View<'_>) -> Result<bool, String> {
    let (StartFrom::Champion, Some(champion)) =
        (run.config.training.start_from, &pipeline.champion)
    else {
        return Ok(false);
    };
    let over = run.starts_from.is_none();
    let maker = view.picture.runs.values();
    let maker = maker
        .map(Arc::as_ref)
        .find(|known| known.id.as_str() == champion.model.as_str());
    let of_another = maker.is_none_or(|maker| maker.route.base_model != run.route.base_model);
    if over == (of_another || is_imported(&champion.arn)) {
        return Ok(over);
    }
    Err(format!(
        "run {} trains on from {:?}; the champion is {} of {:?}",
        run.id,
        run.starts_from,
        champion.model,
        maker.map(|maker| &maker.route.base_model)
    ))
}

/// Where a trial is asked for, only one that passed lets a run on all data be opened.
fn tried_first(run: &Run, pipeline: &Pipeline, view: &View<'_>) -> Result<(), String> {
    if run.trial != run.config.trigger.trial && run.trial.is_some() {
        return Err(format!("run {} is a trial that nobody asked for", run.id));
    }
    if run.trial.is_some() || run.config.trigger.trial.is_none() {
        return Ok(());
    }
    let trial = pipeline
        .tried
        .as_ref()
        .and_then(|id| view.picture.runs.get(id));
    let passed = trial.is_some_and(|trial| {
        trial.outcome() == Some(Outcome::Passed)
            && trial.verdict.as_ref().is_some_and(|verdict| verdict.passed)
    });
    match passed {
        true => Ok(()),
        false => Err(format!(
            "run {} was opened without a trial that passed",
            run.id
        )),
    }
}

/// The text from `f<file> n<record> about t<topic>`: the same in an upload and in what it was compiled to.
fn prompt_of(line: &str) -> Option<&str> {
    let end = line.find(" about t")? + " about t00".len();
    let begin = line.get(..end)?.rfind('"')? + 1;
    line.get(begin..end)
}

/// Pending is accepted minus sealed, to the record.
fn pending(view: &View<'_>) -> Result<(), String> {
    let Some(pipeline) = &view.picture.pipeline else {
        return Ok(());
    };
    let waits = |upload: &&Upload| {
        upload.kind == UploadKind::Training
            && upload
                .shard
                .as_ref()
                .is_some_and(|shard| shard.sequence > pipeline.sealed)
    };
    let (mut uploads, mut records) = (0, 0);
    for upload in view.picture.uploads.values().map(Arc::as_ref).filter(waits) {
        uploads += 1;
        records += upload.shard.as_ref().map_or(0, |shard| shard.records);
    }
    if (uploads, records) != (pipeline.pending_uploads, pipeline.pending_records) {
        return Err(format!(
            "{uploads} uploads with {records} records are accepted and not sealed; the pipeline counts {} with {}",
            pipeline.pending_uploads, pipeline.pending_records
        ));
    }
    Ok(())
}
