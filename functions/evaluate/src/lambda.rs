//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;

use lambda_runtime::Error;
use perennial_bedrock::{Bedrock, Settings};
use perennial_bedrock_runtime::Converse;
use perennial_desk::{serve, start};
use perennial_sagemaker::SageMaker;
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
    let runtime = aws_sdk_bedrockruntime::Client::new(&start.config);
    let sagemaker = aws_sdk_sagemaker::Client::new(&start.config);
    let sagemaker = Arc::new(SageMaker::without_starting(sagemaker));
    let ports = Ports {
        desk: start.desk,
        read: start.bucket.clone(),
        write: start.bucket,
        training: bedrock.clone(),
        stop: bedrock.clone(),
        containers: sagemaker.clone(),
        stop_containers: sagemaker,
        deployments: bedrock.clone(),
        deploy: bedrock.clone(),
        batch: bedrock.clone(),
        start_batch: bedrock,
        ask: Arc::new(Converse::new(runtime)),
    };
    serve(|event, invocation| {
        let ports = ports.clone();
        async move {
            handle(&ports, event, &invocation)
                .await
                .map(|()| Value::Null)
        }
    })
    .await
}
