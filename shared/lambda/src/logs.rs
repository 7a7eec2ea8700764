//! Logs: one JSON object a line on stdout, as Lambda takes them up.

use std::env;

use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// From now on everything goes to stdout as JSON lines, without a time (Lambda notes it). The level is `RUST_LOG`'s,
/// else `AWS_LAMBDA_LOG_LEVEL`'s (set by Lambda's logging configuration), else `info`. Calling it again does nothing.
pub fn init_logs() {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .with_filter(levels(|name| env::var(name).ok()));
    // It fails only if there is a subscriber already.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Levels by target, and no more: filters by span and field would link a regular expression engine into every function.
fn levels(variable: impl Fn(&str) -> Option<String>) -> Targets {
    ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"]
        .into_iter()
        .filter_map(variable)
        .find_map(|words| words.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(Level::INFO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_rust_logs_else_lambdas_else_info() {
        let said = |rust_log: &str, lambda: &str| {
            let words = |name: &str| match name {
                "RUST_LOG" => rust_log.to_owned(),
                _ => lambda.to_owned(),
            };
            levels(|name| Some(words(name)).filter(|words| !words.is_empty()))
        };
        let shows = |levels: &Targets, level| levels.would_enable("perennial_train", &level);
        for (rust_log, lambda, debug, info) in [
            ("", "", false, true),
            ("", "DEBUG", true, true),
            ("warn", "DEBUG", false, false),
            ("warn,perennial_train=debug", "", true, true),
            ("[span]", "ERROR", false, false),
            ("", "FATAL", false, false),
        ] {
            let levels = said(rust_log, lambda);
            assert_eq!(
                (shows(&levels, Level::DEBUG), shows(&levels, Level::INFO)),
                (debug, info),
                "RUST_LOG={rust_log} AWS_LAMBDA_LOG_LEVEL={lambda}"
            );
        }
    }
}
