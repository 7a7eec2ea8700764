//! The twins keep the contracts that the AWS adapters keep (`tests/adapters` runs those).

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::Announcement;
use serde_json::Value;

use super::{MemoryCloud, ModelRef, Outcome, Work, now};
use crate::contract::{self, Setup, World};
use crate::{Clock, ErrorKind};

/// A custom model knows the prompts of its training files by heart.
fn by_heart(model: &ModelRef, prompt: &str) -> String {
    let ModelRef::Custom { files, .. } = model else {
        return "I do not know.".to_owned();
    };
    let records = files.iter().flat_map(|file| file.split(|b| *b == b'\n'));
    let records = records.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let text = |record: &Value, turn: usize| {
        let text = record["messages"][turn]["content"][0]["text"].as_str();
        text.unwrap_or_default().to_owned()
    };
    let mut known = records.filter(|record| text(record, 0) == prompt);
    known.next_back().map_or_else(
        || "I do not know either.".to_owned(),
        |record| text(&record, 1),
    )
}

struct Twin(MemoryCloud);

impl Twin {
    fn new() -> Self {
        let cloud = MemoryCloud::new(1, by_heart);
        // A deleted deployment is seen for a while, as on AWS.
        cloud.bedrock.set_pace(super::Pace {
            removal: SignedDuration::from_mins(1),
            ..super::Pace::default()
        });
        Self(cloud)
    }

    fn setup(&self) -> Setup<'_> {
        Setup {
            world: self,
            objects: &*self.0.objects,
            bedrock: &*self.0.bedrock,
            ask: &*self.0.bedrock,
            usage: &*self.0.usage,
            alias: &*self.0.alias,
            announce: &*self.0.announce,
        }
    }
}

#[async_trait]
impl World for Twin {
    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    async fn settle(&self) {
        self.0.clock.advance(SignedDuration::from_hours(3));
        self.0.bedrock.settle();
    }

    async fn lose_answer(&self, operation: &str) {
        self.0.lose_answer_next(operation, 1);
    }

    async fn throttle(&self, operation: &str) {
        self.0.fail_next(operation, ErrorKind::Throttled, 1);
    }

    async fn fail_next(&self, work: Work) {
        let words = Outcome::Fails("The service has no room.".to_owned());
        self.0.bedrock.plan_next(work, words, 1);
    }

    async fn delete_object(&self, key: &str) {
        self.0.objects.delete(key);
    }

    async fn delete_version(&self, key: &str, version: &str) {
        assert!(self.0.objects.delete_version(key, version));
    }

    async fn heard(&self) -> Vec<Announcement> {
        self.0.announce.heard()
    }
}

#[test]
fn objects() {
    now(contract::objects_contract(&Twin::new().setup()));
}

#[test]
fn training() {
    now(contract::training_contract(&Twin::new().setup()));
}

#[test]
fn batch() {
    now(contract::batch_contract(&Twin::new().setup()));
}

#[test]
fn models() {
    now(contract::models_contract(&Twin::new().setup()));
}

#[test]
fn deployments() {
    now(contract::deployments_contract(&Twin::new().setup()));
}

#[test]
fn answers() {
    now(contract::answers_contract(&Twin::new().setup()));
}

#[test]
fn usage() {
    now(contract::usage_contract(&Twin::new().setup()));
}

#[test]
fn alias() {
    now(contract::alias_contract(&Twin::new().setup()));
}

#[test]
fn announce() {
    now(contract::announce_contract(&Twin::new().setup()));
}

#[test]
fn throughput() {
    now(contract::throughput_contract(&Twin::new().setup()));
}
