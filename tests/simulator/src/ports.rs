//! Every port of one invocation: the twin behind the gate.

mod serverless;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::Announcement;
use perennial_ports::memory::{MemoryCloud, operation as op};
use perennial_ports::{
    Announce, Answer, Ask, BatchJob, BatchSpec, ChangeDeployments, Clock, ContainerJob,
    ContainerSpec, CopyFrom, CustomModel, DeleteModels, Deployment, DeploymentSpec, ErrorKind,
    ImportJob, ImportSpec, Item, Key, ObjectInfo, ObjectSink, ObjectStream, ObserveBatch,
    ObserveContainers, ObserveDeployments, ObserveImports, ObserveModels, ObserveTraining, Page,
    Pause, PortError, PortResult, Question, ReadAlias, ReadObjects, StartBatch, StartContainers,
    StartImports, StartTraining, StopBatch, StopContainers, StopTraining, Table, TableError,
    TrainingJob, TrainingSpec, Use, WatchUse, Write, WriteAlias, WriteObjects,
};

use crate::deed::Deed;
use crate::facts::Fact;
use crate::gate::{Board, Fate};
use crate::plant::Planted;

/// What goes out of an invocation.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) facts: Vec<Fact>,
    /// Carried out so many milliseconds later.
    pub(crate) late: Vec<(u64, Deed)>,
}

/// The ports of one invocation.
pub(crate) struct Gated {
    pub(crate) board: Arc<Board>,
    pub(crate) cloud: MemoryCloud,
    pub(crate) outbox: Arc<Mutex<Outbox>>,
    /// How far the invocation's clock is off.
    pub(crate) skew: SignedDuration,
    pub(crate) planted: Planted,
}

fn no_answer(operation: &'static str, kind: ErrorKind) -> PortError {
    PortError::new(operation, kind, "a fault of this schedule")
}

impl Gated {
    fn out(&self) -> std::sync::MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that changes nothing.
    async fn look<T, E: From<PortError>>(
        &self,
        operation: &'static str,
        act: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let fate = self.board.pass(operation, false).await;
        self.look_if(operation, fate, act).await
    }

    async fn look_if<T, E: From<PortError>>(
        &self,
        operation: &'static str,
        fate: Fate,
        act: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match fate {
            Fate::Go => act.await,
            Fate::Fail(kind) => Err(no_answer(operation, kind).into()),
            Fate::LoseAnswer | Fate::Late(_) => {
                Err(no_answer(operation, ErrorKind::Unanswered).into())
            }
            Fate::CrashAfter => match self.board.die().await {},
        }
    }

    /// A call that changes something.
    async fn change(&self, deed: Deed) -> Result<String, TableError> {
        let operation = deed.operation();
        let fate = self.board.pass(operation, true).await;
        let deed = self.planted.alter(deed);
        let lost = || Err(no_answer(operation, ErrorKind::Unanswered).into());
        match fate {
            Fate::Fail(kind) => Err(no_answer(operation, kind).into()),
            Fate::Late(after) => {
                self.planted.refused();
                self.out().late.push((after, deed));
                lost()
            }
            Fate::Go | Fate::LoseAnswer | Fate::CrashAfter => {
                let mut facts = Vec::new();
                let answer = deed.carry_out(&self.cloud, &mut facts).await;
                self.out().facts.append(&mut facts);
                match fate {
                    Fate::CrashAfter => match self.board.die().await {},
                    Fate::LoseAnswer => {
                        self.planted.refused();
                        lost()
                    }
                    _ => {
                        if answer.is_err() {
                            self.planted.refused();
                        }
                        answer
                    }
                }
            }
        }
    }

    async fn change_port(&self, deed: Deed) -> PortResult<String> {
        let operation = deed.operation();
        self.change(deed).await.map_err(|error| match error {
            TableError::Port(error) => error,
            TableError::Conflict { key } => {
                PortError::new(operation, ErrorKind::Conflict, key.to_string())
            }
        })
    }
}

impl Clock for Gated {
    fn now(&self) -> Timestamp {
        self.cloud
            .clock
            .now()
            .checked_add(self.skew)
            .unwrap_or(Timestamp::MAX)
    }
}

/// Every call waits at its gate as long as the seed wants, so a pause adds nothing to what may happen.
#[async_trait]
impl Pause for Gated {
    async fn pause(&self, _: SignedDuration) {}
}

#[async_trait]
impl Table for Gated {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.look(op::GET_ITEM, self.cloud.table.get(key)).await
    }

    async fn query(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        newest_first: bool,
    ) -> Result<Page, TableError> {
        let act = self
            .cloud
            .table
            .query(partition, prefix, after, limit, newest_first);
        self.look(op::QUERY, act).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.change(Deed::Transact(writes)).await.map(drop)
    }

    async fn due(&self, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        self.look(op::QUERY, self.cloud.table.due(kind, until, limit))
            .await
    }
}

