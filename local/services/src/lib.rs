//! Simulators of the AWS operations that Perennial calls.
