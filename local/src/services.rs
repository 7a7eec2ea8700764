//! What the gateway and the bus need of the simulated services, and the types that they share with callers.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use perennial_local_services::{Answered, LostAnswer};
use serde_json::Value;

use crate::identity::Caller;

/// One AWS call as the trace tells it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallRecord {
    pub(crate) event_name: String,
    pub(crate) request_parameters: Value,
    pub(crate) response_elements: Value,
    pub(crate) error_code: Option<String>,
    pub(crate) error_message: Option<String>,
    pub(crate) resources: Vec<String>,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) struct Handled {
    /// `None` if the answer is to be lost: the connection ends without one.
    pub(crate) response: Option<Response<Bytes>>,
    pub(crate) call: CallRecord,
}

impl From<Answered> for Handled {
    fn from(Answered { response, outcome }: Answered) -> Self {
        let lost = response.extensions().get::<LostAnswer>().is_some();
        Self {
            response: (!lost).then_some(response),
            call: CallRecord {
                event_name: outcome.operation.to_owned(),
                request_parameters: outcome.request_parameters,
                response_elements: outcome.response_elements,
                error_code: outcome.error_code,
                error_message: outcome.error_message,
                resources: Vec::new(),
            },
        }
    }
}

/// Answers the calls of one or several services.
#[async_trait]
pub(crate) trait ServiceHandler: Send + Sync + std::fmt::Debug {
    async fn handle(&self, service: &str, caller: &Caller, request: Request<Bytes>) -> Handled;
}

/// Keeps events until the bus has them. For one carrier.
#[async_trait]
pub(crate) trait EventSource: Send + Sync + std::fmt::Debug {
    fn name(&self) -> &'static str;

    /// The oldest events that were not acknowledged, in their order.
    async fn waiting(&self) -> Result<Vec<Value>, String>;

    /// Forgets the events that `waiting` gave last: the bus has kept them.
    async fn acknowledge(&self) -> Result<(), String>;
}
