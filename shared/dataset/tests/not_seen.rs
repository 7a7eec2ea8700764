//! Characters that nobody sees: control characters are told, and a text of nothing else is none.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, limits};
use perennial_core::limits::{RecordShape, fine_tuning};
use perennial_dataset::{Purpose, Summary};
use proptest::prelude::*;
use serde_json::json;

fn nova(line: &str) -> (Summary, Vec<u8>) {
    let limits = fine_tuning("amazon.nova-micro-v1:0").unwrap();
    compile("a.jsonl", Purpose::Training(limits), line.as_bytes())
}

#[test]
fn control_characters_are_told_as_they_stand_and_as_escapes() {
    for (character, told) in [
        ('\u{7}', true),
        ('\u{7f}', true),
        ('\u{80}', true),
        ('\u{85}', true),
        ('\u{9f}', true),
        ('\t', false),
        ('\u{a0}', false),
        ('é', false),
        ('~', false),
    ] {
        let plain = json!({"prompt": format!("日本 a{character}b"), "completion": "b"}).to_string();
        let escape = format!("\\u{:04x}", u32::from(character));
        let escaped = format!("{{\"prompt\": \"日本 a{escape}b\", \"completion\": \"b\"}}");
        let messages =
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]},
            {"role": "assistant", "content": format!("a{character}")}]})
            .to_string();
        for line in [plain, escaped, messages] {
            let (summary, _) = nova(&line);
            let count = summary.finding_counts.get("control-character");
            assert_eq!(count, told.then_some(&1), "{line}: {}", summary.to_text());
            assert_eq!(summary.records, 1);
        }
        let document = json!({"text": format!("a{character}b")}).to_string();
        let purpose = Purpose::Training(limits(RecordShape::Documents));
        let (summary, _) = compile("a.jsonl", purpose, document.as_bytes());
        assert_eq!(
            summary.finding_counts.contains_key("control-character"),
            told,
            "{document}"
        );
    }
}

#[test]
fn each_text_with_a_control_character_is_told_and_no_other() {
    let line = json!({"messages": [{"role": "user", "content": "q\u{85}"}, {"role": "assistant", "content": "a"},
        {"role": "user", "content": "r"}, {"role": "assistant", "content": "b\u{7f}"}]});
    let (summary, _) = nova(&format!(
        "{line}\n{}\n",
        json!({"messages": [
        {"role": "user", "content": "t"}, {"role": "assistant", "content": "u"}]})
    ));
    assert_eq!(summary.finding_counts.get("control-character"), Some(&2));
    assert!(summary.findings.iter().all(|finding| finding.line < 2));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_text_of_characters_that_nobody_sees_is_empty(
        text in "[\u{200b}\u{feff}\u{2060}\u{200c}\u{200d}\u{ad}\u{2800}\u{3164} \n\u{7}]{0,6}",
        escaped in any::<bool>(),
    ) {
        let spelt: String = match escaped {
            true => text.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect(),
            false => json!(text).to_string().trim_matches('"').to_owned(),
        };
        for (line, rule) in [
            (format!("{{\"prompt\":\"q\",\"completion\":\"{spelt}\"}}"), "empty-completion"),
            (format!("{{\"prompt\":\"{spelt}\",\"completion\":\"a\"}}"), "empty-prompt"),
            (
                format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"q\"}},{{\"role\":\"assistant\",\"content\":\"{spelt}\"}}]}}"),
                "empty-completion",
            ),
        ] {
            let (summary, out) = nova(&line);
            prop_assert_eq!(summary.finding_counts.get(rule), Some(&1), "{}", line);
            prop_assert!(out.is_empty());
            // Beside anything that is seen they stay.
            let (summary, out) = nova(&line.replace(&format!("\"{spelt}\""), &format!("\"{spelt}x\"")));
            prop_assert_eq!(summary.records, 1, "{}", summary.to_text());
            prop_assert!(String::from_utf8(out).unwrap().contains('x'));
        }
    }
}
