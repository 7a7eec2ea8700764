//! No promotion without a passed gate on the right dataset: judged here once more, on the questions as they were sealed.

use std::collections::BTreeMap;

use bytes::Bytes;
use perennial_core::names::{Purpose, ResourceName};
use perennial_core::pipeline::MoveReason;
use perennial_ports::memory::ModelRef;
use serde_json::Value;

use super::{Check, View, Written};
use crate::data;
use crate::facts::Fact;
use crate::picture::Change;

/// The checker.
#[derive(Default)]
pub(crate) struct GatedPromotion {
    /// The questions of each run, by their key, as Perennial wrote them.
    questions: BTreeMap<String, Bytes>,
    /// The training file of each model's job, by the model's name.
    files: BTreeMap<String, Vec<Bytes>>,
}

impl Check for GatedPromotion {
    fn name(&self) -> &'static str {
        "no promotion without a passed gate on the right dataset"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            let Change::Pipeline(Some(before)) = change else {
                continue;
            };
            let (Some(now), Some(moving)) = (&view.picture.pipeline, &before.moving) else {
                continue;
            };
            let Some(champion) = &now.champion else {
                continue;
            };
            if before.champion.as_ref() == Some(champion) {
                continue;
            }
            match &moving.reason {
                MoveReason::Promotion { run } => {
                    let Some(run) = view.picture.runs.get(run) else {
                        return Err(format!(
                            "{} serves for a run that is not there",
                            champion.model
                        ));
                    };
                    if champion.model.as_str() != run.id.as_str() {
                        return Err(format!(
                            "{} serves, and the gate of run {} was passed by another model",
                            champion.model, run.id
                        ));
                    }
                    if run.trial.is_some() {
                        return Err(format!("{} serves, and a trial made it", champion.model));
                    }
                    if !run.verdict.as_ref().is_some_and(|verdict| verdict.passed) {
                        return Err(format!(
                            "{} serves, and its gate was not passed",
                            champion.model
                        ));
                    }
                    self.truly_better(&champion.arn, run.id.as_str(), view)?;
                }
                MoveReason::Rollback => {
                    if !before
                        .previous
                        .iter()
                        .any(|known| known.model == champion.model)
                    {
                        return Err(format!(
                            "{} serves by a rollback, and never served before",
                            champion.model
                        ));
                    }
                }
                MoveReason::Repair => {
                    return Err(format!("{} serves by a repair", champion.model));
                }
            }
        }
        Ok(())
    }

    fn saw(&mut self, fact: &Fact, view: &View<'_>) -> Result<(), String> {
        match fact {
            Fact::Stored { key, body } if key.ends_with("/evaluation.jsonl") => {
                self.questions.insert(key.clone(), body.clone());
            }
            // A chain's first stage makes no model that answers.
            Fact::ContainerStarted { name, .. } if is_first(name) => {}
            Fact::ContainerStarted { name, training } => {
                let file = view.cloud.objects.read(training);
                self.files.insert(name.clone(), file.into_iter().collect());
            }
            Fact::TrainingStarted { spec } => {
                let file = view
                    .cloud
                    .objects
                    .read(&spec.training_key)
                    .unwrap_or_default();
                let mut files: Vec<Bytes> = view
                    .picture
                    .models
                    .values()
                    .find(|model| model.arn == spec.base_model)
                    .and_then(|model| {
                        let starts = format!("-{}-", model.run);
                        let known = self.files.iter().find(|(name, _)| name.contains(&starts));
                        known.map(|(_, files)| files.clone())
                    })
                    .unwrap_or_default();
                files.push(file);
                self.files.insert(spec.model_name.clone(), files);
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_first(job: &str) -> bool {
    ResourceName::parse(job).is_some_and(|name| name.purpose == Purpose::Pretraining)
}

impl GatedPromotion {
    /// A model that answers none of the sealed questions cannot have passed.
    fn truly_better(&self, arn: &str, run: &str, view: &View<'_>) -> Result<(), String> {
        let sealed = format!("work/{}/{run}/evaluation.jsonl", view.pipeline);
        let Some(questions) = self.questions.get(&sealed) else {
            return Err(format!("{arn} serves, and its run sealed no questions"));
        };
        let of_run = format!("-{run}-");
        let Some((_, files)) = self.files.iter().find(|(name, _)| name.contains(&of_run)) else {
            return Err(format!("{arn} serves, and no job trained it"));
        };
        let model = ModelRef::Custom {
            arn: arn.to_owned(),
            base: String::new(),
            files: files.clone(),
        };
        let (mut right, mut asked) = (0, 0);
        for line in questions.split(|byte| *byte == b'\n') {
            let Ok(question) = serde_json::from_slice::<Value>(line) else {
                continue;
            };
            let prompt = question["prompt"].as_str().unwrap_or_default();
            asked += 1;
            if Some(data::mind(&model, prompt).as_str()) == question["referenceResponse"].as_str() {
                right += 1;
            }
        }
        if right == 0 {
            return Err(format!(
                "run {run} was promoted, and its model answers none of its {asked} questions"
            ));
        }
        Ok(())
    }
}
