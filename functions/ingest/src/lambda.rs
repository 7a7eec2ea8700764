//! The function as Lambda runs it: adapters behind the ports, nothing else.

use lambda_runtime::Error;
use perennial_desk::{serve, start};
use perennial_engine::EngineError;

use crate::{Ports, handle};

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
