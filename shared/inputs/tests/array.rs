//! Arrays and pretty-printed records: each record comes out as it went in, and every trouble is told by its line.
#![allow(clippy::unwrap_used)]
mod common;

use std::fmt::Write as _;

use common::{Got, bounds, bytewise, cut, records, shown, troubles, whole};
use perennial_inputs::{Array, Bounds, Source, Then, What};
use proptest::prelude::*;
use serde_json::Value;

fn array() -> Array {
    Array::new(Bounds {
        depth: 8,
        ..bounds(200)
    })
}

#[test]
fn an_array_becomes_records_in_any_layout() {
    let text = "[{\"prompt\":\"a\",\"completion\":\"b [{,]\"},\r\n  {\r\n    \"prompt\": \"c \\\"\\\\\",\r\n\r\n    \"tags\": [ 1,\n 2 ]\r\n  }\n, 7, \"x\" ,null, [1,\n{}]\n]\n";
    insta::assert_snapshot!(shown(&whole(array(), text.as_bytes())), @r#"
    1: {"prompt":"a","completion":"b [{,]"}
    2: { "prompt": "c \"\\", "tags": [ 1, 2 ] }
    8: 7
    8: "x"
    8: null
    8: [1, {}]
    "#);
}

#[test]
fn pretty_printed_records_one_after_the_other_become_records() {
    let text = "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}{\"a\":3}\n\n{\"a\":4} [{\"a\":5}]";
    insta::assert_snapshot!(shown(&whole(array(), text.as_bytes())), @r#"
    1: { "a": 1 }
    4: { "a": 2 }
    6: {"a":3}
    8: {"a":4}
    8: {"a":5}
    "#);
}

#[test]
fn every_trouble_says_what_and_where_and_what_to_do() {
    let long = "x".repeat(250);
    let mut text = String::new();
    for (name, file) in [
        ("nothing", String::new()),
        ("white space", " \n ".to_owned()),
        ("an empty array", "[\n]\n".to_owned()),
        ("a trailing comma", "[{\"a\":1},\n{\"a\":2},\n]".to_owned()),
        ("a missing comma", "[{\"a\":1}\n{\"a\":2}]".to_owned()),
        ("stray commas", "[,{\"a\":1},,{\"a\":2}]".to_owned()),
        (
            "records with commas and no brackets",
            "{\"a\":1},\n{\"a\":2}".to_owned(),
        ),
        (
            "a second array",
            "[{\"a\":1}]\n[{\"a\":2}]\n{\"a\":3}".to_owned(),
        ),
        (
            "text after the array",
            "[{\"a\":1}]\nDone, all\nof it.\n\n".to_owned(),
        ),
        (
            "an array never closed",
            "\n[\n{\"a\":1},\n{\"a\":2}\n".to_owned(),
        ),
        (
            "a file that broke off",
            "[\n{\"a\":1},\n{\"a\":2, \"b\": \"half of".to_owned(),
        ),
        (
            "brackets that close nothing",
            "[{\"a\":1}}, {\"a\":2}]\n]\n".to_owned(),
        ),
        (
            "a bracket of another kind",
            "[{\"a\":[1},\n{\"a\":(2]},\n{\"a\":3]\n".to_owned(),
        ),
        (
            "an object not closed",
            "[{\"a\":{\"b\":1},\n{\"a\":2}]".to_owned(),
        ),
        (
            "a line feed in a string",
            "[{\"a\":\"one\ntwo\"},\n{\"a\":\"three\\\nfour\"},\n{\"a\":2}]".to_owned(),
        ),
        (
            "a quote not closed",
            "[{\"a\":\"one},\n{\"a\":\"two\"}]".to_owned(),
        ),
        (
            "too deep",
            format!(
                "[{{\"a\":{}1{}}},\n{{\"a\":2}}]",
                "[".repeat(200),
                "]".repeat(200)
            ),
        ),
        (
            "over the bound",
            format!("[{{\"a\":\"{long}\"}},\n{{\n\"a\":2}}]"),
        ),
        ("no JSON", "hello, world\n'a': 1\n".to_owned()),
    ] {
        writeln!(
            text,
            "# {name}\n{}",
            shown(&whole(array(), file.as_bytes()))
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_in_order_is_handed_over_without_a_copy() {
    let text = br#"[{"a":"one"},{"a":"two"}]"#;
    let mut same = 0;
    array().push(text, &mut |item| {
        if let perennial_inputs::Item::Record { json, .. } = item {
            same += usize::from(text.as_ptr_range().contains(&json.as_ptr()));
        }
    });
    assert_eq!(same, 2);
}

#[test]
fn deep_nesting_ends_and_the_next_record_is_read() {
    for depth in [9, 64, 127, 128, 129, 130, 5_000] {
        let deep = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        let got = whole(
            Array::new(Bounds {
                line: 1 << 20,
                depth: 8,
            }),
            format!("[{deep},{{\"b\":2}}]").as_bytes(),
        );
        assert_eq!(records(&got), [b"{\"b\":2}"], "{depth}");
        assert_eq!(
            troubles(&got)
                .iter()
                .map(|trouble| &trouble.what)
                .collect::<Vec<_>>(),
            [&What::TooDeep { most: 8 }]
        );
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s).{0,12}".prop_map(Value::from),
        "[\\[\\]{}\",:\\\\\n\r ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("(?s).{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Pieces that files are made of, right and wrong.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[\\[\\]{}\",:\\\\\n\r a1]{0,12}".prop_map(String::into_bytes),
        3 => Just(b"{\"a\": \"b\"},\n".to_vec()),
        2 => Just(b"[{\n  \"a\": 1\n}".to_vec()),
        2 => json().prop_map(|json| serde_json::to_vec_pretty(&json).unwrap()),
        1 => Just(vec![b'['; 140]),
        1 => Just(vec![b'}'; 140]),
        1 => Just(vec![b'x'; 230]),
        1 => Just(vec![b' '; 230]),
        1 => Just(b"]\n".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..30),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn elements_are_those_that_serde_json_reads(values in proptest::collection::vec(json(), 1..8), pretty in any::<bool>(), crlf in any::<bool>(),
        sizes in proptest::collection::vec(0..40_usize, 0..60)) {
        let all = Value::from(values.clone());
        let mut text = if pretty { serde_json::to_string_pretty(&all).unwrap() } else { all.to_string() };
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let got = cut(Array::new(Bounds::default()), text.as_bytes(), &sizes);
        let read: Vec<Value> = records(&got).iter().map(|json| serde_json::from_slice(json).unwrap()).collect();
        prop_assert_eq!(&read, &values);
        prop_assert_eq!(troubles(&got).len(), 0);
        if !pretty {
            let wanted: Vec<String> = values.iter().map(Value::to_string).collect();
            prop_assert_eq!(records(&got), wanted.iter().map(String::as_bytes).collect::<Vec<_>>());
        }
    }

    #[test]
    fn objects_without_an_array_are_those_that_serde_json_reads(values in proptest::collection::vec(json(), 1..8), pretty in any::<bool>()) {
        let objects: Vec<Value> = values.into_iter().map(|value| serde_json::json!({ "value": value })).collect();
        let write = |value: &Value| if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() };
        let text: String = objects.iter().map(|value| write(value) + "\n").collect();
        let got = whole(Array::new(Bounds::default()), text.as_bytes());
        let read: Vec<Value> = records(&got).iter().map(|json| serde_json::from_slice(json).unwrap()).collect();
        prop_assert_eq!(read, objects);
        prop_assert_eq!(troubles(&got).len(), 0);
    }

    #[test]
    fn cutting_changes_nothing(bytes in proptest::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        sizes in proptest::collection::vec(0..40_usize, 0..60)) {
        let all = whole(array(), &bytes);
        prop_assert_eq!(&cut(array(), &bytes, &sizes), &all);
        prop_assert_eq!(&bytewise(array(), &bytes), &all);
        prop_assert!(!all.is_empty());
        prop_assert!(records(&all).iter().all(|json| json.len() <= 200 && !json.is_empty()));
        // Nothing is read after the end that was said.
        let end = all.iter().position(|got| matches!(got, Got::Trouble(trouble) if trouble.what.then() == Then::Ended));
        prop_assert!(end.is_none_or(|end| end == all.len() - 1));
    }

    /// Bytes are in a record, or a trouble says why not.
    #[test]
    fn what_is_not_handed_over_is_said(values in proptest::collection::vec(json(), 1..6), at in any::<prop::sample::Index>(), byte in prop_oneof![
        Just(b'"'), Just(b'['), Just(b']'), Just(b'{'), Just(b'}'), Just(b','), Just(b'\n'), Just(b'x')]) {
        let mut bytes = serde_json::to_vec_pretty(&values).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let got = whole(Array::new(Bounds::default()), &bytes);
        let read: Result<Vec<Value>, _> = records(&got).iter().map(|json| serde_json::from_slice(json)).collect();
        if troubles(&got).is_empty() && let Ok(read) = read {
            prop_assert_eq!(Value::from(read), serde_json::from_slice::<Value>(&bytes).unwrap());
        }
    }
}

#[test]
fn a_record_that_stands_in_the_file_as_it_is_handed_over_has_its_column() {
    let file =
        "[\n {\"a\":\"é\"}, {\"b\":2},\t7 ,{\"c\":\n3}, {\"d\":4},\n{\"e\":[\r\n]},{\"f\":1}]";
    let places = |sizes: usize| {
        let mut array = Array::new(Bounds::default());
        let mut places = Vec::new();
        let mut keep = |item: perennial_inputs::Item<'_>| {
            if let perennial_inputs::Item::Record { line, column, .. } = item {
                places.push((line, column));
            }
        };
        for piece in file.as_bytes().chunks(sizes) {
            perennial_inputs::Source::push(&mut array, piece, &mut keep);
        }
        perennial_inputs::Source::finish(&mut array, &mut keep);
        places
    };
    let expected = [
        (2, Some(2)),
        (2, Some(13)),
        (2, Some(22)),
        // What was made of two lines stands in neither.
        (2, None),
        (3, Some(5)),
        (4, None),
        (5, Some(4)),
    ];
    for sizes in 1..file.len() {
        assert_eq!(places(sizes), expected, "{sizes}");
    }
}
