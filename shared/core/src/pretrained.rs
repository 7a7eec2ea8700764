//! What the first stage of a chain left: bought once, and used again by every later run that would buy exactly the same.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::manifest::Manifest;
use crate::names::{PipelineName, RunId};
use crate::routing::{Route, Trainer};
use crate::simulator::{Rule, is_removed};

/// For so long after they were seen, weights are used again. They lie under `work/`, which is emptied after
/// [`WORK_DAYS`](crate::run::WORK_DAYS): the job that loads them may have to wait for its machines, run for days and be bought twice
/// (`routing/lifetime.rs`).
pub const TRUSTED_DAYS: i64 = 25;

/// The weights of a chain's first stage, as a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pretrained {
    /// What was bought: [`digest`].
    pub digest: String,
    /// Of this pipeline.
    pub pipeline: PipelineName,
    /// The run that bought it.
    pub run: RunId,
    /// Where the weights are: an S3 URI of a folder.
    pub weights: String,
    /// When its job was seen to have completed.
    pub at: Timestamp,
}

impl Pretrained {
    /// When the weights are not trusted any more, and the record may be forgotten.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        let span = SignedDuration::from_hours(24 * TRUSTED_DAYS);
        self.at.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    /// Whether the weights may be used again, if they are there.
    #[must_use]
    pub fn is_trusted(&self, now: Timestamp) -> bool {
        now < self.expires() && !is_removed(Rule::BoughtOnce)
    }
}

/// What a chain's first stage is bought for: base model, container, hyperparameters and documents. `None` where there is no first
/// stage. Machines and time limits are not in it: they change what it costs, not what it learns. Nor is what lies behind the image's
/// tag and the recipe's URI: they are the user's, and no function may read them.
#[must_use]
pub fn digest(route: &Route, documents: &Manifest) -> Option<String> {
    let first = route.first.as_ref()?;
    let Trainer::SageMaker { job } = &route.trainer else {
        return None;
    };
    let records: Vec<&str> = documents
        .training
        .iter()
        .map(|entry| match entry.content.is_empty() {
            // A shard's key names its object, its version and how it was compiled.
            true => entry.shard.as_str(),
            false => entry.content.as_str(),
        })
        .collect();
    let bought = (
        &route.base_model,
        &job.image,
        &job.recipe,
        first.technique,
        &first.hyperparameters,
        records,
    );
    let text = serde_json::to_vec(&bought).unwrap_or_default();
    Some(hex::encode(&Sha256::digest(text)[..16]))
}
