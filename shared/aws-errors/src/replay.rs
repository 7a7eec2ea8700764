//! An HTTP client for the adapters' tests: it answers from a list, in order, and keeps what it was asked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

/// One request that the SDK sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The HTTP method.
    pub method: String,
    /// The whole URI.
    pub uri: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty if the body is a stream.
    pub body: String,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the service is to say.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status, headers and a body.
    Answer {
        /// The HTTP status.
        status: u16,
        /// Further headers.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection breaks after the request was sent.
    Silence,
}

impl Reply {
    /// Status 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A refusal as the JSON protocols write it.
    pub fn refusal(status: u16, code: &str, message: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("x-amzn-errortype", code.to_owned())],
            body: format!(r#"{{"__type":"{code}","message":"{message}"}}"#).into_bytes(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

#[derive(Default)]
struct Tape {
    replies: VecDeque<Reply>,
    asked: Vec<Asked>,
}

/// The list of answers, and what was asked so far.
#[derive(Clone, Default)]
pub struct Replay(Arc<Mutex<Tape>>);

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replay")
    }
}

impl Replay {
    /// Answers in this order; then every connection breaks.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self(Arc::new(Mutex::new(Tape {
            replies: replies.into_iter().collect(),
            asked: Vec::new(),
        })))
    }

    /// Everything asked so far, retries included.
    pub fn asked(&self) -> Vec<Asked> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .asked
            .clone()
    }

    /// For an SDK's configuration.
    pub fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    /// Credentials of nobody.
    pub fn credentials() -> Credentials {
        Credentials::new("AKIDEXAMPLE", "not-a-secret", None, None, "replay")
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tape.asked.push(Asked {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            body: request
                .body()
                .bytes()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .unwrap_or_default(),
        });
        HttpConnectorFuture::ready(match tape.replies.pop_front() {
            Some(Reply::Answer {
                status,
                headers,
                body,
            }) => answer(status, headers, body),
            Some(Reply::Silence) | None => Err(ConnectorError::io("the connection broke".into())),
        })
    }
}

fn answer(
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
) -> Result<HttpResponse, ConnectorError> {
    let status = status
        .try_into()
        .map_err(|_| ConnectorError::other("no HTTP status".into(), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
