//! A call of a function is asked for in its role before it reaches its service, and denied in the service's own words.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use perennial_local_policy::AwsCall;
use perennial_local_services::ServiceName;
use serde_json::Value;

use super::{BODY_BYTES, Body, Gateway, boxed, refusal};
use crate::identity::Caller;
use crate::roles::AccessDenied;
use crate::services::{CallRecord, Handled};

/// A call as it was understood: its operation and its parameters.
pub(super) type Understood = (String, Value);

impl Gateway {
    /// Asks for a call of S3. A denied call's body is read to its end: otherwise its sender would meet a broken connection
    /// and not the refusal.
    pub(super) async fn permit_s3(
        &self,
        caller: &Caller,
        (operation, parameters): (&str, &Value),
        body: Incoming,
        request_id: &str,
    ) -> Result<Incoming, Response<Body>> {
        let call = AwsCall {
            service: "s3",
            operation,
            parameters,
        };
        match self.roles.check(caller, &call) {
            Ok(()) => Ok(body),
            Err(denied) => {
                let _ = Limited::new(body, BODY_BYTES).collect().await;
                Err(self.deny_s3(caller, (operation, parameters), denied, request_id))
            }
        }
    }

    /// What becomes of an answer of S3 that says that something is not there: whoever may not list the bucket is not
    /// told.
    pub(super) fn permit_missing(
        &self,
        caller: &Caller,
        (operation, parameters): (&str, &Value),
        request_id: &str,
    ) -> Option<Response<Body>> {
        let call = AwsCall {
            service: "s3",
            operation,
            parameters,
        };
        let denied = self.roles.check_missing(caller, &call).err()?;
        Some(self.deny_s3(caller, (operation, parameters), denied, request_id))
    }

    fn deny_s3(
        &self,
        caller: &Caller,
        (operation, parameters): (&str, &Value),
        denied: AccessDenied,
        request_id: &str,
    ) -> Response<Body> {
        let refusal = refusal::access_denied("s3", denied.message);
        let call = CallRecord {
            request_parameters: parameters.clone(),
            ..refusal.record(operation.to_owned())
        };
        self.trace
            .write("s3", caller, call, request_id, self.clock.now());
        refusal.response("s3", request_id).map(boxed)
    }

    /// Asks for a call of any other service; the answer, if it is denied. What cannot be read is not asked for, and so
    /// refused here: a service may read what this does not.
    pub(super) async fn permit(
        &self,
        service: &str,
        caller: &Caller,
        request: &Request<Bytes>,
        request_id: &str,
    ) -> Option<Handled> {
        match caller {
            Caller::User => return None,
            Caller::Function(_) => {}
        }
        let (operation, parameters) = match understood(service, request, request_id) {
            Ok(understood) => understood,
            Err(refused) => return Some(*refused),
        };
        let checked = {
            let roles = Arc::clone(&self.roles);
            let (service, caller) = (service.to_owned(), caller.clone());
            let (operation, parameters) = (operation.clone(), parameters.clone());
            // It looks at the services' state, and that blocks.
            tokio::task::spawn_blocking(move || {
                let call = AwsCall {
                    service: &service,
                    operation: &operation,
                    parameters: &parameters,
                };
                roles.check(&caller, &call)
            })
            .await
        };
        let denied = match checked {
            Ok(Ok(())) => return None,
            Ok(Err(denied)) => denied,
            Err(error) => AccessDenied {
                message: format!("the permission could not be looked up: {error}"),
            },
        };
        let refusal = refusal::access_denied(service, denied.message);
        let call = CallRecord {
            request_parameters: parameters,
            ..refusal.record(operation)
        };
        let (head, _) = request.clone().into_parts();
        Some(Handled {
            response: Some(shaped(service, &head, &refusal, request_id)),
            call,
        })
    }
}

/// In the wire format of the call's service, with the status of this service's denials.
fn shaped(
    service: &str,
    head: &Parts,
    refusal: &refusal::Refusal,
    request_id: &str,
) -> Response<Bytes> {
    let mut response = match ServiceName::of(service, head.uri.path()) {
        Some(name) => name.refusal(head, refusal.code, &refusal.message, request_id),
        None => refusal.response(service, request_id),
    };
    *response.status_mut() = refusal.status;
    response
}

/// The call, or its refusal in the words of its service.
fn understood(
    service: &str,
    request: &Request<Bytes>,
    request_id: &str,
) -> Result<Understood, Box<Handled>> {
    if service == "dynamodb" {
        return match serde_json::from_slice(request.body()) {
            Ok(parameters @ Value::Object(_)) => Ok((refusal::operation_of(request), parameters)),
            Ok(_) => Err(refused(
                service,
                request,
                request_id,
                refusal::unread("it is no JSON object"),
            )),
            Err(error) => Err(refused(
                service,
                request,
                request_id,
                refusal::unread(&error.to_string()),
            )),
        };
    }
    let Some(name) = ServiceName::of(service, request.uri().path()) else {
        let refusal = refusal::unknown_service(service);
        return Err(refused(service, request, request_id, refusal));
    };
    match name.understood(request, request_id) {
        Ok((operation, parameters)) => Ok((operation.to_owned(), parameters)),
        Err(answered) => Err(Box::new((*answered).into())),
    }
}

/// A call that the gateway itself refuses, not knowing what it asks for.
pub(super) fn refused(
    service: &str,
    request: &Request<Bytes>,
    request_id: &str,
    refusal: refusal::Refusal,
) -> Box<Handled> {
    Box::new(Handled {
        response: Some(refusal.response(service, request_id)),
        call: refusal.record(refusal::operation_of(request)),
    })
}

/// The status with which services deny: 403, and 400 where every error of the protocol has it.
pub(super) fn status_of(service: &str) -> StatusCode {
    match service {
        "dynamodb" | "sagemaker" | "ssm" | "events" => StatusCode::BAD_REQUEST,
        _ => StatusCode::FORBIDDEN,
    }
}
