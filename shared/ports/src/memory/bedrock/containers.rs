//! Training jobs of one's own container, and serverless ones, as SageMaker runs them. Their weights are what they were trained on.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use perennial_core::config::ServerlessTechnique;

use super::state::State;
use super::{MemoryBedrock, Outcome, Work, checks, events};
use crate::memory::clock::later;
use crate::memory::faults::operation;
use crate::memory::{ACCOUNT, BUCKET, MemoryObjects, REGION};
use crate::{
    ContainerJob, ContainerSpec, ObserveContainers, PortResult, ServerlessSpec, StartContainers,
    StartServerless, StopContainers, Tags, TrainingStatus,
};

/// What a job was asked to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobSpec {
    /// A container of one's own.
    Container(ContainerSpec),
    /// Serverless.
    Serverless(ServerlessSpec),
}

impl JobSpec {
    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Container(spec) => &spec.name,
            Self::Serverless(spec) => &spec.name,
        }
    }

    /// By the container's or the recipe's own names.
    #[must_use]
    pub fn hyperparameters(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Container(spec) => &spec.hyperparameters,
            Self::Serverless(spec) => &spec.hyperparameters,
        }
    }

    /// The job is stopped after so many seconds.
    #[must_use]
    pub fn max_run_seconds(&self) -> u64 {
        match self {
            Self::Container(spec) => spec.max_run_seconds,
            Self::Serverless(spec) => spec.max_run_seconds,
        }
    }

    /// What is below this is trained on.
    #[must_use]
    pub fn training_prefix(&self) -> &str {
        match self {
            Self::Container(spec) => &spec.training_prefix,
            Self::Serverless(spec) => &spec.training_key,
        }
    }

    /// The weights that it starts from, of a job before it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Container(spec) => spec.model.as_deref(),
            Self::Serverless(_) => None,
        }
    }

    fn output_prefix(&self) -> &str {
        match self {
            Self::Container(spec) => &spec.output_prefix,
            Self::Serverless(spec) => &spec.output_prefix,
        }
    }

    /// On the job.
    #[must_use]
    pub fn tags(&self) -> &Tags {
        match self {
            Self::Container(spec) => &spec.tags,
            Self::Serverless(spec) => &spec.tags,
        }
    }
}

/// A job on SageMaker with all that is known of it, for a test's assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerRecord {
    /// What was asked for.
    pub spec: JobSpec,
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

fn check(spec: &JobSpec) -> PortResult<()> {
    let op = operation::CREATE_CONTAINER;
    checks::name(op, "job's name", spec.name(), "-")?;
    checks::key(op, spec.training_prefix())?;
    checks::prefix(op, spec.output_prefix())?;
    match spec {
        JobSpec::Container(spec) => check_container(spec),
        JobSpec::Serverless(spec) => check_serverless(spec),
    }
}

fn check_serverless(spec: &ServerlessSpec) -> PortResult<()> {
    let op = operation::CREATE_CONTAINER;
    if !spec.accept_eula {
        return Err(checks::invalid(op, "AcceptEula must be true"));
    }
    if !spec.base_model_arn.contains(":hub-content/") {
        return Err(checks::invalid(op, "BaseModelArn is no model of a hub"));
    }
    Ok(())
}

/// Why a serverless job fails on these files: records with two candidates are for preferences, and others are not.
fn flaw(technique: ServerlessTechnique, files: &[Bytes]) -> Option<String> {
    let wanted = technique == ServerlessTechnique::Dpo;
    let lines = files
        .iter()
        .flat_map(|file| file.split(|byte| *byte == b'\n'));
    for line in lines.filter(|line| !line.is_empty()) {
        let line = String::from_utf8_lossy(line);
        let labels = ["\"preferred\"", "\"non-preferred\""];
        let both = labels.iter().all(|label| line.contains(label));
        if (line.contains("\"candidates\":") && both) != wanted {
            return Some(format!(
                "ClientError: Invalid input error: not for the technique {}: {line}",
                technique.as_str()
            ));
        }
    }
    None
}

