//! What every function does at its start: settings, logs, SDK configuration.
