//! Import of models with open weights: jobs, and the models that they make. AWS sends no event about them.

mod job;
mod model;

pub(crate) use job::{CreateModelImportJob, GetModelImportJob, ListModelImportJobs};
pub(super) use job::{ImportJob, advance, find};
pub(crate) use model::{DeleteImportedModel, GetImportedModel, ImportedModel, ListImportedModels};
