//! The SDK's configuration: region and credentials as Lambda gives them, retries and timeouts that fit a function.

use std::env;
use std::net::IpAddr;
use std::time::Duration;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::identity::IdentityCache;
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_types::origin::Origin;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Tries of one call, the first included.
const TRIES: u32 = 4;
const CONNECT: Duration = Duration::from_secs(5);
/// Until the first byte of an answer: a model may think for a while.
const READ: Duration = Duration::from_secs(60);
/// A call with all its tries.
const CALL: Duration = Duration::from_secs(150);

/// From the environment, in which Lambda puts the region and its role's credentials (docs.aws.amazon.com/lambda,
/// configuration-envvars), with `AWS_ENDPOINT_URL` and its kin for one service, `AWS_USE_FIPS_ENDPOINT` and
/// `AWS_USE_DUALSTACK_ENDPOINT`; of the SDK's other variables none. Standard retries: 4 tries; at most 60 seconds for an answer and
/// 150 for a call with all its tries.
///
/// The SDK's own loader looks further: at profiles, containers, instances and web identities. A function has none of them, and
/// their code would be a part of every package (docs/performance.md).
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .operation_timeout(CALL)
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .identity_cache(IdentityCache::lazy().build())
        .time_source(SystemTimeSource::new())
        .sleep_impl(TokioSleep::new())
        .http_client(crate::https::client())
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .timeout_config(timeouts)
        .service_config(Environment);
    // Else the client of a service may put its own number of tries in the place of ours.
    config.insert_origin("retry_config", Origin::shared_config());
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.set_use_fips(flag("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(flag("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

/// Settings of one service: `AWS_ENDPOINT_URL_S3` before `AWS_ENDPOINT_URL`.
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        variable(&of_service(&key)).or_else(|| variable(key.env()))
    }
}

/// The variable for this service alone, as the SDKs name it.
fn of_service(key: &ServiceConfigKey<'_>) -> String {
    let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
    format!("{}_{service}", key.env())
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn flag(name: &str) -> Option<bool> {
    variable(name).map(|value| value.trim().eq_ignore_ascii_case("true"))
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
    fn a_service_has_a_variable_of_its_own() {
        let key = ServiceConfigKey::builder()
            .service_id("Bedrock Runtime")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .expect("whole");
        assert_eq!(of_service(&key), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME");
    }

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
