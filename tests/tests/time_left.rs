//! A file for which one invocation of `ingest` is too short is rejected once, in words, and never read again and again; and a run is
//! carried on for half of a short time only.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::SignedDuration;
use perennial_core::announcement::{Function, Stage};
use perennial_core::run::{Effect, Event, Run, effects};
use perennial_engine::{Invocation, Perform, StepResult, drive};
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{Clock as _, ObjectInfo, ObjectStream, PortResult, ReadObjects};
use perennial_tests::{World, config, evaluation, ingest, training};
use serde_json::{Value, json};

const KEY: &str = "data/bot/tickets.jsonl";
const REPORT: &str = "reports/bot/uploads/data/bot/tickets.jsonl";

/// The bucket, where everything takes its time.
struct Slow {
    cloud: MemoryCloud,
    /// Until the first byte is there.
    first: SignedDuration,
    /// For each piece.
    piece: SignedDuration,
    opened: AtomicUsize,
}

struct SlowStream {
    stream: Box<dyn ObjectStream>,
    cloud: MemoryCloud,
    piece: SignedDuration,
}

#[async_trait]
impl ObjectStream for SlowStream {
    async fn next(&mut self) -> PortResult<Option<Bytes>> {
        self.cloud.clock.set(self.cloud.clock.now() + self.piece);
        self.stream.next().await
    }
}

#[async_trait]
impl ReadObjects for Slow {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        self.cloud.objects.head(key).await
    }

    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        let stream = self.cloud.objects.open(key, version).await?;
        if key != KEY {
            return Ok(stream);
        }
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.cloud.clock.set(self.cloud.clock.now() + self.first);
        Ok(Box::new(SlowStream {
            stream,
            cloud: self.cloud.clone(),
            piece: self.piece,
        }))
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

fn slow(world: &World, first: i64, piece: i64) -> Arc<Slow> {
    Arc::new(Slow {
        cloud: world.cloud.clone(),
        first: SignedDuration::from_secs(first),
        piece: SignedDuration::from_secs(piece),
        opened: AtomicUsize::new(0),
    })
}

/// Hands the event to `ingest`; whether it took it.
async fn taken(world: &World, read: Arc<Slow>, event: &Value) -> bool {
    let now = world.cloud.clock.now();
    let invocation = Invocation::new("invocation", now + SignedDuration::from_mins(15), now);
    ingest(world.desk(), &world.cloud, read, event, &invocation).await
}

/// A pipeline with one upload of 168 records, and a replacement of 300 pieces, of which the third line is no record. Answers the event
/// that tells of the replacement.
async fn replaced(world: &mut World) -> Value {
    world.upload("pipelines/bot.toml", config(""));
    world.upload(KEY, training());
    world.settle().await;
    let long = "x".repeat(1_000);
    let mut text = String::new();
    for n in 0..300 {
        let line = match n {
            2 => "{\"prompt\": \"a\", \n".to_owned(),
            _ => format!(
                "{}\n",
                json!({ "prompt": format!("{n} {long}"), "completion": "b" })
            ),
        };
        text.push_str(&line);
    }
    world.cloud.objects.set_piece(text.len() / 300);
    world.cloud.objects.upload(KEY, text.into_bytes());
    let mut events = world.cloud.objects.take_events();
    events.pop().expect("the upload's")
}

#[tokio::test]
async fn a_file_too_large_for_one_invocation_is_rejected_once_and_says_how_small_it_must_be() {
    let mut world = World::new();
    let event = replaced(&mut world).await;
    let before = world.cloud.objects.keys("shards/");
    let read = slow(&world, 0, 6);
    assert!(taken(&world, read.clone(), &event).await);

    let report = world.report(&format!("{REPORT}.txt"));
    assert!(report.starts_with("rejected"), "{report}");
    for words in [
        "file: time-left: 148.0 KiB of 302.1 KiB read in 882 seconds when the time was up: the function has 900 seconds",
        "fix: Split the file into files of at most 118.1 KiB and upload those, or give IngestFunction more MemorySize",
        "line 3: broken-json",
        "the earlier version",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert_eq!(world.cloud.objects.keys("shards/"), before, "no half shard");
    assert_eq!(world.pipeline("bot").await.pending_records, 168);

    assert!(taken(&world, read.clone(), &event).await);
    let times = read.opened.load(Ordering::Relaxed);
    assert_eq!(times, 1, "delivered again, it is not read again");
}

#[tokio::test]
async fn a_file_that_was_only_held_up_is_tried_again() {
    let mut world = World::new();
    let event = replaced(&mut world).await;
    let report = world.report(&format!("{REPORT}.json"));
    let shards = world.cloud.objects.keys("shards/");
    let held_up = slow(&world, 870, 2);
    assert!(
        !taken(&world, held_up, &event).await,
        "it goes back to the queue"
    );
    assert_eq!(
        world.report(&format!("{REPORT}.json")),
        report,
        "nothing is said"
    );
    assert_eq!(world.cloud.objects.keys("shards/"), shards);

    assert!(taken(&world, slow(&world, 0, 2), &event).await);
    let report = world.report(&format!("{REPORT}.txt"));
    assert!(!report.contains("time-left"), "{report}");
    assert!(
        report.contains("line 3: broken-json"),
        "read to its end: {report}"
    );
}

/// Every step of evaluating takes so long, and does nothing.
struct Slowly {
    cloud: MemoryCloud,
    step: SignedDuration,
    begun: AtomicUsize,
}

#[async_trait]
impl Perform for Slowly {
    fn function(&self) -> Function {
        Function::Evaluate
    }

    async fn perform(&self, _: &Run, _: &Effect, _: &Invocation) -> StepResult {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let at = self.cloud.clock.advance(self.step) + SignedDuration::from_mins(1);
        Ok(Event::Later { at, note: None })
    }
}

#[tokio::test]
async fn a_run_begins_no_step_in_the_second_half_of_a_short_time_and_says_that_it_is_due() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload(KEY, training());
    let run = loop {
        world.pass(SignedDuration::from_mins(1)).await;
        match world.runs("bot").await.pop() {
            Some(run) if run.stage() == Stage::Evaluating => break run,
            _ => {}
        }
    };
    assert_eq!(effects(&run).len(), 2, "{:?}", run.state);
    for (time, step, begun) in [(40, 19, 2), (40, 21, 1), (40, 38, 1), (900, 21, 2)] {
        let slowly = Slowly {
            cloud: world.cloud.clone(),
            step: SignedDuration::from_secs(step),
            begun: AtomicUsize::new(0),
        };
        world.cloud.announce.take();
        let now = world.cloud.clock.now();
        let invocation = Invocation::new("i", now + SignedDuration::from_secs(time), now);
        drive(&world.desk(), &slowly, &run.pipeline, &run.id, &invocation)
            .await
            .expect("carried on");
        let steps = slowly.begun.load(Ordering::Relaxed);
        assert_eq!(steps, begun, "steps of {step} seconds in {time}");
        let said = world.cloud.announce.take();
        let due = said.iter().any(|said| said.detail_type == "Run Due");
        assert_eq!(due, begun == 1, "{said:?}");
    }
}
