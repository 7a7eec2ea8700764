//! What the account holds, and what happens by itself as time passes.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::batch::Batch;
use super::containers::Container;
use super::deployments::Deployed;
use super::imports::Import;
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
    /// By name.
    pub(crate) containers: BTreeMap<String, Container>,
    /// Below its output, the folders in which a container leaves a model; the output itself unless something else is said.
    pub(crate) model_folders: Option<Vec<&'static str>>,
    /// By name.
    pub(crate) imports: BTreeMap<String, Import>,
    /// What serverless jobs left with AWS, by its URI.
    pub(crate) escrow: BTreeMap<String, Vec<Bytes>>,
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
    Container(String),
    Import(String),
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
        for import in self.imports.values_mut() {
            import.token_known = false;
        }
        for deployment in self.deployments.values_mut() {
            deployment.token_known = false;
        }
    }

    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        let trainings = self.trainings.values().filter_map(|job| job.changes_at);
        let batches = self.batches.values().filter_map(|job| job.changes_at);
        let deployments = self.deployments.values().filter_map(Deployed::changes_at);
        let containers = self.containers.values().filter_map(|job| job.changes_at);
        let imports = self.imports.values().filter_map(|job| job.changes_at);
        trainings
            .chain(containers)
            .chain(imports)
            .chain(batches)
            .chain(deployments)
            .min()
    }

    fn next_due(&self) -> Option<(Timestamp, Due)> {
        let at = self.next_change()?;
        // At the same time: customization jobs first, then containers' jobs, imports, batch jobs, deployments, each in the order of their names.
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
        let container = || {
            let mut all = self.containers.iter();
            all.find(|(_, job)| job.changes_at == Some(at))
        };
        let import = || {
            let mut all = self.imports.iter();
            all.find(|(_, job)| job.changes_at == Some(at))
        };
        let due = if let Some((name, _)) = training {
            Due::Training(name.clone())
        } else if let Some((name, _)) = container() {
            Due::Container(name.clone())
        } else if let Some((name, _)) = import() {
            Due::Import(name.clone())
        } else if let Some((name, _)) = batch() {
            Due::Batch(name.clone())
        } else {
            Due::Deployment(deployment()?.0.clone())
        };
        Some((at, due))
    }

    /// Everything that was to happen by `now`, the earliest first.
    pub(crate) fn settle(&mut self, now: Timestamp, objects: &MemoryObjects, mind: &Mind) {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= now) {
            match due {
                Due::Training(name) => self.training_changes(&name, at, objects),
                Due::Container(name) => self.container_changes(&name, at, objects),
                Due::Import(name) => self.import_changes(&name, at, objects),
                Due::Batch(name) => self.batch_changes(&name, at, objects, mind),
                Due::Deployment(arn) => self.deployment_changes(&arn, at),
            }
        }
    }
}
