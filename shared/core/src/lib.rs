//! Every rule of Perennial: no I/O, no async, no clock, no randomness.
pub mod announcement;
pub mod config;
pub mod gate;
pub mod keys;
pub mod limits;
pub mod money;
pub mod names;
pub mod prices;
pub mod prompt;
pub mod routing;
pub mod score;
pub mod span;
