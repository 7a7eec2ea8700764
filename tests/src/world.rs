//! An installation in one process: events go to the handlers by core's map of owners, schedules fire by the clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::{Announcement, Function, Request, recipient};
use perennial_core::model::Model;
use perennial_core::names::{Installation, PipelineName};
use perennial_core::pipeline::Pipeline;
use perennial_core::run::Run;
use perennial_core::span::Span;
use perennial_engine::{Desk, EngineError, Invocation, Settings, records};
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{Announce, Clock, ReadObjects};
use serde_json::{Value, json};

/// What the bus does to events.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// Each event twice.
    pub twice: bool,
    /// What waits is delivered last first.
    pub reversed: bool,
    /// Events of these detail-types are lost.
    pub drop: BTreeSet<String>,
    /// So many events of a detail-type are lost before one comes through.
    pub lose_first: BTreeMap<String, u32>,
}

/// An installation.
#[derive(Debug)]
pub struct World {
    /// The in-memory AWS account.
    pub cloud: MemoryCloud,
    /// The bus.
    pub delivery: Delivery,
    queue: VecDeque<Value>,
    invocations: u64,
    next_reconcile: Timestamp,
    next_cleanup: Timestamp,
    region: String,
    /// What the functions are told of the quota of imported models.
    pub imported_models: u32,
    /// Failed invocations, for assertions.
    pub failures: Vec<String>,
}

