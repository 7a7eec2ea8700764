//! Use of models, from Amazon CloudWatch.
//!
//! Namespace `AWS/Bedrock`, dimension `ModelId`; for a deployment that is its ARN. Source: Amazon Bedrock User Guide,
//! "Monitoring the performance of Amazon Bedrock".

mod period;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use jiff::{SignedDuration, Timestamp};
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::{date_time, timestamp};
use perennial_ports::{ErrorKind, PortError, PortResult, Use, WatchUse};

const OPERATION: &str = "cloudwatch:GetMetricData";
const NAMESPACE: &str = "AWS/Bedrock";

/// Each of them is a call; `Invocations` alone counts the successful ones only.
const METRICS: [&str; 4] = [
    "Invocations",
    "InvocationThrottles",
    "InvocationClientErrors",
    "InvocationServerErrors",
];

/// The most queries of one `GetMetricData`. Source: Amazon CloudWatch API Reference, `GetMetricData`.
const MOST_QUERIES: usize = 500;

/// The account's metrics. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    client: Client,
}

impl Metrics {
    /// With this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The series of up to 125 models, page after page. A query's id is `q<model>_<metric>`.
    async fn series(
        &self,
        model_ids: &[&String],
        from: Timestamp,
        to: Timestamp,
        period: i32,
    ) -> PortResult<Vec<MetricDataResult>> {
        let mut queries = Vec::new();
        for (at, model_id) in model_ids.iter().enumerate() {
            for (which, name) in METRICS.iter().enumerate() {
                queries.push(query(format!("q{at}_{which}"), name, model_id, period));
            }
        }
        let mut series = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let answer = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(date_time(from))
                .end_time(date_time(to))
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| port_error(OPERATION, error))?;
            series.extend(answer.metric_data_results.unwrap_or_default());
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(series);
            }
        }
    }
}

fn query(id: String, name: &str, model_id: &str, period: i32) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name(name)
        .dimensions(Dimension::builder().name("ModelId").value(model_id).build())
        .build();
    let sum = MetricStat::builder()
        .metric(metric)
        .period(period)
        .stat("Sum")
        .build();
    MetricDataQuery::builder()
        .id(id)
        .metric_stat(sum)
        .return_data(true)
        .build()
}

