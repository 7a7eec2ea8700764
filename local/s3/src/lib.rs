//! A versioned content store on one folder of disk that speaks S3.
//!
//! Content lies in files named by an id; an index in SQLite says which bucket, key and version each file is. An object
//! key is therefore never a path on disk. A write goes to a temporary file, is renamed, and exists from the moment its
//! index row is committed, so that a killed process leaves no half object and loses nothing that it acknowledged.
//! Every creation and deletion commits a [`Change`] in the same transaction.
//!
//! This crate must not know what the objects mean, nor listen on a port: the gateway passes requests to [`service`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod blob;
mod changes;
mod checksum;
mod copy;
mod error;
mod ids;
mod index;
mod list;
mod multipart;
mod operation;
mod schema;
mod store;

pub use api::{Asked, Caller, Domain, Permitted, error_of, operations, service, service_on};
pub use changes::{Change, ChangeKind, CreatedReason, DeletionType};
pub use checksum::{Algorithm, Checksums};
pub use error::StoreError;
pub use index::{Attributes, Condition, Deleted, ObjectInfo};
pub use list::{ListRequest, ListedKeys, Position};
pub use operation::{operation_of, operation_on};
pub use store::{BucketInfo, PutOptions, Store, StoreOptions};
