//! Every rule of Perennial: no I/O, no async, no clock, no randomness.
pub mod limits;
pub mod announcement;
pub mod keys;
pub mod names;
