//! Customization, imports, batch inference, custom and imported models, and deployments on Amazon Bedrock.
//!
//! Every creation bears the name, token and tags that its spec names; nothing here invents any. Nothing here decides.

mod batch;
mod customization;
mod deployments;
mod imports;
mod models;
mod provisioned;
mod registrations;
#[cfg(test)]
mod tests;
mod training;

use aws_sdk_bedrock::Client;
use aws_sdk_bedrock::types::Tag;
use perennial_aws_errors::port_error;
use perennial_ports::{ErrorKind, PortError, PortResult, Tags};

/// What every job needs besides its spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The bucket that jobs read from and write to.
    pub bucket: String,
    /// The role that Bedrock takes on for a job.
    pub job_role_arn: String,
}

impl Settings {
    fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}

/// Bedrock in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bedrock {
    client: Client,
    settings: Option<Settings>,
}

impl Bedrock {
    /// For everything.
    pub fn new(client: Client, settings: Settings) -> Self {
        Self {
            client,
            settings: Some(settings),
        }
    }

    /// For everything but starting jobs, which is refused as `Invalid`: the command line knows no job role.
    pub fn without_jobs(client: Client) -> Self {
        Self {
            client,
            settings: None,
        }
    }

    fn settings(&self, operation: &str) -> PortResult<&Settings> {
        self.settings.as_ref().ok_or_else(|| {
            PortError::new(
                operation,
                ErrorKind::Invalid,
                "no bucket and job role were named; only the functions start jobs",
            )
        })
    }

    async fn tags(&self, arn: &str) -> PortResult<Tags> {
        let answer = self
            .client
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|error| about(arn, port_error("bedrock:ListTagsForResource", error)))?;
        Ok(answer
            .tags
            .unwrap_or_default()
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect())
    }
}

/// The error with the resource that it is about.
fn about(resource: &str, error: PortError) -> PortError {
    PortError {
        message: format!("{resource}: {}", error.message),
        ..error
    }
}

/// What became of a call that was refused, after a look at the thing: `true` says that the refusal does not matter. Where the
/// look fails too, the refusal is still what happened, and on the look it hangs whether to try again.
fn looked_into(refusal: PortError, look: PortResult<bool>) -> PortResult<()> {
    match look {
        Ok(true) => Ok(()),
        Ok(false) => Err(refusal),
        Err(failed) => Err(refusal.unseen(&failed)),
    }
}

/// Nothing, if the thing is not there.
fn unless_missing<T>(result: PortResult<T>) -> PortResult<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn wrong(operation: &'static str) -> impl Fn(aws_sdk_bedrock::error::BuildError) -> PortError {
    move |error| PortError::new(operation, ErrorKind::Invalid, error)
}

/// A status that this version of Perennial does not know: nothing is decided on it.
fn unknown(operation: &str, resource: &str, status: Option<&str>) -> PortError {
    PortError::new(
        operation,
        ErrorKind::Unanswered,
        format!(
            "{resource} has the status {}, which this version of Perennial does not know; look for a newer one",
            status.unwrap_or("(none)")
        ),
    )
}

fn sdk_tags(operation: &'static str, tags: &Tags) -> PortResult<Vec<Tag>> {
    tags.iter()
        .map(|(key, value)| {
            Tag::builder()
                .key(key)
                .value(value)
                .build()
                .map_err(wrong(operation))
        })
        .collect()
}
