//! What Bedrock's service model says about the form of requests.
//!
//! Source: botocore 1.44.5, bedrock service-2.json.

use crate::{ErrorKind, PortError, PortResult};

/// A request that will never pass.
pub(crate) fn invalid(operation: &str, words: impl std::fmt::Display) -> PortError {
    PortError::new(operation, ErrorKind::Invalid, words)
}

/// The thing does not exist.
pub(crate) fn not_found(operation: &str, what: &str) -> PortError {
    PortError::new(
        operation,
        ErrorKind::NotFound,
        format!("{what} does not exist"),
    )
}

/// A name is taken, or the state does not allow the call.
pub(crate) fn conflict(operation: &str, words: impl std::fmt::Display) -> PortError {
    PortError::new(operation, ErrorKind::Conflict, words)
}

/// A limit of the account is reached.
pub(crate) fn quota(operation: &str, used: usize, limit: usize, what: &str) -> PortResult<()> {
    if used < limit {
        return Ok(());
    }
    Err(PortError::new(
        operation,
        ErrorKind::Quota,
        format!("the account has {used} {what} of {limit}; wait until one ends, or delete one"),
    ))
}

/// 1 to 63 of letters, digits and some more, with a letter or digit first.
pub(crate) fn name(operation: &str, what: &str, text: &str, more: &str) -> PortResult<()> {
    let fits = (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    if fits {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!(
            "the {what} {text:?} must have 1 to 63 of letters, digits and {more:?}, a letter or digit first"
        ),
    ))
}

/// 1 to 256 letters, digits and hyphens; a hyphen neither first nor last.
pub(crate) fn token(operation: &str, text: &str) -> PortResult<()> {
    let fits = (1..=256).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if fits {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!("the client token {text:?} must have 1 to 256 letters, digits and inner hyphens"),
    ))
}

/// A key that may stand in the S3 URI of a job.
pub(crate) fn key(operation: &str, key: &str) -> PortResult<()> {
    let fits = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-!_*'()./".contains(c));
    if fits {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!("the key {key:?} in an S3 URI may hold only letters, digits and -!_*'()./"),
    ))
}

/// A prefix for output.
pub(crate) fn prefix(operation: &str, prefix: &str) -> PortResult<()> {
    key(operation, prefix)?;
    if prefix.ends_with('/') {
        return Ok(());
    }
    Err(invalid(
        operation,
        format!("the output prefix {prefix:?} must end in /"),
    ))
}