#[async_trait]
impl ReadObjects for Gated {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        self.look(op::HEAD_OBJECT, self.cloud.objects.head(key))
            .await
    }

    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        self.look(op::GET_OBJECT, self.cloud.objects.open(key, version))
            .await
    }

    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>> {
        self.look(
            op::GET_OBJECT,
            self.cloud.objects.open_range(key, tag, range),
        )
        .await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>> {
        self.look(op::LIST_OBJECTS, self.cloud.objects.list(prefix, after))
            .await
    }
}

#[async_trait]
impl WriteObjects for Gated {
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<()> {
        self.change_port(Deed::Put(key.to_owned(), body, content_type.to_owned()))
            .await
            .map(drop)
    }

    async fn create(&self, key: &str, content_type: &str) -> PortResult<Box<dyn ObjectSink>> {
        Ok(Box::new(Sink {
            ports: self.again(),
            key: key.to_owned(),
            content_type: content_type.to_owned(),
            body: BytesMut::new(),
        }))
    }

    fn smallest_copy(&self) -> u64 {
        self.cloud.objects.smallest_copy()
    }
}

impl Gated {
    fn again(&self) -> Self {
        Self {
            board: self.board.clone(),
            cloud: self.cloud.clone(),
            outbox: self.outbox.clone(),
            skew: self.skew,
            planted: self.planted.clone(),
        }
    }
}

struct Sink {
    ports: Gated,
    key: String,
    content_type: String,
    body: BytesMut,
}

