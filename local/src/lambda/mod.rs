//! Lambda: functions as child processes over the real Runtime API, and the handing over of kept deliveries.

mod dispatch;
mod instance;
mod log;
mod pool;
mod runtime_api;
mod sqs;

pub use instance::exit_when_the_cloud_ends;

pub(crate) use dispatch::Dispatcher;
pub(crate) use pool::{Pool, PoolSettings};

/// How an invocation failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum InvokeError {
    /// The function answered with an error.
    #[error("{kind}: {message}")]
    Function {
        /// The error's type, as the function named it.
        kind: String,
        /// What it said.
        message: String,
    },
    /// It took longer than its timeout and was killed.
    #[error("Sandbox.Timedout: the function took longer than {seconds} s and was killed")]
    Timeout {
        /// Its timeout.
        seconds: u64,
    },
    /// Its process ended in the middle.
    #[error(
        "Runtime.ExitError: the function's process ended during the invocation ({status}); see its log"
    )]
    Exit {
        /// How it ended.
        status: String,
    },
    /// Its process did not come up.
    #[error("Runtime.InitError: {message}")]
    Init {
        /// Why.
        message: String,
    },
    /// The cloud is stopping; the invocation does not count.
    #[error("the cloud is stopping")]
    Stopping,
}
