//! The registry: every model that a run made, and what may still be done with it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::{ModelId, PipelineName, RunId};

/// A model's life: one way only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum ModelLife {
    /// It is there, and may serve.
    Ready,
    /// It is being deleted, and may never serve again.
    Deleting {
        /// Since then.
        since: Timestamp,
    },
    /// It is gone.
    Deleted {
        /// Since then.
        at: Timestamp,
    },
}

/// A mark: the model will be deleted unless something changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When it was set.
    pub at: Timestamp,
    /// Not before then.
    pub delete_after: Timestamp,
    /// Why, in words.
    pub reason: String,
}

/// A model, as a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its id: the id of the run that made it.
    pub id: ModelId,
    /// Of this pipeline.
    pub pipeline: PipelineName,
    /// Made by this run.
    pub run: RunId,
    /// On Bedrock.
    pub arn: String,
    /// What it was trained from, for people.
    pub base: String,
    /// The datasets that it was trained on, its base's own ones included.
    pub trained_on: Vec<String>,
    /// The training file, for bringing it back.
    pub training_key: String,
    /// The weights that it was imported from: as long as they are there it can be imported again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
    /// Whether a trial made it: it never serves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trial: bool,
    /// When training ended.
    pub created_at: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub life: ModelLife,
    /// Set by `cleanup`.
    pub mark: Option<Mark>,
    /// What was decided about it and why, the newest last.
    pub notes: Vec<String>,
}

impl Model {
    /// Whether it may become champion or be rolled back to.
    pub fn is_ready(&self) -> bool {
        self.life == ModelLife::Ready
    }
}
