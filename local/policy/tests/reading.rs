//! What is read of a policy, and what is refused because it would hold otherwise than it is meant.
#![expect(clippy::unwrap_used)]

use perennial_local_policy::{PolicyError, Role};
use serde_json::{Value, json};

/// A role of one statement, an Allow of listing a bucket unless `more` says otherwise.
fn read(more: Value) -> Result<Role, PolicyError> {
    let mut statement =
        json!({"Sid": "One", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    for (name, value) in more.as_object().unwrap() {
        statement[name] = value.clone();
    }
    if !more["NotAction"].is_null() {
        statement.as_object_mut().unwrap().remove("Action");
    }
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    Role::read("train", &[document])
}

fn refused(more: Value) -> String {
    match read(more.clone()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{more} was read"),
    }
}

fn grants(more: Value) -> Vec<String> {
    let grants = read(more).unwrap().grants();
    grants.into_iter().map(|grant| grant.action).collect()
}

/// Such an operator holds where the key is absent, so a key that nobody carries would let everybody pass.
#[test]
fn a_misspelt_key_is_refused_also_where_its_absence_is_asked_for() {
    for condition in [
        json!({"Null": {"s3:prefiks": "true"}}),
        json!({"StringLikeIfExists": {"s3:prefiks": "data/*"}}),
        json!({"StringLikeIfExists": {"aws:RequestTags/a": "b"}}),
        json!({"BoolIfExists": {"aws:SecureTransport": "true"}}),
        json!({"Null": {"aws:ResourceTag/": "true"}}),
    ] {
        for action in [
            json!({"Action": "s3:ListBucket"}),
            json!({"Action": "*"}),
            json!({"NotAction": "*"}),
        ] {
            let mut more = action;
            more["Condition"] = condition.clone();
            let message = refused(more.clone());
            assert!(message.contains("mend its spelling"), "{more}: {message}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists>:
/// it is for statements of which some actions carry the key.
#[test]
fn absence_may_be_asked_for_where_a_kin_action_carries_the_key() {
    let prefix = json!({"StringLikeIfExists": {"s3:prefix": "data/*"}});
    assert!(
        read(json!({"Action": ["s3:ListBucket", "s3:GetObject"], "Condition": prefix})).is_ok()
    );
    assert!(read(json!({"Action": "*", "Condition": prefix})).is_ok());
    let message = refused(json!({"Action": "s3:GetObject", "Condition": prefix}));
    assert!(
        message.contains("s3:GetObject carry no such key"),
        "{message}"
    );
    // Bedrock's requests carry tags of resources, DynamoDB's do not.
    let tag = json!({"StringEqualsIfExists": {"aws:ResourceTag/a": "b"}});
    let bedrock = "bedrock:GetCustomModel";
    assert!(read(json!({"Action": bedrock, "Condition": tag})).is_ok());
    let both = json!({"Action": [bedrock, "dynamodb:GetItem"], "Condition": tag});
    let message = refused(both);
    assert!(
        message.contains("dynamodb:GetItem carry no such key"),
        "{message}"
    );
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[test]
fn a_wildcard_stands_for_each_action_that_it_matches() {
    assert_eq!(
        grants(json!({"Action": "s3:Get*Version"})),
        ["s3:GetObjectVersion"]
    );
    assert_eq!(
        grants(json!({"Action": "dynamodb:?utItem"})),
        ["dynamodb:PutItem"]
    );
    assert!(refused(json!({"Action": "s3:Gett*"})).contains("no action \"s3:Gett*\" is known"));
    // Only * allows an action that takes no resource
    // (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>).
    let models = "arn:aws:bedrock:us-east-1:123456789012:custom-model/*";
    assert_eq!(
        grants(json!({"Action": "bedrock:List*", "Resource": models})),
        ["bedrock:ListTagsForResource"]
    );
    assert_eq!(grants(json!({"Action": "bedrock:List*"})).len(), 9);
    for action in ["cloudwatch:Get*", "bedrock:List*Jobs"] {
        let message = refused(json!({"Action": action, "Resource": models}));
        assert!(message.contains("takes no resource"), "{message}");
    }
}
