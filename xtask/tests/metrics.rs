//! What a function counts is what the template's alarm and dashboard look at. An alarm on a metric that nobody sends is silent for
//! ever: that nothing is missing is what it takes for good news.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// Namespace, name and first dimension.
type Metric = (String, String, String);

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The first string literal after each place.
fn literals<'a>(text: &'a str, place: &str) -> Vec<&'a str> {
    let after = text.split(place).skip(1);
    after
        .filter_map(|rest| Some(rest.split_once('"')?.1.split_once('"')?.0))
        .collect()
}

/// The metrics that functions send, by what `metric` of `shared/lambda` writes into each line.
fn sent() -> Vec<Metric> {
    let form = read("shared/lambda/src/metrics.rs");
    let form = form.split("#[cfg(test)]").next().unwrap();
    let namespace = literals(form, "\"Namespace\":")[0];
    let dimension = literals(form, "dimensions.push(")[0];
    let functions = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions"));
    let mut found = Vec::new();
    for function in functions.unwrap() {
        let name = function.unwrap().file_name().into_string().unwrap();
        let text = read(&format!("functions/{name}/src/lambda.rs"));
        for call in text.split(" metric(").skip(1) {
            let given = call.split(',').next().unwrap();
            let constant = format!("const {given}: &str =");
            let name = match given.strip_prefix('"') {
                Some(literal) => literal.trim_end_matches('"'),
                None => literals(&text, &constant)[0],
            };
            found.push((namespace.into(), name.into(), dimension.into()));
        }
    }
    found
}

/// The metrics of alarms that are none of AWS's own.
fn alarmed(template: &str) -> Vec<Metric> {
    let alarms = template.split("Type: AWS::CloudWatch::Alarm\n").skip(1);
    let metrics = alarms.map(|alarm| {
        let alarm = alarm.split("\n\n").next().unwrap();
        let value = |key: &str| {
            let found = alarm.split_once(key).map(|(_, rest)| rest.trim_start());
            let word = found.and_then(|rest| rest.split([',', '\n', ' ']).next());
            word.unwrap_or_default().to_owned()
        };
        (
            value("\n      Namespace:"),
            value("\n      MetricName:"),
            value("Dimensions: [{ Name:"),
        )
    });
    metrics.filter(not_of_aws).collect()
}

/// The metrics of the dashboard that are none of AWS's own.
fn shown(template: &str) -> Vec<Metric> {
    let rows = template.lines().filter_map(|line| {
        let row = line.trim().strip_prefix("[\"")?;
        let mut words = row.split("\", \"").map(str::to_owned);
        Some((words.next()?, words.next()?, words.next()?))
    });
    rows.filter(not_of_aws).collect()
}

fn not_of_aws((namespace, ..): &Metric) -> bool {
    !namespace.starts_with("AWS/")
}

#[test]
fn an_alarm_and_the_dashboard_look_at_every_metric_that_is_sent_and_at_no_other() {
    let (sent, template) = (sent(), read("infra/template.yaml"));
    assert!(!sent.is_empty());
    assert_eq!(
        alarmed(&template),
        sent,
        "the alarms of infra/template.yaml"
    );
    assert_eq!(shown(&template), sent, "its dashboard");
}

/// What is billed by the piece: docs/costs.md says how many there are.
#[test]
fn the_page_on_costs_counts_what_the_template_has() {
    let (page, template) = (read("docs/costs.md"), read("infra/template.yaml"));
    let count = |what: &str| template.matches(what).count();
    let alarms = count("Type: AWS::CloudWatch::Alarm\n");
    let series = count("[\"AWS/") + count("[\"Perennial\"");
    let endpoints = count("VpcEndpointType: Interface\n");
    let month = 2 * 730 * endpoints / 100;
    for words in [
        format!("| alarms | {alarms} |"),
        format!("| 1, with {series} series and a search |"),
        format!("{endpoints} endpoints, 2 subnets, 730 hours at $0.01 are ${month} a month"),
    ] {
        assert!(page.contains(&words), "docs/costs.md does not say {words}");
    }
}

#[test]
fn a_metric_that_is_named_otherwise_in_the_template_is_noticed() {
    let (sent, template) = (sent(), read("infra/template.yaml"));
    for (right, wrong) in [
        ("Namespace: Perennial\n", "Namespace: Perenial\n"),
        ("Namespace: Perennial\n", "Namespace: AWS/Perennial\n"),
        ("MetricName: RunsOverdue\n", "MetricName: OverdueRuns\n"),
        (
            "[{ Name: Installation, Value: !Ref Installation }]",
            "[{ Name: Pipeline, Value: a }]",
        ),
        (
            "[\"Perennial\", \"RunsOverdue\"",
            "[\"Perennial\", \"Overdue\"",
        ),
    ] {
        let changed = template.replace(right, wrong);
        assert_ne!(changed, template, "{right} is not there");
        assert!(
            alarmed(&changed) != sent || shown(&changed) != sent,
            "{wrong}"
        );
    }
}
