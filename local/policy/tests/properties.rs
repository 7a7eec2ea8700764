//! Whatever a policy document holds, reading and deciding end without a panic; and what must hold for all policies.
#![expect(clippy::unwrap_used)]

use perennial_local_policy::{Context, Decision, Request, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z0-9:*?/$\\{\\}-]{0,20}".prop_map(Value::from),
        Just(json!("2012-10-17")),
        Just(json!("Allow")),
        Just(json!("s3:GetObject")),
        Just(json!("arn:aws:s3:::b/*")),
    ];
    let name = prop_oneof![
        "[A-Za-z:]{0,12}",
        Just("Version".to_owned()),
        Just("Statement".to_owned()),
        Just("Sid".to_owned()),
        Just("Effect".to_owned()),
        Just("Action".to_owned()),
        Just("Resource".to_owned()),
        Just("Condition".to_owned()),
        Just("StringLike".to_owned()),
        Just("s3:prefix".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn statement(sid: usize) -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec![
        "s3:GetObject",
        "s3:Get*",
        "s3:*",
        "ssm:GetParameter",
        "*",
    ]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/a",
        "arn:aws:s3:::c/?",
    ]);
    let effect = prop::sample::select(vec!["Allow", "Deny"]);
    (action, resource, effect).prop_map(move |(action, resource, effect)| {
        json!({"Sid": format!("S{sid}"), "Effect": effect, "Action": action, "Resource": resource})
    })
}

fn read(statements: &[Value]) -> Role {
    Role::read(
        "f",
        &[json!({"Version": "2012-10-17", "Statement": statements})],
    )
    .unwrap()
}

fn request(action: &str, resource: &str) -> Request {
    Request {
        action: action.into(),
        resource: resource.into(),
        context: Context::default().with("s3:prefix", ["a"]),
        is_missing: false,
    }
}

proptest! {
    #[test]
    fn reading_never_panics(document in any_json(), body in any_json()) {
        let _ = Role::read("f", &[document]);
        let _ = Role::read("f", &[json!({"Version": "2012-10-17", "Statement": [body]})]);
    }

    #[test]
    fn one_more_deny_never_allows_and_one_more_allow_never_denies_by_itself(
        statements in (statement(1), statement(2), statement(3)),
        more in statement(4),
        key in "[abc]/[ab]",
    ) {
        let mut statements = vec![statements.0, statements.1, statements.2];
        let asked = request("s3:GetObject", &format!("arn:aws:s3:::{key}"));
        let before = matches!(read(&statements).decide(&asked), Decision::Allowed(_));
        let denies = more["Effect"] == "Deny";
        statements.push(more);
        let after = matches!(read(&statements).decide(&asked), Decision::Allowed(_));
        let wanted = if denies { !after || before } else { after || !before };
        prop_assert!(wanted, "allowed before: {}, after: {}", before, after);
    }

    #[test]
    fn the_order_of_statements_does_not_matter(a in statement(1), b in statement(2), key in "[abc]/[ab]") {
        let asked = request("s3:GetObject", &format!("arn:aws:s3:::{key}"));
        let allowed = |role: Role| matches!(role.decide(&asked), Decision::Allowed(_));
        prop_assert_eq!(allowed(read(&[a.clone(), b.clone()])), allowed(read(&[b, a])));
    }
}
