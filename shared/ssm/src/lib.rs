//! The alias as an SSM parameter.
