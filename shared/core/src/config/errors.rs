//! What is wrong with a configuration, in a form for reports and for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One problem of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigError {
    /// The line of the file, from 1.
    pub line: usize,
    /// The key's path, such as `evaluation.confidence`; empty where the file as a whole is meant.
    pub key: String,
    /// What was found there.
    pub found: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}. {}", self.found, self.fix)
    }
}

/// Every problem of a configuration, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct ConfigErrors {
    /// The problems; the first [`ConfigErrors::MAX`] of them.
    pub errors: Vec<ConfigError>,
}

impl ConfigErrors {
    /// How many problems are listed at most.
    pub const MAX: usize = 100;

    pub(super) fn new(mut errors: Vec<ConfigError>) -> Self {
        errors.sort_by(|a, b| a.line.cmp(&b.line).then_with(|| a.key.cmp(&b.key)));
        errors.truncate(Self::MAX);
        Self { errors }
    }

    pub(super) fn whole_file(
        found: impl Into<String>,
        fix: impl Into<String>,
        line: usize,
    ) -> Self {
        Self {
            errors: vec![ConfigError {
                line,
                key: String::new(),
                found: found.into(),
                fix: fix.into(),
            }],
        }
    }
}

impl fmt::Display for ConfigErrors {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}
