//! Batch inference jobs: records of prompts in, records of answers out.

mod create;
mod job;
mod progress;
mod read;

pub(crate) use create::CreateModelInvocationJob;
pub(crate) use job::InvocationJob;
pub(super) use progress::advance;
pub(super) use read::find;
pub(crate) use read::{GetModelInvocationJob, ListModelInvocationJobs, StopModelInvocationJob};
