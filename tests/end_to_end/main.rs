//! The whole system with real processes: the `perennial` program as a person runs it, its functions as child
//! processes over the Lambda Runtime API, and clients that know nothing of the inside.
#![allow(clippy::unwrap_used)]

mod as_documented;
mod bad_input;
mod chaos;
mod evaluated;
mod faults;
mod harness;
mod kills;
mod many_files;
mod pages;
mod pre_training;
mod provisioned;
mod real_data;
mod sagemaker;
