//! The whole loop in one process: the real handlers over the in-memory ports, a virtual clock, and a bus that can
//! double, reverse and drop what it delivers.

mod data;
mod mind;
mod permissions;
mod world;

pub use data::{config, evaluation, shuffled, training};
pub use mind::mind;
pub use permissions::{KEPT, LOG, denied, keep_permissions};
pub use world::{Delivery, World, ingest};
