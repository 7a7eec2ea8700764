//! The cleanup function.
