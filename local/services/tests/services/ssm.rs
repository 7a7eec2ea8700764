//! Systems Manager's parameters.

use perennial_local_services::ServiceName;
use serde_json::{Value, json};

use crate::bench::{Bench, Reply};

fn ssm(bench: &Bench, operation: &str, body: &Value) -> Reply {
    bench.target(ServiceName::Ssm, &format!("AmazonSSM.{operation}"), body)
}

const NAME: &str = "/perennial/a1/support-bot/model";

#[test]
fn a_parameter_is_put_read_overwritten_and_deleted() {
    let bench = Bench::new();
    let put = |value: &str, overwrite: bool| {
        ssm(
            &bench,
            "PutParameter",
            &json!({ "Name": NAME, "Value": value, "Type": "String", "Overwrite": overwrite }),
        )
    };
    assert_eq!(
        put("one", false).good(),
        json!({ "Version": 1, "Tier": "Standard" })
    );
    assert_eq!(put("two", false).refused().0, "ParameterAlreadyExists");
    assert_eq!(put("two", true).good()["Version"], 2);
    let parameter =
        ssm(&bench, "GetParameter", &json!({ "Name": NAME })).good()["Parameter"].clone();
    assert_eq!(
        (&parameter["Value"], &parameter["Version"]),
        (&json!("two"), &json!(2))
    );
    assert_eq!(
        parameter["ARN"],
        "arn:aws:ssm:us-east-1:123456789012:parameter/perennial/a1/support-bot/model"
    );
    assert_eq!(parameter["LastModifiedDate"], json!(1_795_168_800.0));
    let old = ssm(
        &bench,
        "GetParameter",
        &json!({ "Name": format!("{NAME}:1") }),
    )
    .good();
    assert_eq!(old["Parameter"]["Value"], "one");
    let several = ssm(
        &bench,
        "GetParameters",
        &json!({ "Names": [NAME, "/none"] }),
    )
    .good();
    assert_eq!(
        (
            several["Parameters"].as_array().unwrap().len(),
            &several["InvalidParameters"]
        ),
        (1, &json!(["/none"]))
    );
    ssm(&bench, "DeleteParameter", &json!({ "Name": NAME })).good();
    assert_eq!(
        ssm(&bench, "DeleteParameter", &json!({ "Name": NAME }))
            .refused()
            .0,
        "ParameterNotFound"
    );
    assert_eq!(
        ssm(&bench, "GetParameter", &json!({ "Name": NAME }))
            .refused()
            .0,
        "ParameterNotFound"
    );
}

#[test]
fn what_ssm_would_not_take_is_refused() {
    let bench = Bench::new();
    for body in [
        json!({ "Name": "a b", "Value": "x", "Type": "String" }),
        json!({ "Name": "a", "Value": "", "Type": "String" }),
        json!({ "Name": "a", "Value": "x" }),
        json!({ "Name": "a", "Value": "x".repeat(4097), "Type": "String" }),
        json!({ "Name": "a", "Value": "x", "Type": "Number" }),
        json!({ "Name": "a", "Value": "x", "Type": "String", "Overwrite": true, "Tags": [{ "Key": "k", "Value": "v" }] }),
    ] {
        assert_eq!(
            ssm(&bench, "PutParameter", &body).refused().0,
            "ValidationException",
            "{body}"
        );
    }
}

#[test]
fn a_parameter_is_tagged() {
    let bench = Bench::new();
    let body = json!({ "Name": NAME, "Value": "x", "Type": "String", "Tags": [{ "Key": "perennial:installation", "Value": "a1" }] });
    ssm(&bench, "PutParameter", &body).good();
    let tag = |kind: &str, id: &str| {
        ssm(
            &bench,
            "AddTagsToResource",
            &json!({ "ResourceType": kind, "ResourceId": id, "Tags": [{ "Key": "k", "Value": "v" }] }),
        )
    };
    tag("Parameter", NAME).good();
    assert_eq!(tag("Parameter", "/none").refused().0, "InvalidResourceId");
    assert_eq!(tag("Document", NAME).refused().0, "InvalidResourceType");
}
