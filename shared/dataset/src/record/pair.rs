//! `{"prompt", "completion"}`, `{"prompt", "response"}`, and prompts without an answer.
use smallvec::SmallVec;

use super::{Conversation, Turn};
use crate::{
    conversation::Role,
    finding::Problem,
    json::{Text, Value},
    members::{empty_system, extra_members, text_member, wrong_type},
    path::Path,
    rules,
};

pub(super) fn read<'a>(
    value: Value<'a>,
    answer: &str,
    problems: &mut Vec<Problem>,
) -> Conversation<'a> {
    let mut record = prompt_of(value, problems);
    let completion = text_member(
        value,
        answer,
        &rules::MISSING_COMPLETION,
        &rules::EMPTY_COMPLETION,
        problems,
    );
    if let Some(text) = completion {
        record.turns.push(Turn::of_text(Role::Assistant, text, 1));
    }
    extra_members(value, Path::Root, &["system", "prompt", answer], problems);
    record
}

/// A record that has only a prompt, for distillation: the teacher writes the answer.
pub(super) fn prompt<'a>(value: Value<'a>, problems: &mut Vec<Problem>) -> Conversation<'a> {
    let record = prompt_of(value, problems);
    extra_members(value, Path::Root, &["system", "prompt"], problems);
    record
}

fn prompt_of<'a>(value: Value<'a>, problems: &mut Vec<Problem>) -> Conversation<'a> {
    let prompt = text_member(
        value,
        "prompt",
        &rules::MISSING_PROMPT,
        &rules::EMPTY_PROMPT,
        problems,
    );
    let mut turns = Vec::with_capacity(2);
    turns.extend(prompt.map(|text| Turn::of_text(Role::User, text, 0)));
    Conversation {
        system: system_text(value, problems),
        turns,
        tools: None,
    }
}

/// A `system` member that is a string.
pub(super) fn system_text<'a>(
    value: Value<'a>,
    problems: &mut Vec<Problem>,
) -> SmallVec<[Text<'a>; 1]> {
    let mut system = SmallVec::new();
    let Some(member) = value.some("system") else {
        return system;
    };
    match member.text() {
        Some(text) if text.is_blank() => problems.push(empty_system()),
        Some(text) => system.push(text),
        None => problems.push(wrong_type(
            Path::Member(&Path::Root, "system"),
            "a string",
            member,
        )),
    }
    system
}
