//! Decisions as AWS documents them. Each table names its page.
#![expect(clippy::unwrap_used)]

use perennial_local_policy::{Context, Decision, Reason, Request, Role};
use serde_json::{Value, json};

fn role(statements: Value) -> Role {
    Role::read(
        "train",
        &[json!({"Version": "2012-10-17", "Statement": statements})],
    )
    .unwrap()
}

fn refused(statement: Value) -> String {
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    Role::read("train", &[document]).unwrap_err().to_string()
}

fn ask(action: &str, resource: &str, context: Context) -> Request {
    Request {
        action: action.into(),
        resource: resource.into(),
        context,
        is_missing: false,
    }
}

fn is_allowed(role: &Role, action: &str, resource: &str, context: Context) -> bool {
    matches!(
        role.decide(&ask(action, resource, context)),
        Decision::Allowed(_)
    )
}

const OBJECT: &str = "arn:aws:s3:::bucket/data/a";

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[test]
fn an_explicit_deny_wins_an_allow_is_needed_and_the_default_is_no() {
    let allow = json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"});
    let deny = json!({"Sid": "NotData", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::bucket/data/*"});
    let get = || ask("s3:GetObject", OBJECT, Context::default());
    assert_eq!(
        role(json!([allow])).decide(&get()),
        Decision::Allowed("Read".into())
    );
    for order in [json!([allow, deny]), json!([deny, allow])] {
        let Decision::Denied(denial) = role(order).decide(&get()) else {
            panic!("allowed in spite of a deny");
        };
        assert_eq!(denial.reason, Reason::Explicit("NotData".into()));
    }
    let Decision::Denied(denial) =
        role(json!([deny])).decide(&ask("ssm:GetParameter", "*", Context::default()))
    else {
        panic!("allowed without an allow");
    };
    assert_eq!(denial.reason, Reason::Implicit(Vec::new()));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html> and the pages of
/// `NotAction` and `NotResource` beside them.
#[test]
fn actions_disregard_case_and_resources_do_not() {
    let table = [
        (
            json!({"Action": "S3:getobject", "Resource": "arn:aws:s3:::bucket/*"}),
            true,
        ),
        (
            json!({"Action": "s3:Get*", "Resource": "arn:aws:s3:::bucket/data/?"}),
            true,
        ),
        (
            json!({"Action": ["s3:PutObject", "s3:*Object"], "Resource": "*"}),
            true,
        ),
        (
            json!({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::BUCKET/*"}),
            false,
        ),
        (
            json!({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}),
            false,
        ),
        (
            json!({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/data/??"}),
            false,
        ),
        (
            json!({"Action": "s3:GetObjectVersion", "Resource": "*"}),
            false,
        ),
        (json!({"NotAction": "s3:PutObject", "Resource": "*"}), true),
        (json!({"NotAction": "s3:*", "Resource": "*"}), false),
        (
            json!({"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::bucket/eval/*"}),
            true,
        ),
        (
            json!({"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::bucket/data/*"}),
            false,
        ),
    ];
    for (mut statement, expected) in table {
        statement["Sid"] = json!("One");
        statement["Effect"] = json!("Allow");
        let role = role(json!([statement]));
        assert_eq!(
            is_allowed(&role, "s3:GetObject", OBJECT, Context::default()),
            expected,
            "{statement}"
        );
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html> and
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>:
/// all operators and keys must hold, one of a key's values is enough, none of a negated operator's may match; a missing
/// key fails, unless the operator is negated or ends in `IfExists`.
#[test]
fn conditions_hold_as_documented() {
    let with = |prefix: &str| Context::default().with("s3:prefix", [prefix]);
    let none = Context::default;
    let table: Vec<(Value, Context, bool)> = vec![
        (
            json!({"StringEquals": {"s3:prefix": "data/"}}),
            with("data/"),
            true,
        ),
        (
            json!({"StringEquals": {"S3:PREFIX": "data/"}}),
            with("data/"),
            true,
        ),
        (
            json!({"StringEquals": {"s3:prefix": "data/"}}),
            with("Data/"),
            false,
        ),
        (
            json!({"StringEquals": {"s3:prefix": ["a", "data/"]}}),
            with("data/"),
            true,
        ),
        (
            json!({"StringEquals": {"s3:prefix": "data/"}}),
            none(),
            false,
        ),
        (
            json!({"StringEqualsIfExists": {"s3:prefix": "data/"}}),
            none(),
            true,
        ),
        (
            json!({"StringEqualsIfExists": {"s3:prefix": "data/"}}),
            with("eval/"),
            false,
        ),
        (
            json!({"StringEqualsIgnoreCase": {"s3:prefix": "DATA/"}}),
            with("data/"),
            true,
        ),
        (
            json!({"StringNotEquals": {"s3:prefix": ["a", "b"]}}),
            with("b"),
            false,
        ),
        (
            json!({"StringNotEquals": {"s3:prefix": ["a", "b"]}}),
            with("c"),
            true,
        ),
        (json!({"StringNotEquals": {"s3:prefix": "a"}}), none(), true),
        (
            json!({"StringLike": {"s3:prefix": "data/*"}}),
            with("data/bot/"),
            true,
        ),
        (
            json!({"StringLike": {"s3:prefix": "data/?"}}),
            with("data/bot/"),
            false,
        ),
        (
            json!({"StringNotLike": {"s3:prefix": "data/*"}}),
            with("data/bot/"),
            false,
        ),
        (json!({"Null": {"s3:prefix": "true"}}), none(), true),
        (json!({"Null": {"s3:prefix": true}}), with("a"), false),
        (json!({"Null": {"s3:prefix": "false"}}), with("a"), true),
        (
            json!({"NumericLessThanEquals": {"s3:max-keys": 10}}),
            none().with("s3:max-keys", ["10"]),
            true,
        ),
        (
            json!({"NumericLessThan": {"s3:max-keys": "10"}}),
            none().with("s3:max-keys", ["10"]),
            false,
        ),
        (
            json!({"NumericGreaterThan": {"s3:max-keys": "9"}}),
            none().with("s3:max-keys", ["x"]),
            false,
        ),
        (
            json!({"StringLike": {"s3:prefix": "data/*", "s3:delimiter": "/"}}),
            with("data/").with("s3:delimiter", ["/"]),
            true,
        ),
        (
            json!({"StringLike": {"s3:prefix": "data/*", "s3:delimiter": "/"}}),
            with("data/"),
            false,
        ),
        (
            json!({"StringLike": {"s3:prefix": "data/*"}, "StringEquals": {"s3:delimiter": "/"}}),
            with("data/").with("s3:delimiter", ["|"]),
            false,
        ),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/perennial-*"}}),
            none().with(
                "aws:PrincipalArn",
                ["arn:aws:iam::123456789012:role/perennial-train"],
            ),
            true,
        ),
        (
            json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/other"}}),
            none().with(
                "aws:PrincipalArn",
                ["arn:aws:iam::123456789012:role/perennial-train"],
            ),
            false,
        ),
    ];
    for (condition, context, expected) in table {
        let statement = json!([{"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": condition}]);
        assert_eq!(
            is_allowed(
                &role(statement),
                "s3:ListBucket",
                "arn:aws:s3:::bucket",
                context
            ),
            expected,
            "{condition}"
        );
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>:
/// `ForAllValues` is true for no values and for an empty text, `ForAnyValue` is false.
#[test]
fn several_values_are_counted_as_the_set_operator_says() {
    let keys = |keys: &[&str]| Context::default().with("aws:TagKeys", keys.iter().copied());
    let table: Vec<(Value, Context, bool)> = vec![
        (
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
            keys(&["a", "b"]),
            true,
        ),
        (
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
            keys(&["a", "c"]),
            false,
        ),
        (
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
            Context::default(),
            true,
        ),
        (
            json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}),
            keys(&["c", "a"]),
            true,
        ),
        (
            json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}),
            keys(&["c"]),
            false,
        ),
        (
            json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}),
            Context::default(),
            false,
        ),
        (
            json!({"ForAnyValue:StringLike": {"aws:TagKeys": "perennial:*"}}),
            keys(&["x", "perennial:run"]),
            true,
        ),
        (
            json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}}),
            keys(&["b", "a"]),
            false,
        ),
        (
            json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
            keys(&[""]),
            true,
        ),
        (
            json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}),
            keys(&[""]),
            false,
        ),
        (
            json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}),
            keys(&["b", "a"]),
            true,
        ),
    ];
    for (condition, context, expected) in table {
        let statement = json!([{"Sid": "Tag", "Effect": "Allow", "Action": "bedrock:TagResource", "Resource": "*", "Condition": condition}]);
        assert_eq!(
            is_allowed(
                &role(statement),
                "bedrock:TagResource",
                "arn:aws:bedrock:us-east-1:123456789012:custom-model/*",
                context
            ),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let statement = |more: Value| {
        let mut statement =
            json!({"Sid": "One", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
        for (name, value) in more.as_object().unwrap() {
            statement[name] = value.clone();
        }
        statement
    };
    let table = [
        (json!({"Effect": "allow"}), "Effect"),
        (json!({"Sid": "a-b"}), "Sid"),
        (json!({"Principal": "*"}), "Principal"),
        (json!({"Action": "ListBucket"}), "service:Action"),
        (
            json!({"Action": "s3:ListBuckets"}),
            "no action \"s3:ListBuckets\" is known",
        ),
        (
            json!({"Action": "s33:ListBucket"}),
            "no service \"s33\" is known",
        ),
        (json!({"Action": "bedrock:Invoke Model"}), "service:Action"),
        (json!({"NotAction": "s3:GetObject"}), "NotAction"),
        (json!({"Resource": []}), "Resource"),
        (json!({"Resource": {"Fn::Sub": "arn"}}), "no string"),
        (json!({"Resource": "arn:aws:s3"}), "six parts"),
        (json!({"Resource": "arn:aws:s*:::bucket"}), "written out"),
        (
            json!({"Resource": "arn:aws:s3:::bucket/${aws:username}/*"}),
            "policy variable",
        ),
        (
            json!({"Condition": {"StringMatches": {"s3:prefix": "a"}}}),
            "Condition.StringMatches.s3:prefix",
        ),
        (
            json!({"Condition": {"DateLessThan": {"s3:prefix": "a"}}}),
            "no condition operator",
        ),
        (
            json!({"Condition": {"StringEquals": {"s3:prefix": []}}}),
            "no value",
        ),
        (
            json!({"Condition": {"StringEquals": {"s3:prefiks": "a"}}}),
            "s3:prefiks",
        ),
        (
            json!({"Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}),
            "carry no such key",
        ),
        (
            json!({"Condition": {"NumericLessThan": {"s3:max-keys": "many"}}}),
            "no number",
        ),
        (
            json!({"Condition": {"Bool": {"s3:prefix": "yes"}}}),
            "neither true nor false",
        ),
        (
            json!({"Condition": {"ForAllValues:StringEquals": {"s3:prefix": "a"}}}),
            "has one value",
        ),
        (
            json!({"Action": "bedrock:TagResource", "Condition": {"StringEquals": {"aws:TagKeys": "a"}}}),
            "write ForAllValues:StringEquals or ForAnyValue:StringEquals",
        ),
        (
            json!({"Action": "bedrock:ListCustomModels", "Resource": "arn:aws:bedrock:*:*:custom-model/*"}),
            "takes no resource",
        ),
    ];
    for (more, words) in table {
        let message = refused(statement(more.clone()));
        assert!(message.contains(words), "{more}: {message}");
        assert!(
            message.starts_with("the role of train, policy 1, statement "),
            "{message}"
        );
    }
    let missing = refused(json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}));
    assert!(
        missing.contains("no. 1") && missing.contains("Sid"),
        "{missing}"
    );
    let old = Role::read(
        "train",
        &[json!({"Version": "2008-10-17", "Statement": []})],
    );
    assert!(old.is_err());
    let twice = statement(json!({}));
    let document = json!({"Version": "2012-10-17", "Statement": twice});
    let error = Role::read("train", &[document.clone(), document]).unwrap_err();
    assert!(error.to_string().contains("stands twice"), "{error}");
}

#[test]
fn a_denial_speaks_as_aws_does_and_says_what_came_near() {
    let role = role(json!([
        {"Sid": "Reports", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::reports"},
        {"Sid": "Data", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket",
         "Condition": {"StringLike": {"s3:prefix": "data/*"}}},
    ]));
    let context = Context::default().with("s3:prefix", ["eval/"]);
    let Decision::Denied(denial) =
        role.decide(&ask("s3:ListBucket", "arn:aws:s3:::bucket", context))
    else {
        panic!("allowed");
    };
    assert_eq!(
        denial.message("arn:aws:sts::123456789012:assumed-role/perennial-train/perennial-train"),
        "User: arn:aws:sts::123456789012:assumed-role/perennial-train/perennial-train is not authorized to perform: \
         s3:ListBucket on resource: arn:aws:s3:::bucket because no identity-based policy allows the s3:ListBucket action"
    );
    assert_eq!(
        denial.to_string(),
        "s3:ListBucket on arn:aws:s3:::bucket: statement Reports names the action, but the resource is none of its own; \
         statement Data names the action, but its condition StringLike s3:prefix [\"data/*\"] does not hold: the request \
         has [\"eval/\"]"
    );
}

#[test]
fn grants_are_the_known_actions_of_each_allowing_statement() {
    let role = role(json!([
        {"Sid": "Read", "Effect": "Allow", "Action": ["s3:getobject*"], "Resource": "*"},
        {"Sid": "Never", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
    ]));
    let grants: Vec<String> = role
        .grants()
        .iter()
        .map(|grant| format!("{} {}", grant.statement, grant.action))
        .collect();
    assert_eq!(grants, ["Read s3:GetObject", "Read s3:GetObjectVersion"]);
}
