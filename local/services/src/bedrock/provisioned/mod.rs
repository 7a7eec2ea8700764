//! Provisioned throughput: bought, swapped to another model, deleted. AWS sends no event about it.

mod read;
mod throughput;
mod write;

pub(crate) use read::{GetProvisionedModelThroughput, ListProvisionedModelThroughputs};
pub(super) use throughput::advance;
pub(crate) use throughput::{Status, Throughput};
pub(crate) use write::{
    CreateProvisionedModelThroughput, DeleteProvisionedModelThroughput,
    UpdateProvisionedModelThroughput,
};
