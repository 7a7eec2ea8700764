//! Model customization jobs: created, checked, trained, stopped.

mod create;
mod hyperparameters;
mod job;
mod learn;
mod progress;
mod read;
mod technique;

pub(crate) use create::CreateModelCustomizationJob;
pub(crate) use job::CustomizationJob;
pub(super) use job::{
    Metrics, OutputDataConfig, TrainingDataConfig, ValidationDataConfig, VpcConfig,
};
pub(super) use progress::advance;
pub(super) use read::find;
pub(crate) use read::{
    GetModelCustomizationJob, ListModelCustomizationJobs, StopModelCustomizationJob,
};
pub(super) use technique::{CustomizationConfig, Technique};
