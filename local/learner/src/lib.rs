//! The local trainer: a small real learner.
