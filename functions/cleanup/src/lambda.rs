//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;

use lambda_runtime::Error;
use perennial_bedrock::{Bedrock, Settings};
use perennial_cloudwatch::Metrics;
use perennial_desk::{serve, start};
use serde_json::Value;

use crate::{Ports, handle};

/// Serves invocations until Lambda ends the process.
///
/// # Errors
/// An incomplete environment, or no Lambda Runtime API.
pub async fn main() -> Result<(), Error> {
    let start = start().await?;
    let bedrock = Arc::new(Bedrock::new(
        aws_sdk_bedrock::Client::new(&start.config),
        Settings {
            bucket: start.settings.bucket.clone(),
            job_role_arn: start.settings.job_role_arn.clone(),
        },
    ));
    let metrics = aws_sdk_cloudwatch::Client::new(&start.config);
    let ports = Ports {
        desk: start.desk,
        write: start.bucket,
        models: bedrock.clone(),
        delete: bedrock.clone(),
        deployments: bedrock.clone(),
        change: bedrock,
        usage: Arc::new(Metrics::new(metrics)),
    };
    serve(|event, _| {
        let ports = ports.clone();
        async move { handle(&ports, event).await.map(|()| Value::Null) }
    })
    .await
}
