//! Whatever is read, nothing panics and nothing grows; and quamina says what each operator says.
#![allow(clippy::unwrap_used)]

use perennial_local_template::{Deployment, EventPattern, Kind, Node, Stack, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../infra/template.yaml");

fn deployment() -> Deployment {
    Deployment::new("123456789012", "us-east-1", "p")
}

/// Pieces that YAML and CloudFormation give a meaning to.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Resources:"),
        Just("Conditions:"),
        Just("Parameters:"),
        Just("Type: "),
        Just("Properties:"),
        Just("AWS::SQS::Queue"),
        Just("AWS::Serverless::Function"),
        Just("!Ref "),
        Just("!Sub "),
        Just("!If "),
        Just("!GetAtt "),
        Just("Fn::Join: "),
        Just("${A"),
        Just("${A.B}"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("{"),
        Just(","),
        Just(": "),
        Just("- "),
        Just("&a "),
        Just("*a"),
        Just("<<: "),
        Just("|"),
        Just(">-"),
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just("\""),
        Just("'"),
        Just("#"),
        Just("%YAML 1.1"),
        Just("---"),
        Just("..."),
        Just("?"),
        Just("\t"),
        Just("A"),
        Just("B"),
        Just("0x1"),
        Just("1e9"),
        Just("~"),
        Just("\u{85}"),
        Just("\u{feff}"),
        Just("!!binary x"),
        Just("!<tag:x> y"),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn depth(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(depth).max().unwrap_or(0),
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| depth(&entry.value))
            .max()
            .unwrap_or(0),
        _ => 0,
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.kind {
        Kind::List(items) => items.iter().map(count).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| count(&entry.value)).sum(),
        _ => 0,
    }
}

fn read(text: &str) {
    if let Ok(node) = parse(text) {
        // A short tag makes one map more of each value.
        assert!(depth(&node) <= 130 && count(&node) <= 2 * text.len() + 2);
    }
    let _ = Stack::read(text, &deployment());
}

fn takes(operator: Value, found: Value) -> bool {
    let pattern = EventPattern::new(json!({ "detail": { "a": [operator] } })).unwrap();
    pattern
        .matches(&json!({ "detail": { "a": found } }))
        .unwrap()
}

/// `*` takes any text.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && like(after, &rest[at..]))
        }),
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn any_pieces_are_read_or_refused(text in pieces()) {
        read(&text);
    }

    #[test]
    fn a_template_with_a_hole_is_read_or_refused(at in 0..TEMPLATE.len(), length in 0_usize..200, put in pieces()) {
        let end = (at + length).min(TEMPLATE.len());
        let (Some(before), Some(after)) = (TEMPLATE.get(..at), TEMPLATE.get(end..)) else {
            return Ok(());
        };
        read(&format!("{before}{put}{after}"));
    }

    #[test]
    fn json_is_read_as_what_it_is(numbers in prop::collection::vec(any::<i64>(), 0..5), text in "[a-z \"\\\\/é]{0,12}") {
        let value = json!({ "numbers": numbers, "text": { "within": [text, null, true] } });
        prop_assert_eq!(parse(&value.to_string()).unwrap().to_json(), value);
    }

    #[test]
    fn text_operators_say_what_they_say(short in "[ab/]{0,3}", text in "[abAB/]{0,5}") {
        prop_assert_eq!(takes(json!(short), json!(text)), short == text);
        prop_assert_eq!(takes(json!({"anything-but": short}), json!(text)), short != text);
        let same = short.eq_ignore_ascii_case(&text);
        prop_assert_eq!(takes(json!({"equals-ignore-case": short}), json!(text)), same);
        if !short.is_empty() {
            prop_assert_eq!(takes(json!({"prefix": short}), json!(text)), text.starts_with(&short));
            prop_assert_eq!(takes(json!({"suffix": short}), json!(text)), text.ends_with(&short));
        }
    }

    #[test]
    fn wildcards_say_what_they_say(pattern in "[ab]{0,2}(\\*[ab]{1,2}){0,3}", text in "[ab]{0,8}") {
        prop_assert_eq!(takes(json!({"wildcard": pattern}), json!(text)), like(&pattern, &text));
    }

    #[test]
    fn bounds_say_what_they_say(bound in -20_i32..20, found in -20_i32..20, half in any::<bool>()) {
        let found = f64::from(found) + if half { 0.5 } else { 0.0 };
        let of = f64::from(bound);
        for (sign, holds) in [("<", found < of), ("<=", found <= of), (">", found > of), (">=", found >= of)] {
            prop_assert_eq!(takes(json!({"numeric": [sign, bound]}), json!(found)), holds, "{} {} {}", found, sign, bound);
        }
    }
}

#[test]
fn nothing_nests_for_ever_and_aliases_do_not_expand() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "!Sub ".repeat(10_000),
    ] {
        assert!(parse(&text).is_err());
    }
    let laughs = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    let error = parse(laughs).unwrap_err();
    assert!(
        error.message.contains("CloudFormation knows no aliases"),
        "{error}"
    );
    assert_eq!(error.line, 2);
}
