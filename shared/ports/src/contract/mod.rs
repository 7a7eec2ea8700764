//! What every adapter and every twin must do, as functions that their tests call, so that the two cannot drift apart.
//!
//! Each function panics with the promise that was broken. It needs an empty account, and leaves things behind in it.
//! Only what the traits promise stands here: how long something takes, ids and the services' words are not promised.

mod alias;
mod announce;
mod answers;
mod batch;
mod deployments;
mod models;
mod objects;
mod table;
mod throughput;
mod training;
mod usage;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use perennial_core::announcement::Announcement;
use serde_json::json;

pub use alias::alias_contract;
pub use announce::announce_contract;
pub use answers::answers_contract;
pub use batch::batch_contract;
pub use deployments::deployments_contract;
pub use models::models_contract;
pub use objects::objects_contract;
pub use table::table_contract;
pub use throughput::throughput_contract;
pub use training::training_contract;
pub use usage::usage_contract;

use crate::memory::Work;
use crate::{
    Announce, Ask, ChangeDeployments, DeleteModels, DeploymentSpec, ErrorKind, ObserveBatch,
    ObserveDeployments, ObserveModels, ObserveTraining, PortResult, ReadAlias, ReadObjects,
    StartBatch, StartTraining, StopBatch, StopTraining, Tags, TrainingSpec, TrainingStatus,
    WatchUse, WriteAlias, WriteObjects,
};

/// What a contract needs of the account besides its ports.
#[async_trait]
pub trait World: Send + Sync {
    /// The account's time.
    fn now(&self) -> Timestamp;
    /// Lets time pass until everything that is under way has ended: at most a few hours, and not a day. Until it is
    /// called nothing ends by itself.
    async fn settle(&self);
    /// The next call of this operation (a name of [`crate::memory::operation`]) takes effect, and its answer is lost.
    async fn lose_answer(&self, operation: &str);
    /// The next call of this operation is throttled.
    async fn throttle(&self, operation: &str);
    /// The next work of this kind, which is no batch, begins well and ends in failure.
    async fn fail_next(&self, work: Work);
    /// A person deletes the object: a delete marker.
    async fn delete_object(&self, key: &str);
    /// A person deletes one version for ever.
    async fn delete_version(&self, key: &str, version: &str);
    /// What reached a listener on the bus, in the order of its coming.
    async fn heard(&self) -> Vec<Announcement>;
}

/// The bucket, read and written.
pub trait Objects: ReadObjects + WriteObjects {}
impl<T: ReadObjects + WriteObjects> Objects for T {}

/// Jobs, models and deployments.
pub trait Bedrock:
    StartTraining
    + ObserveTraining
    + StopTraining
    + StartBatch
    + ObserveBatch
    + StopBatch
    + ObserveModels
    + DeleteModels
    + ObserveDeployments
    + ChangeDeployments
{
}
impl<T> Bedrock for T where
    T: StartTraining
        + ObserveTraining
        + StopTraining
        + StartBatch
        + ObserveBatch
        + StopBatch
        + ObserveModels
        + DeleteModels
        + ObserveDeployments
        + ChangeDeployments
{
}

/// The alias, read and written.
pub trait Alias: ReadAlias + WriteAlias {}
impl<T: ReadAlias + WriteAlias> Alias for T {}

/// An empty account and its ports.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// Time and trouble.
    pub world: &'a dyn World,
    /// The bucket.
    pub objects: &'a dyn Objects,
    /// Jobs, models and deployments.
    pub bedrock: &'a dyn Bedrock,
    /// Models that answer. A custom model answers a prompt of its training file with that record's answer; the base
    /// model does not know it.
    pub ask: &'a dyn Ask,
    /// Who is called.
    pub usage: &'a dyn WatchUse,
    /// The parameters.
    pub alias: &'a dyn Alias,
    /// The bus.
    pub announce: &'a dyn Announce,
}

impl std::fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").finish_non_exhaustive()
    }
}

/// What is trained on, by its customization id.
const CUSTOMIZED: &str = "amazon.nova-micro-v1:0:128k";

/// The same model as it is asked.
const BASE: &str = "amazon.nova-micro-v1:0";

const TRAINING_KEY: &str = "work/support-bot/train.jsonl";

fn kind<T>(result: PortResult<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

fn tags(run: &str) -> Tags {
    BTreeMap::from([
        ("perennial:installation".to_owned(), "test".to_owned()),
        ("perennial:run".to_owned(), run.to_owned()),
    ])
}

fn prompt(n: usize) -> String {
    format!("question number {n}")
}

fn spec(name: &str) -> TrainingSpec {
    TrainingSpec {
        name: name.to_owned(),
        model_name: format!("{name}-model"),
        token: format!("{name}-token"),
        base_model: CUSTOMIZED.to_owned(),
        training_key: TRAINING_KEY.to_owned(),
        output_prefix: "work/support-bot/out/".to_owned(),
        customization: perennial_core::routing::Customization::FineTuning,
        hyperparameters: BTreeMap::from([("epochCount".to_owned(), "2".to_owned())]),
        tags: tags(name),
    }
}

fn deployment(name: &str, model_arn: &str) -> DeploymentSpec {
    DeploymentSpec {
        buy: None,
        name: name.to_owned(),
        token: format!("{name}-token"),
        model_arn: model_arn.to_owned(),
        description: "the contract's".to_owned(),
        tags: tags(name),
    }
}

impl Setup<'_> {
    /// Writes a training file of ten records: `prompt(n)` is answered with `<label>-n`.
    async fn training_file(&self, label: &str) {
        let record = |n| {
            json!({ "schemaVersion": "bedrock-conversation-2024", "messages": [
                { "role": "user", "content": [{ "text": prompt(n) }] },
                { "role": "assistant", "content": [{ "text": format!("{label}-{n}") }] },
            ] })
        };
        let lines: Vec<String> = (0..10).map(|n| record(n).to_string()).collect();
        let body = Bytes::from(lines.join("\n") + "\n");
        self.objects
            .put(TRAINING_KEY, body, "application/jsonl")
            .await
            .expect("the training file is written");
    }

    /// Starts a job and answers its ARN; the training file is there.
    async fn start(&self, spec: &TrainingSpec) -> String {
        let started = self.bedrock.start_training(spec).await;
        started.expect("a good job is started")
    }

    /// Trains a model to answer `prompt(n)` with `<name>-n`, and gives its ARN.
    async fn model(&self, name: &str) -> String {
        self.training_file(name).await;
        self.start(&spec(name)).await;
        self.world.settle().await;
        let job = self.bedrock.find_training(name).await;
        let job = job.expect("answered").expect("the job is known");
        assert_eq!(job.status, TrainingStatus::Completed, "{:?}", job.message);
        job.model_arn
            .expect("a completed job names the model that it made")
    }

    /// Deploys a model and gives the deployment's ARN, once it answers.
    async fn deployed(&self, name: &str, model_arn: &str) -> String {
        let spec = deployment(name, model_arn);
        let arn = self.bedrock.create_deployment(&spec).await;
        self.world.settle().await;
        arn.expect("a good deployment is created")
    }
}
