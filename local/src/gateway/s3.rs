//! S3: passes calls to the object store's service, which verifies signatures and streams bodies.

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use perennial_local_s3::{Asked, Permitted, Store, error_of, operation_of, service};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::S3Service;
use s3s::{S3Result, s3_error};
use serde_json::{Value, json};
use std::sync::Arc;

use super::{Body, Gateway, boxed, respond};
use crate::identity::{Caller, Keys};
use crate::services::CallRecord;

/// S3's part of the gateway.
#[derive(Debug)]
pub(crate) struct S3 {
    service: S3Service,
}

/// The secrets by which signatures are verified.
#[derive(Debug)]
struct Secrets(Keys);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let found = self.0.pairs().find(|(key, _)| *key == access_key);
        found
            .map(|(_, secret)| SecretKey::from(secret))
            .ok_or_else(|| s3_error!(InvalidAccessKeyId))
    }
}

impl S3 {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self {
            service: service(store, Secrets(keys)),
        }
    }

    pub(super) async fn answer(
        &self,
        gateway: &Gateway,
        caller: &Caller,
        request: Request<Incoming>,
    ) -> Option<Response<Body>> {
        let by = perennial_local_s3::Caller::default();
        let request_id = by.request_id.clone();
        let (mut parts, body) = request.into_parts();
        let (operation, request_parameters) = operation_of(&parts);
        let waits = parts.headers.contains_key(http::header::EXPECT);
        let called = (operation, &request_parameters);
        let body = match gateway.permit_s3(caller, called, body, &request_id).await {
            Ok(body) => body,
            Err(denied) => return Some(denied),
        };
        parts.extensions.insert(by);
        parts.extensions.insert(Permitted {
            access_key: gateway.keys.access_key(caller).to_owned(),
            only: match caller {
                Caller::User => None,
                Caller::Function(_) => Some(Asked::of(operation, &request_parameters)),
            },
        });
        let request = Request::from_parts(parts, s3s::Body::from(body));
        let mut call = CallRecord {
            event_name: operation.to_owned(),
            request_parameters,
            ..CallRecord::default()
        };
        let mut response = match self.service.call(request).await {
            Ok(response) => {
                let missing = response.status() == http::StatusCode::NOT_FOUND;
                if missing
                    && let called = (operation, &call.request_parameters)
                    && let Some(denied) = gateway.permit_missing(caller, called, &request_id)
                {
                    return Some(denied);
                }
                if let Some((code, message)) = error_of(&response) {
                    call.error_code = Some(code);
                    call.error_message = Some(message);
                } else {
                    call.response_elements = elements(&response);
                }
                response.map(|body| body.map_err(Into::into).boxed_unsync())
            }
            Err(error) => {
                let message = format!("the object store failed: {error:?}");
                call.error_code = Some("InternalError".into());
                call.error_message = Some(message.clone());
                respond(
                    http::StatusCode::INTERNAL_SERVER_ERROR,
                    "text/plain",
                    message,
                )
                .map(boxed)
            }
        };
        // The sender of a body that nobody asked for keeps it; where the next request would begin is then unknown. As S3
        // does, it is told not to send one on this connection.
        if waits && !response.status().is_success() {
            let close = http::HeaderValue::from_static("close");
            response
                .headers_mut()
                .insert(http::header::CONNECTION, close);
        }
        gateway
            .trace
            .write("s3", caller, call, &request_id, gateway.clock.now());
        Some(response)
    }
}

/// The headers that CloudTrail shows of S3's answers.
fn elements<B>(response: &Response<B>) -> Value {
    let names = [
        "etag",
        "x-amz-version-id",
        "x-amz-delete-marker",
        "x-amz-copy-source-version-id",
    ];
    let found = names.iter().filter_map(|name| {
        let value = response.headers().get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), json!(value)))
    });
    let found: serde_json::Map<_, _> = found.collect();
    if found.is_empty() {
        Value::Null
    } else {
        Value::Object(found)
    }
}
