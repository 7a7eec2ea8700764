//! The object store as the bus and the drop folder use it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use perennial_local_s3::{PutOptions, Store};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::drop::Intake;
use crate::identity::{ACCOUNT, Caller, REGION};
use crate::services::{CallRecord, EventSource};
use crate::trace::Trace;

/// Changes read at a time.
const PAGE: usize = 100;

/// The store's outbox as a source of events.
#[derive(Debug)]
pub(crate) struct Changes {
    store: Arc<Store>,
    /// The buckets that tell of their objects.
    announcing: BTreeSet<String>,
    /// The last change that was given and is to be acknowledged.
    given: AtomicI64,
}

impl Changes {
    pub(crate) fn of(store: Arc<Store>, announcing: BTreeSet<String>) -> Self {
        Self {
            store,
            announcing,
            given: AtomicI64::new(0),
        }
    }
}

#[async_trait]
impl EventSource for Changes {
    fn name(&self) -> &'static str {
        "s3"
    }

    async fn waiting(&self) -> Result<Vec<Value>, String> {
        loop {
            let changes = self.store.changes_after(0, PAGE).await;
            let changes = changes.map_err(|error| error.to_string())?;
            let Some(last) = changes.last() else {
                return Ok(Vec::new());
            };
            self.given.store(last.id, Ordering::SeqCst);
            let announced = changes
                .iter()
                .filter(|change| self.announcing.contains(&change.bucket));
            let events: Vec<Value> = announced
                .map(|change| change.to_event(ACCOUNT, REGION))
                .collect();
            if !events.is_empty() {
                return Ok(events);
            }
            // Nobody is told of these; they make room for the next.
            self.acknowledge().await?;
        }
    }

    async fn acknowledge(&self) -> Result<(), String> {
        let forgotten = self
            .store
            .forget_changes(self.given.load(Ordering::SeqCst))
            .await;
        forgotten.map_err(|error| error.to_string())
    }
}

/// Puts dropped files into the bucket as the user, and writes the trail of it.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) store: Arc<Store>,
    pub(crate) name: String,
    pub(crate) trace: Arc<Trace>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Intake for Bucket {
    async fn take(&self, key: &str, file: &Path) -> Result<(), String> {
        let options = PutOptions::default();
        let request_id = options.caller.request_id.clone();
        let put = self.store.put_file(&self.name, key, file, options).await;
        let mut call = CallRecord {
            event_name: "PutObject".into(),
            request_parameters: json!({"bucketName": self.name, "key": key}),
            ..CallRecord::default()
        };
        match &put {
            Ok(info) => {
                call.response_elements =
                    json!({"etag": info.etag, "x-amz-version-id": info.version_id});
            }
            Err(error) => {
                call.error_code = Some("InternalError".into());
                call.error_message = Some(error.to_string());
            }
        }
        self.trace
            .write("s3", &Caller::User, call, &request_id, self.clock.now());
        put.map(drop).map_err(|error| error.to_string())
    }
}
