//! The function as Lambda runs it: adapters behind the ports, nothing else.

use std::sync::Arc;

use lambda_runtime::Error;
use perennial_bedrock::{Bedrock, Settings};
use perennial_desk::{serve, start};
use perennial_ports::clock::SystemClock;
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
    let sagemaker = aws_sdk_sagemaker::Client::new(&start.config);
    let sagemaker = Arc::new(match start.settings.sagemaker_job_role_arn {
        Some(job_role_arn) => SageMaker::new(
            sagemaker,
            perennial_sagemaker::Settings {
                bucket: start.settings.bucket,
                job_role_arn,
            },
        ),
        None => SageMaker::without_starting(sagemaker),
    });
    let ports = Ports {
        desk: start.desk,
        entropy: Arc::new(SystemClock),
        read: start.bucket.clone(),
        write: start.bucket,
        observe: bedrock.clone(),
        start: bedrock.clone(),
        containers: sagemaker.clone(),
        start_containers: sagemaker.clone(),
        start_serverless: sagemaker,
        imports: bedrock.clone(),
        start_imports: bedrock.clone(),
        registrations: bedrock.clone(),
        register: bedrock,
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