#[async_trait]
impl ObjectSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> PortResult<()> {
        self.body.extend_from_slice(&bytes);
        Ok(())
    }

    async fn copy(&mut self, from: CopyFrom) -> PortResult<()> {
        // It changes nothing that anybody sees before the object is finished, and may fail like what does.
        let fate = self.ports.board.pass(op::COPY_PART, true).await;
        let act = async { self.ports.cloud.objects.copied(&from) };
        let bytes = self.ports.look_if(op::COPY_PART, fate, act).await?;
        self.body.extend_from_slice(&bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> PortResult<String> {
        let Self {
            ports,
            key,
            content_type,
            body,
        } = *self;
        ports
            .change_port(Deed::Put(key.clone(), body.freeze(), content_type))
            .await?;
        Ok(ports.cloud.objects.tag(&key))
    }

    async fn abort(self: Box<Self>) {}
}

#[async_trait]
impl ObserveTraining for Gated {
    async fn find_training(&self, name: &str) -> PortResult<Option<TrainingJob>> {
        let found = self
            .look(op::GET_TRAINING, self.cloud.bedrock.find_training(name))
            .await;
        self.planted.found_training(name, found)
    }
}

#[async_trait]
impl StartTraining for Gated {
    async fn start_training(&self, spec: &TrainingSpec) -> PortResult<String> {
        self.change_port(Deed::StartTraining(spec.clone())).await
    }
}

#[async_trait]
impl StopTraining for Gated {
    async fn stop_training(&self, name: &str) -> PortResult<()> {
        self.change_port(Deed::StopTraining(name.to_owned()))
            .await
            .map(drop)
    }
}

#[async_trait]
impl ObserveContainers for Gated {
    async fn find_container(&self, name: &str) -> PortResult<Option<ContainerJob>> {
        self.look(op::GET_CONTAINER, self.cloud.bedrock.find_container(name))
            .await
    }
}

#[async_trait]
impl StartContainers for Gated {
    async fn start_container(&self, spec: &ContainerSpec) -> PortResult<String> {
        self.change_port(Deed::StartContainer(spec.clone())).await
    }
}

#[async_trait]
impl StopContainers for Gated {
    async fn stop_container(&self, name: &str) -> PortResult<()> {
        self.change_port(Deed::StopContainer(name.to_owned()))
            .await
            .map(drop)
    }
}

#[async_trait]
impl ObserveImports for Gated {
    async fn find_import(&self, name: &str) -> PortResult<Option<ImportJob>> {
        self.look(op::GET_IMPORT, self.cloud.bedrock.find_import(name))
            .await
    }

    async fn imported_models(&self) -> PortResult<Vec<String>> {
        self.look(op::LIST_IMPORTED, self.cloud.bedrock.imported_models())
            .await
    }
}

#[async_trait]
impl StartImports for Gated {
    async fn start_import(&self, spec: &ImportSpec) -> PortResult<String> {
        self.change_port(Deed::StartImport(spec.clone())).await
    }
}

#[async_trait]
impl ObserveBatch for Gated {
    async fn find_batch(&self, name: &str) -> PortResult<Option<BatchJob>> {
        let act = self.cloud.bedrock.find_batch(name);
        let found = self.look(op::LIST_BATCHES, act).await?;
        Ok(self.planted.found_batch(found))
    }
}

#[async_trait]
impl StartBatch for Gated {
    async fn start_batch(&self, spec: &BatchSpec) -> PortResult<String> {
        self.change_port(Deed::StartBatch(spec.clone())).await
    }
}

#[async_trait]
impl StopBatch for Gated {
    async fn stop_batch(&self, arn: &str) -> PortResult<()> {
        self.change_port(Deed::StopBatch(arn.to_owned()))
            .await
            .map(drop)
    }
}

#[async_trait]
impl ObserveDeployments for Gated {
    async fn find_deployment(&self, name: &str) -> PortResult<Option<Deployment>> {
        let act = self.cloud.bedrock.find_deployment(name);
        let found = self.look(op::GET_DEPLOYMENT, act).await?;
        Ok(self.planted.found_deployment(found))
    }

    async fn find_throughput(&self, name: &str) -> PortResult<Option<Deployment>> {
        let act = self.cloud.bedrock.find_throughput(name);
        let found = self.look(op::GET_DEPLOYMENT, act).await?;
        Ok(self.planted.found_deployment(found))
    }

    async fn get_deployment(&self, arn: &str) -> PortResult<Option<Deployment>> {
        let act = self.cloud.bedrock.get_deployment(arn);
        self.look(op::GET_DEPLOYMENT, act).await
    }

    async fn deployments_of(&self, model_arn: &str) -> PortResult<Vec<Deployment>> {
        let act = self.cloud.bedrock.deployments_of(model_arn);
        let found = self.look(op::LIST_DEPLOYMENTS, act).await?;
        Ok(self.planted.deployments_of(found))
    }
}

#[async_trait]
impl ChangeDeployments for Gated {
    async fn create_deployment(&self, spec: &DeploymentSpec) -> PortResult<String> {
        self.change_port(Deed::CreateDeployment(spec.clone())).await
    }

    async fn update_deployment(&self, arn: &str, model_arn: &str) -> PortResult<()> {
        self.change_port(Deed::UpdateDeployment(arn.to_owned(), model_arn.to_owned()))
            .await
            .map(drop)
    }

    async fn delete_deployment(&self, arn: &str) -> PortResult<()> {
        self.change_port(Deed::DeleteDeployment(arn.to_owned()))
            .await
            .map(drop)
    }
}

#[async_trait]
impl ObserveModels for Gated {
    async fn get_model(&self, arn: &str) -> PortResult<Option<CustomModel>> {
        self.look(op::GET_MODEL, self.cloud.bedrock.get_model(arn))
            .await
    }

    async fn list_models(&self) -> PortResult<Vec<CustomModel>> {
        self.look(op::LIST_MODELS, self.cloud.bedrock.list_models())
            .await
    }
}

#[async_trait]
impl DeleteModels for Gated {
    async fn delete_model(&self, arn: &str) -> PortResult<()> {
        self.change_port(Deed::DeleteModel(arn.to_owned()))
            .await
            .map(drop)
    }
}

#[async_trait]
impl Ask for Gated {
    async fn ask(&self, model_id: &str, question: &Question) -> PortResult<Answer> {
        self.look(op::CONVERSE, self.cloud.bedrock.ask(model_id, question))
            .await
    }
}

#[async_trait]
impl ReadAlias for Gated {
    async fn read_alias(&self, name: &str) -> PortResult<Option<String>> {
        self.look(op::GET_PARAMETER, self.cloud.alias.read_alias(name))
            .await
    }
}

#[async_trait]
impl WriteAlias for Gated {
    async fn write_alias(&self, name: &str, value: &str) -> PortResult<()> {
        self.change_port(Deed::WriteAlias(name.to_owned(), value.to_owned()))
            .await
            .map(drop)
    }
}

#[async_trait]
impl WatchUse for Gated {
    async fn uses(
        &self,
        model_ids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> PortResult<BTreeMap<String, Use>> {
        let act = self.cloud.usage.uses(model_ids, from, to);
        let seen = self.look(op::GET_METRICS, act).await?;
        Ok(self.planted.uses(seen))
    }
}

#[async_trait]
impl Announce for Gated {
    async fn announce(&self, announcements: &[Announcement]) -> PortResult<()> {
        if announcements.is_empty() {
            return Ok(());
        }
        self.change_port(Deed::Announce(announcements.to_vec()))
            .await
            .map(drop)
    }
}
