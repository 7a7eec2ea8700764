//! `ingest`: S3 "Object Created" and "Object Deleted", one at a time from a queue.
//!
//! An upload is validated and compiled in one pass, and accepted in one transaction; a configuration is checked; a
//! deleted object is withdrawn. An event is a hint: the bucket is asked what is true before anything is decided. A file for which
//! one invocation is too short is rejected in time.

mod compile;
mod configuration;
mod contention;
mod earlier;
mod event;
#[cfg(feature = "lambda")]
mod lambda;
mod leakage;
mod media;
mod outside;
#[cfg(feature = "lambda")]
mod page;
mod report;
mod too_short;
mod upload;
mod verdict;
mod withdraw;

use std::fmt;
use std::sync::Arc;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use perennial_core::prices::Estimate;
use perennial_core::upload::{Place, is_folder_marker, place};
use perennial_engine::reports::{self, UploadReport};
use perennial_engine::time_left::TimeLeft;
use perennial_engine::{Desk, EngineError, Invocation};
use perennial_ports::{Pause, ReadObjects, WriteObjects};

pub use event::ObjectEvent;
#[cfg(feature = "lambda")]
pub use lambda::main;

/// What `ingest` may do.
#[derive(Clone)]
pub struct Ports {
    /// Table, bus, clock.
    pub desk: Desk,
    /// Reading the bucket.
    pub read: Arc<dyn ReadObjects>,
    /// Writing shards and reports.
    pub write: Arc<dyn WriteObjects>,
    /// Waiting, where others wrote first.
    pub pause: Arc<dyn Pause>,
    /// The bucket's name, in which the media that records name have to lie.
    pub bucket: String,
    /// What makes the page for people of a report; without it there is none, and one thing less that a test has to look at.
    pub page: Option<Page>,
}

/// Makes a self-contained HTML page of a report, and of what training on the upload alone would cost.
pub type Page = fn(&UploadReport, Option<&Estimate>) -> String;

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// Takes a batch from the queue; what failed is delivered again, alone.
pub async fn handle(ports: &Ports, batch: SqsEvent, invocation: &Invocation) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in batch.records {
        let body = message.body.unwrap_or_default();
        if let Err(error) = take(ports, &body, invocation).await {
            tracing::error!(%error, "the event was not taken in; it will be delivered again");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// Takes one event, as the queue's message holds it.
pub async fn take(ports: &Ports, body: &str, invocation: &Invocation) -> Result<(), EngineError> {
    let time = TimeLeft::new(invocation, ports.desk.now());
    for event in event::parse(body)? {
        take_object(ports, &event, time).await?;
    }
    Ok(())
}

async fn take_object(
    ports: &Ports,
    event: &ObjectEvent,
    time: TimeLeft,
) -> Result<(), EngineError> {
    match place(&event.key) {
        Place::Ignored => Ok(()),
        Place::Misnamed { found, reason } => {
            let message =
                format!("{reason}. Nothing was read; move the file to a folder with such a name");
            leave(
                ports,
                event,
                &reports::misnamed_folder(&found),
                "rejected",
                message,
            )
            .await
        }
        Place::General(pipeline) => {
            let message = "kept, but not asked: the set of what must not be forgotten (evaluation.max_general_loss) takes \
                           effect in a later version. Put the file directly under the pipeline's folder in eval/ to have \
                           it asked in the gate";
            leave(ports, event, pipeline.as_str(), "kept", message.into()).await
        }
        Place::Configuration(pipeline) => configuration::take(ports, &pipeline, event, time).await,
        Place::Upload(kind, pipeline) => upload::take(ports, &pipeline, kind, event, time).await,
    }
}

/// A file that is not read: people are told in a report where they would look for it.
async fn leave(
    ports: &Ports,
    event: &ObjectEvent,
    folder: &str,
    status: &'static str,
    message: String,
) -> Result<(), EngineError> {
    match ports.read.head(&event.key).await? {
        Some(current) if !is_folder_marker(&event.key, current.size) => {}
        _ => return Ok(()),
    }
    let report = reports::UploadReport {
        key: event.key.clone(),
        version: event.version.clone(),
        status,
        message,
        notes: Vec::new(),
        summary: None,
    };
    report::write(ports, folder, &report, None).await
}
