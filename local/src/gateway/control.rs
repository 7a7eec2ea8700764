//! What no AWS account has: a look at the cloud's inside and the levers that tests pull, as JSON under
//! `/_perennial/`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use perennial_local_services::ServiceName;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::respond;
use crate::bus::Bus;
use crate::chaos::Chaos;
use crate::clock::{Clock, OffsetClock};
use crate::drop::Progress;
use crate::ids;
use crate::lambda::Pool;
use crate::options::{Delivery, Faults};
use crate::simulated::Simulated;

/// Where the control endpoint lies; no bucket's name can begin with an underscore.
pub(super) const PREFIX: &str = "/_perennial/";

const BODY_BYTES: usize = 6 * 1024 * 1024;
const DRAIN_SECONDS: u64 = 60;
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// The control endpoint.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) endpoint: String,
    pub(crate) pools: BTreeMap<String, Arc<Pool>>,
    pub(crate) bus: Arc<Bus>,
    pub(crate) simulated: Arc<Simulated>,
    pub(crate) clock: Arc<OffsetClock>,
    /// How often each source of events was found empty.
    pub(crate) rounds: Vec<watch::Receiver<u64>>,
    pub(crate) dropped: watch::Receiver<Progress>,
    pub(crate) chaos: Option<Arc<Chaos>>,
}

/// Every operation that is simulated, by service, as AWS's SDK for Python and its CLI name them.
fn operations() -> Value {
    let mut all: BTreeMap<&str, Vec<String>> = ServiceName::ALL
        .into_iter()
        .map(|service| {
            let names = service.operations().into_iter().map(str::to_owned);
            (service.client_name(), names.collect())
        })
        .collect();
    all.insert("s3", perennial_local_s3::operations());
    let dynamodb = super::dynamodb::OPERATIONS.map(str::to_owned);
    all.insert("dynamodb", dynamodb.to_vec());
    json!(all)
}

