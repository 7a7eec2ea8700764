//! The deployment template, read for one deployment: parsed with its lines, resolved, typed and checked.
//!
//! `infra/template.yaml` is the one place that says what is connected to what. The local cloud runs what [`Stack::read`]
//! gives, [`check`] holds it to what Perennial's functions need, and [`hold`] to the standard of our own template as well. What is not understood is an error that names the
//! logical id, the property and the line. Nothing here runs anything, and nothing here reads a file.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod deployment;
mod error;
mod held;
mod names;
mod node;
mod parameters;
mod pattern;
mod props;
mod read;
mod resolve;
mod schedule;
mod stack;
mod standard;
mod yaml;

pub use deployment::Deployment;
pub use error::{Finding, TemplateError};
pub use node::{Entry, Kind, Node};
pub use pattern::EventPattern;
pub use schedule::Schedule;
pub use stack::{
    Bucket, Function, Origin, Queue, QueueMapping, Redrive, Role, Rule, Stack, Table, Target,
    Topic, Trigger,
};
pub use standard::{Held, check, hold};
pub use yaml::parse;
