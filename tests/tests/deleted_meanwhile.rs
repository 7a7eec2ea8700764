//! An object that is deleted while `ingest` takes it in, where the deletion is taken up whole before there is a record: nothing of it
//! stays on record, whatever became of it (seed 909364 of commit 08c8c49).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use perennial_core::names::PipelineName;
use perennial_core::upload::UploadStatus;
use perennial_engine::{Desk, Invocation, records};
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{Clock as _, ObjectInfo, ObjectStream, PortResult, ReadObjects};
use perennial_tests::{World, config, ingest, training};
use serde_json::Value;

const KEY: &str = "data/bot/tickets.jsonl";
const REPORT: &str = "reports/bot/uploads/data/bot/tickets.jsonl.txt";

/// The bucket. Once somebody has seen that the object is there, it is deleted, and another `ingest` takes the deletion up.
struct Deletes {
    cloud: MemoryCloud,
    desk: Desk,
    done: AtomicBool,
}

impl Deletes {
    fn of(world: &World) -> Arc<Self> {
        Arc::new(Self {
            cloud: world.cloud.clone(),
            desk: world.desk(),
            done: AtomicBool::new(false),
        })
    }

    /// Hands the event to `ingest`, which reads by `read`.
    async fn taken(&self, read: Arc<dyn ReadObjects>, event: &Value) {
        let now = self.cloud.clock.now();
        let invocation = Invocation::new("invocation", now + SignedDuration::from_mins(15), now);
        let desk = self.desk.clone();
        let taken = ingest(desk, &self.cloud, read, event, &invocation).await;
        assert!(taken, "{event}");
    }
}

#[async_trait]
impl ReadObjects for Deletes {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        let seen = self.cloud.objects.head(key).await;
        if key == KEY && !self.done.swap(true, Ordering::Relaxed) {
            self.cloud.objects.delete(KEY);
            let deleted = self.cloud.objects.take_events().pop();
            let deleted = deleted.expect("the deletion's");
            let read = self.cloud.objects.clone();
            Box::pin(self.taken(read, &deleted)).await;
        }
        seen
    }

    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        self.cloud.objects.open(key, version).await
    }

    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: std::ops::Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>> {
        self.cloud.objects.open_range(key, tag, range).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>> {
        self.cloud.objects.list(prefix, after).await
    }
}

#[tokio::test]
async fn what_is_deleted_before_it_is_on_record_is_withdrawn_whatever_became_of_it() {
    let elsewhere = config("[data]\nfrom = [\"elsewhere/\"]\n");
    for (what, config, body) in [
        ("accepted", Some(config("")), training()),
        ("rejected", Some(config("")), "{\"prompt\": \n".to_owned()),
        ("waiting for a configuration", None, training()),
        ("outside of the data", Some(elsewhere), training()),
    ] {
        let mut world = World::new();
        if let Some(config) = config {
            world.upload("pipelines/bot.toml", config);
            world.settle().await;
        }
        world.upload(KEY, body);
        let event = world.cloud.objects.take_events().pop();
        let deletes = Deletes::of(&world);
        let event = event.expect("the upload's");
        deletes.taken(deletes.clone(), &event).await;
        assert!(deletes.done.load(Ordering::Relaxed), "{what}");

        let name = PipelineName::parse("bot").expect("valid");
        let upload = records::upload(world.cloud.table.as_ref(), &name, KEY).await;
        let upload = upload.expect("readable").expect("known").record;
        assert_eq!(upload.status, UploadStatus::Withdrawn, "{what}");
        assert_eq!(upload.shard, None, "{what}");
        assert_eq!(world.pipeline("bot").await.pending_records, 0, "{what}");
        let report = world.report(REPORT);
        assert!(report.starts_with("withdrawn"), "{what}: {report}");
    }
}
