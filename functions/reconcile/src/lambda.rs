//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;

use lambda_runtime::Error;
use perennial_bedrock::Bedrock;
use perennial_desk::{Unit, metric, serve, start};
use perennial_ssm::Parameters;
use serde_json::Value;

use crate::{Ports, look};

/// Runs that have been due for more than an hour: an alarm stands on it (`infra/template.yaml`).
const OVERDUE: &str = "RunsOverdue";

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
        deployments: Arc::new(bedrock.clone()),
        models: Arc::new(bedrock),
    };
    serve(|event, _| {
        let ports = ports.clone();
        async move {
            if let Some(seen) = look(&ports, event).await? {
                metric(OVERDUE, Unit::Count, seen.overdue.into(), None);
            }
            Ok(Value::Null)
        }
    })
    .await
}
