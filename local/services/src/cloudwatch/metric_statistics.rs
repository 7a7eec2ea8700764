//! `GetMetricStatistics`.

use serde::{Deserialize, Serialize};

use super::series::{Dimension, Point, Series, invalid};
use crate::{
    error::AwsError,
    operation::{Call, Operation},
};

/// The most data points of one answer (the API reference).
const MOST_POINTS: f64 = 1440.0;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetMetricStatistics {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    start_time: f64,
    end_time: f64,
    period: i64,
    #[serde(default)]
    statistics: Vec<Statistic>,
    #[serde(rename = "Unit")]
    _unit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    label: String,
    datapoints: Vec<Datapoint>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Datapoint {
    timestamp: f64,
    sample_count: Option<f64>,
    average: Option<f64>,
    sum: Option<f64>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    unit: &'static str,
}

impl Operation for GetMetricStatistics {
    const NAME: &'static str = "GetMetricStatistics";
    type Answer = Answer;

    fn perform(self, call: &mut Call<'_>) -> Result<Answer, AwsError> {
        if self.statistics.is_empty() {
            return Err(AwsError::new(
                "InvalidParameterCombinationException",
                "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
            ));
        }
        if (self.end_time - self.start_time) / self.period.max(1) as f64 > MOST_POINTS {
            return Err(invalid(
                "You have requested more than 1,440 datapoints. Increase the Period or shorten the time.",
            ));
        }
        let series = Series {
            namespace: &self.namespace,
            metric: &self.metric_name,
            dimensions: &self.dimensions,
            period: self.period,
            start: self.start_time,
            end: self.end_time,
        };
        let points = series.points(call)?;
        let datapoints = points
            .into_iter()
            .map(|point| self.datapoint(point))
            .collect();
        Ok(Answer {
            label: self.metric_name,
            datapoints,
        })
    }
}

impl GetMetricStatistics {
    fn datapoint(&self, point: Point) -> Datapoint {
        let asked = |statistic, name| {
            self.statistics
                .contains(&statistic)
                .then(|| point.statistic(name))
                .flatten()
        };
        Datapoint {
            timestamp: point.start as f64,
            sample_count: asked(Statistic::SampleCount, "SampleCount"),
            average: asked(Statistic::Average, "Average"),
            sum: asked(Statistic::Sum, "Sum"),
            minimum: asked(Statistic::Minimum, "Minimum"),
            maximum: asked(Statistic::Maximum, "Maximum"),
            unit: "Count",
        }
    }
}
