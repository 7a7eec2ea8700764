//! The adapters that every function has, the table, the bus and the bucket, and how a handler is served with them.
//!
//! The other services stay with the functions that call them, so that nobody links an SDK that it does not call.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::config::ResponseChecksumValidation;
use lambda_runtime::Error;
use perennial_core::span::Span;
use perennial_engine::{Desk, EngineError, Invocation};
use perennial_eventbridge::EventBus;
use perennial_lambda::{init_logs, path_style, sdk_config};
use perennial_ports::Clock as _;
use perennial_ports::clock::SystemClock;
use perennial_s3::Bucket;
use perennial_store::DynamoTable;
use serde_json::Value;

pub use perennial_lambda::{Settings, Unit, metric};

/// What a function starts with.
#[derive(Debug)]
pub struct Start {
    /// From the environment.
    pub settings: Settings,
    /// For the function's own clients.
    pub config: SdkConfig,
    /// The table, the bus, the clock.
    pub desk: Desk,
    /// The bucket.
    pub bucket: Arc<Bucket>,
}

/// Logs, settings, SDK configuration, and the desk.
///
/// # Errors
/// An incomplete environment, every finding named.
pub async fn start() -> Result<Start, Error> {
    init_logs();
    let settings = perennial_lambda::settings()?;
    let config = sdk_config().await;
    let desk = desk(&config, &settings);
    let bucket = Arc::new(bucket(&config, &settings.bucket));
    Ok(Start {
        settings,
        config,
        desk,
        bucket,
    })
}

/// A bucket, by path where the endpoint's name has no subdomains.
pub fn bucket(config: &SdkConfig, name: &str) -> Bucket {
    let s3 = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(path_style(config))
        // Objects are read in ranges, whose bytes a checksum of the whole says nothing about; range and length are checked.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Bucket::new(aws_sdk_s3::Client::from_conf(s3), name)
}

/// The desk of an installation.
pub fn desk(config: &SdkConfig, settings: &Settings) -> Desk {
    let table = aws_sdk_dynamodb::Client::new(config);
    let bus = aws_sdk_eventbridge::Client::new(config);
    Desk {
        settings: perennial_engine::Settings {
            installation: settings.installation.clone(),
            region: settings.region.clone(),
            poll: Span(u64::try_from(settings.poll.as_secs()).unwrap_or(60)),
            imported_models: settings.imported_models,
        },
        table: Arc::new(DynamoTable::new(table, settings.table.clone())),
        announce: Arc::new(EventBus::new(bus, settings.bus.clone())),
        clock: Arc::new(SystemClock),
    }
}

/// Serves a handler that answers nothing.
///
/// # Errors
/// As [`perennial_lambda::serve`].
pub async fn serve<F, Fut>(handler: F) -> Result<(), Error>
where
    F: Fn(Value, Invocation) -> Fut,
    Fut: Future<Output = Result<Value, EngineError>>,
{
    perennial_lambda::serve(|event, invocation| {
        let now = SystemClock.now();
        handler(
            event,
            Invocation::new(invocation.request_id, invocation.deadline, now),
        )
    })
    .await
}
