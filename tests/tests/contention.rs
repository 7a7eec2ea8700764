//! A thousand uploads into one pipeline, by many functions at once: how often each is written to the table. All of them change the
//! pipeline's one record, so the more functions, the more writes are refused and tried again.
//!
//! Calls take about as long as AWS's, by a virtual clock: the figures are the same on every machine.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use bytes::Bytes;
use futures::future::join_all;
use futures::task::noop_waker;
use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::Announcement;
use perennial_core::names::PipelineName;
use perennial_engine::{Desk, Invocation};
use perennial_ports::memory::MemoryCloud;
use perennial_ports::{
    Announce, Item, Key, ObjectInfo, ObjectSink, ObjectStream, Page, Pause, PortResult,
    ReadObjects, Table, TableError, Write, WriteObjects,
};
use perennial_tests::{World, config};
use serde_json::{Value, json};

const FILES: usize = 1_000;

/// In milliseconds: a consistent read and a transaction of DynamoDB, a request to S3, an event for the bus.
const READ: u64 = 4;
const TRANSACT: u64 = 12;
const S3: u64 = 25;
const EVENT: u64 = 10;

#[derive(Default)]
struct Waiting {
    now: u64,
    count: u64,
    due: BTreeMap<(u64, u64), Waker>,
    transactions: usize,
}

/// The ports of every function, where each call takes its time.
#[derive(Clone)]
struct Timed {
    cloud: MemoryCloud,
    waiting: Arc<Mutex<Waiting>>,
    /// Whether a function that is to wait does.
    patient: bool,
    /// So many saves are refused, as somebody else's came first.
    refused: Arc<AtomicUsize>,
}

impl Timed {
    fn of(world: &World, patient: bool) -> Self {
        Self {
            cloud: world.cloud.clone(),
            waiting: Arc::default(),
            patient,
            refused: Arc::default(),
        }
    }

    fn ports(&self, world: &World) -> perennial_ingest::Ports {
        let all = Arc::new(self.clone());
        perennial_ingest::Ports {
            desk: Desk {
                table: all.clone(),
                announce: all.clone(),
                ..world.desk()
            },
            read: all.clone(),
            write: all.clone(),
            pause: all,
            bucket: "bucket".into(),
            page: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait(&self, milliseconds: u64) {
        let place = {
            let mut waiting = self.lock();
            waiting.count += 1;
            (waiting.now + milliseconds, waiting.count)
        };
        std::future::poll_fn(|context: &mut Context<'_>| {
            let mut waiting = self.lock();
            if waiting.now >= place.0 {
                return Poll::Ready(());
            }
            waiting.due.insert(place, context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// A call takes from half to one and a half of its usual time.
    async fn call(&self, usual: u64) {
        let drawn = self.lock().count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        self.wait((usual * (drawn + 32_768)) >> 16).await;
    }

    /// Runs until it is done; time passes only while everybody waits.
    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let waker = noop_waker();
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
            let mut waiting = self.lock();
            let ((at, _), waker) = waiting.due.pop_first().expect("somebody waits");
            let passed = SignedDuration::from_millis((at - waiting.now) as i64);
            waiting.now = at;
            drop(waiting);
            self.cloud.clock.advance(passed);
            waker.wake();
        }
    }
}

#[async_trait]
impl Pause for Timed {
    async fn pause(&self, span: SignedDuration) {
        if self.patient {
            self.wait(u64::try_from(span.as_millis()).unwrap_or(0))
                .await;
        }
    }
}

#[async_trait]
impl Table for Timed {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.call(READ).await;
        self.cloud.table.get(key).await
    }

    async fn query(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        newest_first: bool,
    ) -> Result<Page, TableError> {
        self.call(READ).await;
        let table = &self.cloud.table;
        table
            .query(partition, prefix, after, limit, newest_first)
            .await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.call(TRANSACT).await;
        self.lock().transactions += 1;
        let won = |left: usize| left.checked_sub(1);
        let order = Ordering::Relaxed;
        if self.refused.fetch_update(order, order, won).is_ok() {
            let name = PipelineName::parse("bot").expect("valid");
            let key = Key::pipeline(&name);
            return Err(TableError::Conflict { key });
        }
        self.cloud.table.transact(writes).await
    }

    async fn due(&self, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        self.call(READ).await;
        self.cloud.table.due(kind, until, limit).await
    }
}

#[async_trait]
impl ReadObjects for Timed {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        self.call(S3).await;
        self.cloud.objects.head(key).await
    }

    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        self.call(S3).await;
        self.cloud.objects.open(key, version).await
    }

    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: std::ops::Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>> {
        self.call(S3).await;
        self.cloud.objects.open_range(key, tag, range).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>> {
        self.call(S3).await;
        self.cloud.objects.list(prefix, after).await
    }
}

#[async_trait]
impl WriteObjects for Timed {
    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> PortResult<()> {
        self.call(S3).await;
        self.cloud.objects.put(key, body, content_type).await
    }

