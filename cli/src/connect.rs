//! From flags and environment to the ports that a command needs: AWS as the AWS CLI would reach it, or a local cloud.

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use perennial_bedrock::Bedrock;
use perennial_bedrock_runtime::Converse;
use perennial_cloudwatch::Metrics;
use perennial_core::announcement::Request;
use perennial_core::names::Installation;
use perennial_core::span::Span;
use perennial_engine::{Desk, Settings};
use perennial_eventbridge::EventBus;
use perennial_local::{Names, REGION, USER_ACCESS_KEY, USER_SECRET_KEY};
use perennial_ports::clock::SystemClock;
use perennial_ports::{Announce, Table};
use perennial_s3::Bucket;
use perennial_ssm::Parameters;
use perennial_store::DynamoTable;

use crate::args::{ConnectArgs, WaitArgs};
use crate::exit::Failure;
use crate::wait::Patience;

/// A TCP connection that takes longer does not come.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Everything that commands talk to.
#[derive(Clone)]
pub(crate) struct Connection {
    sdk: SdkConfig,
    local: bool,
    names: ConnectArgs,
    /// The one table.
    pub(crate) table: Arc<dyn Table>,
}

impl Connection {
    /// Connects as the flags say. Nothing is called yet.
    ///
    /// # Errors
    /// [`Failure::NotFound`] without a running local cloud, [`Failure::Usage`] without the table's name.
    pub(crate) async fn open(args: &ConnectArgs) -> Result<Self, Failure> {
        let sdk = match &args.local {
            Some(dir) => local_config(&perennial_local::endpoint_of(dir)?).await,
            None => aws_config(args).await?,
        };
        Self::with(sdk, args)
    }

    /// Connects to the local cloud at `endpoint`.
    pub(crate) async fn to_cloud(endpoint: &str) -> Result<Self, Failure> {
        Self::with(local_config(endpoint).await, &ConnectArgs::default())
    }

    fn with(sdk: SdkConfig, args: &ConnectArgs) -> Result<Self, Failure> {
        let local = args.local.is_some() || sdk.endpoint_url().is_some_and(is_loopback);
        let mut names = args.clone();
        if local {
            let default = Names::default();
            names.table.get_or_insert(default.table);
            names.bucket.get_or_insert(default.bucket);
            if names.installation.is_none() {
                names.installation = Installation::parse(&default.installation).ok();
            }
        }
        let table = names
            .table
            .clone()
            .ok_or_else(|| missing("table", "PERENNIAL_TABLE"))?;
        let table = Arc::new(DynamoTable::new(aws_sdk_dynamodb::Client::new(&sdk), table));
        Ok(Self {
            sdk,
            local,
            names,
            table,
        })
    }

    /// The bucket.
    ///
    /// # Errors
    /// [`Failure::Usage`] without its name.
    pub(crate) fn bucket(&self) -> Result<Bucket, Failure> {
        let name = self
            .names
            .bucket
            .clone()
            .ok_or_else(|| missing("bucket", "PERENNIAL_BUCKET"))?;
        let config = aws_sdk_s3::config::Builder::from(&self.sdk)
            .force_path_style(self.sdk.endpoint_url().is_some())
            .build();
        Ok(Bucket::new(aws_sdk_s3::Client::from_conf(config), name))
    }

    /// The installation's id.
    ///
    /// # Errors
    /// [`Failure::Usage`] if nobody named it.
    pub(crate) fn installation(&self) -> Result<Installation, Failure> {
        self.names
            .installation
            .clone()
            .ok_or_else(|| missing("installation", "PERENNIAL_INSTALLATION"))
    }

    /// Custom models and their deployments.
    pub(crate) fn bedrock(&self) -> Bedrock {
        // The command line starts no jobs, so what jobs need is left empty.
        let settings = perennial_bedrock::Settings {
            bucket: String::new(),
            job_role_arn: String::new(),
        };
        Bedrock::new(aws_sdk_bedrock::Client::new(&self.sdk), settings)
    }

    /// Models that answer.
    pub(crate) fn converse(&self) -> Converse {
        Converse::new(aws_sdk_bedrockruntime::Client::new(&self.sdk))
    }

