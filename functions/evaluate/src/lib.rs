//! The evaluate function.
