//! Metrics, by CloudWatch's embedded metric format: a log line that CloudWatch counts.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::io::Write as _;

use jiff::Timestamp;
use perennial_core::names::PipelineName;
use serde_json::{Value, json};

/// CloudWatch's units, as far as they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Seconds,
    /// How long.
    Milliseconds,
    /// How large.
    Bytes,
    /// A share of 100.
    Percent,
    /// Anything else: dollars, scores.
    None,
}

/// Prints one metric, in the namespace `Perennial`, by installation and pipeline.
///
/// The installation is `PERENNIAL_INSTALLATION`'s. A value that is not finite is not printed, as CloudWatch would drop
/// the line.
pub fn metric(name: &str, unit: Unit, value: f64, pipeline: Option<&PipelineName>) {
    if !value.is_finite() {
        return;
    }
    let installation = std::env::var("PERENNIAL_INSTALLATION").unwrap_or_default();
    let line = line(Timestamp::now(), &installation, name, unit, value, pipeline);
    // A metric that cannot be printed must not fail what it counts.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

fn line(
    at: Timestamp,
    installation: &str,
    name: &str,
    unit: Unit,
    value: f64,
    pipeline: Option<&PipelineName>,
) -> String {
    let mut dimensions = Vec::new();
    let mut members = serde_json::Map::new();
    if !installation.is_empty() {
        dimensions.push("Installation");
        members.insert("Installation".into(), installation.into());
    }
    if let Some(pipeline) = pipeline {
        dimensions.push("Pipeline");
        members.insert("Pipeline".into(), pipeline.as_str().into());
    }
    members.insert(name.to_owned(), json!(value));
    members.insert(
        "_aws".into(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Perennial",
                "Dimensions": [dimensions],
                "Metrics": [{ "Name": name, "Unit": format!("{unit:?}") }],
            }],
        }),
    );
    format!("{}\n", Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_one_line_in_cloudwatchs_format() {
        let pipeline = PipelineName::parse("support-bot").expect("valid");
        let at = Timestamp::from_millisecond(1_700_000_000_123).expect("valid");
        let text = line(
            at,
            "dev",
            "UploadsAccepted",
            Unit::Count,
            2.0,
            Some(&pipeline),
        );
        assert_eq!(text.matches('\n').count(), 1);
        let said: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            said,
            json!({
                "Installation": "dev", "Pipeline": "support-bot", "UploadsAccepted": 2.0,
                "_aws": { "Timestamp": 1_700_000_000_123_i64, "CloudWatchMetrics": [{
                    "Namespace": "Perennial", "Dimensions": [["Installation", "Pipeline"]],
                    "Metrics": [{ "Name": "UploadsAccepted", "Unit": "Count" }],
                }] },
            })
        );
    }
}
