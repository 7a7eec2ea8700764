//! A cloud in a temporary folder, whose functions are this test program.

pub(crate) mod function;

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_credential_types::Credentials;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use perennial_local::{
    Cloud, DropFolder, FunctionCommand, Options, REGION, Retries, Template, USER_ACCESS_KEY,
    USER_SECRET_KEY,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running cloud and its folder.
pub(crate) struct Room {
    pub(crate) dir: TempDir,
    pub(crate) cloud: Option<Cloud>,
}

/// How the tests start a cloud: `worker` takes "Work" events, `reader` takes objects through a queue.
pub(crate) fn options(dir: &Path) -> Options {
    let command = FunctionCommand {
        program: std::env::current_exe().unwrap(),
        args: ["function_process", "--exact", "--nocapture"]
            .map(Into::into)
            .to_vec(),
    };
    let mut options = Options::new(dir.join("cloud"), command);
    options.port = 0;
    options.trace = Some(dir.join("trace.jsonl"));
    options.retries = Retries {
        asynchronous: vec![Duration::from_millis(50), Duration::from_millis(100)],
        visibility: Duration::from_millis(50),
    };
    options.drop_folder = DropFolder {
        poll: Duration::from_millis(50),
        settle: Duration::from_millis(150),
    };
    options.template = template(&journal(dir));
    options
}

pub(crate) fn journal(dir: &Path) -> PathBuf {
    dir.join("journal.jsonl")
}

fn template(journal: &Path) -> Template {
    let mut template = Template::new("template.yaml", include_str!("template.yaml"));
    set(&mut template, "Journal", journal.to_str().unwrap());
    template
}

/// Sets a parameter of the template.
pub(crate) fn set(template: &mut Template, name: &str, value: &str) {
    template.parameters.insert(name.into(), value.into());
}

impl Room {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path());
        change(&mut options);
        let cloud = Some(Cloud::start(options).await.unwrap());
        Self { dir, cloud }
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        self.cloud.as_ref().unwrap()
    }

    pub(crate) async fn restart(&mut self) {
        if let Some(cloud) = self.cloud.take() {
            cloud.stop().await;
        }
        self.cloud = Some(Cloud::start(options(self.dir.path())).await.unwrap());
    }

    pub(crate) async fn close(mut self) {
        if let Some(cloud) = self.cloud.take() {
            cloud.stop().await;
        }
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        control(self.cloud().endpoint(), method, path, body).await
    }

    /// Publishes "Work" events, each told what to do.
    pub(crate) async fn work(&self, orders: &[Value]) {
        self.publish("Work", orders).await;
    }

    pub(crate) async fn publish(&self, detail_type: &str, orders: &[Value]) {
        let event = |(n, detail): (usize, &Value)| json!({"id": format!("{detail_type}-{n}"), "source": "test", "detail-type": detail_type, "detail": detail});
        let events: Value = orders.iter().enumerate().map(event).collect();
        let (status, answer) = self.control("POST", "events", events).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn drain(&self) {
        let (status, answer) = self
            .control("POST", "drain", json!({"timeout_seconds": 50}))
            .await;
        assert_eq!(status, 200, "{answer}");
    }

    /// What the functions were given, in order.
    pub(crate) fn journal(&self) -> Vec<Value> {
        lines(&journal(self.dir.path()))
    }

    pub(crate) fn trace(&self) -> Vec<Value> {
        lines(&self.dir.path().join("trace.jsonl"))
    }

    pub(crate) async fn dead_letters(&self) -> Vec<Value> {
        let (_, letters) = self.control("GET", "dead-letters", Value::Null).await;
        letters.as_array().unwrap().clone()
    }
}

pub(crate) async fn control(endpoint: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{endpoint}/_perennial/{path}"))
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new(USER_ACCESS_KEY, USER_SECRET_KEY, None, None, "test")
}

pub(crate) fn s3(endpoint: &str) -> aws_sdk_s3::Client {
    let retries = aws_sdk_s3::config::retry::RetryConfig::standard();
    s3_as(endpoint, credentials(), retries)
}

/// S3 by someone's key.
pub(crate) fn s3_as(
    endpoint: &str,
    credentials: Credentials,
    retries: aws_sdk_s3::config::retry::RetryConfig,
) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_sdk_s3::config::Region::new(REGION))
        .credentials_provider(credentials)
        .retry_config(retries)
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

pub(crate) fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    dynamodb_as(endpoint, credentials())
}

/// DynamoDB by someone's key.
pub(crate) fn dynamodb_as(endpoint: &str, credentials: Credentials) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_sdk_dynamodb::config::Region::new(REGION))
        .credentials_provider(credentials)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub(crate) fn eventbridge(endpoint: &str) -> aws_sdk_eventbridge::Client {
    let config = aws_sdk_eventbridge::Config::builder()
        .behavior_version(aws_sdk_eventbridge::config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_sdk_eventbridge::config::Region::new(REGION))
        .credentials_provider(credentials())
        .build();
    aws_sdk_eventbridge::Client::from_conf(config)
}

/// A bare POST with that Authorization header: status and body.
pub(crate) async fn post(endpoint: &str, authorization: &str) -> (u16, String) {
    let request = http::Request::post(endpoint)
        .header("authorization", authorization)
        .body(Bytes::new())
        .unwrap();
    send(request).await
}

/// A request as it stands: status and body.
pub(crate) async fn send(request: http::Request<Bytes>) -> (u16, String) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let response = client.request(request.map(Full::new)).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}
