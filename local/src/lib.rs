//! An AWS account in one process, for trying, developing and testing (design.md, section 9).
//!
//! [`Cloud::start`] listens on one address of 127.0.0.1 and keeps everything in one folder, which may be killed
//! and started again at any moment. Its rooms:
//!
//! - `gateway`: the one endpoint; tells service and caller by the signature, writes the trail.
//! - `bus`: events, the rules that match them, the schedules.
//! - `lambda`: functions as child processes over the real Runtime API; retries and dead letters.
//! - `ledger`: what survives a kill: deliveries under way, dead letters, imports, last firings.
//! - `drop`: files copied into the drop folder become objects.
//! - `roles`: what each function may do, and the log of what it did.
//! - `chaos`: what goes wrong on purpose, by one seed.
//! - `wiring`: the template, which says what is connected to what. `trace`: CloudTrail-shaped lines.
//!
//! Objects are kept by `perennial-local-s3`, the other services simulated by `perennial-local-services`; tables
//! are `dynoxide`'s. This crate must not know what Perennial's functions do.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bus;
mod chaos;
mod clock;
mod cloud;
mod common;
mod drop;
mod error;
mod gateway;
mod home;
mod identity;
mod ids;
mod lambda;
mod ledger;
mod objects;
mod options;
mod roles;
mod services;
mod simulated;
mod trace;
mod wiring;

pub use clock::{Clock, OffsetClock};
pub use cloud::Cloud;
pub use error::CloudError;
pub use home::{endpoint_of, env_lines, env_of};
pub use identity::{
    ACCOUNT, Caller, FunctionCaller, REGION, USER_ACCESS_KEY, USER_SECRET_KEY, aws_function_name,
};
pub use lambda::exit_when_the_cloud_ends;
pub use options::{
    DEFAULT_PORT, Delivery, DropFolder, Faults, FunctionCommand, Options, Pace, Retries,
};
pub use wiring::{Names, Template};
