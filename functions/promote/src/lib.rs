//! The promote function.
