//! Refusals of the gateway itself, in the shape that the caller's SDK reads.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::json;

use super::respond;
use super::signature::SignatureError;
use crate::services::CallRecord;

/// Why the gateway does not pass a call on.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

pub(super) fn unsigned(error: &SignatureError) -> Refusal {
    Refusal {
        status: StatusCode::FORBIDDEN,
        code: match error {
            SignatureError::Missing => "MissingAuthenticationToken",
            SignatureError::Malformed(_) => "IncompleteSignature",
        },
        message: error.to_string(),
    }
}

pub(super) fn unknown_key(service: &str, access_key: &str) -> Refusal {
    Refusal {
        status: StatusCode::FORBIDDEN,
        code: if service == "s3" {
            "InvalidAccessKeyId"
        } else {
            "UnrecognizedClientException"
        },
        message: format!(
            "this local cloud knows no access key {access_key:?}; use the one that `perennial local env` prints. \
             A function left over from an earlier run of the cloud is refused as well"
        ),
    }
}

pub(super) fn unknown_service(service: &str) -> Refusal {
    Refusal {
        status: StatusCode::NOT_IMPLEMENTED,
        code: "NotImplemented",
        message: format!(
            "the local cloud has no service {service:?}; it has s3, dynamodb, bedrock, bedrock-runtime, sagemaker, ssm, \
             cloudwatch (monitoring), eventbridge (events) and sts"
        ),
    }
}

/// What DynamoDB says of a body that it cannot read; only such a body comes here.
pub(super) fn unread(why: &str) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "SerializationException",
        message: format!("the request's body cannot be read: {why}"),
    }
}

/// What a service says to whom a role does not allow a call.
pub(super) fn access_denied(service: &str, message: String) -> Refusal {
    Refusal {
        status: super::permission::status_of(service),
        code: if service == "s3" {
            "AccessDenied"
        } else {
            "AccessDeniedException"
        },
        message,
    }
}

pub(super) fn too_large(limit: usize) -> Refusal {
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "RequestEntityTooLargeException",
        message: format!("the request's body could not be read within {limit} bytes"),
    }
}

/// What a busy or failing service says, as S3, DynamoDB and the JSON services word it.
pub(super) fn on_purpose(service: &str, throttled: bool) -> Refusal {
    let (status, code) = match (service, throttled) {
        ("s3", true) => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        ("s3", false) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        ("bedrock", true) => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
        (_, true) => (StatusCode::BAD_REQUEST, "ThrottlingException"),
        ("bedrock", false) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerException"),
        ("events", false) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalException"),
        ("monitoring", false) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServiceFault"),
        (_, false) => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
    };
    Refusal {
        status,
        code,
        message: "refused on purpose, by chaos".into(),
    }
}

impl Refusal {
    /// As the trace tells of it.
    pub(super) fn record(&self, event_name: String) -> CallRecord {
        CallRecord {
            event_name,
            error_code: Some(self.code.into()),
            error_message: Some(self.message.clone()),
            ..CallRecord::default()
        }
    }

    /// The error as the service would say it: XML for S3 and the query protocol, JSON for the rest.
    pub(super) fn response(&self, service: &str, request_id: &str) -> Response<Bytes> {
        let (code, message) = (self.code, escape(&self.message));
        let mut response = match service {
            "s3" => {
                let body = format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
                     <RequestId>{request_id}</RequestId></Error>"
                );
                respond(self.status, "application/xml", body)
            }
            "sts" | "iam" | "sqs" | "sns" | "ec2" | "cloudformation" | "autoscaling" => {
                let body = format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                     <RequestId>{request_id}</RequestId></ErrorResponse>"
                );
                respond(self.status, "text/xml", body)
            }
            _ => {
                let body = json!({"__type": code, "message": self.message}).to_string();
                respond(self.status, "application/x-amz-json-1.1", body)
            }
        };
        let headers = response.headers_mut();
        headers.insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A name for a call that nobody here understands.
pub(super) fn operation_of<B>(request: &Request<B>) -> String {
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    match target.and_then(|target| target.rsplit('.').next()) {
        Some(operation) => operation.to_owned(),
        None => format!("{} {}", request.method(), request.uri().path()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wire_format_gets_its_own_error() {
        let refusal = unknown_service("ec2");
        let text = |service| {
            String::from_utf8(refusal.response(service, "r-1").into_body().to_vec()).unwrap()
        };
        assert!(
            text("s3").contains("<Code>NotImplemented</Code>"),
            "{}",
            text("s3")
        );
        assert!(
            text("ec2").contains("<ErrorResponse><Error>"),
            "{}",
            text("ec2")
        );
        let json: serde_json::Value = serde_json::from_str(&text("lambda")).unwrap();
        assert_eq!(json["__type"], "NotImplemented");
        assert_eq!(refusal.response("lambda", "r-1").status(), 501);
    }
}
