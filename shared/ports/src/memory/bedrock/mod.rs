//! Amazon Bedrock in memory: customization jobs, custom models, deployments, batch inference and Converse.
//!
//! Jobs and deployments advance with the shared clock: whatever was to happen by now happens before a call looks, or by
//! [`MemoryBedrock::tick`]. A state change of a job is on record as the event that Bedrock would send.

mod answers;
mod batch;
mod checks;
mod containers;
mod deployments;
mod events;
mod imports;
mod models;
mod registrations;
mod settings;
mod state;
mod throughput;
mod training;

use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

pub use batch::BatchRecord;
pub use containers::{ContainerRecord, JobSpec};
pub use settings::{Outcome, Pace, Quotas, Work};
pub use training::TrainingRecord;

use self::state::State;
use super::{Faults, MemoryClock, MemoryObjects, MemoryUse, lock};
use crate::{Clock, CustomModel, Deployment, ImportJob, Tags};

/// How models answer: the model, the prompt, the answer. It must not call the cloud, which waits for it.
pub type Mind = dyn Fn(&ModelRef, &str) -> String + Send + Sync;

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelRef {
    /// A foundation model.
    Base {
        /// As the caller named it: an inference id or an inference profile.
        id: String,
    },
    /// A custom model.
    Custom {
        /// Its ARN.
        arn: String,
        /// The foundation model that it comes from, as its first job named it.
        base: String,
        /// The training files, that of its first ancestor first.
        files: Vec<Bytes>,
    },
}

/// One question that a model answered through Converse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedQuestion {
    /// As the caller named the model.
    pub model_id: String,
    /// The user's message.
    pub prompt: String,
    /// When.
    pub at: Timestamp,
}

/// Bedrock in one account and region.
pub struct MemoryBedrock {
    clock: Arc<MemoryClock>,
    faults: Arc<Faults>,
    objects: Arc<MemoryObjects>,
    usage: Arc<MemoryUse>,
    mind: Box<Mind>,
    state: Mutex<State>,
}

impl MemoryBedrock {
    /// An account without custom models. It reads and writes `objects`, and tells `usage` of every Converse call.
    pub fn new(
        clock: Arc<MemoryClock>,
        faults: Arc<Faults>,
        objects: Arc<MemoryObjects>,
        usage: Arc<MemoryUse>,
        mind: Box<Mind>,
    ) -> Self {
        Self {
            clock,
            faults,
            objects,
            usage,
            mind,
            state: Mutex::default(),
        }
    }

    /// How long things take from now on.
    pub fn set_pace(&self, pace: Pace) {
        lock(&self.state).pace = pace;
    }

    /// The account's limits from now on.
    pub fn set_quotas(&self, quotas: Quotas) {
        lock(&self.state).quotas = quotas;
    }

    /// How the next `n` pieces of this work end, after those that were planned before. Without a plan they succeed.
    pub fn plan_next(&self, work: Work, outcome: Outcome, n: usize) {
        lock(&self.state)
            .plans
            .entry(work)
            .or_default()
            .extend(std::iter::repeat_n(outcome, n));
    }

