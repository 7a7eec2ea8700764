//! The parameter as it is kept, and the rules for its name (the Systems Manager user guide, "About requirements and
//! constraints for parameter names").

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{error::AwsError, operation::Call, store::Document};

/// The most versions that are kept of one parameter.
const MOST_VERSIONS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ParameterType {
    String,
    StringList,
    SecureString,
}

/// One version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) value: String,
    pub(super) kind: ParameterType,
    pub(super) written: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// Oldest first; never empty.
    pub(super) versions: Vec<Version>,
    pub(super) data_type: String,
    pub(super) tags: BTreeMap<String, String>,
}

impl Document for Parameter {
    const KIND: &'static str = "parameter";
    fn id(&self) -> &str {
        &self.name
    }
}

impl Parameter {
    pub(super) fn existing(name: &str, call: &Call<'_>) -> Result<Self, AwsError> {
        let missing = || AwsError::new("ParameterNotFound", format!("Parameter {name} not found."));
        call.tx.get(name)?.ok_or_else(missing)
    }

    /// Adds a version and forgets the oldest where there are too many; gives the new number.
    pub(super) fn add(&mut self, value: String, kind: ParameterType, written: Timestamp) -> u64 {
        let number = self.versions.last().map_or(1, |version| version.number + 1);
        self.versions.push(Version {
            number,
            value,
            kind,
            written,
        });
        if self.versions.len() > MOST_VERSIONS {
            self.versions.remove(0);
        }
        number
    }
}

/// # Errors
/// `ValidationException` or `HierarchyLevelLimitExceededException` for a name that SSM would not take.
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if name.is_empty() || name.len() > 1011 || !name.chars().all(allowed) {
        return Err(AwsError::validation(
            "Parameter name: may hold 1 to 1011 letters, digits, and the characters _ . - and /.",
        ));
    }
    if name.contains('/') && (!name.starts_with('/') || name.ends_with('/') || name.contains("//"))
    {
        return Err(AwsError::validation(
            "Parameter name: a hierarchy must be written as /level/level/name.",
        ));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(AwsError::validation(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    if name.matches('/').count() > 15 {
        return Err(AwsError::new(
            "HierarchyLevelLimitExceededException",
            "A hierarchy can have at most 15 levels.",
        ));
    }
    Ok(())
}

/// An ARN or a name with an optional `:version`, in its two parts.
pub(super) fn split_selector(text: &str) -> (String, Option<u64>) {
    let name = match text.split_once(":parameter/") {
        // The ARN of `/a/b` ends in `parameter/a/b`, that of `a` in `parameter/a`.
        Some((_, rest)) if rest.contains('/') => format!("/{rest}"),
        Some((_, rest)) => rest.to_owned(),
        None => text.to_owned(),
    };
    let versioned = name
        .split_once(':')
        .and_then(|(name, version)| Some((name.to_owned(), version.parse().ok()?)));
    versioned.map_or((name, None), |(name, version)| (name, Some(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_the_guide_says() {
        for name in ["/perennial/a1/support-bot/model", "a", "A.b_c-d"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let deep = "/a".repeat(16);
        for name in [
            "",
            "a/b",
            "/a/",
            "/a//b",
            "/a b",
            "aws-x",
            "/ssm/x",
            "ä",
            &deep,
            &"a".repeat(1012),
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn selectors_and_arns_name_a_parameter() {
        assert_eq!(split_selector("/a/b:3"), ("/a/b".to_owned(), Some(3)));
        assert_eq!(split_selector("/a/b"), ("/a/b".to_owned(), None));
        assert_eq!(
            split_selector("arn:aws:ssm:us-east-1:123456789012:parameter/a/b"),
            ("/a/b".to_owned(), None)
        );
        assert_eq!(
            split_selector("arn:aws:ssm:us-east-1:123456789012:parameter/a"),
            ("a".to_owned(), None)
        );
    }
}