fn check_container(spec: &ContainerSpec) -> PortResult<()> {
    let op = operation::CREATE_CONTAINER;
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

/// A folder as Hugging Face has it: this file and weights beside it.
pub(crate) const CONFIG: &str = "config.json";
pub(crate) const WEIGHTS: &str = ".safetensors";

/// The keys of the weights that lie in a folder itself, and not below it.
pub(crate) fn weights_in(uri: &str, objects: &MemoryObjects) -> Vec<String> {
    let Some(folder) = uri.strip_prefix(&format!("s3://{BUCKET}/")) else {
        return Vec::new();
    };
    let mut keys = objects.keys(folder);
    keys.retain(|key| key.ends_with(WEIGHTS) && !key[folder.len()..].contains('/'));
    keys
}

impl State {
    fn start_container(
        &mut self,
        spec: JobSpec,
        now: Timestamp,
        objects: &MemoryObjects,
    ) -> PortResult<String> {
        let op = operation::CREATE_CONTAINER;
        check(&spec)?;
        let name = spec.name().to_owned();
        if let Some(known) = self.containers.get(&name) {
            return Err(checks::conflict(
                op,
                format!("ResourceInUse: {} exists", known.record.job.arn),
            ));
        }
        let keys = objects.keys(spec.training_prefix());
        if keys.is_empty() {
            return Err(checks::invalid(
                op,
                format!("no object is below {}", spec.training_prefix()),
            ));
        }
        let model = match spec.model() {
            None => Vec::new(),
            Some(uri) => {
                // Every file below it is handed to the container.
                let mut model = uri
                    .strip_prefix(&format!("s3://{BUCKET}/"))
                    .map(|prefix| objects.keys(prefix))
                    .unwrap_or_default();
                model.retain(|key| key.ends_with(WEIGHTS));
                if model.is_empty() {
                    return Err(checks::invalid(op, format!("no weights are below {uri}")));
                }
                model
            }
        };
        let running = self.containers.values().filter(|job| job.runs()).count();
        checks::quota(op, running, self.quotas.training_jobs, "training jobs")?;
        let arn = format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}");
        let longest = i64::try_from(spec.max_run_seconds()).unwrap_or(i64::MAX);
        let longest = SignedDuration::from_secs(longest);
        let (mut outcome, mut changes_at) = self.draw(Work::Training, now, self.pace.training);
        if outcome == Outcome::Hangs || self.pace.training > longest {
            // SageMaker's own limit ends it.
            outcome = Outcome::Hangs;
            changes_at = Some(later(now, longest));
        }
        // What it starts from is in its weights as well.
        let files: Vec<Bytes> = (keys.iter().chain(&model))
            .filter_map(|key| objects.read(key))
            .collect();
        if let JobSpec::Serverless(spec) = &spec
            && outcome == Outcome::Succeeds
            && let Some(flaw) = flaw(spec.technique, &files)
        {
            outcome = Outcome::Fails(flaw);
        }
        let container = Container {
            record: ContainerRecord {
                job: ContainerJob {
                    arn: arn.clone(),
                    name: name.clone(),
                    status: TrainingStatus::InProgress,
                    message: None,
                    weights: None,
                    tags: spec.tags().clone(),
                },
                spec,
                created: now,
                ended: None,
            },
            files,
            modified: now,
            changes_at,
            outcome,
        };
        let id = self.ids.event();
        self.events.push(events::container(&container, id));
        self.containers.insert(name, container);
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
                let output = format!("{}{name}/output", record.spec.output_prefix());
                if let JobSpec::Serverless(_) = record.spec {
                    // The weights stay with AWS, and a pointer says where.
                    let uri = format!("s3://customer-escrow-{ACCOUNT}-memory/{name}/");
                    let manifest = format!(r#"{{"checkpoint_s3_bucket":"{uri}"}}"#);
                    objects.write_by_service(&format!("{output}/output/manifest.json"), manifest);
                    self.escrow.insert(uri, container.files.clone());
                } else {
                    let folder = format!("{output}/model/");
                    let models = self.model_folders.as_deref().unwrap_or(&[""]);
                    for model in models.iter().map(|below| format!("{folder}{below}")) {
                        objects.write_by_service(&format!("{model}{CONFIG}"), "{}");
                        for (number, file) in container.files.iter().enumerate() {
                            let name = format!("{model}{number}{WEIGHTS}");
                            objects.write_by_service(&name, file.clone());
                        }
                    }
                    job.weights = Some(format!("s3://{BUCKET}/{folder}"));
                }
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
            state.start_container(JobSpec::Container(spec.clone()), now, &self.objects)
        })
    }
}

#[async_trait]
impl StartServerless for MemoryBedrock {
    async fn start_serverless(&self, spec: &ServerlessSpec) -> PortResult<String> {
        self.call(operation::CREATE_CONTAINER, |state, now| {
            state.start_container(JobSpec::Serverless(spec.clone()), now, &self.objects)
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