#[async_trait]
impl WatchUse for Metrics {
    /// CloudWatch counts in whole periods (a minute for short spans, up to a day for long ones), so calls of the period
    /// that `from` falls into count as well: rather a call too many than one too few.
    async fn uses(
        &self,
        model_ids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> PortResult<BTreeMap<String, Use>> {
        let mut uses = BTreeMap::new();
        if to <= from {
            return Ok(uses);
        }
        let period = period::seconds(from, to);
        let start = period::start(from, period);
        let mut model_ids: Vec<&String> = model_ids.iter().collect();
        model_ids.sort();
        model_ids.dedup();
        for batch in model_ids.chunks(MOST_QUERIES / METRICS.len()) {
            for series in self.series(batch, start, to, period).await? {
                let model_id = model_of(&series).and_then(|at| batch.get(at));
                let Some(model_id) = model_id else {
                    return Err(PortError::new(
                        OPERATION,
                        ErrorKind::Unanswered,
                        format!("an answer to a query that was not asked: {:?}", series.id()),
                    ));
                };
                if !series.values().is_empty() {
                    let seen = uses.entry((*model_id).clone()).or_default();
                    count(seen, &series, to, period);
                }
            }
        }
        Ok(uses)
    }
}

fn model_of(series: &MetricDataResult) -> Option<usize> {
    let (at, _) = series.id()?.strip_prefix('q')?.split_once('_')?;
    at.parse().ok()
}

fn count(seen: &mut Use, series: &MetricDataResult, to: Timestamp, period: i32) {
    for (start, value) in series.timestamps().iter().zip(series.values()) {
        if *value <= 0.0 {
            continue;
        }
        // A sum of counts; a float only on the wire.
        seen.calls = seen.calls.saturating_add(value.ceil() as u64);
        let end = timestamp(start)
            .saturating_add(SignedDuration::from_secs(period.into()))
            .map_or(to, |end| end.min(to));
        seen.last = seen.last.max(Some(end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::config::{BehaviorVersion, Region};
    use aws_sdk_cloudwatch::primitives::DateTime;
    use perennial_aws_errors::replay::{Replay, Reply};

    fn series(id: &str, points: &[(i64, f64)]) -> MetricDataResult {
        let mut series = MetricDataResult::builder().id(id);
        for (at, value) in points {
            series = series.timestamps(DateTime::from_secs(*at)).values(*value);
        }
        series.build()
    }

    fn metrics(replay: &Replay) -> Metrics {
        let config = aws_sdk_cloudwatch::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Replay::credentials())
            .http_client(replay.http_client())
            .build();
        Metrics::new(Client::from_conf(config))
    }

    /// An answer in CloudWatch's wire format (Smithy RPC v2 CBOR): one series of one point.
    fn answer(id: &str, at: u32, calls: f64) -> Reply {
        let text = |text: &str| {
            let length = u8::try_from(text.len()).expect("short");
            [&[0x60 + length], text.as_bytes()].concat()
        };
        let body = [
            vec![0xa1],
            text("MetricDataResults"),
            vec![0x81, 0xa3],
            text("Id"),
            text(id),
            text("Timestamps"),
            vec![0x81, 0xc1, 0x1a],
            at.to_be_bytes().to_vec(),
            text("Values"),
            vec![0x81, 0xfb],
            calls.to_be_bytes().to_vec(),
        ];
        Reply::ok(body.concat()).with_header("smithy-protocol", "rpc-v2-cbor")
    }

    #[tokio::test]
    async fn a_hundred_and_twenty_five_models_a_call_and_no_series_is_no_answer() {
        let replay = Replay::new([
            answer("q1_2", 1_000_000_020, 2.0),
            answer("q0_0", 1_000_000_080, 1.0),
        ]);
        let ids: Vec<String> = (0..126).map(|n| format!("m{n:03}")).collect();
        let from = Timestamp::from_second(1_000_000_000).expect("a time");
        let to = Timestamp::from_second(1_000_000_100).expect("a time");
        let uses = metrics(&replay)
            .uses(&ids, from, to)
            .await
            .expect("answered");
        assert_eq!(replay.asked().len(), 2);
        let last = |second| Some(Timestamp::from_second(second).expect("a time"));
        let expected = [
            (
                "m001".to_owned(),
                Use {
                    calls: 2,
                    last: last(1_000_000_080),
                },
            ),
            (
                "m125".to_owned(),
                Use {
                    calls: 1,
                    last: last(1_000_000_100),
                },
            ),
        ];
        assert_eq!(uses, BTreeMap::from(expected));
    }

    #[test]
    fn calls_are_summed_and_the_last_is_the_end_of_its_period() {
        let to = Timestamp::from_second(1_000).expect("a time");
        let mut seen = Use::default();
        count(
            &mut seen,
            &series("q0_0", &[(600, 3.0), (660, 0.0)]),
            to,
            60,
        );
        count(&mut seen, &series("q0_1", &[(120, 2.0)]), to, 60);
        assert_eq!(seen.calls, 5);
        assert_eq!(
            seen.last,
            Some(Timestamp::from_second(660).expect("a time"))
        );
        count(&mut seen, &series("q0_3", &[(960, 1.0)]), to, 60);
        assert_eq!(seen.last, Some(to), "never after the span");
    }

    #[test]
    fn a_series_without_calls_is_seen_but_unused() {
        let to = Timestamp::from_second(1_000).expect("a time");
        let mut seen = Use::default();
        count(&mut seen, &series("q7_2", &[(600, 0.0)]), to, 60);
        assert_eq!(seen, Use::default());
        assert_eq!(model_of(&series("q124_3", &[])), Some(124));
        assert_eq!(model_of(&series("other", &[])), None);
    }
}