/// An answer, or the reason for a refusal.
type Answer = Result<Value, (StatusCode, String)>;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Drain {
    timeout_seconds: u64,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            timeout_seconds: DRAIN_SECONDS,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

impl Control {
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        let (status, body) = match self.perform(request).await {
            Ok(body) => (StatusCode::OK, body),
            Err((status, message)) => (status, json!({"error": message})),
        };
        respond(status, "application/json", body.to_string())
    }

    async fn perform(&self, request: Request<Incoming>) -> Answer {
        // A web page must not reach in through a person's browser.
        if request.headers().contains_key(header::ORIGIN) {
            return Err((
                StatusCode::FORBIDDEN,
                "requests from web pages are refused".into(),
            ));
        }
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_BYTES)
            .collect()
            .await
            .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?
            .to_bytes();
        let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
        let steps: Vec<&str> = path.split('/').collect();
        match (&parts.method, steps.as_slice()) {
            (&Method::GET, ["health"]) => Ok(self.health()),
            (&Method::GET, ["operations"]) => Ok(operations()),
            (&Method::GET, ["functions"]) => self.functions().await,
            (&Method::POST, ["functions", name, "invoke"]) => self.invoke(name, body).await,
            (&Method::GET, ["dead-letters"]) => ledger(self.bus.ledger.dead_letters().await),
            (&Method::POST, ["dead-letters", "redrive"]) => {
                let moved = ledger(self.bus.ledger.redrive().await)?;
                self.bus.kept.notify_waiters();
                Ok(json!({"redriven": moved}))
            }
            (&Method::GET, ["delivery"]) => Ok(json!(*self.bus.delivery.borrow())),
            (&Method::PUT, ["delivery"]) => {
                let delivery: Delivery = read(&body)?;
                let answer = json!(delivery);
                self.bus.delivery.send_replace(delivery);
                Ok(answer)
            }
            (&Method::GET, ["faults"]) => Ok(json!(self.simulated.faults())),
            (&Method::PUT, ["faults"]) => {
                let faults: Faults = read(&body)?;
                self.simulated.set_faults(faults);
                Ok(json!(self.simulated.faults()))
            }
            (&Method::GET, ["chaos"]) => Ok(self.chaos()?.state()),
            (&Method::PUT, ["chaos"]) => {
                let chaos = self.chaos()?;
                chaos.switch(read::<Switch>(&body)?.on);
                Ok(chaos.state())
            }
            (&Method::GET, ["services"]) => Ok(json!({
                "pace": self.simulated.pace(),
                "settings": self.simulated.settings(),
            })),
            (&Method::PUT, ["services"]) => {
                self.simulated.configure(read(&body)?);
                Ok(json!(self.simulated.settings()))
            }
            (&Method::GET, ["clock"]) => Ok(self.time()),
            (&Method::POST, ["clock"]) => {
                self.clock.advance(read::<Advance>(&body)?.advance_seconds);
                Ok(self.time())
            }
            (&Method::POST, ["events"]) => {
                let events: Vec<Value> = read(&body)?;
                ledger(self.bus.publish(&events).await)?;
                Ok(json!({"published": events.len()}))
            }
            (&Method::POST, ["drain"]) => self.drain(read_or_default(&body)?).await,
            _ => Err((
                StatusCode::NOT_FOUND,
                format!(
                    "no {} {}{path}; see the local cloud's documentation",
                    parts.method, PREFIX
                ),
            )),
        }
    }

    fn chaos(&self) -> Result<&Chaos, (StatusCode, String)> {
        let none = || {
            let message = "this local cloud was started without chaos; `perennial local --chaos SEED` starts one with it";
            (StatusCode::NOT_FOUND, message.to_owned())
        };
        self.chaos.as_deref().ok_or_else(none)
    }

    fn health(&self) -> Value {
        json!({
            "status": "ok",
            "endpoint": self.endpoint,
            "pid": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
        })
    }

    fn time(&self) -> Value {
        json!({"now": self.clock.now().to_string(), "ahead_seconds": self.clock.ahead_seconds()})
    }

    async fn functions(&self) -> Answer {
        let pending = ledger(self.bus.ledger.pending().await)?;
        let state = |pool: &Arc<Pool>| {
            let mut state = json!(pool.state());
            let own = pending.as_array().into_iter().flatten();
            let own = own
                .into_iter()
                .find(|entry| entry["function"] == state["function"]);
            state["waiting"] = own.map_or(json!(0), |entry| entry["waiting"].clone());
            state
        };
        Ok(self.pools.values().map(state).collect())
    }

    /// A synchronous invocation, as Lambda's Invoke with `RequestResponse`.
    async fn invoke(&self, name: &str, payload: Bytes) -> Answer {
        let pool = self.pools.get(name).ok_or_else(|| {
            (
                StatusCode::NOT_FOUND,
                format!("there is no function {name:?}"),
            )
        })?;
        let failed =
            |error: crate::lambda::InvokeError| (StatusCode::BAD_GATEWAY, error.to_string());
        let slot = pool.slot().await.map_err(failed)?;
        let answer = pool
            .invoke(slot, &ids::uuid(), payload)
            .await
            .map_err(failed)?;
        let text = || Value::String(String::from_utf8_lossy(&answer).into_owned());
        Ok(serde_json::from_slice(&answer).unwrap_or_else(|_| text()))
    }

    /// Waits until nothing is on its way: no file to import, no event to carry, no delivery waiting (for a
    /// retry either) or in a function's hands.
    async fn drain(&self, drain: Drain) -> Answer {
        let until = Instant::now() + Duration::from_secs(drain.timeout_seconds);
        loop {
            let kept = self.bus.kept_count.load(Ordering::SeqCst);
            let pending = ledger(self.bus.ledger.pending().await)?;
            let waiting = self.dropped.borrow().waiting;
            if Instant::now() >= until {
                let message =
                    format!("not drained: {waiting} files and these deliveries wait: {pending}");
                return Err((StatusCode::REQUEST_TIMEOUT, message));
            }
            if pending.as_array().is_some_and(Vec::is_empty) {
                self.sources_read_again(until).await;
                let pending = ledger(self.bus.ledger.pending().await)?;
                let still = self.bus.kept_count.load(Ordering::SeqCst) == kept;
                let no_file = self.dropped.borrow().waiting == 0;
                if still && no_file && pending.as_array().is_some_and(Vec::is_empty) {
                    return Ok(json!({"drained": true}));
                }
            }
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }

    /// Waits until the drop folder and every source of events were looked at from now on.
    async fn sources_read_again(&self, until: Instant) {
        let mut dropped = self.dropped.clone();
        let looks = dropped.borrow().looks + 2;
        let all = async {
            // The files first: what they become is an event.
            let _ = dropped.wait_for(|progress| progress.looks >= looks).await;
            for rounds in &self.rounds {
                let mut rounds = rounds.clone();
                let target = *rounds.borrow() + 2;
                let _ = rounds.wait_for(|rounds| *rounds >= target).await;
            }
        };
        let _ = tokio::time::timeout_at(until.into(), all).await;
    }
}

fn ledger<T: serde::Serialize>(result: Result<T, crate::ledger::LedgerError>) -> Answer {
    result
        .map(|value| json!(value))
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

fn read_or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        read(body)
    }
}
