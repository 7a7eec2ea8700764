//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;

use lambda_runtime::Error;
use perennial_bedrock::Bedrock;
use perennial_desk::{serve, start};
use perennial_ssm::Parameters;
use serde_json::Value;

use crate::{Ports, handle};

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// An incomplete environment, or no Lambda Runtime API.
pub async fn main() -> Result<(), Error> {
    let start = start().await?;
    let alias = Parameters::new(aws_sdk_ssm::Client::new(&start.config));
    let bedrock = Bedrock::without_jobs(aws_sdk_bedrock::Client::new(&start.config));
    let ports = Ports {
        desk: start.desk,
        read: start.bucket,
        read_alias: Arc::new(alias),
        deployments: Arc::new(bedrock),
    };
    serve(|event, _| {
        let ports = ports.clone();
        async move { handle(&ports, event).await.map(|()| Value::Null) }
    })
    .await
}
