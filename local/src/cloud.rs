//! Puts the parts together, and takes them down again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use perennial_local_s3::Store;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::bus::{self, Bus, Pump};
use crate::chaos::Chaos;
use crate::clock::{Clock, OffsetClock};
use crate::drop::{Progress, Watcher};
use crate::error::CloudError;
use crate::gateway::{Control, DynamoDb, Gateway, S3};
use crate::home::Home;
use crate::identity::{FunctionCaller, Keys, REGION};
use crate::lambda::{Dispatcher, Pool, PoolSettings};
use crate::ledger::Ledger;
use crate::objects::{Bucket, Changes};
use crate::options::Options;
use crate::roles::Roles;
use crate::services::EventSource;
use crate::simulated::Simulated;
use crate::trace::Trace;
use crate::wiring::Wiring;

/// A running cloud. Dropping it without [`Cloud::stop`] ends its functions as well, but cuts calls off.
#[derive(Debug)]
pub struct Cloud {
    endpoint: String,
    stopping: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    pools: BTreeMap<String, Arc<Pool>>,
    clock: Arc<OffsetClock>,
    home: Home,
}

impl Cloud {
    /// Starts a cloud: takes the folder, goes on with whatever was under way in it, and listens.
    ///
    /// # Errors
    /// If the folder is taken or cannot be written, the port is in use, or a part does not start.
    pub async fn start(options: Options) -> Result<Self, CloudError> {
        let home = Home::take(&options.dir)?;
        let listener = TcpListener::bind(("127.0.0.1", options.port))
            .await
            .map_err(|source| CloudError::Listen {
                port: options.port,
                source,
            })?;
        let address = listener.local_addr().map_err(|source| CloudError::Listen {
            port: options.port,
            source,
        })?;
        let stopping = watch::Sender::new(false);
        // Whatever has started ends with the guard, if a later part does not start.
        let guard = StopOnDrop(Some(stopping.clone()));
        let cloud = Builder::new(options, home, address, stopping)
            .await?
            .build(listener)
            .await?;
        guard.disarm();
        Ok(cloud)
    }

    /// The address for `AWS_ENDPOINT_URL`, such as `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The clock, to move it in tests.
    pub fn clock(&self) -> &OffsetClock {
        &self.clock
    }

    /// The folder, absolute.
    pub fn dir(&self) -> &std::path::Path {
        self.home.dir()
    }

    /// Stops: no further call is taken, calls in hand end, the functions' processes are killed, and what they had
    /// in hand is handed out again at the next start.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        self.home.withdraw_endpoint();
        for task in std::mem::take(&mut self.tasks) {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the cloud failed");
            }
        }
        for pool in self.pools.values() {
            pool.end().await;
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.stopping.send_replace(true);
        for task in &self.tasks {
            task.abort();
        }
    }
}

struct StopOnDrop(Option<watch::Sender<bool>>);

impl StopOnDrop {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(stopping) = &self.0 {
            stopping.send_replace(true);
        }
    }
}

/// What every part needs while the cloud is put together.
struct Builder {
    options: Options,
    home: Home,
    endpoint: String,
    stopping: watch::Sender<bool>,
    keys: Keys,
    clock: Arc<OffsetClock>,
    trace: Arc<Trace>,
    bus: Arc<Bus>,
    store: Arc<Store>,
    tasks: Vec<JoinHandle<()>>,
}

impl Builder {
    async fn new(
        options: Options,
        home: Home,
        address: SocketAddr,
        stopping: watch::Sender<bool>,
    ) -> Result<Self, CloudError> {
        let wiring = Wiring::of(&options.template)?;
        let start = ulid::Ulid::new().to_string().to_lowercase();
        let functions = wiring.functions.iter();
        let keys = Keys::new(
            functions.map(|spec| FunctionCaller::of(&spec.declared)),
            &start,
        );
        let trace = Arc::new(Trace::open(options.trace.as_deref())?);
        let chaos = match options.chaos {
            Some(seed) => Some(Arc::new(Chaos::new(seed, &home.chaos_log())?)),
            None => None,
        };
        let bus = Arc::new(Bus {
            wiring: Arc::new(wiring),
            ledger: Ledger::open(&home.ledger())?,
            delivery: watch::Sender::new(options.delivery.clone()),
            kept: Arc::new(Notify::new()),
            kept_count: AtomicU64::new(0),
            chaos,
        });
        let part = |error: perennial_local_s3::StoreError| CloudError::Part {
            part: "s3",
            message: error.to_string(),
        };
        let store = Store::open(&home.objects()).map_err(part)?;
        for bucket in &bus.wiring.stack.buckets {
            let created = store.create_bucket(&bucket.name, REGION).await;
            created.map_err(part)?;
        }
        Ok(Self {
            endpoint: format!("http://{address}"),
            options,
            home,
            stopping,
            keys,
            clock: Arc::new(OffsetClock::default()),
            trace,
            bus,
            store,
            tasks: Vec::new(),
        })
    }

