//! The function that the tests' clouds run: this test program again, over AWS's own runtime. It does what its
//! event says, and leaves a line for each event that it was given.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::retry::RetryConfig;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

/// Serves events if this process was started as a function; otherwise does nothing.
pub(crate) fn serve_if_asked() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    perennial_local::exit_when_the_cloud_ends().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // The runtime ends with an error when the cloud is gone.
    let ended = runtime.block_on(lambda_runtime::run(service_fn(handle)));
    std::process::exit(i32::from(ended.is_err()));
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let journal = std::env::var("PERENNIAL_TEST_JOURNAL")?;
    let request_id = event.context.request_id.clone();
    let payload = event.payload;
    // A message of a queue holds the event as text.
    let message = payload["Records"][0].clone();
    let inner = match message["body"].as_str() {
        Some(body) => serde_json::from_str(body)?,
        None => payload.clone(),
    };
    let line = json!({
        "function": std::env::var("AWS_LAMBDA_FUNCTION_NAME")?,
        "pid": std::process::id(),
        "request_id": request_id,
        "deadline_ms": event.context.deadline,
        "arn": event.context.invoked_function_arn,
        "receives": message["attributes"]["ApproximateReceiveCount"],
        "event": inner,
    });
    append(Path::new(&journal), &line)?;
    match inner["detail"]["do"].as_str() {
        Some("fail") => Err("as asked".into()),
        Some("fail-once") if lines_of(Path::new(&journal), &inner["id"])? == 1 => {
            Err("the first time".into())
        }
        Some("exit") => std::process::exit(3),
        Some("sleep") => {
            let millis = inner["detail"]["millis"].as_u64().unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(millis)).await;
            append(
                Path::new(&journal),
                &json!({"slept": inner["id"], "pid": std::process::id()}),
            )?;
            Ok(Value::Null)
        }
        Some("put") => {
            let var = |name: &str| std::env::var(name).unwrap_or_default();
            let (key, secret) = (var("AWS_ACCESS_KEY_ID"), var("AWS_SECRET_ACCESS_KEY"));
            let credentials = Credentials::new(key, secret, None, None, "Lambda");
            let client = super::s3_as(
                &var("AWS_ENDPOINT_URL"),
                credentials,
                RetryConfig::disabled(),
            );
            let key = format!("work/{}", inner["id"].as_str().unwrap_or_default());
            let put = client.put_object().bucket("perennial-local").key(key);
            put.send().await?;
            append(
                Path::new(&journal),
                &json!({"put": inner["id"], "pid": std::process::id()}),
            )?;
            Ok(Value::Null)
        }
        Some("refuse") => {
            Ok(json!({"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}))
        }
        Some("environment") => Ok(std::env::vars()
            .map(|(name, value)| (name, Value::String(value)))
            .collect()),
        _ => Ok(json!({"echo": inner})),
    }
}

fn append(journal: &Path, line: &Value) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(journal)?;
    file.write_all(format!("{line}\n").as_bytes())
}

fn lines_of(journal: &Path, id: &Value) -> std::io::Result<usize> {
    let text = std::fs::read_to_string(journal)?;
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter(|line| line["event"]["id"] == *id).count())
}
