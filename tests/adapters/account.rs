//! An empty local cloud in this process, and every adapter on it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use jiff::Timestamp;
use perennial_bedrock::{Bedrock, Settings};
use perennial_bedrock_runtime::Converse;
use perennial_cloudwatch::Metrics;
use perennial_core::announcement::Announcement;
use perennial_eventbridge::EventBus;
use perennial_local::{
    Clock as _, Cloud, DropFolder, FunctionCommand, Names, Options, Pace, REGION, Template,
    USER_ACCESS_KEY, USER_SECRET_KEY,
};
use perennial_ports::contract::{Setup, World};
use perennial_ports::memory::Work;
use perennial_s3::Bucket;
use perennial_ssm::Parameters;
use perennial_store::DynamoTable;
use serde_json::{Value, json};

/// Each kind of work takes this long, by a clock that only `settle` moves so far.
const WORK: Duration = Duration::from_secs(3_600);

/// More than stopping, or anything else that takes one `WORK`.
const SETTLED_SECONDS: i64 = 3 * 3_600;

/// A local cloud and the adapters on it. Calls are tried once, so that a planned fault is what the adapter meets.
pub(crate) struct Account {
    cloud: Cloud,
    _dir: tempfile::TempDir,
    names: Names,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) table: DynamoTable,
    pub(crate) bedrock: Bedrock,
    bucket: Bucket,
    converse: Converse,
    metrics: Metrics,
    parameters: Parameters,
    bus: EventBus,
}

impl Account {
    pub(crate) async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let names = Names::default();
        let cloud = Cloud::start(options(dir.path())).await.unwrap();
        let sdk = sdk(cloud.endpoint(), RetryConfig::disabled()).await;
        let s3 = s3(&sdk);
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        Self {
            table: DynamoTable::new(dynamodb, names.table.clone()),
            bedrock: bedrock(&sdk, &names),
            bucket: Bucket::new(s3.clone(), names.bucket.clone()),
            converse: Converse::new(aws_sdk_bedrockruntime::Client::new(&sdk)),
            metrics: Metrics::new(aws_sdk_cloudwatch::Client::new(&sdk)),
            parameters: Parameters::new(aws_sdk_ssm::Client::new(&sdk)),
            bus: EventBus::new(aws_sdk_eventbridge::Client::new(&sdk), "default"),
            s3,
            cloud,
            _dir: dir,
            names,
        }
    }

    pub(crate) fn setup(&self) -> Setup<'_> {
        Setup {
            world: self,
            objects: &self.bucket,
            bedrock: &self.bedrock,
            ask: &self.converse,
            usage: &self.metrics,
            alias: &self.parameters,
            announce: &self.bus,
        }
    }

    pub(crate) fn bucket_name(&self) -> &str {
        &self.names.bucket
    }

    /// Bedrock as the functions have it: a call is tried again.
    pub(crate) async fn patient_bedrock(&self) -> Bedrock {
        let retries = RetryConfig::standard()
            .with_max_attempts(4)
            .with_initial_backoff(Duration::from_millis(10));
        bedrock(&sdk(self.cloud.endpoint(), retries).await, &self.names)
    }

    pub(crate) async fn close(self) {
        self.cloud.stop().await;
    }

    /// Pulls a lever of the control endpoint.
    pub(crate) async fn control(
        &self,
        method: &'static str,
        path: &'static str,
        body: Value,
    ) -> Value {
        let endpoint = self.cloud.endpoint().to_owned();
        let asked = move || control(&endpoint, method, path, &body);
        tokio::task::spawn_blocking(asked).await.unwrap()
    }

    async fn drain(&self) {
        self.control("POST", "drain", json!({ "timeout_seconds": 50 }))
            .await;
    }
}

fn options(dir: &std::path::Path) -> Options {
    // Nobody can run the function, so every event that reaches it becomes a dead letter, which can be read.
    let nobody = FunctionCommand {
        program: dir.join("no-such-program"),
        args: Vec::new(),
    };
    let mut pace = Pace::default();
    for span in [
        &mut pace.training,
        &mut pace.deployment,
        &mut pace.update,
        &mut pace.batch,
        &mut pace.deletion,
    ] {
        span.fixed = WORK;
    }
    Options {
        port: 0,
        template: Template::new("template.yaml", include_str!("template.yaml")),
        pace,
        drop_folder: DropFolder {
            poll: Duration::from_millis(20),
            ..DropFolder::default()
        },
        ..Options::new(dir.join("cloud"), nobody)
    }
}

async fn sdk(endpoint: &str, retries: RetryConfig) -> SdkConfig {
    let user = Credentials::new(USER_ACCESS_KEY, USER_SECRET_KEY, None, None, "the test");
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(user)
        .retry_config(retries)
        .load()
        .await
}

fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

fn bedrock(sdk: &SdkConfig, names: &Names) -> Bedrock {
    let settings = Settings {
        bucket: names.bucket.clone(),
        job_role_arn: "arn:aws:iam::123456789012:role/perennial-local-jobs".into(),
    };
    Bedrock::new(aws_sdk_bedrock::Client::new(sdk), settings)
}

/// `bedrock:Converse` is `Converse` there.
fn plain(operation: &str) -> &str {
    operation
        .split_once(':')
        .map_or(operation, |(_, name)| name)
}

#[async_trait]
impl World for Account {
    fn now(&self) -> Timestamp {
        self.cloud.clock().now()
    }

    async fn settle(&self) {
        self.cloud.clock().advance(SETTLED_SECONDS);
        self.drain().await;
    }

    async fn lose_answer(&self, operation: &str) {
        let faults = json!({ "loseAnswers": { plain(operation): 1 } });
        self.control("PUT", "faults", faults).await;
    }

    async fn throttle(&self, operation: &str) {
        let refusal = json!({ "times": 1, "code": "ThrottlingException", "message": "Slow down." });
        let faults = json!({ "refuse": { plain(operation): refusal } });
        self.control("PUT", "faults", faults).await;
    }

    async fn fail_next(&self, work: Work) {
        let faults = match work {
            Work::Training => json!({ "failTrainingJobs": 1 }),
            Work::Import => json!({ "failImports": 1 }),
            // Whichever kind is made or updated next.
            Work::Deployment => json!({ "failDeployments": 1, "failProvisionedThroughputs": 1 }),
            Work::Update => json!({ "failDeploymentUpdates": 1, "failProvisionedThroughputs": 1 }),
            Work::Batch => panic!("a batch fails by its records"),
        };
        self.control("PUT", "faults", faults).await;
    }

    async fn delete_object(&self, key: &str) {
        let delete = self.s3.delete_object().bucket(self.bucket_name()).key(key);
        delete.send().await.unwrap();
    }

    async fn delete_version(&self, key: &str, version: &str) {
        let delete = self.s3.delete_object().bucket(self.bucket_name()).key(key);
        delete.version_id(version).send().await.unwrap();
    }

    async fn heard(&self) -> Vec<Announcement> {
        self.drain().await;
        let letters = self.control("GET", "dead-letters", Value::Null).await;
        let heard = letters.as_array().unwrap().iter().map(|letter| {
            let event = &letter["event"];
            Announcement {
                detail_type: event["detail-type"].as_str().unwrap().to_owned(),
                detail: event["detail"].clone(),
            }
        });
        heard.collect()
    }
}

fn control(endpoint: &str, method: &str, path: &str, body: &Value) -> Value {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    write!(
        stream,
        "{method} /_perennial/{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: \
         application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200"),
        "{method} {path}: {answer}"
    );
    serde_json::from_str(body).unwrap()
}
