//! What people and programs read of a checked file: a page for a browser, text for a terminal, and the form of the JSON.
//!
//! Everything starts from a [`perennial_dataset::Summary`]. Nothing here does I/O, and all that came out of a file is taken for
//! hostile: it is escaped and cut wherever it is shown.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod check;
mod fit;
pub mod html;
mod shown;
pub mod terminal;
mod words;

pub use check::{Check, Configuration};
