//! The table on DynamoDB.
//!
//! Which items exist and what a write is conditional on is decided above; here is only how items, conditions and the
//! due index are said in DynamoDB's words.

pub mod definition;
mod numbers;
mod size;
mod table;
mod transaction;

pub use table::DynamoTable;
