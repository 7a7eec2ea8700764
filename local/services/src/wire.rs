//! The wire formats: reading a request to (route, parameters), writing an answer or an error.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::{cloudwatch::cbor, error::AwsError, operation::Route};

/// How a service's requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Bedrock, Bedrock runtime.
    RestJson,
    /// SSM and EventBridge ("1.1"), CloudWatch where a client asks for it ("1.0").
    AwsJson(&'static str),
    /// CloudWatch: Smithy RPC v2 with CBOR.
    RpcCbor,
    /// STS.
    QueryXml,
}

/// A request that was understood: what to perform, and with which parameters.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(crate) route: Route,
    pub(crate) parameters: Value,
}

/// The body as a JSON object; an empty body is an empty object.
pub(crate) fn json_body(body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(AwsError::new(
            "SerializationException",
            "The request's body is not a JSON object.",
        )),
        Err(error) => Err(AwsError::new(
            "SerializationException",
            format!("The request's body is not JSON: {error}."),
        )),
    }
}

/// A percent-encoded piece of a path or query.
pub(crate) fn decoded(piece: &str) -> Result<String, AwsError> {
    let text = percent_decode_str(piece).decode_utf8();
    text.map(|text| text.into_owned())
        .map_err(|_| AwsError::validation(format!("'{piece}' is not UTF-8.")))
}

/// The members of the query string, as strings.
pub(crate) fn query(request: &Request<Bytes>) -> Result<Map<String, Value>, AwsError> {
    let pairs = request
        .uri()
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((
                decoded(name)?,
                Value::String(decoded(&value.replace('+', " "))?),
            ))
        })
        .collect()
}

/// The operation's name in the `X-Amz-Target` header, if the header names this service.
pub(crate) fn target<'r>(request: &'r Request<Bytes>, service: &str) -> Option<&'r str> {
    let target = request.headers().get("x-amz-target")?.to_str().ok()?;
    let (named, operation) = target.rsplit_once('.')?;
    (named == service).then_some(operation)
}

/// Writes an answer.
pub(crate) fn response(
    protocol: Protocol,
    status: u16,
    request_id: &str,
    answer: &Result<Value, AwsError>,
) -> Response<Bytes> {
    let (status, body) = match answer {
        Ok(answer) => (status, body_of(protocol, answer, request_id)),
        Err(error) => {
            let status = error_status(protocol, error);
            (status, error_body(protocol, error, request_id))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(content_type(protocol)),
    );
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    if protocol == Protocol::RpcCbor {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    if let Err(error) = answer {
        let (name, value) = match protocol {
            Protocol::RestJson => ("x-amzn-errortype", error.code.clone()),
            Protocol::RpcCbor | CLOUDWATCH_JSON => ("x-amzn-query-error", query_error(error)),
            Protocol::AwsJson(_) | Protocol::QueryXml => return response,
        };
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

/// CloudWatch's second protocol.
pub(crate) const CLOUDWATCH_JSON: Protocol = Protocol::AwsJson("1.0");

/// Only REST has a status for each error; elsewhere it tells the caller's fault from the service's, and the code the rest.
fn error_status(protocol: Protocol, error: &AwsError) -> u16 {
    match protocol {
        Protocol::RestJson => error.status,
        _ if error.status >= 500 => error.status,
        _ => 400,
    }
}

/// The error's code as it was in CloudWatch's older protocol, which clients still go by, and whose fault it is.
fn query_error(error: &AwsError) -> String {
    let code = match error.code.as_str() {
        "InvalidParameterValueException" => "InvalidParameterValue",
        "InvalidParameterCombinationException" => "InvalidParameterCombination",
        "MissingRequiredParameterException" => "MissingParameter",
        "ValidationException" => "ValidationError",
        "InternalServiceFault" => "InternalServiceError",
        "ThrottlingException" => "Throttling",
        "AccessDeniedException" => "AccessDenied",
        other => other,
    };
    let whose = if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    format!("{code};{whose}")
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::RestJson => "application/json",
        Protocol::AwsJson("1.0") => "application/x-amz-json-1.0",
        Protocol::AwsJson(_) => "application/x-amz-json-1.1",
        Protocol::RpcCbor => "application/cbor",
        Protocol::QueryXml => "text/xml",
    }
}

fn body_of(protocol: Protocol, answer: &Value, request_id: &str) -> Bytes {
    match protocol {
        Protocol::RpcCbor => cbor::encode(answer).into(),
        Protocol::QueryXml => crate::sts::answer_xml(answer, request_id).into(),
        Protocol::RestJson | Protocol::AwsJson(_) => answer.to_string().into(),
    }
}

fn error_body(protocol: Protocol, error: &AwsError, request_id: &str) -> Bytes {
    let AwsError { code, message, .. } = error;
    match protocol {
        Protocol::RestJson => json!({ "message": message }).to_string().into(),
        Protocol::AwsJson(_) => json!({ "__type": code, "message": message })
            .to_string()
            .into(),
        Protocol::RpcCbor => cbor::encode(&json!({ "__type": code, "message": message })).into(),
        Protocol::QueryXml => crate::sts::error_xml(error, request_id).into(),
    }
}
