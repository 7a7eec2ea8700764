//! What is shown: pure functions from records to structures that are printed as JSON or as text. No I/O, no clock.

pub(crate) mod check;
pub(crate) mod model;
pub(crate) mod pipeline;
pub(crate) mod plan;
pub(crate) mod rules;
pub(crate) mod run;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod upload;