    /// What reading an inventory needs besides its own ports.
    ///
    /// # Errors
    /// [`Failure::Usage`] if nobody named the installation.
    pub(crate) fn desk(&self) -> Result<Desk, Failure> {
        let region = self
            .sdk
            .region()
            .map(ToString::to_string)
            .unwrap_or_default();
        let settings = Settings {
            installation: self.installation()?,
            region,
            poll: Span::minutes(1),
            // The command opens and prepares no run.
            imported_models: 0,
        };
        let (table, announce) = (self.table.clone(), Arc::new(self.bus()));
        Ok(Desk {
            settings,
            table,
            announce,
            clock: Arc::new(SystemClock),
        })
    }

    fn bus(&self) -> EventBus {
        let bus = self
            .names
            .bus
            .clone()
            .unwrap_or_else(|| "default".to_owned());
        EventBus::new(aws_sdk_eventbridge::Client::new(&self.sdk), bus)
    }

    /// The aliases.
    pub(crate) fn parameters(&self) -> Parameters {
        Parameters::new(aws_sdk_ssm::Client::new(&self.sdk))
    }

    /// Who is called.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::new(aws_sdk_cloudwatch::Client::new(&self.sdk))
    }

    /// Sends a request to the function that owns it.
    ///
    /// # Errors
    /// If the bus does not take it.
    pub(crate) async fn say(&self, request: &Request) -> Result<(), Failure> {
        Ok(self.bus().announce(&[request.announcement()]).await?)
    }

    /// Sends a request, and says what was sent.
    ///
    /// # Errors
    /// If the bus does not take it.
    pub(crate) async fn send(&self, request: &Request) -> Result<(), Failure> {
        self.say(request).await?;
        eprintln!(
            "sent: {} (to the function {})",
            request.detail_type(),
            request.owner().name()
        );
        Ok(())
    }

    /// How effects are waited for here.
    pub(crate) fn patience(&self, wait: &WaitArgs) -> Patience {
        Patience {
            every: Duration::from_millis(if self.local { 250 } else { 2000 }),
            at_most: Duration::from_secs(wait.timeout),
        }
    }
}

/// The client configuration for the local cloud at `endpoint`.
async fn local_config(endpoint: &str) -> SdkConfig {
    let user = Credentials::new(
        USER_ACCESS_KEY,
        USER_SECRET_KEY,
        None,
        None,
        "the local cloud",
    );
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .endpoint_url(endpoint)
        .credentials_provider(user)
        .region(Region::new(REGION))
        .load()
        .await
}

async fn aws_config(args: &ConnectArgs) -> Result<SdkConfig, Failure> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts());
    if let Some(profile) = &args.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &args.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &args.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let sdk = loader.load().await;
    if sdk.region().is_none() {
        return Err(Failure::Usage(
            "no AWS region is set: give --region, set AWS_REGION, or use a profile that names one; --local talks to a local cloud"
                .into(),
        ));
    }
    Ok(sdk)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_LIMIT)
        .build()
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"]
        .iter()
        .any(|start| host.starts_with(start))
}

fn missing(what: &str, variable: &str) -> Failure {
    Failure::Usage(format!(
        "the installation's {what} is not named: give --{what} or set {variable}; --local talks to a local cloud, which needs neither"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_endpoint_is_a_local_cloud() {
        assert!(is_loopback("http://127.0.0.1:4566"));
        assert!(is_loopback("http://localhost:4566/"));
        assert!(!is_loopback("https://dynamodb.us-east-1.amazonaws.com"));
        assert!(!is_loopback("http://10.0.127.1"));
    }

    #[tokio::test]
    async fn without_a_running_cloud_the_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let args = ConnectArgs {
            local: Some(dir.path().into()),
            ..ConnectArgs::default()
        };
        let Err(failure) = Connection::open(&args).await else {
            panic!("connected to nothing")
        };
        assert_eq!(failure.code(), crate::exit::NOT_FOUND);
        assert!(
            failure.to_string().contains("perennial local --dir"),
            "{failure}"
        );
    }
}
