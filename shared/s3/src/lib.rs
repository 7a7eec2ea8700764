//! The bucket on Amazon S3.
//!
//! Keys go in and out as they are; only listings are URL-encoded on the wire, so that any key survives XML.

mod list;
mod ranges;
mod read;
mod source;
mod upload;
mod write;

use aws_sdk_s3::Client;
use perennial_ports::PortError;

/// One versioned bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self {
            client,
            name: bucket.into(),
        }
    }

    /// The error with the object that it is about.
    fn about(&self, key: &str, error: PortError) -> PortError {
        PortError {
            message: format!("s3://{}/{key}: {}", self.name, error.message),
            ..error
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::config::{BehaviorVersion, Region};
    use perennial_aws_errors::replay::Replay;

    pub(crate) fn bucket(replay: &Replay) -> Bucket {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Replay::credentials())
            .http_client(replay.http_client())
            .build();
        Bucket::new(Client::from_conf(config), "b")
    }
}
