//! The simulated services (Bedrock, SSM, CloudWatch, EventBridge, STS) as the gateway and the bus use them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, StatusCode};
use perennial_local_s3::{PutOptions, Store, StoreError};
use perennial_local_services::{
    Caller as ServiceCaller, Described, Faults, LookError, ObjectAccess, Pace, ServiceName,
    Services, Settings,
};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::clock::{Clock, OffsetClock};
use crate::common::lock;
use crate::error::CloudError;
use crate::gateway::respond;
use crate::identity::{Caller, Keys};
use crate::services::{CallRecord, EventSource, Handled, ServiceHandler};

/// The services, which block, on the blocking pool.
#[derive(Debug)]
pub(crate) struct Simulated {
    services: Arc<Services>,
    pace: Pace,
    keys: Keys,
    /// Events that the services gave and the bus has not kept: they give each only once.
    in_hand: Mutex<Vec<Value>>,
}

impl Simulated {
    /// Opens the services' state; what foundation models know stands in the folder `models`.
    pub(crate) async fn open(
        dir: &Path,
        models: PathBuf,
        store: &Arc<Store>,
        pace: Pace,
        faults: Faults,
        clock: Arc<OffsetClock>,
        keys: Keys,
    ) -> Result<Self, CloudError> {
        let part = |message: String| CloudError::Part {
            part: "services",
            message,
        };
        let objects = Arc::new(Objects {
            store: Arc::clone(store),
            runtime: Handle::current(),
        });
        let dir = dir.to_owned();
        let open = move || Services::open(&dir, objects, pace, Arc::new(SharedClock(clock)));
        let services = tokio::task::spawn_blocking(open)
            .await
            .map_err(|error| part(error.to_string()))?
            .map_err(|error| part(error.to_string()))?;
        let services = services.with_knowledge(models);
        services.set_faults(faults);
        Ok(Self {
            services: Arc::new(services),
            pace,
            keys,
            in_hand: Mutex::default(),
        })
    }

    pub(crate) fn faults(&self) -> Faults {
        self.services.faults()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        self.services.set_faults(faults);
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    pub(crate) fn settings(&self) -> Settings {
        self.services.settings()
    }

    /// A resource by its name or ARN; it blocks.
    pub(crate) fn described(
        &self,
        kind: &str,
        identifier: &str,
    ) -> Result<Option<Described>, LookError> {
        self.services.described(kind, identifier)
    }

    pub(crate) fn configure(&self, settings: Settings) {
        self.services.configure(settings);
    }
}

#[async_trait]
impl ServiceHandler for Simulated {
    async fn handle(&self, service: &str, caller: &Caller, request: Request<Bytes>) -> Handled {
        let failed = |message: String| Handled {
            response: Some(respond(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                message.clone(),
            )),
            call: CallRecord {
                event_name: "Unknown".into(),
                error_code: Some("InternalFailure".into()),
                error_message: Some(message),
                ..CallRecord::default()
            },
        };
        let Some(name) = ServiceName::of(service, request.uri().path()) else {
            return failed(format!("{service} is not simulated"));
        };
        let caller = ServiceCaller {
            access_key: self.keys.access_key(caller).to_owned(),
            function: match caller {
                Caller::User => None,
                Caller::Function(function) => Some(function.name().to_owned()),
            },
        };
        let services = Arc::clone(&self.services);
        let answered =
            tokio::task::spawn_blocking(move || services.handle(name, &caller, &request)).await;
        match answered {
            Ok(answered) => answered.into(),
            Err(error) => failed(format!("the simulator of {service} failed: {error}")),
        }
    }
}

#[async_trait]
impl EventSource for Simulated {
    fn name(&self) -> &'static str {
        "services"
    }

    async fn waiting(&self) -> Result<Vec<Value>, String> {
        let services = Arc::clone(&self.services);
        let new = tokio::task::spawn_blocking(move || services.tick())
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        let mut in_hand = lock(&self.in_hand);
        in_hand.extend(new);
        Ok(in_hand.clone())
    }

    async fn acknowledge(&self) -> Result<(), String> {
        let ids: Vec<String> = {
            let in_hand = lock(&self.in_hand);
            in_hand
                .iter()
                .filter_map(|event| event["id"].as_str().map(str::to_owned))
                .collect()
        };
        let services = Arc::clone(&self.services);
        tokio::task::spawn_blocking(move || services.acknowledge(ids))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        lock(&self.in_hand).clear();
        Ok(())
    }
}

/// The cloud's clock, for the services.
#[derive(Debug)]
struct SharedClock(Arc<OffsetClock>);

impl perennial_local_services::Clock for SharedClock {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }
}

/// The bucket, as Bedrock's jobs read and write it: blocking, on a thread that may block.
#[derive(Debug)]
struct Objects {
    store: Arc<Store>,
    runtime: Handle,
}

impl ObjectAccess for Objects {
    fn read(&self, bucket: &str, key: &str) -> io::Result<Bytes> {
        self.runtime
            .block_on(self.store.read(bucket, key))
            .map_err(as_io)
    }

    fn write(&self, bucket: &str, key: &str, content: Bytes) -> io::Result<()> {
        let put = self
            .store
            .put_bytes(bucket, key, content, PutOptions::default());
        self.runtime.block_on(put).map(drop).map_err(as_io)
    }

    fn exists(&self, bucket: &str, key: &str) -> io::Result<bool> {
        match self
            .runtime
            .block_on(self.store.head(bucket, key, None))
            .map_err(as_io)
        {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn list(&self, bucket: &str, prefix: &str) -> io::Result<Vec<String>> {
        let entries = self
            .runtime
            .block_on(self.store.list(bucket, prefix))
            .map_err(as_io)?;
        Ok(entries.into_iter().map(|entry| entry.key).collect())
    }
}

fn as_io(error: StoreError) -> io::Error {
    let kind = match &error {
        StoreError::NoSuchBucket { .. }
        | StoreError::NoSuchKey { .. }
        | StoreError::IsDeleteMarker { .. } => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
