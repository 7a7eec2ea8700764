//! How far a wildcard of `Resource` reaches.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
#![expect(clippy::unwrap_used)]

use perennial_local_policy::{Context, Decision, Request, Role};
use serde_json::{Value, json};

const ACTION: &str = "bedrock:GetCustomModel";

fn is_allowed(statements: Value, resource: &str) -> bool {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let request = Request {
        action: ACTION.into(),
        resource: resource.into(),
        context: Context::default(),
        is_missing: false,
    };
    let role = Role::read("cleanup", &[document]).unwrap();
    matches!(role.decide(&request), Decision::Allowed(_))
}

fn statement(sid: &str, effect: &str, member: &str, pattern: &str) -> Value {
    json!({"Sid": sid, "Effect": effect, "Action": ACTION, member: pattern})
}

#[test]
fn a_wildcard_stands_within_its_part_of_the_arn() {
    let own = "arn:aws:bedrock:us-east-1:123456789012:custom-model/a";
    let allows = |pattern: &str, resource: &str| {
        is_allowed(
            json!([statement("One", "Allow", "Resource", pattern)]),
            resource,
        )
    };
    for (pattern, expected) in [
        ("*", true),
        ("arn:aws:bedrock:*:*:custom-model/*", true),
        ("arn:*:bedrock:us-*-1:1234*:*", true),
        (
            "arn:aws:bedrock:us-east-?:123456789012:custom-model/?",
            true,
        ),
        ("arn:aws:bedrock:*:custom-model/a:*", false),
        ("arn:aws:bedrock:*:999999999999:custom-model/*", false),
        (
            "arn:aws:bedrock:us-east-1:123456789012:custom-model/",
            false,
        ),
    ] {
        assert_eq!(allows(pattern, own), expected, "{pattern}");
    }
    // Somebody else's model, whose name looks like our account.
    let foreign = "arn:aws:bedrock:us-east-1:999999999999:123456789012:custom-model/a";
    assert!(!allows(
        "arn:aws:bedrock:*:123456789012:custom-model/*",
        foreign
    ));
    // Below the last part's beginning, colons are characters like any other.
    let named = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/a";
    assert!(allows(
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/*",
        named
    ));
    assert!(allows(
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/*:128k/?",
        named
    ));
    // What is no ARN is allowed by `*` only.
    assert!(!allows("arn:aws:bedrock:*:*:*", "custom-model/a"));
}

/// A `*` that ends a part "can expand to match beyond the colon boundaries": a Deny reaches as far as that may mean.
#[test]
fn a_wildcard_that_forbids_reaches_across_the_colons() {
    let foreign = "arn:aws:bedrock:us-east-1:999999999999:123456789012:custom-model/a";
    let pattern = "arn:aws:bedrock:*:123456789012:custom-model/*";
    let all = statement("All", "Allow", "Resource", "*");
    assert!(is_allowed(json!([all]), foreign));
    let deny = statement("Not", "Deny", "Resource", pattern);
    assert!(!is_allowed(json!([all, deny]), foreign));
    let all_but = statement("AllBut", "Allow", "NotResource", pattern);
    assert!(!is_allowed(json!([all_but]), foreign));
    let deny_all_but = statement("DenyAllBut", "Deny", "NotResource", pattern);
    assert!(!is_allowed(json!([all, deny_all_but]), foreign));
}
