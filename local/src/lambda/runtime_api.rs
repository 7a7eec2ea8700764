//! The Lambda Runtime API of one function instance, as a real runtime meets it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::InvokeError;
use crate::common::lock;

/// What a function may answer at most (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const RESPONSE_BYTES: usize = 6 * 1024 * 1024 + 64 * 1024;

const PREFIX: &str = "/2018-06-01/runtime/";

type AnswerSender = oneshot::Sender<Result<Bytes, InvokeError>>;

/// One invocation as the function will see it.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) deadline_ms: i64,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
    pub(super) answer: AnswerSender,
    /// Told when the runtime has fetched the invocation.
    pub(super) fetched: oneshot::Sender<()>,
}

/// What the instance's owner holds of the Runtime API.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    pub(super) invocations: mpsc::Sender<Invocation>,
    /// False until the runtime asks for its first invocation.
    pub(super) ready: watch::Receiver<bool>,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    queue: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    /// The request id in the runtime's hands, and who waits for its answer.
    current: Mutex<Option<(String, AnswerSender)>>,
    init_error: Mutex<Option<String>>,
    ready: watch::Sender<bool>,
}

/// The body of an error report (`errorMessage`, `errorType`, `stackTrace`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorReport {
    error_message: String,
    error_type: String,
}

impl RuntimeApi {
    /// Starts listening on a free port.
    pub(super) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (invocations, queue) = mpsc::channel(1);
        let (ready_sender, ready) = watch::channel(false);
        let shared = Arc::new(Shared {
            queue: tokio::sync::Mutex::new(queue),
            current: Mutex::new(None),
            init_error: Mutex::new(None),
            ready: ready_sender,
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            invocations,
            ready,
            shared,
            server,
        })
    }

    /// What the runtime said about its failed start, if it did.
    pub(super) fn init_error(&self) -> Option<String> {
        lock(&self.shared.init_error).clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, so that the instance's connections end with its server.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a function's runtime connection ended");
            }
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let (parts, body) = request.into_parts();
    let path = parts
        .uri
        .path()
        .strip_prefix(PREFIX)
        .unwrap_or_default()
        .to_owned();
    let steps: Vec<&str> = path.split('/').collect();
    match (&parts.method, steps.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => next(&shared).await,
        (&Method::POST, ["invocation", id, kind @ ("response" | "error")]) => {
            let body = match Limited::new(body, RESPONSE_BYTES).collect().await {
                Ok(body) => body.to_bytes(),
                Err(_) => {
                    let error = InvokeError::Function {
                        kind: "Function.ResponseSizeTooLarge".into(),
                        message: format!("the response exceeds {RESPONSE_BYTES} bytes"),
                    };
                    settle(&shared, id, Err(error));
                    return json(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        r#"{"errorType":"RequestEntityTooLarge"}"#,
                    );
                }
            };
            let outcome = if *kind == "response" {
                Ok(body)
            } else {
                let report: ErrorReport = serde_json::from_slice(&body).unwrap_or_default();
                Err(InvokeError::Function {
                    kind: report.error_type,
                    message: report.error_message,
                })
            };
            if settle(&shared, id, outcome) {
                json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
            } else {
                json(
                    StatusCode::BAD_REQUEST,
                    r#"{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}"#,
                )
            }
        }
        (&Method::POST, ["init", "error"]) => {
            let body = Limited::new(body, RESPONSE_BYTES).collect().await;
            let bytes = body.map(|body| body.to_bytes()).unwrap_or_default();
            let report: ErrorReport = serde_json::from_slice(&bytes).unwrap_or_default();
            *lock(&shared.init_error) =
                Some(format!("{}: {}", report.error_type, report.error_message));
            json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
        }
        _ => json(
            StatusCode::NOT_FOUND,
            r#"{"errorType":"NotFound","errorMessage":"no such path in the Runtime API 2018-06-01"}"#,
        ),
    }
}

async fn next(shared: &Shared) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    shared.ready.send_replace(true);
    let Some(invocation) = shared.queue.lock().await.recv().await else {
        return json(StatusCode::GONE, r#"{"errorType":"Shutdown"}"#);
    };
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", &invocation.request_id)
        .header("Lambda-Runtime-Deadline-Ms", invocation.deadline_ms)
        .header(
            "Lambda-Runtime-Invoked-Function-Arn",
            &invocation.function_arn,
        )
        .header("Lambda-Runtime-Trace-Id", &invocation.trace_id)
        .body(Full::new(invocation.payload));
    *lock(&shared.current) = Some((invocation.request_id, invocation.answer));
    // Nobody listens any more if the invocation timed out meanwhile.
    let _ = invocation.fetched.send(());
    response
}

/// Passes an outcome on; false if `id` is not the invocation in hand.
fn settle(shared: &Shared, id: &str, outcome: Result<Bytes, InvokeError>) -> bool {
    let mut current = lock(&shared.current);
    match current.take() {
        Some((in_hand, answer)) if in_hand == id => answer.send(outcome).is_ok(),
        other => {
            *current = other;
            false
        }
    }
}

fn json(
    status: StatusCode,
    body: &'static str,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())))
}
