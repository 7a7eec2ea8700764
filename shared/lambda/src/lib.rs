//! What every function does at its start: settings, logs, SDK configuration, and the loop of invocations.
//!
//! No service's SDK stands here, so that each function links only those that it calls.

mod https;
mod logs;
mod metrics;
mod sdk;
mod serve;

pub use logs::init_logs;
pub use metrics::{Unit, metric};
pub use perennial_core::settings::{Settings, SettingsError};
pub use sdk::{path_style, sdk_config};
pub use serve::{Invocation, deadline, serve};

/// The settings of this process.
///
/// # Errors
/// Names every variable of the environment that is missing or wrong.
pub fn settings() -> Result<Settings, SettingsError> {
    Settings::from_lookup(|name| std::env::var(name).ok())
}
