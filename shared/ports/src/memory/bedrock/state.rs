//! What the account holds, and what happens by itself as time passes.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::batch::Batch;
use super::deployments::Deployed;
use super::training::Training;
use super::{AskedQuestion, Mind, ModelRef, Outcome, Pace, Quotas, Work};
use crate::memory::clock::later;
use crate::memory::ids::Ids;
use crate::memory::{ACCOUNT, MemoryObjects, REGION};
use crate::{CustomModel, ModelStatus, Tags};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) pace: Pace,
    pub(crate) quotas: Quotas,
    pub(crate) plans: BTreeMap<Work, VecDeque<Outcome>>,
    pub(crate) ids: Ids,
    /// By name.
    pub(crate) trainings: BTreeMap<String, Training>,
    /// By ARN.
    pub(crate) models: BTreeMap<String, Model>,
    /// By ARN.
    pub(crate) deployments: BTreeMap<String, Deployed>,
    /// By name.
    pub(crate) batches: BTreeMap<String, Batch>,
    pub(crate) questions: Vec<AskedQuestion>,
    /// Per model, the last minute with a call and how many there were.
    pub(crate) minutes: BTreeMap<String, (i64, u64)>,
    pub(crate) events: Vec<Value>,
}

pub(crate) struct Model {
    pub(crate) shown: CustomModel,
    pub(crate) base: String,
    pub(crate) files: Vec<Bytes>,
}

/// What happens next, and to whom.
#[derive(Debug)]
enum Due {
    Training(String),
    Batch(String),
    Deployment(String),
}

impl State {
    /// How the next piece of this work ends, and when if ever.
    pub(crate) fn draw(
        &mut self,
        work: Work,
        now: Timestamp,
        takes: SignedDuration,
    ) -> (Outcome, Option<Timestamp>) {
        let outcome = self
            .plans
            .get_mut(&work)
            .and_then(VecDeque::pop_front)
            .unwrap_or(Outcome::Succeeds);
        let at = (outcome != Outcome::Hangs).then(|| later(now, takes));
        (outcome, at)
    }

    pub(crate) fn arn(&mut self, resource: &str) -> String {
        let id = self.ids.short();
        format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:{resource}/{id}")
    }

    pub(crate) fn add_model(
        &mut self,
        name: &str,
        base: &str,
        files: Vec<Bytes>,
        tags: Tags,
        created: Timestamp,
    ) -> String {
        let arn = self.arn(&format!("custom-model/{base}"));
        self.models.insert(
            arn.clone(),
            Model {
                shown: CustomModel {
                    arn: arn.clone(),
                    name: name.to_owned(),
                    status: ModelStatus::Active,
                    created,
                    tags,
                },
                base: base.to_owned(),
                files,
            },
        );
        arn
    }

    pub(crate) fn model_ref(&self, arn: &str) -> Option<ModelRef> {
        let model = self.models.get(arn)?;
        Some(ModelRef::Custom {
            arn: arn.to_owned(),
            base: model.base.clone(),
            files: model.files.clone(),
        })
    }

    pub(crate) fn forget_tokens(&mut self) {
        for job in self.trainings.values_mut() {
            job.token_known = false;
        }
        for job in self.batches.values_mut() {
            job.token_known = false;
        }
        for deployment in self.deployments.values_mut() {
            deployment.token_known = false;
        }
    }

    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        let trainings = self.trainings.values().filter_map(|job| job.changes_at);
        let batches = self.batches.values().filter_map(|job| job.changes_at);
        let deployments = self.deployments.values().filter_map(Deployed::changes_at);
        trainings.chain(batches).chain(deployments).min()
    }

    fn next_due(&self) -> Option<(Timestamp, Due)> {
        let at = self.next_change()?;
        // At the same time: training jobs first, then batch jobs, then deployments, each in the order of their names.
        let training = self
            .trainings
            .iter()
            .find(|(_, job)| job.changes_at == Some(at));
        let batch = || {
            self.batches
                .iter()
                .find(|(_, job)| job.changes_at == Some(at))
        };
        let deployment = || {
            let mut all = self.deployments.iter();
            all.find(|(_, one)| one.changes_at() == Some(at))
        };
        let due = match training {
            Some((name, _)) => Due::Training(name.clone()),
            None => match batch() {
                Some((name, _)) => Due::Batch(name.clone()),
                None => Due::Deployment(deployment()?.0.clone()),
            },
        };
        Some((at, due))
    }

    /// Everything that was to happen by `now`, the earliest first.
    pub(crate) fn settle(&mut self, now: Timestamp, objects: &MemoryObjects, mind: &Mind) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= now) {
            match due {
                Due::Training(name) => self.training_changes(&name, at, objects),
                Due::Batch(name) => self.batch_changes(&name, at, objects, mind),
                Due::Deployment(arn) => self.deployment_changes(&arn, at),
            }
        }
    }
}
