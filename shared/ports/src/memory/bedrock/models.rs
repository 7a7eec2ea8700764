//! Custom models.

use async_trait::async_trait;
use perennial_core::pipeline::is_imported;

use super::{MemoryBedrock, checks};
use crate::memory::faults::operation;
use crate::{CustomModel, DeleteModels, ObserveModels, PortResult, Tags};

#[async_trait]
impl ObserveModels for MemoryBedrock {
    async fn get_model(&self, arn: &str) -> PortResult<Option<CustomModel>> {
        let operation = match is_imported(arn) {
            true => operation::GET_IMPORTED,
            false => operation::GET_MODEL,
        };
        self.call(operation, |state, _| {
            Ok(state.models.get(arn).map(|model| model.shown.clone()))
        })
    }

    async fn list_models(&self) -> PortResult<Vec<CustomModel>> {
        self.call(operation::LIST_MODELS, |state, _| {
            Ok(state
                .models
                .values()
                .filter(|model| !is_imported(&model.shown.arn))
                .map(|model| CustomModel {
                    tags: Tags::new(),
                    ..model.shown.clone()
                })
                .collect())
        })
    }
}

#[async_trait]
impl DeleteModels for MemoryBedrock {
    async fn delete_model(&self, arn: &str) -> PortResult<()> {
        let op = match is_imported(arn) {
            true => operation::DELETE_IMPORTED,
            false => operation::DELETE_MODEL,
        };
        self.call(op, |state, _| {
            let deployment = state
                .deployments
                .values()
                .find(|one| one.holds(arn))
                .map(|one| one.shown.arn.clone());
            let job = state
                .trainings
                .values()
                .find(|job| job.runs() && job.spec.base_model == arn)
                .map(|job| job.job.arn.clone());
            if let Some(user) = deployment.or(job) {
                return Err(checks::conflict(
                    op,
                    format!("{arn} is in use by {user}: remove that first"),
                ));
            }
            state.models.remove(arn);
            Ok(())
        })
    }
}
