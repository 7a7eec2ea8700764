//! Customization jobs.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use super::state::State;
use super::{MemoryBedrock, Outcome, Work, checks, events};
use crate::memory::MemoryObjects;
use crate::memory::clock::later;
use crate::memory::faults::operation;
use crate::{
    ObserveTraining, PortResult, StartTraining, StopTraining, TrainingJob, TrainingSpec,
    TrainingStatus,
};

/// A customization job with all that is known of it, for a test's assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingRecord {
    /// What was asked for.
    pub spec: TrainingSpec,
    /// Where it is.
    pub job: TrainingJob,
    /// When it was made.
    pub created: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
}

pub(crate) struct Training {
    pub(crate) spec: TrainingSpec,
    pub(crate) job: TrainingJob,
    pub(crate) base: String,
    files: Vec<Bytes>,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) changes_at: Option<Timestamp>,
    outcome: Outcome,
    pub(crate) token_known: bool,
}

impl Training {
    pub(crate) fn record(&self) -> TrainingRecord {
        TrainingRecord {
            spec: self.spec.clone(),
            job: self.job.clone(),
            created: self.created,
            ended: self.ended,
        }
    }

    pub(crate) fn runs(&self) -> bool {
        matches!(
            self.job.status,
            TrainingStatus::InProgress | TrainingStatus::Stopping
        )
    }
}

fn check(spec: &TrainingSpec) -> PortResult<()> {
    let op = operation::CREATE_TRAINING;
    checks::name(op, "job's name", &spec.name, "+-.")?;
    checks::name(op, "model's name", &spec.model_name, "-_")?;
    checks::token(op, &spec.token)?;
    checks::key(op, &spec.training_key)?;
    checks::prefix(op, &spec.output_prefix)?;
    if spec.base_model.is_empty() {
        return Err(checks::invalid(op, "the base model is missing"));
    }
    Ok(())
}

impl State {
    fn start_training(
        &mut self,
        spec: &TrainingSpec,
        now: Timestamp,
        objects: &MemoryObjects,
    ) -> PortResult<String> {
        let op = operation::CREATE_TRAINING;
        check(spec)?;
        if let Some(known) = self.trainings.get(&spec.name) {
            if known.token_known && known.spec == *spec {
                return Ok(known.job.arn.clone());
            }
            return Err(checks::conflict(
                op,
                format!("the job name {} is taken by {}", spec.name, known.job.arn),
            ));
        }
        let other_job = self
            .trainings
            .values()
            .find(|job| job.token_known && job.spec.token == spec.token);
        if let Some(other) = other_job {
            return Err(checks::conflict(
                op,
                format!("the client token was used for {}", other.job.arn),
            ));
        }
        let model_taken = self
            .models
            .values()
            .any(|model| model.shown.name == spec.model_name)
            || self
                .trainings
                .values()
                .any(|job| job.runs() && job.spec.model_name == spec.model_name);
        if model_taken {
            return Err(checks::conflict(
                op,
                format!("the model name {} is taken", spec.model_name),
            ));
        }
        let (base, mut files) = self.trained_so_far(&spec.base_model)?;
        let Some(file) = objects.read(&spec.training_key) else {
            return Err(checks::invalid(
                op,
                format!("there is no training file {}", spec.training_key),
            ));
        };
        files.push(file);
        let running = self.trainings.values().filter(|job| job.runs()).count();
        checks::quota(op, running, self.quotas.training_jobs, "customization jobs")?;
        checks::quota(op, self.models.len(), self.quotas.models, "custom models")?;

        let arn = self.arn(&format!("model-customization-job/{base}"));
        let (outcome, changes_at) = self.draw(Work::Training, now, self.pace.training);
        let training = Training {
            spec: spec.clone(),
            job: TrainingJob {
                arn: arn.clone(),
                name: spec.name.clone(),
                status: TrainingStatus::InProgress,
                message: None,
                model_arn: None,
                tags: spec.tags.clone(),
            },
            base,
            files,
            created: now,
            modified: now,
            ended: None,
            changes_at,
            outcome,
            token_known: true,
        };
        let id = self.ids.event();
        self.events.push(events::training(&training, id));
        self.trainings.insert(spec.name.clone(), training);
        Ok(arn)
    }

    /// The foundation model and the earlier training files behind a base model.
    fn trained_so_far(&self, base_model: &str) -> PortResult<(String, Vec<Bytes>)> {
        if !base_model.contains(":custom-model/") {
            return Ok((base_model.to_owned(), Vec::new()));
        }
        match self.models.get(base_model) {
            Some(model) => Ok((model.base.clone(), model.files.clone())),
            None => Err(checks::not_found(operation::CREATE_TRAINING, base_model)),
        }
    }

    pub(crate) fn training_changes(&mut self, name: &str, at: Timestamp, objects: &MemoryObjects) {
        let Some(mut training) = self.trainings.remove(name) else {
            return;
        };
        training.changes_at = None;
        training.modified = at;
        training.ended = Some(at);
        let empty = training
            .files
            .last()
            .is_none_or(|file| file.trim_ascii().is_empty());
        let job = &mut training.job;
        if job.status == TrainingStatus::Stopping {
            job.status = TrainingStatus::Stopped;
        } else if let Outcome::Fails(message) = &training.outcome {
            job.status = TrainingStatus::Failed;
            job.message = Some(message.clone());
        } else if empty {
            job.status = TrainingStatus::Failed;
            job.message = Some(format!(
                "Training data validation failed: {} holds no record",
                training.spec.training_key
            ));
        } else {
            job.status = TrainingStatus::Completed;
            let spec = &training.spec;
            job.model_arn = Some(self.add_model(
                &spec.model_name,
                &training.base,
                training.files.clone(),
                spec.tags.clone(),
                at,
            ));
            let id = job.arn.rsplit('/').next().unwrap_or_default();
            objects.write_by_service(
                &format!(
                    "{}model-customization-job-{id}/training_artifacts/step_wise_training_metrics.csv",
                    spec.output_prefix
                ),
                "step_number,epoch_number,training_loss\n",
            );
        }
        let id = self.ids.event();
        self.events.push(events::training(&training, id));
        self.trainings.insert(name.to_owned(), training);
    }
}

#[async_trait]
impl ObserveTraining for MemoryBedrock {
    async fn find_training(&self, name: &str) -> PortResult<Option<TrainingJob>> {
        self.call(operation::GET_TRAINING, |state, _| {
            Ok(state.trainings.get(name).map(|known| known.job.clone()))
        })
    }
}

#[async_trait]
impl StartTraining for MemoryBedrock {
    async fn start_training(&self, spec: &TrainingSpec) -> PortResult<String> {
        self.call(operation::CREATE_TRAINING, |state, now| {
            state.start_training(spec, now, &self.objects)
        })
    }
}

#[async_trait]
impl StopTraining for MemoryBedrock {
    async fn stop_training(&self, name: &str) -> PortResult<()> {
        self.call(operation::STOP_TRAINING, |state, now| {
            let stopped_at = later(now, state.pace.stopping);
            let Some(training) = state.trainings.get_mut(name) else {
                return Err(checks::not_found(operation::STOP_TRAINING, name));
            };
            if training.job.status == TrainingStatus::InProgress {
                training.job.status = TrainingStatus::Stopping;
                training.changes_at = Some(stopped_at);
                training.modified = now;
                let id = state.ids.event();
                state.events.push(events::training(training, id));
            }
            Ok(())
        })
    }
}
