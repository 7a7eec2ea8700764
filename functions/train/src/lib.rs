//! The train function.