    async fn create(&self, key: &str, content_type: &str) -> PortResult<Box<dyn ObjectSink>> {
        self.call(S3).await;
        self.cloud.objects.create(key, content_type).await
    }
}

#[async_trait]
impl Announce for Timed {
    async fn announce(&self, announcements: &[Announcement]) -> PortResult<()> {
        self.call(EVENT).await;
        self.cloud.announce.announce(announcements).await
    }
}

/// Whether the event was taken.
async fn take(ports: &perennial_ingest::Ports, event: &Value) -> bool {
    take_within(ports, event, SignedDuration::from_mins(15)).await
}

/// The same by a function that has so much time.
async fn take_within(ports: &perennial_ingest::Ports, event: &Value, time: SignedDuration) -> bool {
    let mut message = SqsMessage::default();
    message.body = Some(event.to_string());
    let mut batch = SqsEvent::default();
    batch.records = vec![message];
    let now = ports.desk.clock.now();
    let invocation = Invocation::new("invocation", now + time, now);
    let answer = perennial_ingest::handle(ports, batch, &invocation).await;
    answer.batch_item_failures.is_empty()
}

/// What a thousand uploads come to.
#[derive(Debug)]
struct Outcome {
    /// For each upload.
    transactions: f64,
    /// Uploads that go back to the queue, as others always came first.
    failed: usize,
    milliseconds: u64,
}

async fn thousand(functions: usize, patient: bool) -> Outcome {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.settle().await;
    for n in 0..FILES {
        let line = json!({ "prompt": format!("where is parcel {n}?"), "completion": "delivery" });
        world.upload(&format!("data/bot/{n}.jsonl"), format!("{line}\n"));
    }
    let timed = Timed::of(&world, patient);
    let ports = timed.ports(&world);
    let queue = Mutex::new(VecDeque::from(world.cloud.objects.take_events()));
    let next = || {
        queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    };
    let failed = AtomicUsize::new(0);
    let work = (0..functions).map(|_| async {
        while let Some(event) = next() {
            if !take(&ports, &event).await {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    timed.run(join_all(work));
    let failed = failed.load(Ordering::Relaxed);
    let taken = FILES - failed;
    let pipeline = world.pipeline("bot").await;
    assert_eq!(pipeline.pending_uploads, taken as u64, "each once");
    assert_eq!(pipeline.pending_records, taken as u64);
    let reports = world.cloud.objects.keys("reports/bot/uploads/data/bot/");
    assert_eq!(reports.len(), 2 * taken, "each with its report");
    let waiting = timed.lock();
    Outcome {
        transactions: waiting.transactions as f64 / FILES as f64,
        failed,
        milliseconds: waiting.now,
    }
}

#[tokio::test]
async fn an_upload_is_written_a_bounded_number_of_times_however_many_functions_take_uploads() {
    // Two are what the template sets; a thousand is the most that it takes.
    for (functions, most) in [(1, 1.0), (2, 1.2), (10, 2.0), (100, 4.0), (1_000, 9.0)] {
        let outcome = thousand(functions, true).await;
        eprintln!("{functions} functions: {outcome:?}");
        assert_eq!(outcome.failed, 0, "{functions}");
        assert!(outcome.transactions <= most, "{functions}: {outcome:?}");
        let alone = 210_000;
        assert!(
            outcome.milliseconds < alone,
            "waiting makes nobody slower than one alone"
        );
    }
}

#[tokio::test]
async fn without_waiting_for_others_many_functions_would_refuse_each_other() {
    let patient = thousand(50, true).await;
    let hasty = thousand(50, false).await;
    eprintln!("50 functions: {patient:?}, without waiting {hasty:?}");
    assert!(hasty.transactions > 3.0 * patient.transactions);
    assert!(hasty.failed > 0, "sixty tries are not enough");
}

#[tokio::test]
async fn who_never_comes_first_gives_the_event_back_before_the_functions_time_is_over() {
    let limit = SignedDuration::from_secs(30);
    let line = "{\"prompt\": \"where is my parcel?\", \"completion\": \"delivery\"}\n";
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("data/bot/old.jsonl", line.repeat(2));
    world.settle().await;
    world.upload("data/bot/new.jsonl", line);
    world.upload("data/bot/bad.jsonl", "{");
    world.upload(
        "pipelines/bot.toml",
        config("[evaluation]\nmax_prompts = 100\n"),
    );
    world.cloud.objects.delete("data/bot/old.jsonl");
    let events = world.cloud.objects.take_events();
    assert_eq!(events.len(), 4);
    for event in events {
        let key = event["detail"]["object"]["key"].as_str().expect("a key");
        let timed = Timed::of(&world, true);
        let ports = timed.ports(&world);
        timed.refused.store(usize::MAX, Ordering::Relaxed);
        assert!(!timed.run(take_within(&ports, &event, limit)), "{key}");
        let so_far = |waiting: &Waiting| (waiting.now, waiting.transactions);
        let (took, tries) = so_far(&timed.lock());
        assert!(took < 25_000, "{key}: five seconds are left, of {took}");
        assert!(took > 15_000, "{key}: it went on trying, for {took}");

        // Tried again, and at last nobody comes first any more.
        timed.refused.store(8, Ordering::Relaxed);
        assert!(timed.run(take_within(&ports, &event, limit)), "{key}");
        assert_eq!(timed.lock().transactions - tries, 9, "{key}");
    }
    assert_eq!(world.pipeline("bot").await.pending_records, 1);
}
