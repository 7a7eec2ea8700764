//! Training jobs of one's own container, as SageMaker runs them. Their weights are what they were trained on.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::state::State;
use super::{MemoryBedrock, Outcome, Work, checks, events};
use crate::memory::clock::later;
use crate::memory::faults::operation;
use crate::memory::{ACCOUNT, BUCKET, MemoryObjects, REGION};
use crate::{
    ContainerJob, ContainerSpec, ObserveContainers, PortResult, StartContainers, StopContainers,
    TrainingStatus,
};

/// A container's job with all that is known of it, for a test's assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRecord {
    /// What was asked for.
    pub spec: ContainerSpec,
    /// Where it is.
    pub job: ContainerJob,
    /// When it was made.
    pub created: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
}

pub(crate) struct Container {
    pub(crate) record: ContainerRecord,
    files: Vec<Bytes>,
    pub(crate) modified: Timestamp,
    pub(crate) changes_at: Option<Timestamp>,
    outcome: Outcome,
}

impl Container {
    fn runs(&self) -> bool {
        matches!(
            self.record.job.status,
            TrainingStatus::InProgress | TrainingStatus::Stopping
        )
    }
}

fn check(spec: &ContainerSpec) -> PortResult<()> {
    let op = operation::CREATE_CONTAINER;
    checks::name(op, "job's name", &spec.name, "-")?;
    checks::key(op, &spec.training_prefix)?;
    checks::prefix(op, &spec.output_prefix)?;
    if let Some(checkpoints) = &spec.checkpoint_prefix {
        checks::prefix(op, checkpoints)?;
    }
    if spec.image.is_empty() || !spec.instance_type.starts_with("ml.") || spec.instance_count == 0 {
        return Err(checks::invalid(op, "an image and instances are needed"));
    }
    if spec
        .spot_max_wait_seconds
        .is_some_and(|wait| wait < spec.max_run_seconds)
    {
        return Err(checks::invalid(
            op,
            "MaxWaitTimeInSeconds is below MaxRuntimeInSeconds",
        ));
    }
    Ok(())
}

impl State {
    fn start_container(
        &mut self,
        spec: &ContainerSpec,
        now: Timestamp,
        objects: &MemoryObjects,
    ) -> PortResult<String> {
        let op = operation::CREATE_CONTAINER;
        check(spec)?;
        if let Some(known) = self.containers.get(&spec.name) {
            return Err(checks::conflict(
                op,
                format!("ResourceInUse: {} exists", known.record.job.arn),
            ));
        }
        let keys = objects.keys(&spec.training_prefix);
        if keys.is_empty() {
            return Err(checks::invalid(
                op,
                format!("no object is below {}", spec.training_prefix),
            ));
        }
        let model = match spec.model.as_deref() {
            None => Vec::new(),
            Some(uri) => {
                let model = uri
                    .strip_prefix(&format!("s3://{BUCKET}/"))
                    .map(|prefix| objects.keys(prefix))
                    .unwrap_or_default();
                if model.is_empty() {
                    return Err(checks::invalid(op, format!("no object is below {uri}")));
                }
                model
            }
        };
        let running = self.containers.values().filter(|job| job.runs()).count();
        checks::quota(op, running, self.quotas.training_jobs, "training jobs")?;
        let arn = format!(
            "arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{}",
            spec.name
        );
        let longest = i64::try_from(spec.max_run_seconds).unwrap_or(i64::MAX);
        let longest = SignedDuration::from_secs(longest);
        let (mut outcome, mut changes_at) = self.draw(Work::Training, now, self.pace.training);
        if outcome == Outcome::Hangs || self.pace.training > longest {
            // SageMaker's own limit ends it.
            outcome = Outcome::Hangs;
            changes_at = Some(later(now, longest));
        }
        let container = Container {
            record: ContainerRecord {
                spec: spec.clone(),
                job: ContainerJob {
                    arn: arn.clone(),
                    name: spec.name.clone(),
                    status: TrainingStatus::InProgress,
                    message: None,
                    weights: None,
                    tags: spec.tags.clone(),
                },
                created: now,
                ended: None,
            },
            // What it starts from is in its weights as well.
            files: (keys.iter().chain(&model))
                .filter_map(|key| objects.read(key))
                .collect(),
            modified: now,
            changes_at,
            outcome,
        };
        let id = self.ids.event();
        self.events.push(events::container(&container, id));
        self.containers.insert(spec.name.clone(), container);
        Ok(arn)
    }

    pub(crate) fn container_changes(&mut self, name: &str, at: Timestamp, objects: &MemoryObjects) {
        let Some(mut container) = self.containers.remove(name) else {
            return;
        };
        container.changes_at = None;
        container.modified = at;
        let record = &mut container.record;
        record.ended = Some(at);
        let job = &mut record.job;
        match &container.outcome {
            _ if job.status == TrainingStatus::Stopping => job.status = TrainingStatus::Stopped,
            Outcome::Hangs => {
                job.status = TrainingStatus::Stopped;
                job.message = Some("MaxRuntimeExceeded: the job ran as long as it may".into());
            }
            Outcome::Fails(message) => {
                job.status = TrainingStatus::Failed;
                job.message = Some(message.clone());
            }
            Outcome::Succeeds | Outcome::Misses(_) => {
                job.status = TrainingStatus::Completed;
                let folder = format!("{}{name}/output/model/", record.spec.output_prefix);
                for (number, file) in container.files.iter().enumerate() {
                    objects.write_by_service(&format!("{folder}{number}.jsonl"), file.clone());
                }
                job.weights = Some(format!("s3://{BUCKET}/{folder}"));
            }
        }
        let id = self.ids.event();
        self.events.push(events::container(&container, id));
        self.containers.insert(name.to_owned(), container);
    }
}

#[async_trait]
impl ObserveContainers for MemoryBedrock {
    async fn find_container(&self, name: &str) -> PortResult<Option<ContainerJob>> {
        self.call(operation::GET_CONTAINER, |state, _| {
            Ok(state
                .containers
                .get(name)
                .map(|known| known.record.job.clone()))
        })
    }
}

#[async_trait]
impl StartContainers for MemoryBedrock {
    async fn start_container(&self, spec: &ContainerSpec) -> PortResult<String> {
        self.call(operation::CREATE_CONTAINER, |state, now| {
            state.start_container(spec, now, &self.objects)
        })
    }
}

#[async_trait]
impl StopContainers for MemoryBedrock {
    async fn stop_container(&self, name: &str) -> PortResult<()> {
        self.call(operation::STOP_CONTAINER, |state, now| {
            let stopped_at = later(now, state.pace.stopping);
            let Some(container) = state.containers.get_mut(name) else {
                return Err(checks::not_found(operation::STOP_CONTAINER, name));
            };
            if container.record.job.status == TrainingStatus::InProgress {
                container.record.job.status = TrainingStatus::Stopping;
                container.changes_at = Some(stopped_at);
                container.modified = now;
                let id = state.ids.event();
                state.events.push(events::container(container, id));
            }
            Ok(())
        })
    }
}
