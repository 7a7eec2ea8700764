//! Any bytes end in a summary, however they are cut, and no character of text is lost.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, compile_in, gzip, limits, nova, training, zstd};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Compiler, Excluded, Purpose, Sealer, completion_of, prompt_of};
use proptest::prelude::*;

/// Pieces that files are made of, right and wrong.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(b"{\"prompt\": \"a\", \"completion\": \"b\"}\n".to_vec()),
        2 => Just(b"{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}]}\r\n".to_vec()),
        2 => Just(b"{\"prompt\": \"q\", \"referenceResponse\": \"r\"}\n".to_vec()),
        2 => Just(b"{\"prompt\": \"q\", \"chosen\": \"r\", \"rejected\": \"s\"}\n".to_vec()),
        1 => Just(b"\n".to_vec()),
        1 => Just(b"\xef\xbb\xbf".to_vec()),
        1 => Just(b"\x1f\x8b\x08".to_vec()),
        1 => Just(b"\x28\xb5\x2f\xfd".to_vec()),
        1 => Just(vec![b'['; 200]),
        1 => Just(vec![b'x'; 1_500]),
        2 => proptest::collection::vec(any::<u8>(), 0..40),
        2 => "[ -~]{0,30}".prop_map(String::into_bytes),
        2 => json().prop_map(|json| format!("{json}\n").into_bytes()),
    ]
}

/// JSON values that resemble records.
fn json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("prompt"),
        Just("completion"),
        Just("response"),
        Just("messages"),
        Just("role"),
        Just("content"),
        Just("text"),
        Just("system"),
        Just("schemaVersion"),
        Just("category"),
        Just("chosen"),
        Just("rejected"),
        Just("candidates"),
        Just("preferenceLabel"),
        Just("referenceResponse"),
        Just("x"),
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1e5".to_owned()),
        Just("true".to_owned()),
        Just("\"user\"".to_owned()),
        Just("\"assistant\"".to_owned()),
        Just("\"bedrock-conversation-2024\"".to_owned()),
        Just("\"\"".to_owned()),
        Just("\"a \\n é\"".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((name.clone(), inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let plain = proptest::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat());
    // Compressed whole, cut, or with one byte changed.
    (plain, 0..6_u8, any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(plain, how, at, byte)| {
            let mut bytes = match how {
                0 | 1 => gzip(&plain),
                2 | 3 => zstd(&plain),
                _ => return plain,
            };
            let at = at.index(bytes.len());
            match how {
                1 => bytes.truncate(at),
                3 => bytes[at] ^= byte,
                _ => {}
            }
            bytes
        },
    )
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![
        Just(nova()),
        Just(training(RecordShape::PromptCompletion)),
        Just(training(RecordShape::AnthropicMessages)),
        Just(training(RecordShape::Documents)),
        Just(training(RecordShape::DistillationPrompts)),
        Just(training(RecordShape::Reinforcement)),
        Just(training(RecordShape::Preferences)),
        Just(Purpose::Evaluation)
    ]
}

/// A text with more than white space that holds no forbidden string.
fn words() -> impl Strategy<Value = String> {
    "[^:\\[\\]<>]{0,20}".prop_map(|text| format!("{text}x"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn cutting_changes_nothing(
        bytes in file(),
        purpose in purpose(),
        sizes in proptest::collection::vec(0..700_usize, 0..60),
        name in prop_oneof![Just("a.jsonl"), Just("a.csv"), Just("a"), Just("a.md.gz")],
    ) {
        let whole = compile(name, purpose.clone(), &bytes);
        prop_assert_eq!(&compile_in(name, purpose.clone(), &bytes, &sizes), &whole);
        prop_assert_eq!(&compile_in(name, purpose.clone(), &bytes, &vec![1; bytes.len()]), &whole);
        let mut threads = Compiler::new(name, purpose).with_threads(3);
        let mut lines = Vec::new();
        threads.push(&bytes, &mut lines);
        let summary = threads.finish(&mut lines);
        prop_assert_eq!(&(summary, lines), &whole);
        let (summary, out) = whole;
        prop_assert_eq!(summary.records, out.iter().filter(|byte| **byte == b'\n').count() as u64);
        prop_assert_eq!(summary.is_accepted(), summary.errors == 0);
        prop_assert!(summary.is_accepted() || !summary.findings.is_empty());
        prop_assert!(summary.to_text().starts_with(name));
    }

    #[test]
    fn arbitrary_bytes_end_in_a_summary(bytes in proptest::collection::vec(any::<u8>(), 0..3_000), purpose in purpose()) {
        let (summary, _) = compile("a.jsonl", purpose, &bytes);
        prop_assert!(summary.errors > 0);
        let _ = prompt_of(&bytes);
        let mut sealer = Sealer::new(&limits(RecordShape::PromptCompletion), Excluded::default(), Some(("k".into(), 0.5)));
        let mut out = Vec::new();
        sealer.push(&bytes, &mut out);
        sealer.end_shard(&mut out);
        prop_assert_eq!(sealer.finish().records, 0);
    }

    #[test]
    fn no_character_is_lost(prompt in words(), completion in words(), system in words(), question in words(), answer in words()) {
        let text = |text: &str| serde_json::to_string(text).unwrap();
        let (p, c, s, q, a) = (text(&prompt), text(&completion), text(&system), text(&question), text(&answer));
        let pair = format!("{{\"prompt\":{p},\"completion\":{c}}}");
        for shape in [RecordShape::PromptCompletion, RecordShape::BedrockConversation, RecordShape::AnthropicMessages] {
            let (summary, out) = compile("a.jsonl", training(shape), pair.as_bytes());
            prop_assert!(summary.is_accepted(), "{}", summary.to_text());
            prop_assert_eq!(prompt_of(&out), Some(prompt.clone()));
            prop_assert_eq!(completion_of(&out), Some(completion.clone()));
            // What was compiled compiles to itself.
            let (again, same) = compile("a.jsonl", training(shape), &out);
            prop_assert!(again.is_accepted() && same == out, "{}", again.to_text());
        }
        let turns = format!(
            "{{\"system\":{s},\"messages\":[{{\"role\":\"user\",\"content\":{p}}},{{\"role\":\"assistant\",\"content\":{c}}},\
             {{\"role\":\"user\",\"content\":{q}}},{{\"role\":\"assistant\",\"content\":{a}}}]}}"
        );
        for shape in [RecordShape::BedrockConversation, RecordShape::AnthropicMessages] {
            let (summary, out) = compile("a.jsonl", training(shape), turns.as_bytes());
            prop_assert!(summary.is_accepted(), "{}", summary.to_text());
            let line = std::str::from_utf8(&out).unwrap();
            for text in [&s, &p, &c, &q, &a] {
                prop_assert!(line.contains(text.as_str()));
            }
        }
    }
}
