//! The local trainer: a small real learner, and the untrained model that it is compared with.
//!
//! Pure: no I/O, no clock, no randomness, and nothing depends on the order of a hash map. Training a model in the
//! local cloud means building a [`Learner`] over the job's training records or documents, so good data gives good answers
//! and shuffled labels give bad ones.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod base;
mod features;
mod index;
mod learner;
mod passages;
mod span;

pub use base::BaseModel;
pub use learner::Learner;
