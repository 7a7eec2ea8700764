//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;

use lambda_runtime::Error;
use perennial_bedrock::{Bedrock, Settings};
use perennial_desk::{serve, start};
use perennial_sagemaker::SageMaker;
use perennial_ssm::Parameters;
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
    let alias = Arc::new(Parameters::new(aws_sdk_ssm::Client::new(&start.config)));
    let sagemaker = aws_sdk_sagemaker::Client::new(&start.config);
    let sagemaker = Arc::new(SageMaker::without_starting(sagemaker));
    let ports = Ports {
        desk: start.desk,
        read: start.bucket.clone(),
        write: start.bucket,
        deployments: bedrock.clone(),
        deploy: bedrock.clone(),
        training: bedrock.clone(),
        stop_training: bedrock.clone(),
        containers: sagemaker.clone(),
        stop_containers: sagemaker,
        imports: bedrock.clone(),
        registrations: bedrock.clone(),
        models: bedrock.clone(),
        batch: bedrock.clone(),
        stop_batch: bedrock,
        read_alias: alias.clone(),
        write_alias: alias,
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
