//! `GetMetricData`.

use serde::{Deserialize, Serialize};

use super::series::{Dimension, Series};
use crate::{
    error::AwsError,
    operation::{Call, Operation},
};

/// The most queries of one request (the API reference).
const MOST_QUERIES: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetMetricData {
    metric_data_queries: Vec<Query>,
    start_time: f64,
    end_time: f64,
    scan_by: Option<ScanBy>,
    /// Everything fits into one page, so that there is never a token to send back.
    next_token: Option<String>,
    #[serde(rename = "MaxDatapoints")]
    _max_datapoints: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum ScanBy {
    TimestampDescending,
    TimestampAscending,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    id: String,
    metric_stat: Option<MetricStat>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MetricStat {
    metric: Metric,
    period: i64,
    stat: String,
    /// Counts have no other unit.
    #[serde(rename = "Unit")]
    _unit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Metric {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    metric_data_results: Vec<MetricDataResult>,
    messages: [&'static str; 0],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDataResult {
    id: String,
    label: String,
    timestamps: Vec<f64>,
    values: Vec<f64>,
    status_code: &'static str,
}

impl Operation for GetMetricData {
    const NAME: &'static str = "GetMetricData";
    type Answer = Answer;

    fn perform(self, call: &mut Call<'_>) -> Result<Answer, AwsError> {
        if self.metric_data_queries.len() > MOST_QUERIES {
            return Err(AwsError::validation(format!(
                "At most {MOST_QUERIES} MetricDataQueries may stand in a request."
            )));
        }
        if self.next_token.is_some() {
            return Err(AwsError::new(
                "InvalidNextToken",
                "The next token is invalid.",
            ));
        }
        let mut ids: Vec<&String> = self
            .metric_data_queries
            .iter()
            .map(|query| &query.id)
            .collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(AwsError::validation(
                "The Ids of MetricDataQueries must be unique.",
            ));
        }
        let returned = self
            .metric_data_queries
            .iter()
            .filter(|query| query.return_data != Some(false));
        let metric_data_results = returned
            .map(|query| self.result(query, call))
            .collect::<Result<_, _>>()?;
        Ok(Answer {
            metric_data_results,
            messages: [],
        })
    }
}

impl GetMetricData {
    fn result(&self, query: &Query, call: &Call<'_>) -> Result<MetricDataResult, AwsError> {
        let lower = query.id.starts_with(|c: char| c.is_ascii_lowercase());
        if !lower
            || !query
                .id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            return Err(AwsError::validation(format!(
                "The Id '{}' must match [a-z][a-zA-Z0-9_]*.",
                query.id
            )));
        }
        let Some(MetricStat {
            metric,
            period,
            stat,
            ..
        }) = &query.metric_stat
        else {
            return Err(AwsError::validation(format!(
                "The query '{}' has no MetricStat; expressions are not simulated.",
                query.id
            )));
        };
        let series = Series {
            namespace: &metric.namespace,
            metric: &metric.metric_name,
            dimensions: &metric.dimensions,
            period: *period,
            start: self.start_time,
            end: self.end_time,
        };
        // The operation declares no other error than that for a token.
        let mut points = series.points(call).map_err(|error| match error.status {
            400 => AwsError::validation(error.message),
            _ => error,
        })?;
        if self.scan_by != Some(ScanBy::TimestampAscending) {
            points.reverse();
        }
        let value = |point: &super::series::Point| point.statistic(stat);
        let values: Option<Vec<f64>> = points.iter().map(value).collect();
        Ok(MetricDataResult {
            id: query.id.clone(),
            label: query
                .label
                .clone()
                .unwrap_or_else(|| metric.metric_name.clone()),
            timestamps: points.iter().map(|point| point.start as f64).collect(),
            values: values.ok_or_else(|| {
                AwsError::validation(format!("The statistic '{stat}' is not simulated."))
            })?,
            status_code: "Complete",
        })
    }
}
