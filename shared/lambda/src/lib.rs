//! What every function does at its start: settings, logs, SDK configuration, and the loop of invocations.
//!
//! No service's SDK stands here, so that each function links only those that it calls.

mod logs;
mod metrics;
mod sdk;
mod serve;
mod settings;

pub use logs::init_logs;
pub use metrics::{Unit, metric};
pub use sdk::{path_style, sdk_config};
pub use serve::{Invocation, deadline, serve};
pub use settings::{Settings, SettingsError};
