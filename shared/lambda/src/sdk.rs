//! The SDK's configuration: region and credentials as everywhere on AWS, retries and timeouts that fit a function.

use std::net::IpAddr;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// Tries of one call, the first included.
const TRIES: u32 = 4;
const CONNECT: Duration = Duration::from_secs(5);
/// Until the first byte of an answer: a model may think for a while.
const READ: Duration = Duration::from_secs(60);
/// A call with all its tries.
const CALL: Duration = Duration::from_secs(150);

/// From the environment, the profile or the function's role, with `AWS_ENDPOINT_URL` as everywhere. Standard retries: 4
/// tries; at most 60 seconds for an answer and 150 for a call with all its tries.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .operation_timeout(CALL)
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(crate::https::client())
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .timeout_config(timeouts)
        .load()
        .await
}

/// Whether S3 has to be asked as `http://host/bucket` and not `http://bucket.host`: at an endpoint on this machine, whose
/// name has no subdomains. For `aws_sdk_s3::config::Builder::force_path_style`.
pub fn path_style(config: &SdkConfig) -> bool {
    config.endpoint_url().is_some_and(is_loopback)
}

fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_loopback() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/",
            "http://[::1]:4566",
            "https://s3.localhost",
            "http://127.9.9.9",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://s3.us-east-1.amazonaws.com",
            "http://localhost.example.com",
            "http://10.0.0.1:4566",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
