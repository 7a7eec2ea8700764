//! One small trait per capability, and its in-memory twin.
