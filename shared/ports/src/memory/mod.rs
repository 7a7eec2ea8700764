//! In-memory twins.
