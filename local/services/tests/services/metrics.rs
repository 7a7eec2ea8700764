//! CloudWatch's counts of the calls of a model.

use std::time::Duration;

use perennial_local_services::{Quotas, ServiceName, Settings};
use serde_json::{Value, json};

use crate::bench::{Bench, Reply};

const MODEL: &str = "amazon.nova-micro-v1:0";

fn seconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn data(bench: &Bench, metric: &str, model: &str, period: i64) -> Reply {
    let stat = json!({ "Metric": { "Namespace": "AWS/Bedrock", "MetricName": metric,
        "Dimensions": [{ "Name": "ModelId", "Value": model }] }, "Period": period, "Stat": "Sum" });
    let request = json!({ "MetricDataQueries": [{ "Id": "a", "MetricStat": stat }],
        "StartTime": seconds("2026-11-20T00:00:00Z"), "EndTime": seconds("2026-11-21T00:00:00Z") });
    bench.target(
        ServiceName::CloudWatch,
        "GraniteServiceVersion20100801.GetMetricData",
        &request,
    )
}

fn values(bench: &Bench, metric: &str, model: &str, period: i64) -> Value {
    data(bench, metric, model, period).good()["MetricDataResults"][0]["Values"].clone()
}

#[test]
fn successes_refusals_and_throttles_count_apart_and_nothing_is_missing_not_zero() {
    let bench = Bench::new();
    let converse_per_minute = [(MODEL.to_owned(), 2)].into();
    let quotas = Quotas {
        converse_per_minute,
        ..Quotas::default()
    };
    bench.services.configure(Settings {
        quotas,
        ..Settings::default()
    });
    bench.converse(MODEL, "hello").good();
    bench.converse(MODEL, " ").refused();
    bench.converse(MODEL, "hello").refused();
    assert_eq!(values(&bench, "Invocations", MODEL, 60), json!([1.0]));
    assert_eq!(
        values(&bench, "InvocationClientErrors", MODEL, 60),
        json!([1.0])
    );
    assert_eq!(
        values(&bench, "InvocationThrottles", MODEL, 60),
        json!([1.0])
    );
    assert_eq!(
        values(&bench, "InvocationServerErrors", MODEL, 60),
        json!([])
    );
    assert_eq!(
        values(&bench, "Invocations", "amazon.nova-lite-v1:0", 60),
        json!([])
    );
}

#[test]
fn periods_add_up_and_the_newest_stands_first() {
    let bench = Bench::new();
    for minutes in [0, 1, 59, 60] {
        bench.converse(MODEL, "hello").good();
        bench.after(60 * minutes);
    }
    // At 10:00, 10:00, 10:01 and 11:00.
    assert_eq!(
        values(&bench, "Invocations", MODEL, 60),
        json!([1.0, 1.0, 2.0])
    );
    let hours = data(&bench, "Invocations", MODEL, 3600).good();
    assert_eq!(hours["MetricDataResults"][0]["Values"], json!([1.0, 3.0]));
    assert_eq!(
        hours["MetricDataResults"][0]["Timestamps"][0],
        json!(seconds("2026-11-20T11:00:00Z") as f64)
    );
    assert_eq!(values(&bench, "Invocations", MODEL, 86_400), json!([4.0]));
}

#[test]
fn counts_are_published_late_if_so_configured() {
    let bench = Bench::new();
    bench.services.configure(Settings {
        metrics_lag: Duration::from_secs(300),
        ..Settings::default()
    });
    bench.converse(MODEL, "hello").good();
    assert_eq!(values(&bench, "Invocations", MODEL, 60), json!([]));
    bench.after(299);
    assert_eq!(values(&bench, "Invocations", MODEL, 60), json!([]));
    bench.after(1);
    assert_eq!(values(&bench, "Invocations", MODEL, 60), json!([1.0]));
}

#[test]
fn statistics_are_given_as_asked() {
    let bench = Bench::new();
    bench.converse(MODEL, "hello").good();
    bench.converse(MODEL, "hello").good();
    let mut request = json!({ "Namespace": "AWS/Bedrock", "MetricName": "Invocations", "Period": 3600,
        "Dimensions": [{ "Name": "ModelId", "Value": MODEL }], "Statistics": ["Sum", "Average"],
        "StartTime": seconds("2026-11-20T00:00:00Z"), "EndTime": seconds("2026-11-21T00:00:00Z") });
    let target = "GraniteServiceVersion20100801.GetMetricStatistics";
    let answer = bench
        .target(ServiceName::CloudWatch, target, &request)
        .good();
    assert_eq!(
        answer["Datapoints"],
        json!([{ "Timestamp": seconds("2026-11-20T10:00:00Z") as f64, "Sum": 2.0, "Average": 1.0, "Unit": "Count" }])
    );
    request["Period"] = json!(60);
    request["StartTime"] = json!(0);
    assert_eq!(
        bench
            .target(ServiceName::CloudWatch, target, &request)
            .refused()
            .0,
        "InvalidParameterValueException"
    );
}

#[test]
fn what_cloudwatch_would_not_take_is_refused() {
    let bench = Bench::new();
    assert_eq!(
        data(&bench, "Invocations", MODEL, 61).refused().0,
        "ValidationException"
    );
    let expression = json!({ "MetricDataQueries": [{ "Id": "a", "Expression": "SUM(METRICS())" }], "StartTime": 0, "EndTime": 60 });
    let target = "GraniteServiceVersion20100801.GetMetricData";
    assert_eq!(
        bench
            .target(ServiceName::CloudWatch, target, &expression)
            .refused()
            .0,
        "ValidationException"
    );
    bench
        .target(
            ServiceName::CloudWatch,
            "GraniteServiceVersion20100801.PutMetricData",
            &json!({ "Namespace": "x" }),
        )
        .good();
}

#[test]
fn a_throughputs_and_an_imported_models_use_is_counted_by_their_own_arns() {
    let bench = Bench::new();
    for kind in ["provisioned-model", "imported-model"] {
        let arn = format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/abcdefghijkl");
        bench.converse(&arn, "hello").refused();
        let counted = values(&bench, "InvocationClientErrors", &arn, 60);
        assert_eq!(counted, json!([1.0]), "{arn}");
    }
    let model = bench.model("a");
    let buy = json!({ "modelUnits": 1, "provisionedModelName": "p", "modelId": model });
    let bought = bench
        .bedrock("POST", "/provisioned-model-throughput", &buy)
        .good();
    let arn = bought["provisionedModelArn"].as_str().unwrap();
    bench.after(30);
    bench.converse(arn, "hello").good();
    assert_eq!(values(&bench, "Invocations", arn, 60), json!([1.0]));
    assert_eq!(values(&bench, "Invocations", &model, 60), json!([]));
}
