//! The standard template, as the local cloud runs it.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::identity::aws_function_name;

fn standard() -> Wiring {
    Wiring::of(&Template::standard()).unwrap()
}

fn targets(event: &Value) -> Vec<String> {
    let wiring = standard();
    let hits = wiring
        .rules
        .iter()
        .filter(|rule| rule.declared.takes(event));
    hits.flat_map(|rule| &rule.targets)
        .map(|target| target.function.clone())
        .collect()
}

/// The standard template with one piece of its text replaced.
fn changed(from: &str, to: &str) -> String {
    let mut template = Template::standard();
    assert!(template.text.contains(from), "{from}");
    template.text = template.text.replace(from, to);
    Wiring::of(&template).unwrap_err().to_string()
}

#[test]
fn each_event_has_one_owner() {
    let own = |detail_type: &str, detail: Value| json!({"source": "perennial", "detail-type": detail_type, "detail": detail});
    let object = |key: &str| json!({"bucket": {"name": "perennial-local"}, "object": {"key": key}});
    let s3 = |key: &str| json!({"source": "aws.s3", "detail-type": "Object Created", "detail": object(key)});
    let cases = [
        (s3("data/support-bot/a b+%.jsonl"), vec!["ingest"]),
        (s3("reports/support-bot/x.md"), vec![]),
        (own("Object Missing", object("eval/a/b")), vec!["ingest"]),
        (own("Upload Accepted", json!({})), vec!["train"]),
        (
            own("Run Due", json!({"stage": "evaluating"})),
            vec!["evaluate"],
        ),
        (
            own("Pipeline Due", json!({"stage": "moving"})),
            vec!["promote"],
        ),
        (own("Cleanup Requested", json!({})), vec!["cleanup"]),
        (own("Sync Requested", json!({})), vec!["reconcile"]),
        // A person is told; no function is.
        (own("Run Promoted", json!({})), vec![]),
        (
            json!({"source": "someone", "detail-type": "Upload Accepted", "detail": {}}),
            vec![],
        ),
    ];
    for (event, expected) in cases {
        assert_eq!(targets(&event), expected, "{event}");
    }
}

#[test]
fn what_core_says_of_the_template_holds_for_what_is_run_here() {
    Template::standard().check().unwrap();
    assert_eq!(Template::standard().departures().unwrap(), [""; 0]);
}

#[test]
fn what_departs_from_the_standard_is_told_with_file_and_line() {
    let mut own = Template::standard();
    own.name = "mine.yaml".into();
    own.text = own
        .text
        .replacen("Architectures: [arm64]", "Architectures: [x86_64]", 1);
    own.check().unwrap();
    let told = own.departures().unwrap();
    assert_eq!(told.len(), 6, "{told:?}");
    for line in told {
        let rest = line.strip_prefix("mine.yaml:").unwrap();
        let (number, rest) = rest.split_once(": ").unwrap();
        assert!(number.parse::<u32>().is_ok(), "{line}");
        assert!(rest.contains("Function.Architectures: "), "{line}");
    }
}

#[test]
fn the_functions_have_the_names_that_commands_know() {
    for spec in standard().functions {
        assert_eq!(spec.declared.name, aws_function_name(&spec.name));
    }
}

#[test]
fn the_local_names_are_those_of_the_stack() {
    let (names, wiring) = (Names::default(), standard());
    assert_eq!(wiring.bucket, names.bucket);
    assert_eq!(wiring.stack.tables[0].name, names.table);
}

#[test]
fn what_is_dropped_goes_into_the_bucket_that_the_functions_are_told() {
    let mut own = Template::standard();
    let another = "\nResources:\n  Another:\n    Type: AWS::S3::Bucket\n    Properties: { BucketName: another }\n";
    own.text = own.text.replacen("\nResources:\n", another, 1);
    own.check().unwrap();
    let wiring = Wiring::of(&own).unwrap();
    assert_eq!(wiring.stack.buckets[0].name, "another");
    assert_eq!(wiring.bucket, Names::default().bucket);
}

#[test]
fn haste_is_told_by_the_name_of_the_rule_and_all_else_is_the_templates() {
    let schedules = standard().schedules;
    let every = |name: &str| {
        let found = schedules
            .iter()
            .find(|schedule| schedule.name == name)
            .unwrap();
        (found.when.period().as_secs(), found.at_start)
    };
    assert_eq!(every("perennial-local-reconcile"), (3, false));
    assert_eq!(every("perennial-local-sync"), (86_400, true));
    assert_eq!(every("perennial-local-cleanup"), (86_400, false));
    let mut template = Template::standard();
    template.set_period("perennial-local-reconsile", Duration::from_secs(1));
    let error = Wiring::of(&template).unwrap_err().to_string();
    assert!(
        error.contains("perennial-local-reconsile: no rule with a schedule"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_done_here_is_refused_by_name() {
    let batch = changed("BatchSize: 1\n", "BatchSize: 10\n");
    assert!(
        batch.contains("UploadsMapping.BatchSize: messages are handed over one at a time"),
        "{batch}"
    );
    let bus = changed("Default: default", "Default: another");
    assert!(
        bus.contains("ObjectsFoundRule.EventBusName: it listens to the bus another"),
        "{bus}"
    );
    let versions = changed(
        "VersioningConfiguration: { Status: Enabled }",
        "VersioningConfiguration: { Status: Suspended }",
    );
    assert!(
        versions
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("  line ")),
        "{versions}"
    );
    assert!(
        versions.contains("Bucket.VersioningConfiguration: the local store keeps every version"),
        "{versions}"
    );
}
