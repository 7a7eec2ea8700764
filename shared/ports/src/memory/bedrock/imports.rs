//! Import jobs, and the models that they make. No event tells of them.

use async_trait::async_trait;
use jiff::Timestamp;
use perennial_core::pipeline::is_imported;

use super::containers::weights_in;
use super::state::{Model, State};
use super::{MemoryBedrock, Outcome, Work, checks};
use crate::memory::MemoryObjects;
use crate::memory::faults::operation;
use crate::{
    CustomModel, ImportJob, ImportSpec, ImportStatus, ModelStatus, ObserveImports, PortResult,
    StartImports,
};

pub(crate) struct Import {
    pub(crate) spec: ImportSpec,
    pub(crate) job: ImportJob,
    pub(crate) changes_at: Option<Timestamp>,
    pub(crate) outcome: Outcome,
    pub(crate) token_known: bool,
    /// It is a custom model that is made of a checkpoint, and no job.
    pub(crate) registers: bool,
}

impl State {
    fn start_import(
        &mut self,
        spec: &ImportSpec,
        now: Timestamp,
        objects: &MemoryObjects,
    ) -> PortResult<String> {
        let op = operation::CREATE_IMPORT;
        checks::name(op, "job's name", &spec.name, "+-.")?;
        checks::name(op, "model's name", &spec.model_name, "-_")?;
        checks::token(op, &spec.token)?;
        if let Some(known) = self.imports.get(&spec.name) {
            if known.token_known && known.spec == *spec {
                return Ok(known.job.arn.clone());
            }
            return Err(checks::conflict(
                op,
                format!("the job name {} is taken by {}", spec.name, known.job.arn),
            ));
        }
        let taken = self
            .models
            .values()
            .any(|model| model.shown.name == spec.model_name);
        if taken {
            return Err(checks::conflict(
                op,
                format!("the model name {} is taken", spec.model_name),
            ));
        }
        if weights_in(&spec.weights, objects).is_empty() {
            return Err(checks::invalid(
                op,
                format!("no weights are in {}", spec.weights),
            ));
        }
        let made = self.models.keys().filter(|arn| is_imported(arn)).count();
        let being_made =
            |known: &&Import| !known.registers && known.job.status == ImportStatus::InProgress;
        let being_made = self.imports.values().filter(being_made).count();
        let quota = self.quotas.imported_models;
        checks::quota(op, made + being_made, quota, "imported models")?;
        let arn = self.arn("model-import-job");
        let (outcome, changes_at) = self.draw(Work::Import, now, self.pace.import);
        let import = Import {
            spec: spec.clone(),
            job: ImportJob {
                arn: arn.clone(),
                name: spec.name.clone(),
                status: ImportStatus::InProgress,
                message: None,
                model_arn: None,
                tags: spec.tags.clone(),
            },
            changes_at,
            outcome,
            token_known: true,
            registers: false,
        };
        self.imports.insert(spec.name.clone(), import);
        Ok(arn)
    }

    pub(crate) fn import_changes(&mut self, name: &str, at: Timestamp, objects: &MemoryObjects) {
        let Some(mut import) = self.imports.remove(name) else {
            return;
        };
        import.changes_at = None;
        if import.registers {
            self.registration_changes(&mut import);
            self.imports.insert(name.to_owned(), import);
            return;
        }
        if let Outcome::Fails(message) = &import.outcome {
            import.job.status = ImportStatus::Failed;
            import.job.message = Some(message.clone());
        } else {
            let arn = self.arn("imported-model");
            let files = weights_in(&import.spec.weights, objects);
            let model = Model {
                shown: CustomModel {
                    arn: arn.clone(),
                    name: import.spec.model_name.clone(),
                    status: ModelStatus::Active,
                    created: at,
                    tags: import.spec.tags.clone(),
                },
                base: "imported".into(),
                files: files.iter().filter_map(|key| objects.read(key)).collect(),
            };
            self.models.insert(arn.clone(), model);
            import.job.status = ImportStatus::Completed;
            import.job.model_arn = Some(arn);
        }
        self.imports.insert(name.to_owned(), import);
    }
}

#[async_trait]
impl ObserveImports for MemoryBedrock {
    async fn find_import(&self, name: &str) -> PortResult<Option<ImportJob>> {
        self.call(operation::GET_IMPORT, |state, _| {
            let known = state.imports.get(name).filter(|known| !known.registers);
            Ok(known.map(|known| known.job.clone()))
        })
    }

    async fn imported_models(&self) -> PortResult<Vec<String>> {
        self.call(operation::LIST_IMPORTED, |state, _| {
            let imported = state
                .models
                .values()
                .filter(|model| is_imported(&model.shown.arn));
            Ok(imported.map(|model| model.shown.name.clone()).collect())
        })
    }
}

#[async_trait]
impl StartImports for MemoryBedrock {
    async fn start_import(&self, spec: &ImportSpec) -> PortResult<String> {
        self.call(operation::CREATE_IMPORT, |state, now| {
            state.start_import(spec, now, &self.objects)
        })
    }
}
