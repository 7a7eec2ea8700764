//! What `perennial check` found: the form of its JSON, as `docs/check.schema.json` describes it.
use perennial_core::config::ConfigError;
use perennial_dataset::Summary;
use serde::Serialize;

/// Everything that was checked by one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Check {
    /// Whether nothing has an error.
    pub ok: bool,
    /// The plain id of the base model that the data was checked for; none if only configurations were checked.
    pub base_model: Option<String>,
    /// Each data file.
    pub files: Vec<Summary>,
    /// Each configuration.
    pub configurations: Vec<Configuration>,
    /// What is to be said of all of them together.
    pub notes: Vec<String>,
}

/// One configuration that was checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Configuration {
    /// The file's name.
    pub name: String,
    /// What is wrong with it.
    pub errors: Vec<ConfigError>,
    /// Why a valid configuration cannot be run, if so.
    pub refused: Option<String>,
}

impl Configuration {
    /// Whether it is valid and can be run.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.errors.is_empty() && self.refused.is_none()
    }
}
