//! Every rule of Perennial: no I/O, no async, no clock, no randomness.
pub mod limits;
