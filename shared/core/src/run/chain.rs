//! What a run knows of the first stage of its chain.

use serde::{Deserialize, Serialize};

use super::{LeftOut, Run};
use crate::money::Usd;
use crate::names::{Purpose, RunId};

/// What preparing found for the first stage of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FirstPrepared {
    /// What it is bought for ([`crate::pretrained::digest`]).
    pub digest: String,
    /// Its training file.
    pub training_key: String,
    /// Records in it.
    pub records: u64,
    /// Exact duplicates across uploads that were left out.
    pub duplicates: u64,
    /// Records left out because the model takes no more.
    pub left_out: u64,
    /// The uploads that they stand in, as far as they are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out_of: Vec<LeftOut>,
    /// Its job, estimated; nothing if it is not bought.
    pub cost: Usd,
    /// The same was bought before, and its weights are there: it is not bought again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptWeights>,
}

/// Weights that an earlier run's first stage left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptWeights {
    /// Where: an S3 URI.
    pub weights: String,
    /// The run that bought them.
    pub run: RunId,
}

impl Run {
    /// What the training job at which it stands is for: the first stage of a chain until its weights are known.
    pub fn training_purpose(&self) -> Purpose {
        match self.route.first.is_some() && self.first_weights.is_none() {
            true => Purpose::Pretraining,
            false => Purpose::Training,
        }
    }

    /// Training jobs that a create may have been sent for, all stages.
    pub(super) fn training_creates(&self) -> impl Iterator<Item = &(Purpose, u32)> {
        let trains = |(purpose, _): &&(Purpose, u32)| {
            matches!(purpose, Purpose::Training | Purpose::Pretraining)
        };
        self.creates.iter().filter(trains)
    }

    /// How often a temporary deployment of its candidate was tried, the one under way included.
    pub fn candidate_attempts(&self) -> u32 {
        let of = |(purpose, attempt): &(Purpose, u32)| {
            (*purpose == Purpose::Candidate).then_some(*attempt)
        };
        self.creates.iter().filter_map(of).max().unwrap_or(1)
    }

    /// What preparing found for the first stage.
    pub fn first_prepared(&self) -> Option<&FirstPrepared> {
        self.prepared.as_ref()?.first.as_deref()
    }
}

/// A job that trains, for people.
pub fn job_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Pretraining => "pre-training job",
        _ => "training job",
    }
}
