//! What `cargo xtask bench dataset` runs: generated training data, Perennial's compiler over it, and beside it bare parsers that say
//! how fast the same bytes can be read at all.
pub mod bare;
pub mod generate;
pub mod ingest;
pub mod measure;
pub mod perennial;
mod phrases;
mod text;
