//! Every operation at the level of `Services::handle`, under a clock that the test moves.
#![expect(clippy::unwrap_used)]

mod batch;
mod bench;
mod converse;
mod customization;
mod deployments;
mod faults;
mod imported;
mod look;
mod metrics;
mod models;
mod preferences;
mod provisioned;
mod put_events;
mod restart;
mod sagemaker;
mod ssm;
mod techniques;
mod training_ends;
mod wire;
