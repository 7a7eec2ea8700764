//! Preferences in Nova's own shape: a conversation whose last message has two candidates in the place of its content.
//!
//! `schemaVersion` is optional there (aws/sagemaker-python-sdk, ai_registry/schemas/dpo.json), and the pages' examples have none (Amazon
//! Nova user guide, nova-dpo, read 2026-11-22): none is written.
use crate::{
    json::Value,
    record::{Block, Turn, preference::Preference},
};

use super::{Answer, joined, push, write_block};

/// Appends the line without its line feed; the answer begins with the candidates.
pub(super) fn write(preference: &Preference<'_>, out: &mut Vec<u8>) -> Answer {
    let (before, preferred) = preference.parts();
    out.push(b'{');
    let system = &preference.conversation.system;
    if !system.is_empty() {
        push(out, &["\"system\":[{\"text\":\""]);
        joined(system, out);
        push(out, &["\"}],"]);
    }
    push(out, &["\"messages\":["]);
    for turn in before {
        push(
            out,
            &["{\"role\":\"", turn.role.as_str(), "\",\"content\":["],
        );
        blocks(turn, out);
        push(out, &["]},"]);
    }
    push(out, &["{\"role\":\"assistant\",\"candidates\":["]);
    let start = out.len();
    if let Some(preferred) = preferred {
        candidate(preferred, "preferred", out);
    }
    out.push(b',');
    candidate(&preference.rejected, "non-preferred", out);
    push(out, &["]}]}"]);
    Some(start)
}

fn candidate(turn: &Turn<'_>, label: &str, out: &mut Vec<u8>) {
    push(out, &["{\"content\":["]);
    blocks(turn, out);
    push(out, &["],\"preferenceLabel\":\"", label, "\"}"]);
}

fn blocks(turn: &Turn<'_>, out: &mut Vec<u8>) {
    for (index, block) in turn.blocks.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match block {
            Block::Text(text) => push(out, &["{\"text\":\"", text.raw(), "\"}"]),
            other => write_block(other, out),
        }
    }
}

/// The content of the preferred candidate of a message.
pub(super) fn preferred(message: Value<'_>) -> Option<Value<'_>> {
    let mut candidates = message.get("candidates")?.items();
    let preferred = candidates.find(|candidate| {
        candidate
            .get("preferenceLabel")
            .is_some_and(|label| label.is("preferred"))
    });
    preferred?.get("content")
}
