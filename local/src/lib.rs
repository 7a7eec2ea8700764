//! An AWS account in one process.
