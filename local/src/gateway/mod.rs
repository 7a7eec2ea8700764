//! The one endpoint: takes every AWS call, finds the service and the caller by the signature, and writes the
//! trail.

mod chaotic;
mod control;
mod dynamodb;
mod permission;
mod refusal;
mod s3;
mod signature;

pub(crate) use control::Control;
pub(crate) use dynamodb::DynamoDb;
pub(crate) use s3::S3;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::chaos::Chaos;
use crate::clock::Clock;
use crate::identity::{Caller, Keys};
use crate::ids;
use crate::roles::Roles;
use crate::services::{Handled, ServiceHandler};
use crate::trace::Trace;
use signature::{Signature, SignatureError};

/// Larger bodies are refused, except for S3's. Bedrock's InvokeModel takes 25,000,000 bytes, DynamoDB 16 MB.
const BODY_BYTES: usize = 32 * 1024 * 1024;

/// How long calls in hand may take to end when the cloud stops.
const LAST_CALLS: Duration = Duration::from_secs(3);

/// Any response's body.
pub(crate) type Body = UnsyncBoxBody<Bytes, s3s::StdError>;

/// Everything that answers.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) keys: Keys,
    pub(crate) s3: S3,
    pub(crate) dynamodb: DynamoDb,
    /// Bedrock, SSM, CloudWatch, EventBridge, STS.
    pub(crate) services: Arc<dyn ServiceHandler>,
    pub(crate) control: Control,
    pub(crate) trace: Arc<Trace>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Told after each call.
    pub(crate) called: Arc<Notify>,
    /// What each function may do.
    pub(crate) roles: Arc<Roles>,
    /// What goes wrong on purpose, with calls of functions.
    pub(crate) chaos: Option<Arc<Chaos>>,
}

/// Whose call it is, and to which service.
#[derive(Debug)]
struct Called {
    service: String,
    caller: Caller,
    request_id: String,
}

/// The answer is lost on purpose; the connection ends.
#[derive(Debug, thiserror::Error)]
#[error("the answer is lost, as asked")]
struct Lost;

impl Gateway {
    /// Serves until the cloud stops, and until the calls in hand have ended.
    pub(crate) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        mut stopping: watch::Receiver<bool>,
    ) {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => None,
                accepted = listener.accept() => Some(accepted),
            };
            let stream = match accepted {
                None => break,
                Some(Ok((stream, _))) => stream,
                Some(Err(error)) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Small answers should not wait for more.
            let _ = stream.set_nodelay(true);
            let gateway = Arc::clone(&self);
            let service = service_fn(move |request| {
                let gateway = Arc::clone(&gateway);
                async move { gateway.answer(request).await.ok_or(Lost) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended");
                }
            });
        }
        drop(listener);
        if tokio::time::timeout(LAST_CALLS, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("calls were cut off because the cloud stops");
        }
    }

    /// Answers one request; `None` if the answer is to be lost.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Option<Response<Body>> {
        if request.uri().path().starts_with(control::PREFIX) {
            return Some(self.control.answer(request).await.map(boxed));
        }
        let request_id = ids::uuid();
        let signature = match Signature::of(&request) {
            Ok(signature) => signature,
            Err(error) => return Some(refuse_unsigned(&request, error, &request_id)),
        };
        let service = signature.service;
        let Some(caller) = self.keys.caller(&signature.access_key).cloned() else {
            let refusal = refusal::unknown_key(&service, &signature.access_key);
            return Some(refusal.response(&service, &request_id).map(boxed));
        };
        let call = Called {
            service,
            caller,
            request_id,
        };
        match (&self.chaos, &call.caller) {
            (Some(chaos), Caller::Function(_)) => {
                let chaos = Arc::clone(chaos);
                chaotic::answer(self, chaos, call, request).await
            }
            _ => self.pass(&call, request).await,
        }
    }

    /// Passes a call on to its service.
    async fn pass(&self, call: &Called, request: Request<Incoming>) -> Option<Response<Body>> {
        let response = match call.service.as_str() {
            "s3" => self.s3.answer(self, &call.caller, request).await,
            _ => {
                self.answer_whole(&call.service, &call.caller, request, &call.request_id)
                    .await
            }
        };
        self.called.notify_waiters();
        response
    }

    /// Answers a call whose body is read first.
    async fn answer_whole(
        &self,
        service: &str,
        caller: &Caller,
        request: Request<Incoming>,
        request_id: &str,
    ) -> Option<Response<Body>> {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, BODY_BYTES).collect().await else {
            let refusal = refusal::too_large(BODY_BYTES);
            return Some(refusal.response(service, request_id).map(boxed));
        };
        let request = Request::from_parts(parts, body.to_bytes());
        let denied = self.permit(service, caller, &request, request_id).await;
        let Handled { response, call } = match (service, denied) {
            (_, Some(denied)) => denied,
            ("dynamodb", _) => self.dynamodb.handle(request).await,
            ("bedrock" | "sagemaker" | "ssm" | "monitoring" | "events" | "sts", _) => {
                self.services.handle(service, caller, request).await
            }
            _ => {
                let refusal = refusal::unknown_service(service);
                *permission::refused(service, &request, request_id, refusal)
            }
        };
        let id = response
            .as_ref()
            .and_then(request_id_of)
            .unwrap_or(request_id);
        self.trace
            .write(service, caller, call, id, self.clock.now());
        Some(response?.map(boxed))
    }
}

fn refuse_unsigned(
    request: &Request<Incoming>,
    error: SignatureError,
    request_id: &str,
) -> Response<Body> {
    // S3's clients read XML and have no target header; everybody else's read JSON.
    let service = if request.headers().contains_key("x-amz-target") {
        "dynamodb"
    } else {
        "s3"
    };
    refusal::unsigned(&error)
        .response(service, request_id)
        .map(boxed)
}

fn request_id_of(response: &Response<Bytes>) -> Option<&str> {
    ["x-amzn-requestid", "x-amz-request-id"]
        .iter()
        .find_map(|name| response.headers().get(*name)?.to_str().ok())
}

pub(crate) fn boxed(body: Bytes) -> Body {
    Full::new(body)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A response that cannot fail to be built: its parts are our own.
pub(crate) fn respond(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let content_type = http::HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, content_type);
    response
}