/// How often `reconcile` runs.
const RECONCILE: SignedDuration = SignedDuration::from_mins(5);
/// How often `cleanup` and the listing of the bucket run.
const CLEANUP: SignedDuration = SignedDuration::from_hours(24);

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty installation.
    pub fn new() -> Self {
        let cloud = MemoryCloud::new(7, crate::mind());
        let now = cloud.clock.now();
        Self {
            cloud,
            delivery: Delivery::default(),
            queue: VecDeque::new(),
            invocations: 0,
            next_reconcile: now + RECONCILE,
            next_cleanup: now + CLEANUP,
            region: "us-east-1".into(),
            imported_models: 3,
            failures: Vec::new(),
        }
    }

    /// An empty installation in another region.
    pub fn in_region(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..Self::new()
        }
    }

    /// Table, bus, clock.
    pub fn desk(&self) -> Desk {
        Desk {
            settings: Settings {
                installation: Installation::parse("test").expect("valid"),
                region: self.region.clone(),
                poll: Span(60),
                imported_models: self.imported_models,
            },
            table: self.cloud.table.clone(),
            announce: self.cloud.announce.clone(),
            clock: self.cloud.clock.clone(),
        }
    }

    /// A person puts a file into the bucket.
    pub fn upload(&self, key: &str, body: impl Into<String>) {
        self.cloud.objects.upload(key, body.into().into_bytes());
    }

    /// A person asks for something.
    pub async fn request(&self, request: Request) {
        self.cloud
            .announce
            .announce(&[request.announcement()])
            .await
            .expect("the bus is there");
    }

    /// Delivers everything that waits, and everything that follows from it, without moving the clock.
    pub async fn settle(&mut self) {
        for _ in 0..10_000 {
            self.collect();
            let next = if self.delivery.reversed {
                self.queue.pop_back()
            } else {
                self.queue.pop_front()
            };
            let Some(event) = next else { return };
            self.deliver(event).await;
        }
        panic!("the events never end");
    }

    /// Lets time pass: schedules fire, jobs go on, events are delivered.
    pub async fn pass(&mut self, time: SignedDuration) {
        let now = self.cloud.clock.now();
        let end = now + time;
        // A test may have moved the clock by itself; schedules go on from there.
        if self.next_reconcile <= now {
            self.next_reconcile = now + RECONCILE;
        }
        if self.next_cleanup <= now {
            self.next_cleanup = now + CLEANUP;
        }
        self.settle().await;
        while self.cloud.clock.now() < end {
            let jobs = self.cloud.bedrock.next_change();
            let next = [Some(self.next_reconcile), Some(self.next_cleanup), jobs]
                .into_iter()
                .flatten()
                .filter(|time| *time > self.cloud.clock.now())
                .min()
                .unwrap_or(end)
                .min(end);
            self.cloud.clock.set(next);
            if next >= self.next_reconcile {
                self.next_reconcile = next + RECONCILE;
                self.invoke(
                    Function::Reconcile,
                    json!({ "detail-type": "Scheduled Event", "detail": {} }),
                )
                .await;
            }
            if next >= self.next_cleanup {
                self.next_cleanup = next + CLEANUP;
                let tick = json!({ "detail-type": "Scheduled Event", "detail": {} });
                self.invoke(Function::Cleanup, tick).await;
                let sync =
                    json!({ "detail-type": "Scheduled Event", "detail": { "task": "sync" } });
                self.invoke(Function::Reconcile, sync).await;
            }
            self.settle().await;
        }
    }

    fn collect(&mut self) {
        let mut fresh = self.cloud.take_events();
        fresh.extend(self.cloud.announce.take().into_iter().map(envelope));
        for event in fresh {
            let kind = event["detail-type"].as_str().unwrap_or_default();
            if self.delivery.drop.contains(kind) {
                continue;
            }
            if let Some(left) = self
                .delivery
                .lose_first
                .get_mut(kind)
                .filter(|left| **left > 0)
            {
                *left -= 1;
                continue;
            }
            if self.delivery.twice {
                self.queue.push_back(event.clone());
            }
            self.queue.push_back(event);
        }
    }

    async fn deliver(&mut self, event: Value) {
        let kind = event["detail-type"].as_str().unwrap_or_default();
        let function = recipient(kind, &event["detail"]);
        if let Some(function) = function {
            self.invoke(function, event).await;
        }
    }

    /// Runs one function on one event, as Lambda would.
    pub async fn invoke(&mut self, function: Function, event: Value) {
        self.invocations += 1;
        let id = format!("invocation-{}", self.invocations);
        let now = self.cloud.clock.now();
        let invocation = Invocation::new(id, now + SignedDuration::from_mins(15), now);
        if let Err(error) = self.run(function, event, &invocation).await {
            self.failures.push(format!("{}: {error}", function.name()));
        }
    }

    async fn run(
        &self,
        function: Function,
        event: Value,
        invocation: &Invocation,
    ) -> Result<(), EngineError> {
        let cloud = &self.cloud;
        let (objects, bedrock) = (&cloud.objects, &cloud.bedrock);
        match function {
            Function::Ingest => {
                match ingest(self.desk(), cloud, objects.clone(), &event, invocation).await {
                    true => Ok(()),
                    false => Err(EngineError::Event(
                        "a message goes back to the queue".into(),
                    )),
                }
            }
            Function::Train => {
                let ports = perennial_train::Ports {
                    desk: self.desk(),
                    entropy: cloud.entropy.clone(),
                    read: objects.clone(),
                    write: objects.clone(),
                    observe: bedrock.clone(),
                    start: bedrock.clone(),
                    containers: bedrock.clone(),
                    start_containers: bedrock.clone(),
                    start_serverless: bedrock.clone(),
                    imports: bedrock.clone(),
                    start_imports: bedrock.clone(),
                    registrations: bedrock.clone(),
                    register: bedrock.clone(),
                };
                perennial_train::handle(&ports, event, invocation).await
            }
            Function::Evaluate => {
                let ports = perennial_evaluate::Ports {
                    desk: self.desk(),
                    read: objects.clone(),
                    write: objects.clone(),
                    training: bedrock.clone(),
                    stop: bedrock.clone(),
                    containers: bedrock.clone(),
                    stop_containers: bedrock.clone(),
                    deployments: bedrock.clone(),
                    deploy: bedrock.clone(),
                    batch: bedrock.clone(),
                    start_batch: bedrock.clone(),
                    ask: bedrock.clone(),
                };
                perennial_evaluate::handle(&ports, event, invocation).await
            }
            Function::Promote => {
                let ports = perennial_promote::Ports {
                    desk: self.desk(),
                    read: objects.clone(),
                    write: objects.clone(),
                    deployments: bedrock.clone(),
                    deploy: bedrock.clone(),
                    training: bedrock.clone(),
                    stop_training: bedrock.clone(),
                    containers: bedrock.clone(),
                    stop_containers: bedrock.clone(),
                    imports: bedrock.clone(),
                    registrations: bedrock.clone(),
                    models: bedrock.clone(),
                    batch: bedrock.clone(),
                    stop_batch: bedrock.clone(),
                    read_alias: cloud.alias.clone(),
                    write_alias: cloud.alias.clone(),
                };
                perennial_promote::handle(&ports, event, invocation).await
            }
            Function::Reconcile => perennial_reconcile::handle(&self.reconcile(), event).await,
            Function::Cleanup => {
                let ports = perennial_cleanup::Ports {
                    desk: self.desk(),
                    write: objects.clone(),
                    models: bedrock.clone(),
                    delete: bedrock.clone(),
                    deployments: bedrock.clone(),
                    change: bedrock.clone(),
                    usage: cloud.usage.clone(),
                };
                perennial_cleanup::handle(&ports, event).await
            }
        }
    }

    /// What `reconcile` sees of this installation.
    pub fn reconcile(&self) -> perennial_reconcile::Ports {
        perennial_reconcile::Ports {
            desk: self.desk(),
            read: self.cloud.objects.clone(),
            read_alias: self.cloud.alias.clone(),
            deployments: self.cloud.bedrock.clone(),
            models: self.cloud.bedrock.clone(),
        }
    }

    /// The pipeline's record.
    pub async fn pipeline(&self, name: &str) -> Pipeline {
        let name = PipelineName::parse(name).expect("valid");
        let stored = records::pipeline(self.cloud.table.as_ref(), &name)
            .await
            .expect("readable");
        stored.expect("the pipeline is known").record
    }

    /// Its runs, the oldest first.
    pub async fn runs(&self, name: &str) -> Vec<Run> {
        let name = PipelineName::parse(name).expect("valid");
        let runs = records::runs(self.cloud.table.as_ref(), &name)
            .await
            .expect("readable");
        runs.into_iter().map(|stored| stored.record).collect()
    }

    /// Its models, the oldest first.
    pub async fn models(&self, name: &str) -> Vec<Model> {
        let name = PipelineName::parse(name).expect("valid");
        let models = records::models(self.cloud.table.as_ref(), &name)
            .await
            .expect("readable");
        models.into_iter().map(|stored| stored.record).collect()
    }

    /// A report, as text.
    pub fn report(&self, key: &str) -> String {
        self.cloud.objects.read_text(key).unwrap_or_else(|| {
            panic!(
                "there is no {key}; there are {:?}",
                self.cloud.objects.keys("reports/")
            )
        })
    }

    /// A desk's clock, shared.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.cloud.clock.clone()
    }
}

/// Hands one event to `ingest`, which reads the bucket by `read`. False: it goes back to the queue.
pub async fn ingest(
    desk: Desk,
    cloud: &MemoryCloud,
    read: Arc<dyn ReadObjects>,
    event: &Value,
    invocation: &Invocation,
) -> bool {
    let ports = perennial_ingest::Ports {
        desk,
        read,
        write: cloud.objects.clone(),
        pause: cloud.clock.clone(),
        bucket: "bucket".into(),
        page: None,
    };
    let mut message = SqsMessage::default();
    message.message_id = Some("message".into());
    message.body = Some(event.to_string());
    let mut batch = SqsEvent::default();
    batch.records = vec![message];
    let answer = perennial_ingest::handle(&ports, batch, invocation).await;
    answer.batch_item_failures.is_empty()
}

fn envelope(announcement: Announcement) -> Value {
    json!({ "source": "perennial", "detail-type": announcement.detail_type, "detail": announcement.detail })
}
