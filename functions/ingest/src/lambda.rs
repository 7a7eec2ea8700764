//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use lambda_runtime::Error;
use perennial_desk::{serve, start};
use perennial_engine::EngineError;
use perennial_ports::Pause;

use crate::{Ports, handle};

/// The function sleeps.
struct Sleep;

#[async_trait]
impl Pause for Sleep {
    async fn pause(&self, span: SignedDuration) {
        tokio::time::sleep(Duration::try_from(span).unwrap_or_default()).await;
    }
}

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// An incomplete environment, or no Lambda Runtime API.
pub async fn main() -> Result<(), Error> {
    let start = start().await?;
    let ports = Ports {
        desk: start.desk,
        read: start.bucket.clone(),
        write: start.bucket,
        pause: Arc::new(Sleep),
        bucket: start.settings.bucket,
        page: Some(crate::page::page),
    };
    serve(|event, invocation| {
        let ports = ports.clone();
        async move {
            let batch = serde_json::from_value(event)
                .map_err(|error| EngineError::Event(error.to_string()))?;
            let response = handle(&ports, batch, &invocation).await;
            serde_json::to_value(response).map_err(|error| EngineError::Event(error.to_string()))
        }
    })
    .await
}
