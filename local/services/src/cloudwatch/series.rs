//! One series: the counts of one metric of one model, period by period.

use jiff::Timestamp;
use serde::Deserialize;

use crate::{error::AwsError, operation::Call};

/// The metrics that calls of a model are counted in.
const METRICS: [&str; 4] = [
    "Invocations",
    "InvocationThrottles",
    "InvocationClientErrors",
    "InvocationServerErrors",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Dimension {
    name: String,
    value: String,
}

/// Which series is asked for, and in which steps.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) namespace: &'a str,
    pub(super) metric: &'a str,
    pub(super) dimensions: &'a [Dimension],
    /// Seconds.
    pub(super) period: i64,
    /// Seconds since 1970.
    pub(super) start: f64,
    pub(super) end: f64,
}

/// The count of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// When the period began, in seconds since 1970.
    pub(super) start: i64,
    pub(super) count: i64,
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterValueException", message)
}

impl Series<'_> {
    /// The periods that have counts, oldest first. A series that nobody counted in has none: as in CloudWatch, it is
    /// missing, not zero.
    ///
    /// # Errors
    /// `InvalidParameterValueException` for a period or time that CloudWatch would not take.
    pub(super) fn points(&self, call: &Call<'_>) -> Result<Vec<Point>, AwsError> {
        if self.period <= 0 || self.period % 60 != 0 {
            return Err(invalid("The parameter Period must be a multiple of 60."));
        }
        if self.start >= self.end {
            return Err(invalid(
                "The parameter StartTime must be less than the parameter EndTime.",
            ));
        }
        let [Dimension { name, value }] = self.dimensions else {
            return Ok(Vec::new());
        };
        if self.namespace != "AWS/Bedrock" || name != "ModelId" || !METRICS.contains(&self.metric) {
            return Ok(Vec::new());
        }
        let first = (self.start.floor() as i64).div_euclid(self.period) * self.period;
        let published = call.now.duration_since(Timestamp::UNIX_EPOCH).as_secs()
            - i64::try_from(call.settings.metrics_lag.as_secs()).unwrap_or(i64::MAX);
        let end = (self.end.ceil() as i64).min(published.saturating_add(1));
        let minutes = call.tx.counts(
            self.metric,
            value,
            first.div_euclid(60),
            end.div_euclid(60) + i64::from(end % 60 != 0),
        )?;
        let mut points: Vec<Point> = Vec::new();
        for (minute, count) in minutes {
            let start = (minute * 60).div_euclid(self.period) * self.period;
            match points.last_mut() {
                Some(last) if last.start == start => last.count += count,
                _ => points.push(Point { start, count }),
            }
        }
        Ok(points)
    }
}

impl Point {
    /// A statistic of a count of calls, each worth one.
    pub(super) fn statistic(self, name: &str) -> Option<f64> {
        match name {
            "Sum" | "SampleCount" => Some(self.count as f64),
            "Average" | "Minimum" | "Maximum" => Some(1.0),
            _ => None,
        }
    }
}
