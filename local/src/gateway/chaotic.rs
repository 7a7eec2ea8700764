//! What chaos does to an AWS call of a function. A person's calls do not come here.

use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use perennial_local_services::ServiceName;

use super::{BODY_BYTES, Body, Called, Gateway, boxed, refusal};
use crate::chaos::{CallFate, Chaos, Kind};
use crate::identity::Caller;

/// Answers a call as fate will have it; `None` if the answer is lost.
pub(super) async fn answer(
    gateway: Arc<Gateway>,
    chaos: Arc<Chaos>,
    call: Called,
    request: Request<Incoming>,
) -> Option<Response<Body>> {
    // As on AWS, what has arrived is carried out, whatever becomes of its sender: a late call of a killed process is a
    // fault worth meeting. So it does not end with its connection.
    let answered = tokio::spawn(async move { meet(&gateway, &chaos, &call, request).await });
    answered.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a call failed in the gateway");
        None
    })
}

async fn meet(
    gateway: &Gateway,
    chaos: &Chaos,
    call: &Called,
    request: Request<Incoming>,
) -> Option<Response<Body>> {
    let Caller::Function(function) = &call.caller else {
        return gateway.pass(call, request).await;
    };
    let (head, body) = request.into_parts();
    let operation = operation_of(&call.service, &head);
    let Some(fate) = chaos.call(function, &call.service, &operation, &head.headers) else {
        let request = Request::from_parts(head, body);
        return gateway.pass(call, request).await;
    };
    match fate.kind() {
        Kind::CallRefused => {
            // Otherwise the sender would meet a broken connection and not the refusal.
            let _ = Limited::new(body, BODY_BYTES).collect().await;
            Some(refuse(gateway, chaos, &fate, call, operation, &head))
        }
        Kind::CallDelayed => {
            let delay = fate.decision().call_delay();
            chaos.met(&fate, &format!("by {:.1} s", delay.as_secs_f64()));
            tokio::time::sleep(delay).await;
            let request = Request::from_parts(head, body);
            gateway.pass(call, request).await
        }
        Kind::AnswerLost => {
            let request = Request::from_parts(head.clone(), body);
            gateway.pass(call, request).await?;
            if fate.decision().says_500() {
                chaos.met(&fate, "and a 500 in its place");
                Some(error(call, &head, false).1)
            } else {
                chaos.met(&fate, "and the connection ended");
                None
            }
        }
        Kind::KilledAfterCall => {
            let request = Request::from_parts(head.clone(), body);
            let response = gateway.pass(call, request).await;
            let trace_id = head.headers.get("x-amzn-trace-id");
            match trace_id.and_then(|value| value.to_str().ok()) {
                Some(trace_id) if chaos.kill(&fate, trace_id).await => None,
                _ => response,
            }
        }
        Kind::EventDropped | Kind::EventDoubled | Kind::EventDelayed | Kind::ProcessKilled => {
            let request = Request::from_parts(head, body);
            gateway.pass(call, request).await
        }
    }
}

/// The operation's name, by what stands before the body.
fn operation_of(service: &str, head: &Parts) -> String {
    if service == "s3" {
        return perennial_local_s3::operation_of(head).0.to_owned();
    }
    let simulated = ServiceName::of(service, head.uri.path());
    if let Some(name) = simulated.and_then(|service| service.operation(head)) {
        return name.to_owned();
    }
    let target = head.headers.get("x-amz-target");
    let text = target.and_then(|value| value.to_str().ok());
    let text = text.map_or(head.uri.path(), |text| text);
    text.rsplit(['.', '/']).next().unwrap_or(text).to_owned()
}

fn refuse(
    gateway: &Gateway,
    chaos: &Chaos,
    fate: &CallFate,
    call: &Called,
    operation: String,
    head: &Parts,
) -> Response<Body> {
    let (refusal, response) = error(call, head, fate.decision().is_throttling());
    chaos.met(fate, &format!("with {}", refusal.code));
    let record = refusal.record(operation);
    let (service, now) = (&call.service, gateway.clock.now());
    gateway
        .trace
        .write(service, &call.caller, record, &call.request_id, now);
    response
}

/// An error in the words and the format of the call's service.
fn error(call: &Called, head: &Parts, throttled: bool) -> (refusal::Refusal, Response<Body>) {
    let refusal = refusal::on_purpose(&call.service, throttled);
    let response = match ServiceName::of(&call.service, head.uri.path()) {
        Some(name) => name.refusal(head, refusal.code, &refusal.message, &call.request_id),
        None => refusal.response(&call.service, &call.request_id),
    };
    (refusal, response.map(boxed))
}
