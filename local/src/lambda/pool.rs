//! The instances of one function: started when needed, kept warm, replaced when they break.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::InvokeError;
use super::instance::{Call, Instance, Launch, trace_id};
use super::log::FunctionLog;
use crate::chaos::Chaos;
use crate::common::lock;
use crate::identity::REGION;
use crate::options::FunctionCommand;
use crate::wiring::FunctionSpec;

/// How often an event is offered to a new instance because the one before it ended unseen.
const OFFERS: usize = 5;

/// What all pools of a cloud share.
#[derive(Debug)]
pub(crate) struct PoolSettings<'a> {
    /// What runs a function.
    pub(crate) command: &'a FunctionCommand,
    /// The cloud's address.
    pub(crate) endpoint: &'a str,
    /// The function's access key and secret key.
    pub(crate) keys: (&'a str, &'a str),
    /// The folder of the logs.
    pub(crate) logs: &'a Path,
    /// The folder of the instances' `/tmp`.
    pub(crate) tmp: &'a Path,
    /// Becomes true when the cloud stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// What goes wrong on purpose.
    pub(crate) chaos: Option<Arc<Chaos>>,
}

/// The instances of one function.
#[derive(Debug)]
pub(crate) struct Pool {
    spec: FunctionSpec,
    launch: Launch,
    arn: String,
    slots: Arc<Semaphore>,
    idle: Mutex<Vec<Instance>>,
    stopping: watch::Receiver<bool>,
    chaos: Option<Arc<Chaos>>,
    cold_starts: AtomicU64,
    invocations: AtomicU64,
    errors: AtomicU64,
}

/// A function as the control endpoint shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FunctionState {
    /// Its short name.
    pub(crate) function: String,
    /// Events in its instances' hands.
    pub(crate) busy: usize,
    /// Process ids of the warm instances.
    pub(crate) idle_pids: Vec<u32>,
    /// Processes started since the cloud started.
    pub(crate) cold_starts: u64,
    /// Invocations ended since the cloud started.
    pub(crate) invocations: u64,
    /// Those of them that failed.
    pub(crate) errors: u64,
}

impl Pool {
    /// A pool with no instance yet.
    pub(crate) fn new(spec: &FunctionSpec, settings: &PoolSettings<'_>) -> Self {
        let launch = Launch {
            function: spec.name.clone(),
            command: settings.command.clone(),
            env: environment(spec, settings),
            log: FunctionLog::new(settings.logs, &spec.name),
            tmp: settings.tmp.to_owned(),
        };
        Self {
            launch,
            arn: spec.declared.arn.clone(),
            slots: Arc::new(Semaphore::new(spec.max_concurrency.max(1))),
            idle: Mutex::new(Vec::new()),
            stopping: settings.stopping.clone(),
            chaos: settings.chaos.clone(),
            cold_starts: AtomicU64::new(0),
            invocations: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            spec: spec.clone(),
        }
    }

    /// The function.
    pub(crate) fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// Waits until the function may take one more event.
    ///
    /// # Errors
    /// [`InvokeError::Stopping`] once the cloud stops.
    pub(crate) async fn slot(&self) -> Result<OwnedSemaphorePermit, InvokeError> {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => Err(InvokeError::Stopping),
            slot = Arc::clone(&self.slots).acquire_owned() => slot.map_err(|_| InvokeError::Stopping),
        }
    }

    /// Invokes the function and waits for its answer.
    ///
    /// # Errors
    /// How the invocation failed.
    pub(crate) async fn invoke(
        &self,
        slot: OwnedSemaphorePermit,
        request_id: &str,
        payload: Bytes,
    ) -> Result<Bytes, InvokeError> {
        let call = Call {
            request_id: request_id.to_owned(),
            payload,
            function_arn: self.arn.clone(),
            timeout: self.spec.declared.timeout,
        };
        let mut stopping = self.stopping.clone();
        let started = Instant::now();
        let outcome = tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => Err(InvokeError::Stopping),
            outcome = self.offer(&call) => outcome,
        };
        drop(slot);
        self.invocations.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = &outcome {
            self.errors.fetch_add(1, Ordering::Relaxed);
            self.launch
                .log
                .line(format!("ERROR RequestId: {request_id} {error}"))
                .await;
        }
        let millis = started.elapsed().as_millis();
        let report = format!(
            "REPORT RequestId: {request_id} Duration: {millis} ms Memory Size: {} MB",
            self.spec.declared.memory_mb
        );
        self.launch.log.line(report).await;
        outcome
    }

    async fn offer(&self, call: &Call) -> Result<Bytes, InvokeError> {
        let mut in_hand = self
            .chaos
            .as_ref()
            .map(|chaos| chaos.in_hand(&self.spec.name, &trace_id(&call.request_id)));
        for _ in 0..OFFERS {
            let mut instance = match self.warm() {
                Some(instance) => instance,
                None => {
                    self.cold_starts.fetch_add(1, Ordering::Relaxed);
                    self.launch
                        .log
                        .line(format!("INIT_START RequestId: {}", call.request_id))
                        .await;
                    Instance::start(&self.launch).await?
                }
            };
            self.launch
                .log
                .line(format!(
                    "START RequestId: {} Version: $LATEST",
                    call.request_id
                ))
                .await;
            let Some(outcome) = instance.invoke(call, in_hand.as_mut()).await else {
                instance.end().await;
                continue;
            };
            self.launch
                .log
                .line(format!("END RequestId: {}", call.request_id))
                .await;
            match &outcome {
                Ok(_) | Err(InvokeError::Function { .. }) => self.idle().push(instance),
                Err(_) => instance.end().await,
            }
            return outcome;
        }
        Err(InvokeError::Init {
            message: format!(
                "its process ended {OFFERS} times before it fetched the event; see its log"
            ),
        })
    }

    fn warm(&self) -> Option<Instance> {
        let mut idle = self.idle();
        while let Some(mut instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        lock(&self.idle)
    }

    /// Kills the warm instances. Those at work end by themselves when the cloud is stopping.
    pub(crate) async fn end(&self) {
        let instances = std::mem::take(&mut *self.idle());
        for mut instance in instances {
            instance.end().await;
        }
    }

    /// How the function is doing.
    pub(crate) fn state(&self) -> FunctionState {
        FunctionState {
            function: self.spec.name.clone(),
            busy: self
                .spec
                .max_concurrency
                .max(1)
                .saturating_sub(self.slots.available_permits()),
            idle_pids: self.idle().iter().filter_map(Instance::pid).collect(),
            cold_starts: self.cold_starts.load(Ordering::Relaxed),
            invocations: self.invocations.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
        }
    }
}

/// The environment that Lambda gives a function
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>), and its own settings.
fn environment(spec: &FunctionSpec, settings: &PoolSettings<'_>) -> Vec<(String, String)> {
    let name = &spec.declared.name;
    let (access_key, secret_key) = settings.keys;
    let lambda = [
        ("AWS_LAMBDA_FUNCTION_NAME", name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            &spec.declared.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
        ("_HANDLER", "bootstrap"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("TZ", ":UTC"),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ENDPOINT_URL", settings.endpoint),
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", secret_key),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = spec.declared.env.clone();
    lambda.into_iter().chain(own).collect()
}
