//! What the official validators say on generated records, held against what Perennial says.
//!
//! `records.rs` has a valid record of each form; `mutation` changes it; `cases.rs` makes files of the two, from one seed.
//! `statement` says what the official validators would say on a file, `ours.rs` what Perennial says. Where they differ, and where
//! they would refuse what Perennial writes, `compare.rs` makes a class of it, and each class needs a row with a reason in
//! `disagreements.toml`, from which `docs/validators.md` is made (`table.rs`, `page.rs`).
//!
//! The statement is ours, so it is held against the real Nova Forge SDK by the Python suite beside it (`test_official.py`), which
//! reads what this crate's program writes.

pub mod cases;
pub mod compare;
pub mod figures;
pub mod file;
pub mod mutation;
pub mod ours;
pub mod page;
pub mod records;
pub mod statement;
pub mod table;
pub mod targets;
