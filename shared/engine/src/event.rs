//! What a function is woken by: an EventBridge event, of which only `detail-type` and `detail` are read.
//!
//! Its `time` is never parsed: Bedrock's batch events do not bear an ISO 8601 date (facts/aws.md).

use perennial_core::announcement::Request;
use perennial_core::names::{PipelineName, RunId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::EngineError;

/// An event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WakeUp {
    /// In words.
    #[serde(rename = "detail-type")]
    pub detail_type: String,
    /// A JSON object.
    pub detail: Value,
}

/// What is due, or was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Due {
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The run, where the event is about one.
    #[serde(default)]
    pub run: Option<RunId>,
}

impl WakeUp {
    /// Reads an event.
    pub fn parse(event: Value) -> Result<Self, EngineError> {
        serde_json::from_value(event).map_err(|error| EngineError::Event(error.to_string()))
    }

    /// The pipeline that is due.
    pub fn pipeline(&self) -> Result<PipelineName, EngineError> {
        self.read::<Due>().map(|due| due.pipeline)
    }

    /// The run that is due.
    pub fn run(&self) -> Result<(PipelineName, RunId), EngineError> {
        let due: Due = self.read()?;
        match due.run {
            Some(run) => Ok((due.pipeline, run)),
            None => Err(EngineError::Event(format!(
                "“{}” names no run",
                self.detail_type
            ))),
        }
    }

    /// A person's request.
    pub fn request(&self) -> Result<Request, EngineError> {
        self.read()
    }

    /// A name in the detail.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.detail.get(member).and_then(Value::as_str)
    }

    /// Refuses an event that the wiring should not have sent here.
    pub fn not_for(&self, function: &str) -> EngineError {
        EngineError::Event(format!(
            "detail-type “{}” is not for {function}",
            self.detail_type
        ))
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, EngineError> {
        T::deserialize(&self.detail)
            .map_err(|error| EngineError::Event(format!("“{}”: {error}", self.detail_type)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_event_is_read_and_a_strange_one_is_an_error() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
        for name in [
            "bedrock_customization_state_change",
            "bedrock_batch_inference_state_change",
            "sagemaker_training_state_change",
            "s3_object_created_eventbridge",
            "scheduled_rule_tick",
        ] {
            let text = std::fs::read_to_string(format!("{folder}/{name}.json"))
                .expect("it is in the tree");
            let event =
                WakeUp::parse(serde_json::from_str(&text).expect("JSON")).expect("an event");
            assert!(!event.detail_type.is_empty());
            assert!(event.run().is_err(), "{name} names no run of ours");
        }
        assert!(WakeUp::parse(Value::Null).is_err());
    }
}
