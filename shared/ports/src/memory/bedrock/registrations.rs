//! Custom models that are made of checkpoints which serverless jobs left with AWS. No event tells of them.

use async_trait::async_trait;
use jiff::Timestamp;

use super::imports::Import;
use super::state::{Model, State};
use super::{MemoryBedrock, Outcome, Work, checks};
use crate::memory::faults::operation;
use crate::{
    CustomModel, ImportJob, ImportSpec, ImportStatus, ModelStatus, ObserveRegistrations,
    PortResult, RegisterModels,
};

impl State {
    fn register(&mut self, spec: &ImportSpec, now: Timestamp) -> PortResult<String> {
        let op = operation::CREATE_MODEL;
        checks::name(op, "model's name", &spec.model_name, "-_")?;
        checks::token(op, &spec.token)?;
        let known = self.imports.get(&spec.model_name);
        if let Some(known) = known.filter(|known| known.registers && known.token_known)
            && known.spec == *spec
        {
            return Ok(known.job.arn.clone());
        }
        let mut models = self.models.values();
        if models.any(|model| model.shown.name == spec.model_name) {
            return Err(checks::conflict(
                op,
                format!("the model name {} is taken", spec.model_name),
            ));
        }
        checks::quota(op, self.models.len(), self.quotas.models, "custom models")?;
        let (mut outcome, changes_at) = self.draw(Work::Import, now, self.pace.import);
        let files = self.escrow.get(&spec.weights).cloned();
        if files.is_none() {
            outcome = Outcome::Fails(format!("No Nova checkpoint was found at {}", spec.weights));
        }
        let arn = self.arn("custom-model/imported");
        self.models.insert(
            arn.clone(),
            Model {
                shown: CustomModel {
                    arn: arn.clone(),
                    name: spec.model_name.clone(),
                    status: ModelStatus::Creating,
                    created: now,
                    tags: spec.tags.clone(),
                },
                base: "imported".into(),
                files: files.unwrap_or_default(),
            },
        );
        self.imports.insert(
            spec.model_name.clone(),
            Import {
                spec: spec.clone(),
                job: ImportJob {
                    arn: arn.clone(),
                    name: spec.model_name.clone(),
                    status: ImportStatus::InProgress,
                    message: None,
                    model_arn: None,
                    tags: spec.tags.clone(),
                },
                changes_at,
                outcome,
                token_known: true,
                registers: true,
            },
        );
        Ok(arn)
    }

    /// What becomes of the model that is being made.
    pub(crate) fn registration_changes(&mut self, import: &mut Import) {
        let job = &mut import.job;
        let status = if let Outcome::Fails(message) = &import.outcome {
            job.status = ImportStatus::Failed;
            job.message = Some(message.clone());
            ModelStatus::Failed
        } else {
            job.status = ImportStatus::Completed;
            job.model_arn = Some(job.arn.clone());
            ModelStatus::Active
        };
        if let Some(model) = self.models.get_mut(&job.arn) {
            model.shown.status = status;
        }
    }
}

#[async_trait]
impl ObserveRegistrations for MemoryBedrock {
    /// What somebody deleted is not there any more.
    async fn find_registration(&self, name: &str) -> PortResult<Option<ImportJob>> {
        self.call(operation::GET_MODEL, |state, _| {
            let mut models = state.models.values();
            let Some(model) = models.find(|model| model.shown.name == name) else {
                return Ok(None);
            };
            let known = state.imports.get(name).filter(|known| known.registers);
            Ok(Some(match known {
                Some(known) if known.job.arn == model.shown.arn => known.job.clone(),
                // Another's model of this name.
                _ => ImportJob {
                    arn: model.shown.arn.clone(),
                    name: name.to_owned(),
                    status: ImportStatus::Completed,
                    message: None,
                    model_arn: Some(model.shown.arn.clone()),
                    tags: model.shown.tags.clone(),
                },
            }))
        })
    }
}

#[async_trait]
impl RegisterModels for MemoryBedrock {
    async fn register_model(&self, spec: &ImportSpec) -> PortResult<String> {
        self.call(operation::CREATE_MODEL, |state, now| {
            state.register(spec, now)
        })
    }
}