    async fn build(mut self, listener: TcpListener) -> Result<Cloud, CloudError> {
        let stack = &self.bus.wiring.stack;
        let path = self.home.dynamodb();
        let (dynamodb, server) =
            DynamoDb::start(&path, &stack.tables, self.stopping.subscribe()).await?;
        self.tasks.push(server);
        let simulated = Simulated::open(
            &self.home.services(),
            self.home.models(),
            &self.store,
            self.options.pace,
            self.options.faults.clone(),
            Arc::clone(&self.clock),
            self.keys.clone(),
        )
        .await?;
        let simulated = Arc::new(simulated);
        let log = self.home.logs().join("permissions.jsonl");
        let roles = Roles::read(stack, Arc::clone(&simulated), &log)?;
        let pools = self.pools();
        let called = Arc::new(Notify::new());
        let buckets = self.bus.wiring.stack.buckets.iter();
        let announcing = buckets.filter(|bucket| bucket.announces);
        let announcing = announcing.map(|bucket| bucket.name.clone()).collect();
        let changes = Arc::new(Changes::of(Arc::clone(&self.store), announcing));
        let rounds = vec![
            self.carry(changes, &called),
            self.carry(Arc::clone(&simulated) as Arc<dyn EventSource>, &called),
        ];
        let dropped = self.watch_drop_folder();
        let control = Control {
            endpoint: self.endpoint.clone(),
            pools: pools.clone(),
            bus: Arc::clone(&self.bus),
            simulated: Arc::clone(&simulated),
            clock: Arc::clone(&self.clock),
            rounds,
            dropped,
            chaos: self.bus.chaos.clone(),
        };
        let gateway = Arc::new(Gateway {
            keys: self.keys.clone(),
            s3: S3::new(Arc::clone(&self.store), self.keys.clone()),
            dynamodb,
            services: simulated,
            control,
            trace: Arc::clone(&self.trace),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            called,
            roles: Arc::new(roles),
            chaos: self.bus.chaos.clone(),
        });
        self.tasks.push(tokio::spawn(
            gateway.serve(listener, self.stopping.subscribe()),
        ));
        self.dispatch(&pools);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let schedules = bus::run_schedules(Arc::clone(&self.bus), clock, self.stopping.subscribe());
        self.tasks.push(tokio::spawn(schedules));
        self.home.publish_endpoint(&self.endpoint)?;
        tracing::info!(endpoint = self.endpoint, dir = %self.home.dir().display(), "the local cloud listens");
        Ok(Cloud {
            endpoint: self.endpoint,
            stopping: self.stopping,
            tasks: self.tasks,
            pools,
            clock: self.clock,
            home: self.home,
        })
    }

    fn pools(&self) -> BTreeMap<String, Arc<Pool>> {
        let pool = |spec: &crate::wiring::FunctionSpec| {
            let settings = PoolSettings {
                command: &self.options.function_command,
                endpoint: &self.endpoint,
                keys: self.keys.of_function(&spec.name).unwrap_or_default(),
                logs: &self.home.logs(),
                tmp: &self.home.tmp(),
                stopping: self.stopping.subscribe(),
                chaos: self.bus.chaos.clone(),
            };
            (spec.name.clone(), Arc::new(Pool::new(spec, &settings)))
        };
        self.bus.wiring.functions.iter().map(pool).collect()
    }

    /// Starts the dispatchers; those deliveries go first that an earlier run left.
    fn dispatch(&mut self, pools: &BTreeMap<String, Arc<Pool>>) {
        for pool in pools.values() {
            let dispatcher = Dispatcher {
                pool: Arc::clone(pool),
                ledger: self.bus.ledger.clone(),
                retries: self.options.retries.clone(),
                delivery: self.bus.delivery.subscribe(),
                kept: Arc::clone(&self.bus.kept),
                stopping: self.stopping.subscribe(),
            };
            self.tasks.push(tokio::spawn(dispatcher.run()));
        }
    }

    fn carry(
        &mut self,
        source: Arc<dyn EventSource>,
        called: &Arc<Notify>,
    ) -> watch::Receiver<u64> {
        let rounds = watch::Sender::new(0);
        let seen = rounds.subscribe();
        let pump = Pump {
            source,
            bus: Arc::clone(&self.bus),
            called: Arc::clone(called),
            rounds,
            stopping: self.stopping.subscribe(),
        };
        self.tasks.push(tokio::spawn(pump.run()));
        seen
    }

    fn watch_drop_folder(&mut self) -> watch::Receiver<Progress> {
        let progress = watch::Sender::new(Progress::default());
        let seen = progress.subscribe();
        let watcher = Watcher {
            folder: self.home.drop_folder(),
            staging: self.home.tmp(),
            how: self.options.drop_folder.clone(),
            ledger: self.bus.ledger.clone(),
            intake: Bucket {
                store: Arc::clone(&self.store),
                name: self.bus.wiring.bucket.clone(),
                trace: Arc::clone(&self.trace),
                clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            },
            progress,
            stopping: self.stopping.subscribe(),
        };
        self.tasks.push(tokio::spawn(watcher.run()));
        seen
    }
}