    /// From now on containers leave a model in each of these folders below their output, which end in a slash.
    pub fn set_model_folders(&self, folders: &[&'static str]) {
        lock(&self.state).model_folders = Some(folders.to_vec());
    }

    /// Provisioned throughput whose creation or update hangs is ready, as if AWS's support had been asked.
    pub fn end_throughput_that_hangs(&self) {
        let now = self.clock.now();
        lock(&self.state).end_what_hangs(now);
    }

    /// The service forgets every client token, as it does after some time: a repeated create is then a `Conflict`.
    pub fn forget_tokens(&self) {
        lock(&self.state).forget_tokens();
    }

    /// Lets happen what was to happen by the clock's time.
    pub fn settle(&self) {
        self.look(|_| ());
    }

    /// Lets happen what was to happen by `now`, in the order of time, and answers the events since the last time.
    pub fn tick(&self, now: Timestamp) -> Vec<Value> {
        let mut state = lock(&self.state);
        state.settle(now, &self.objects, &*self.mind);
        std::mem::take(&mut state.events)
    }

    /// The state-change events of jobs since the last time, without moving on.
    pub fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut lock(&self.state).events)
    }

    /// When something happens next by itself, for a test that lets time jump.
    pub fn next_change(&self) -> Option<Timestamp> {
        lock(&self.state).next_change()
    }

    /// A custom model that somebody else made, from this training file. Answers its ARN.
    pub fn add_model(&self, name: &str, base: &str, file: impl Into<Bytes>, tags: Tags) -> String {
        let now = self.clock.now();
        lock(&self.state).add_model(name, base, vec![file.into()], tags, now)
    }

    /// Every customization job that was ever made, by name.
    pub fn training_jobs(&self) -> Vec<TrainingRecord> {
        self.look(|state| state.trainings.values().map(|job| job.record()).collect())
    }

    /// Every training job on SageMaker that was ever made, by name: of one's own container, and serverless.
    pub fn container_jobs(&self) -> Vec<ContainerRecord> {
        self.look(|state| {
            state
                .containers
                .values()
                .map(|job| job.record.clone())
                .collect()
        })
    }

    /// Every import job that was ever made, and every registration of a checkpoint, by name.
    pub fn import_jobs(&self) -> Vec<ImportJob> {
        self.look(|state| state.imports.values().map(|job| job.job.clone()).collect())
    }

    /// How many customization jobs of exactly this name were made: 0 or 1.
    pub fn trainings_named(&self, name: &str) -> usize {
        self.look(|state| usize::from(state.trainings.contains_key(name)))
    }

    /// Every batch inference job that was ever made, by name.
    pub fn batch_jobs(&self) -> Vec<BatchRecord> {
        self.look(|state| state.batches.values().map(|job| job.record()).collect())
    }

    /// Every custom model that is there, with its tags, by ARN.
    pub fn models(&self) -> Vec<CustomModel> {
        self.look(|state| {
            state
                .models
                .values()
                .map(|model| model.shown.clone())
                .collect()
        })
    }

    /// Every deployment that is there, by ARN.
    pub fn deployments(&self) -> Vec<Deployment> {
        self.look(|state| {
            state
                .deployments
                .values()
                .map(|one| one.shown.clone())
                .collect()
        })
    }

    /// One customization job with all that is known of it.
    pub fn training_job(&self, name: &str) -> Option<TrainingRecord> {
        self.look(|state| state.trainings.get(name).map(|job| job.record()))
    }

    /// One custom model, with its tags.
    pub fn model(&self, arn: &str) -> Option<CustomModel> {
        self.look(|state| state.models.get(arn).map(|model| model.shown.clone()))
    }

    /// One deployment.
    pub fn deployment(&self, arn: &str) -> Option<Deployment> {
        self.look(|state| state.deployments.get(arn).map(|one| one.shown.clone()))
    }

    /// Somebody else deletes a model, past Perennial. Whether it was there and not in use.
    pub fn remove_model(&self, arn: &str) -> bool {
        self.look(|state| {
            let used = state.deployments.values().any(|one| one.holds(arn));
            !used && state.models.remove(arn).is_some()
        })
    }

    /// Somebody else removes a deployment, past Perennial. Whether it was there.
    pub fn remove_deployment(&self, arn: &str) -> bool {
        self.look(|state| state.deployments.remove(arn).is_some())
    }

    /// Every question that was answered through Converse, in order.
    pub fn questions(&self) -> Vec<AskedQuestion> {
        lock(&self.state).questions.clone()
    }

    /// Looks at the state as it is by the clock's time, without counting as a call.
    fn look<T>(&self, at: impl FnOnce(&mut State) -> T) -> T {
        let now = self.clock.now();
        let mut state = lock(&self.state);
        state.settle(now, &self.objects, &*self.mind);
        at(&mut state)
    }

    /// A call of a service's operation, with its faults.
    fn call<T>(
        &self,
        operation: &str,
        act: impl FnOnce(&mut State, Timestamp) -> crate::PortResult<T>,
    ) -> crate::PortResult<T> {
        self.faults.call(operation, || {
            let now = self.clock.now();
            self.look(|state| act(state, now))
        })
    }
}

impl fmt::Debug for MemoryBedrock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("MemoryBedrock")
            .field("training_jobs", &state.trainings.len())
            .field("batch_jobs", &state.batches.len())
            .field("models", &state.models.len())
            .field("deployments", &state.deployments.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
