//! Where each record stands in the table: the one place that knows partition and sort keys.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::names::{ModelId, PipelineName, RunId};

/// A partition key and a sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The partition.
    pub pk: String,
    /// The order inside the partition. At most 1,024 bytes (DynamoDB's limit).
    pub sk: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pk, self.sk)
    }
}

/// The partition that holds every pipeline.
pub const PIPELINES: &str = "pipeline";

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    /// What kind of record it is: the part of the partition key before the first `#`. The due index is read by kind.
    pub fn kind(&self) -> &str {
        self.pk.split('#').next().unwrap_or(&self.pk)
    }

    /// A pipeline.
    pub fn pipeline(pipeline: &PipelineName) -> Self {
        Self::new(PIPELINES, pipeline.as_str())
    }

    /// The uploads of a pipeline.
    pub fn uploads(pipeline: &PipelineName) -> String {
        format!("upload#{pipeline}")
    }

    /// One upload, by its object's key: hashed, as an object's key may be as long as a sort key may be.
    pub fn upload(pipeline: &PipelineName, object_key: &str) -> Self {
        Self::new(
            Self::uploads(pipeline),
            hex::encode(&Sha256::digest(object_key.as_bytes())[..16]),
        )
    }

    /// The runs of a pipeline, the oldest first.
    pub fn runs(pipeline: &PipelineName) -> String {
        format!("run#{pipeline}")
    }

    /// One run.
    pub fn run(pipeline: &PipelineName, run: &RunId) -> Self {
        Self::new(Self::runs(pipeline), run.as_str())
    }

    /// The history of a run.
    pub fn history_of(run: &RunId) -> String {
        format!("history#{run}")
    }

    /// One step of a run's history: the number is the run's version that it led to.
    pub fn history(run: &RunId, step: u64) -> Self {
        Self::new(Self::history_of(run), format!("{step:08}"))
    }

    /// The models of a pipeline.
    pub fn models(pipeline: &PipelineName) -> String {
        format!("model#{pipeline}")
    }

    /// One model.
    pub fn model(pipeline: &PipelineName, model: &ModelId) -> Self {
        Self::new(Self::models(pipeline), model.as_str())
    }

    /// The money of a pipeline.
    pub fn budget(pipeline: &PipelineName) -> String {
        format!("budget#{pipeline}")
    }

    /// What is reserved in a month (`2026-11`).
    pub fn month(pipeline: &PipelineName, month: &str) -> Self {
        Self::new(Self::budget(pipeline), format!("month#{month}"))
    }

    /// One reservation.
    pub fn reservation(pipeline: &PipelineName, run: &RunId, stage: &str, attempt: u32) -> Self {
        Self::new(
            Self::budget(pipeline),
            format!("reservation#{run}#{stage}#{attempt:03}"),
        )
    }

    /// What a chain's first stage left, by what it was bought for.
    pub fn pretrained(pipeline: &PipelineName, digest: &str) -> Self {
        Self::new(format!("pretrained#{pipeline}"), digest)
    }

    /// The name of the pipeline that the record belongs to, where the key holds it.
    pub fn pipeline_name(&self) -> Option<PipelineName> {
        let name = if self.pk == PIPELINES {
            self.sk.as_str()
        } else {
            self.pk.split_once('#')?.1
        };
        PipelineName::parse(name).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_record_has_a_partition_of_its_own() {
        let pipeline = PipelineName::parse("support-bot").expect("valid");
        let run = RunId::from_parts(0, 7);
        let kinds: std::collections::BTreeSet<String> = [
            Key::pipeline(&pipeline),
            Key::upload(&pipeline, "data/support-bot/a"),
            Key::run(&pipeline, &run),
            Key::history(&run, 1),
            Key::model(&pipeline, &ModelId::of(&run)),
            Key::month(&pipeline, "2026-11"),
            Key::pretrained(&pipeline, "d"),
        ]
        .iter()
        .map(|key| key.kind().to_owned())
        .collect();
        assert_eq!(kinds.len(), 7);
        assert_eq!(Key::run(&pipeline, &run).pipeline_name(), Some(pipeline));
    }

    #[test]
    fn a_key_of_a_thousand_bytes_still_fits() {
        let pipeline = PipelineName::parse("p").expect("valid");
        assert!(Key::upload(&pipeline, &"é".repeat(512)).sk.len() <= 1024);
    }
}
