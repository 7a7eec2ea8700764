//! One permission of the template is changed to something wrong: the local cloud denies the call, and names function, action
//! and statement. (So every end-to-end test that needs the permission fails, and prints the same words.)

use std::path::Path;
use std::time::{Duration, Instant};

use perennial_local::{Cloud, Template};
use serde_json::Value;

use crate::{bring, options};

/// On a busy machine of two cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// Replaces `right` by `wrong` in one function's role, and gives what was denied first.
fn denied_with(role: &str, right: &str, wrong: &str) -> Value {
    let mut template = Template::standard();
    let heading = format!("\n  {role}:\n    Type: AWS::IAM::Role\n");
    let start = template.text.find(&heading).unwrap() + heading.len();
    let end = template.text[start..].find("Type: AWS::IAM::Role\n");
    let end = end.map_or(template.text.len(), |end| start + end);
    let place = template.text[start..end].find(right);
    let place = start + place.unwrap_or_else(|| panic!("{role} has no {right:?}"));
    template
        .text
        .replace_range(place..place + right.len(), wrong);
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut options = options(dir.path());
        options.template = template;
        let cloud = Cloud::start(options).await.unwrap();
        let found = watch(dir.path()).await;
        cloud.stop().await;
        found.unwrap_or_else(|| panic!("nothing was denied within {PATIENCE:?}"))
    })
}

/// Brings a pipeline on its way, and waits for the first denial.
async fn watch(dir: &Path) -> Option<Value> {
    bring(dir);
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let log = std::fs::read_to_string(dir.join(perennial_tests::LOG)).unwrap_or_default();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        if let Some(denied) = lines
            .into_iter()
            .find(|line: &Value| !line["denied"].is_null())
        {
            return Some(denied);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

fn names(denied: &Value, function: &str, action: &str, words: &[&str]) {
    assert_eq!(denied["function"], function, "{denied}");
    assert_eq!(denied["denied"], action, "{denied}");
    let because = denied["because"].as_str().unwrap();
    for word in words {
        assert!(because.contains(word), "no {word:?} in {because}");
    }
}

#[test]
fn an_action_that_is_missing_is_named() {
    let denied = denied_with(
        "TrainRole",
        "bedrock:CreateModelCustomizationJob, bedrock:TagResource",
        "bedrock:TagResource",
    );
    let action = "bedrock:CreateModelCustomizationJob";
    names(
        &denied,
        "train",
        action,
        &[action, "no statement names the action"],
    );
}

#[test]
fn a_resource_with_the_wrong_prefix_is_named_with_its_statement() {
    let denied = denied_with("IngestRole", "${Bucket.Arn}/data/*", "${Bucket.Arn}/dta/*");
    let words = [
        "arn:aws:s3:::perennial-local/data/bot/tickets.jsonl",
        "statement ReadWhatWasDropped names the action, but the resource is none of its own",
    ];
    names(&denied, "ingest", "s3:GetObject", &words);
}

#[test]
fn a_wrong_condition_on_the_request_is_named_with_its_statement() {
    let denied = denied_with(
        "IngestRole",
        "\"events:source\": perennial",
        "\"events:source\": perenial",
    );
    let words = [
        "statement SayOwnEvents names the action, but its condition ForAllValues:StringEquals events:source [\"perenial\"] does not hold",
        "the request has [\"perennial\"]",
    ];
    names(&denied, "ingest", "events:PutEvents", &words);
}

#[test]
fn a_wrong_tag_in_a_condition_is_named_with_its_statement() {
    let denied = denied_with(
        "TrainRole",
        "\"aws:RequestTag/perennial:installation\": !Ref Installation",
        "\"aws:RequestTag/perennial:installation\": another",
    );
    let words = [
        "statement StartTraining",
        "aws:RequestTag/perennial:installation",
        "[\"another\"]",
    ];
    names(
        &denied,
        "train",
        "bedrock:CreateModelCustomizationJob",
        &words,
    );
}

#[test]
fn an_explicit_deny_is_named() {
    let right = "              - Sid: SayOwnEvents\n";
    let deny =
        "              - { Sid: NoReports, Effect: Deny, Action: s3:PutObject, Resource: \"*\" }\n";
    let denied = denied_with("IngestRole", right, &format!("{deny}{right}"));
    names(
        &denied,
        "ingest",
        "s3:PutObject",
        &["statement NoReports denies it"],
    );
}

#[test]
fn a_permission_that_can_never_work_does_not_start() {
    let mut template = Template::standard();
    template.text = template
        .text
        .replacen("s3:GetObjectVersion", "s3:GetObjectVersions", 1);
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    options.template = template;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime
        .block_on(Cloud::start(options))
        .unwrap_err()
        .to_string();
    for word in ["ingest", "ReadWhatWasDropped", "s3:GetObjectVersions"] {
        assert!(error.contains(word), "no {word} in {error}");
    }
}
