//! One function for each parser of training data. It takes any bytes and panics where a promise of that parser is broken.
//!
//! `fuzz/` calls each with bytes that `cargo fuzz` makes up; `tests/corpus.rs` calls each with the files of `fuzz/corpus` and with
//! mutations of them. The first bytes of an input are choices ([`choices::Choices`]), the rest is the file.
mod choices;
mod compile;
mod config;
mod decompress;
mod image;
mod index;
mod inputs;
mod json;
mod lines;
mod packer;
mod purposes;
mod sealer;

pub use compile::{compile, threads};
pub use config::config;
pub use decompress::decompress;
pub use image::image;
pub use index::index;
pub use inputs::{array, csv, documents};
pub use json::json;
pub use lines::lines;
pub use packer::packer;
pub use sealer::sealer;

/// A target's name, which is that of its folder in `fuzz/corpus`, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("array", array),
    ("compile", compile),
    ("config", config),
    ("csv", csv),
    ("decompress", decompress),
    ("documents", documents),
    ("image", image),
    ("index", index),
    ("json", json),
    ("lines", lines),
    ("packer", packer),
    ("sealer", sealer),
    ("threads", threads),
];
