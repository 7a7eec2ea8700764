//! One invocation of one function: the real handler over gated ports.

use std::pin::Pin;
use std::sync::Arc;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use jiff::Timestamp;
use perennial_core::announcement::Function;
use perennial_core::names::Installation;
use perennial_core::span::Span;
use perennial_engine::{Desk, EngineError, Invocation, Settings};
use serde_json::Value;

use crate::gate::Board;
use crate::ports::Gated;

/// A handler at work.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<(), EngineError>> + Send>>;

/// How often something that sends no event is looked at, in seconds.
pub(crate) const POLL_SECONDS: u64 = 60;

/// An event on its way to a function.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) function: Function,
    pub(crate) event: Arc<Value>,
    /// Counted from 1.
    pub(crate) attempt: u32,
}

impl Delivery {
    pub(crate) fn of(function: Function, event: Value) -> Self {
        Self {
            function,
            event: Arc::new(event),
            attempt: 1,
        }
    }

    /// In words, for the trace.
    pub(crate) fn words(&self) -> String {
        let kind = self.event["detail-type"].as_str().unwrap_or("?");
        let detail = &self.event["detail"];
        let about = [
            &detail["object"]["key"],
            &detail["stage"],
            &detail["status"],
            &detail["request"],
            &detail["task"],
        ]
        .into_iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ");
        format!("{} “{kind}” {about}", self.function.name())
    }
}

/// An invocation that has not ended.
pub(crate) struct Live {
    pub(crate) work: Option<Work>,
    pub(crate) board: Arc<Board>,
    pub(crate) delivery: Delivery,
    pub(crate) began: Timestamp,
    /// Lambda has given it up and delivered again, but it is still alive.
    pub(crate) zombie: bool,
}

/// Begins to handle an event.
pub(crate) fn begin(
    gated: Gated,
    delivery: &Delivery,
    invocation: Invocation,
    installation: Installation,
    region: &'static str,
    imported_models: u32,
) -> Work {
    let ports = Arc::new(gated);
    let event = delivery.event.clone();
    let desk = Desk {
        settings: Settings {
            installation,
            region: region.into(),
            poll: Span(POLL_SECONDS),
            imported_models,
        },
        table: ports.clone(),
        announce: ports.clone(),
        clock: ports.clone(),
    };
    match delivery.function {
        Function::Ingest => Box::pin(async move {
            let ports = perennial_ingest::Ports {
                desk,
                read: ports.clone(),
                write: ports.clone(),
                pause: ports,
                bucket: "bucket".into(),
                page: None,
            };
            let mut message = SqsMessage::default();
            message.message_id = Some("message".into());
            message.body = Some(event.to_string());
            let mut batch = SqsEvent::default();
            batch.records = vec![message];
            let response = perennial_ingest::handle(&ports, batch, &invocation).await;
            match response.batch_item_failures.len() {
                0 => Ok(()),
                _ => Err(EngineError::Event("the message goes back".into())),
            }
        }),
        Function::Train => Box::pin(async move {
            let entropy = ports.cloud.entropy.clone();
            let ports = perennial_train::Ports {
                desk,
                entropy,
                read: ports.clone(),
                write: ports.clone(),
                observe: ports.clone(),
                start: ports.clone(),
                containers: ports.clone(),
                start_containers: ports.clone(),
                start_serverless: ports.clone(),
                imports: ports.clone(),
                start_imports: ports.clone(),
                registrations: ports.clone(),
                register: ports,
            };
            perennial_train::handle(&ports, (*event).clone(), &invocation).await
        }),
        Function::Evaluate => Box::pin(async move {
            let ports = perennial_evaluate::Ports {
                desk,
                read: ports.clone(),
                write: ports.clone(),
                training: ports.clone(),
                stop: ports.clone(),
                containers: ports.clone(),
                stop_containers: ports.clone(),
                deployments: ports.clone(),
                deploy: ports.clone(),
                batch: ports.clone(),
                start_batch: ports.clone(),
                ask: ports,
            };
            perennial_evaluate::handle(&ports, (*event).clone(), &invocation).await
        }),
        Function::Promote => Box::pin(async move {
            let ports = perennial_promote::Ports {
                desk,
                read: ports.clone(),
                write: ports.clone(),
                deployments: ports.clone(),
                deploy: ports.clone(),
                training: ports.clone(),
                stop_training: ports.clone(),
                containers: ports.clone(),
                stop_containers: ports.clone(),
                imports: ports.clone(),
                registrations: ports.clone(),
                models: ports.clone(),
                batch: ports.clone(),
                stop_batch: ports.clone(),
                read_alias: ports.clone(),
                write_alias: ports,
            };
            perennial_promote::handle(&ports, (*event).clone(), &invocation).await
        }),
        Function::Reconcile => Box::pin(async move {
            let ports = perennial_reconcile::Ports {
                desk,
                read: ports.clone(),
                read_alias: ports.clone(),
                deployments: ports.clone(),
                models: ports,
            };
            perennial_reconcile::handle(&ports, (*event).clone()).await
        }),
        Function::Cleanup => Box::pin(async move {
            let ports = perennial_cleanup::Ports {
                desk,
                write: ports.clone(),
                models: ports.clone(),
                delete: ports.clone(),
                deployments: ports.clone(),
                change: ports.clone(),
                usage: ports,
            };
            perennial_cleanup::handle(&ports, (*event).clone()).await
        }),
    }
}
