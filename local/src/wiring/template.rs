//! The template that a cloud runs, the parameters that it gives it, and in what it is hastier than AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use perennial_local_template::{Deployment, Stack, TemplateError};

use crate::error::CloudError;
use crate::identity::{ACCOUNT, REGION};

/// Perennial's own template.
const STANDARD: &str = include_str!("../../../infra/template.yaml");

/// The stack's name, which begins the names that the template leaves open.
const STACK: &str = "perennial-local";

/// The role of one's own that a container's job may be given here: the one that the pages name (docs/recipe.md).
const TRAINING_ROLE: &str = "arn:aws:iam::123456789012:role/training";

/// The names by which commands and tests know the standard template's things.
#[derive(Debug, Clone)]
pub struct Names {
    /// The installation's id.
    pub installation: String,
    /// The one bucket.
    pub bucket: String,
    /// The one table.
    pub table: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            installation: "local".into(),
            bucket: "perennial-local".into(),
            table: "perennial-local".into(),
        }
    }
}

/// The template that a cloud runs, and in what the cloud differs from it.
#[derive(Debug, Clone)]
pub struct Template {
    /// What it is called in messages: a file's name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Parameters that differ from their defaults.
    pub parameters: BTreeMap<String, String>,
    /// Scheduled rules that fire at another pace than the template says, by the rule's name.
    pub periods: BTreeMap<String, Duration>,
    /// Scheduled rules that fire when the cloud starts as well.
    pub at_start: BTreeSet<String>,
}

impl Template {
    /// Perennial's own, with the local names, and in haste: looks every second at what runs, and every three seconds for what
    /// is due. The bucket is listed at the start too, for files that came while the cloud was not there.
    pub fn standard() -> Self {
        let mut standard = Self::new("infra/template.yaml", STANDARD);
        let names = Names::default();
        for (name, value) in [
            ("Installation", names.installation.as_str()),
            ("BucketName", &names.bucket),
            ("TableName", &names.table),
            ("PollSeconds", "1"),
            ("TrainingRoleArn", TRAINING_ROLE),
        ] {
            standard.parameters.insert(name.into(), value.into());
        }
        standard.set_period("perennial-local-reconcile", Duration::from_secs(3));
        standard.at_start.insert("perennial-local-sync".into());
        standard
    }

    /// Any other, at its own pace.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            parameters: BTreeMap::new(),
            periods: BTreeMap::new(),
            at_start: BTreeSet::new(),
        }
    }

    /// Has a scheduled rule fire at another pace.
    pub fn set_period(&mut self, rule: &str, every: Duration) {
        self.periods.insert(rule.into(), every);
    }

    /// For whom the template is resolved.
    pub fn deployment(&self) -> Deployment {
        Deployment {
            parameters: self.parameters.clone(),
            ..Deployment::new(ACCOUNT, REGION, STACK)
        }
    }

    /// Reads it and holds it to what Perennial's functions need, and not to the standard of Perennial's own.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its line and logical id.
    pub fn check(&self) -> Result<Stack, CloudError> {
        perennial_local_template::check(&self.text, &self.deployment())
            .map_err(|error| self.refused(error))
    }

    /// In what it departs from the standard of Perennial's own, each with file, line and place; Perennial runs all the same.
    ///
    /// # Errors
    /// What cannot be read of it.
    pub fn departures(&self) -> Result<Vec<String>, CloudError> {
        let found = perennial_local_template::hold(&self.stack()?, &self.deployment()).standard;
        let told = found.into_iter().map(|finding| {
            let line = match finding.line {
                0 => String::new(),
                line => format!(":{line}"),
            };
            format!(
                "{}{line}: {}: {}",
                self.name, finding.place, finding.message
            )
        });
        Ok(told.collect())
    }

    /// Reads it.
    pub(crate) fn stack(&self) -> Result<Stack, CloudError> {
        Stack::read(&self.text, &self.deployment()).map_err(|error| self.refused(error))
    }

    fn refused(&self, error: TemplateError) -> CloudError {
        CloudError::Template {
            name: self.name.clone(),
            message: error.to_string(),
        }
    }
}
