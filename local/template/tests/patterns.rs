//! Event patterns match as EventBridge documents it
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>), and what is not understood is
//! refused.
#![allow(clippy::unwrap_used)]

use perennial_local_template::EventPattern;
use serde_json::{Value, json};

fn event(detail: Value) -> Value {
    json!({ "source": "s", "detail-type": "t", "detail": detail })
}

fn matches(pattern: Value, detail: Value) -> bool {
    let pattern = EventPattern::new(json!({ "detail": pattern })).unwrap();
    pattern.matches(&event(detail)).unwrap()
}

#[test]
fn operators_match_as_documented() {
    for (pattern, yes, no) in [
        (
            json!({"a": ["x", "y"]}),
            json!({"a": "y"}),
            json!({"a": "z"}),
        ),
        (
            json!({"a": ["x"]}),
            json!({"a": ["w", "x"]}),
            json!({"a": ["w"]}),
        ),
        (
            json!({"a": ["x"], "b": ["y"]}),
            json!({"a": "x", "b": "y"}),
            json!({"a": "x", "b": "z"}),
        ),
        (
            json!({"a": ["x"]}),
            json!({"a": "x", "more": 1}),
            json!({"b": "x"}),
        ),
        (
            json!({"a": {"b": ["x"]}}),
            json!({"a": {"b": "x"}}),
            json!({"a": "x", "b": "x"}),
        ),
        (
            json!({"a": [true]}),
            json!({"a": true}),
            json!({"a": "true"}),
        ),
        (
            json!({"a": ["true"]}),
            json!({"a": "true"}),
            json!({"a": true}),
        ),
        (
            json!({"a": [null]}),
            json!({"a": null}),
            json!({"a": "null"}),
        ),
        (
            json!({"a": [300]}),
            json!({"a": 300.0}),
            json!({"a": "300"}),
        ),
        (json!({"a": [""]}), json!({"a": ""}), json!({"a": "x"})),
        (
            json!({"a": [{"prefix": "data/"}]}),
            json!({"a": "data/p/ü b+%.jsonl"}),
            json!({"a": "xdata/"}),
        ),
        (
            json!({"a": [{"prefix": "x"}, {"prefix": "y"}]}),
            json!({"a": "yz"}),
            json!({"a": "zy"}),
        ),
        (
            json!({"a": [{"suffix": ".png"}]}),
            json!({"a": "b.png"}),
            json!({"a": "b.pngx"}),
        ),
        (
            json!({"a": [{"wildcard": "d/*/x*.gz"}]}),
            json!({"a": "d/e/f/xy.gz"}),
            json!({"a": "d/e/y.gz"}),
        ),
        (
            json!({"a": [{"equals-ignore-case": "Abc"}]}),
            json!({"a": "aBC"}),
            json!({"a": "abcd"}),
        ),
        (
            json!({"a": [{"exists": true}]}),
            json!({"a": 0}),
            json!({"b": 0}),
        ),
        (
            json!({"a": [{"exists": false}]}),
            json!({"b": 0}),
            json!({"a": "x"}),
        ),
        (
            json!({"a": [{"anything-but": "x"}]}),
            json!({"a": "y"}),
            json!({"a": "x"}),
        ),
        (
            json!({"a": [{"anything-but": ["x", "y"]}]}),
            json!({"a": "z"}),
            json!({"a": "y"}),
        ),
        (
            json!({"a": [{"anything-but": "x"}]}),
            json!({"a": "y"}),
            json!({"b": "y"}),
        ),
        (
            json!({"a": [{"numeric": [">", 0]}]}),
            json!({"a": 5}),
            json!({"a": 0}),
        ),
        (
            json!({"a": [{"numeric": ["=", 3.5]}]}),
            json!({"a": 3.5}),
            json!({"a": "3.5"}),
        ),
        (
            json!({"a": [{"cidr": "10.0.0.0/24"}]}),
            json!({"a": "10.0.0.255"}),
            json!({"a": "10.0.1.1"}),
        ),
    ] {
        assert!(
            matches(pattern.clone(), yes.clone()),
            "{pattern} does not match {yes}"
        );
        assert!(
            !matches(pattern.clone(), no.clone()),
            "{pattern} matches {no}"
        );
    }
}

#[test]
fn keys_with_dots_are_no_paths() {
    assert!(!matches(json!({"a": {"b": ["x"]}}), json!({"a.b": "x"})));
    assert!(!matches(json!({"a.b": ["x"]}), json!({"a": {"b": "x"}})));
}

#[test]
fn what_is_not_understood_is_refused() {
    for (pattern, words) in [
        (json!([]), "an event pattern is a map"),
        (json!({}), "the event pattern is empty"),
        (
            json!({"detailtype": ["x"]}),
            "no event has the key “detailtype”; events have account, detail, detail-type",
        ),
        (
            json!({"$or": [{"source": ["a"]}]}),
            "the operator $or is EventBridge's, but not understood here",
        ),
        (
            json!({"source": "s"}),
            "source: EventBridge wants a list here, such as [\"s\"]",
        ),
        (
            json!({"source": []}),
            "source: an empty list matches nothing",
        ),
        (
            json!({"detail": {}}),
            "detail: an empty map matches nothing",
        ),
        (json!({"source": [["s"]]}), "source: a list within a list"),
        (
            json!({"detail": {"a": [{"regexp": "x"}]}}),
            "detail.a: EventBridge has no operator “regexp”",
        ),
        (
            json!({"detail": {"a": [{"shellstyle": "x*"}]}}),
            "EventBridge has no operator “shellstyle”",
        ),
        (
            json!({"detail": {"a": [{"prefix": "x", "suffix": "y"}]}}),
            "one operator belongs here",
        ),
        (json!({"detail": {"a": [{}]}}), "one operator belongs here"),
        (
            json!({"detail": {"a": [{"prefix": {"equals-ignore-case": "x"}}]}}),
            "prefix with another operator within is EventBridge's",
        ),
        (
            json!({"detail": {"a": [{"anything-but": {"prefix": "x"}}]}}),
            "anything-but with another operator within is EventBridge's",
        ),
        (
            json!({"detail": {"a": [{"prefix": 5}]}}),
            "prefix cannot have 5",
        ),
        (
            json!({"detail": {"a": [{"exists": "yes"}]}}),
            "exists cannot have \"yes\"",
        ),
        (
            json!({"detail": {"a": [{"numeric": [">", "5"]}]}}),
            "numeric wants one bound",
        ),
        (json!({"detail": {"a": [{"wildcard": "a**"}]}}), "wildcard"),
        (json!({"detail": {"a": [{"cidr": "10.0.0.0/99"}]}}), "cidr"),
    ] {
        let error = EventPattern::new(pattern.clone())
            .unwrap_err()
            .to_lowercase();
        assert!(error.contains(&words.to_lowercase()), "{pattern}: {error}");
    }
}
