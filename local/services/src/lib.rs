//! Simulators of the AWS operations that Perennial calls: Bedrock, Bedrock runtime, SageMaker, SSM, CloudWatch, EventBridge,
//! STS.
//!
//! Strict about what AWS publishes (patterns, lengths, required members, conflicts, states) and silent about the rest:
//! an operation or a member that is not simulated is refused by name. No listener, no signature, no policy: the
//! gateway brings those. State lives in one SQLite file and survives a kill; time comes from a [`Clock`] and moves only
//! in [`Services::tick`]; an event stays stored until [`Services::acknowledge`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bedrock;
mod catalog;
mod clock;
mod cloudwatch;
mod corpus;
mod error;
mod eventbridge;
mod events;
mod faults;
mod form;
mod knowledge;
mod learners;
mod lock;
mod objects;
mod operation;
mod preferences;
mod records;
mod runtime;
mod sagemaker;
mod service_name;
mod services;
mod settings;
mod ssm;
mod store;
mod sts;
mod wire;

pub use clock::{Clock, ManualClock, SystemClock};
pub use faults::{Faults, LostAnswer, Refusal};
pub use objects::{MemoryObjects, ObjectAccess};
pub use service_name::ServiceName;
pub use services::{
    Answered, Caller, Described, LookError, OpenError, Outcome, Services, TickError,
};
pub use settings::{OnDemand, Pace, Quotas, Settings, Span};

/// The one account of the local cloud.
pub const ACCOUNT_ID: &str = "123456789012";
