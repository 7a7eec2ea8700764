//! Streaming validation and compilation of training data.
