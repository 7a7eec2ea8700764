//! JSON as this crate reads it: one line into a flat tape that points into it ([`tape`]), and values that are read from
//! the tape ([`value`]), texts in their escaped form ([`text`]). What the tape refuses, [`tree`] parses once more by
//! `serde_json`, to say what is wrong and where.
mod tape;
mod text;
mod tree;
mod value;

pub(crate) use tape::{Looks, Marked, Tape};
pub(crate) use text::{Text, characters};
pub(crate) use tree::{MAX_DEPTH, MAX_VALUES, Refused, refuse};
pub(crate) use value::{Kind, Value};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::{marks::Marks, windows::Windows};

    /// Texts that are nearly JSON: JSON with a byte changed, taken out or put in.
    fn nearly_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("-0.5e+7".to_owned()),
            Just("01".to_owned()),
            Just("1e999".to_owned()),
            Just("false".to_owned()),
            "\"(\\\\u00[0-9a-f]{2}|\\\\ud83d\\\\ude00|\\\\ud800|\\\\[\"/bfnrtx]|[ -~é\u{1}]){0,6}\"",
        ];
        let json = leaf.prop_recursive(6, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5)
                    .prop_map(|items| format!("[{}]", items.join(" , "))),
                proptest::collection::vec(("[abc]|\\\\u0061", inner), 0..15).prop_map(|members| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(name, value)| format!("\"{name}\" :\t{value}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        });
        (
            json,
            any::<prop::sample::Index>(),
            "[\\[\\]{}\":,0e\\\\ ]?",
            0..4_u8,
        )
            .prop_map(|(json, at, with, how)| {
                let at = json.floor_char_boundary(at.index(json.len() + 1));
                match how {
                    0 => format!("{}{with}{}", &json[..at], &json[at..]),
                    1 => format!(
                        "{}{with}{}",
                        &json[..at],
                        json[at..].chars().skip(1).collect::<String>()
                    ),
                    _ => json,
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]
        #[test]
        fn the_tape_takes_what_serde_json_takes_and_reads_it_alike(text in nearly_json()) {
            let mut tape = Tape::default();
            let marked = {
                // In a block, behind another line.
                let before = "x\\\"\n".repeat(text.len() % 40);
                let block = format!("{before}{text}\n");
                let mut marks = Marks::default();
                marks.look(block.as_bytes(), &Windows::default(), &Windows::default());
                tape.parse_marked(&text, &marks.words, before.len()).map(|()| tape.nodes.clone())
            };
            let parsed = tape.parse(&text).is_ok();
            prop_assert_eq!(marked.is_ok(), parsed);
            if let Ok(marked) = marked {
                // One knows more of what is ASCII than the other.
                let of = |nodes: &[tape::Node]| format!("{:?}", nodes.iter().map(|node| tape::Node { flags: node.flags & !tape::WIDE, ..*node }).collect::<Vec<_>>());
                prop_assert_eq!(of(&marked), of(&tape.nodes));
                for node in marked.iter().filter(|node| node.kind == tape::NodeKind::Text && node.flags & tape::WIDE == 0) {
                    prop_assert!(text[node.start as usize..node.end as usize].is_ascii());
                }
            }
            match serde_json::from_str::<serde_json::Value>(&text) {
                // A member that stands twice is refused here alone.
                Ok(_) if !parsed => prop_assert!(matches!(refuse(&text), Refused::DuplicateMember(_)), "{}", text),
                Ok(value) => {
                    let mut out = Vec::new();
                    tape.value(&text).write(&mut out);
                    prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), value);
                }
                Err(_) => prop_assert!(!parsed, "{}", text),
            }
        }
    }
}
