//! A dataset that one invocation of `train` cannot seal: the run is given all of the function's time once, and fails in words after that.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::SignedDuration;
use perennial_core::announcement::{Announcement, Stage, pipeline_due, run_due};
use perennial_core::run::{Outcome, Run, RunState};
use perennial_engine::Invocation;
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{Clock as _, ObjectInfo, ObjectStream, PortResult, ReadObjects};
use perennial_tests::{World, config, evaluation, training};
use serde_json::json;

/// The bucket, where a piece of a training shard takes its time.
struct Slow {
    cloud: MemoryCloud,
    /// Until the first byte of a shard is there.
    first: SignedDuration,
    piece: SignedDuration,
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
        if !key.contains("/training/") {
            return Ok(stream);
        }
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

/// A pipeline whose run is due, and whose one shard is read in a hundred pieces. Nothing wakes `train` but the test.
async fn due() -> World {
    let mut world = World::new();
    for word in ["Upload Accepted", "Pipeline Due", "Run Due"] {
        world.delivery.drop.insert(word.into());
    }
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", training());
    world.settle().await;
    world.cloud.clock.advance(SignedDuration::from_mins(3));
    let keys = world.cloud.objects.keys("shards/bot/training/");
    let shard = world.cloud.objects.read(&keys[0]).expect("compiled");
    world.cloud.objects.set_piece(shard.len().div_ceil(100));
    world
}

/// Wakes `train` for 15 minutes; the run as it is then.
async fn train(world: &World, said: Announcement, (first, piece): (i64, i64)) -> Run {
    let (objects, bedrock) = (&world.cloud.objects, &world.cloud.bedrock);
    let slow = Slow {
        cloud: world.cloud.clone(),
        first: SignedDuration::from_secs(first),
        piece: SignedDuration::from_secs(piece),
    };
    let ports = perennial_train::Ports {
        desk: world.desk(),
        entropy: world.cloud.entropy.clone(),
        read: Arc::new(slow),
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
    let event =
        json!({ "source": "perennial", "detail-type": said.detail_type, "detail": said.detail });
    let now = world.cloud.clock.now();
    let invocation = Invocation::new("i", now + SignedDuration::from_mins(15), now);
    let taken = perennial_train::handle(&ports, event, &invocation).await;
    taken.expect("no error");
    world.runs("bot").await.remove(0)
}

async fn opened(world: &World, slowness: (i64, i64)) -> Run {
    let name = world.pipeline("bot").await.name;
    train(world, pipeline_due(&name, Stage::Collecting), slowness).await
}

async fn again(world: &World, run: &Run, slowness: (i64, i64)) -> Run {
    train(
        world,
        run_due(&run.pipeline, &run.id, run.stage()),
        slowness,
    )
    .await
}

fn file_is_there(world: &World, run: &Run) -> bool {
    let key = format!("{}/train.jsonl", run.work());
    world.cloud.objects.read(&key).is_some()
}

#[tokio::test]
async fn what_a_claim_is_too_short_for_is_sealed_with_all_of_the_functions_time() {
    let world = due().await;
    let slowness = (0, 2);
    let run = opened(&world, slowness).await;
    assert_eq!(run.state, RunState::Preparing);
    let waits = run.waits_for.as_deref().expect("it says why");
    assert!(
        waits.contains(
            "in 1 uploads were sealed in 100 seconds when the time was up; it is begun again"
        ),
        "{waits}"
    );
    assert!(!file_is_there(&world, &run), "no half file");

    let run = again(&world, &run, slowness).await;
    assert_eq!(run.prepared.expect("sealed").records, 168);
}

#[tokio::test]
async fn a_dataset_too_large_for_one_invocation_fails_its_run_in_words() {
    let world = due().await;
    let slowness = (0, 20);
    let run = opened(&world, slowness).await;
    assert_eq!(run.state, RunState::Preparing);
    let run = again(&world, &run, slowness).await;
    let reason = match &run.state {
        RunState::Closing {
            outcome: Outcome::Failed,
            reason,
            ..
        }
        | RunState::Ended {
            outcome: Outcome::Failed,
            reason,
            ..
        } => reason,
        other => panic!("{other:?}"),
    };
    for words in [
        "the dataset is too large to be sealed in one invocation",
        "in 1 uploads were sealed in 880 seconds when the time was up, and the function has 900 seconds",
        "Give TrainFunction more MemorySize",
        "[data] use and from",
        "`perennial start bot`",
    ] {
        assert!(reason.contains(words), "{words}: {reason}");
    }
    assert!(!file_is_there(&world, &run), "no half file");
}

#[tokio::test]
async fn a_dataset_that_was_only_held_up_is_sealed_later() {
    let world = due().await;
    let held_up = (870, 1);
    let run = opened(&world, held_up).await;
    let run = again(&world, &run, held_up).await;
    assert_eq!(run.state, RunState::Preparing);
    let waits = run.waits_for.as_deref().expect("it says why");
    assert!(
        waits.contains("it was held up; it is tried again"),
        "{waits}"
    );
    let run = again(&world, &run, (0, 1)).await;
    assert_eq!(run.prepared.expect("sealed").records, 168);
}
