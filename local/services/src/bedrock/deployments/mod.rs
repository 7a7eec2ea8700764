//! Custom model deployments: created, updated, deleted; each takes its time.

mod deployment;
mod read;
mod write;

pub(super) use deployment::advance;
pub(crate) use deployment::{Deployment, Status};
pub(crate) use read::{GetCustomModelDeployment, ListCustomModelDeployments};
pub(crate) use write::{
    CreateCustomModelDeployment, DeleteCustomModelDeployment, UpdateCustomModelDeployment,
};
