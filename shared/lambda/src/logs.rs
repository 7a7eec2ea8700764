//! Logs: one JSON object a line on stdout, as Lambda takes them up.

use tracing_subscriber::EnvFilter;

/// From now on everything goes to stdout as JSON lines, without a time (Lambda notes it). The level is `RUST_LOG`'s,
/// else `AWS_LAMBDA_LOG_LEVEL`'s (set by Lambda's logging configuration), else `info`. Calling it again does nothing.
pub fn init_logs() {
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_from_env("AWS_LAMBDA_LOG_LEVEL"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    // It fails only if there is a subscriber already.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .without_time()
        .with_ansi(false)
        .with_env_filter(filter)
        .with_writer(std::io::stdout)
        .try_init();
}
