//! Bedrock conversations: `{"schemaVersion", "system", "messages", "toolConfig"}`, contents in blocks.
use smallvec::{SmallVec, smallvec};

use super::{Block, Conversation, Taken, Turn, blocks, order, tools};
use crate::{
    canonical::SCHEMA_VERSION,
    finding::{Problem, bounded},
    json::{Text, Value},
    members::{empty_system, extra_members, shown, wrong_type},
    path::Path,
    rules,
};
use perennial_core::limits::RecordShape;

pub(super) fn read<'a>(
    value: Value<'a>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Conversation<'a> {
    match value.some("schemaVersion") {
        Some(version) if version.is(SCHEMA_VERSION) => {}
        None => problems.push(Problem::new(
            &rules::SCHEMA_VERSION_MISSING,
            "$",
            "no schemaVersion",
            format!("Add \"schemaVersion\": \"{SCHEMA_VERSION}\"."),
        )),
        Some(other) if other.text().is_none() => problems.push(wrong_type(
            Path::Member(&Path::Root, "schemaVersion"),
            "a string",
            other,
        )),
        Some(other) => problems.push(
            Problem::new(
                &rules::SCHEMA_VERSION,
                Path::Member(&Path::Root, "schemaVersion"),
                shown(other),
                format!("Write \"schemaVersion\": \"{SCHEMA_VERSION}\"."),
            )
            .at(other.span()),
        ),
    }
    let mut record = Conversation {
        system: system(value, problems),
        turns: Vec::with_capacity(4),
        tools: tools::config(value, problems),
    };
    let list = Path::Member(&Path::Root, "messages");
    let mut complete = true;
    for (index, message) in order::messages(value, problems).enumerate() {
        match turn(message, Path::Item(&list, index), index, problems) {
            Some(turn) => record.turns.push(turn),
            None => complete = false,
        }
    }
    complete &= value.has("messages");
    let answered = taken.shape != RecordShape::DistillationPrompts;
    order::check(&record, complete, answered, problems);
    extra_members(
        value,
        Path::Root,
        &["schemaVersion", "system", "messages", "toolConfig"],
        problems,
    );
    record
}

pub(super) fn turn<'a>(
    message: Value<'a>,
    path: Path<'_>,
    index: usize,
    problems: &mut Vec<Problem>,
) -> Option<Turn<'a>> {
    let (role, content) = match message.only_two(["role", "content"]) {
        Some([role, content]) if role.text().is_some() => (role, content),
        _ => role_and_content(message, path, problems)?,
    };
    let role = order::speaker(role, path, problems)?;
    let before = problems.len();
    let turn = Turn {
        role,
        blocks: blocks::read(content, Path::Member(&path, "content"), problems),
        index,
    }
    .without_blanks(path, problems);
    // A warning about one of its blocks says nothing of its texts.
    if !problems[before..].iter().any(Problem::is_error) {
        order::check_text(&turn, path, problems);
    }
    Some(turn)
}

fn role_and_content<'a>(
    message: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(Value<'a>, Value<'a>)> {
    if !message.is_object() {
        problems.push(wrong_type(path, "an object with role and content", message));
        return None;
    }
    extra_members(message, path, &["role", "content"], problems);
    let role = order::role(message, path, problems)?;
    let Some(content) = message.get("content") else {
        problems.push(no_content(role, path));
        return None;
    };
    Some((role, content))
}

/// The finding for a message without content.
pub(super) fn no_content(role: Value<'_>, path: Path<'_>) -> Problem {
    let rule = if role.is("assistant") {
        &rules::MISSING_COMPLETION
    } else {
        &rules::MISSING_PROMPT
    };
    let role = role
        .text()
        .map(|text| bounded(&text.plain()))
        .unwrap_or_default();
    Problem::new(
        rule,
        path,
        format!("a {role} message without content"),
        "Add its \"content\".",
    )
}

pub(super) fn system<'a>(value: Value<'a>, problems: &mut Vec<Problem>) -> SmallVec<[Text<'a>; 1]> {
    let Some(member) = value.some("system") else {
        return SmallVec::new();
    };
    let path = Path::Member(&Path::Root, "system");
    if let Some(text) = member.text() {
        if text.is_blank() {
            problems.push(empty_system());
            return SmallVec::new();
        }
        problems.push(Problem::new(
            &rules::SYSTEM_STRING,
            path,
            bounded(&text.plain()),
            "Nothing: it is written as [{\"text\": \"...\"}].",
        ));
        return smallvec![text];
    }
    let mut texts = SmallVec::new();
    for block in blocks::read(member, path, problems) {
        match block {
            Block::Text(text) => texts.push(text),
            _ => problems.push(wrong_type(path, "an array of text blocks", member)),
        }
    }
    if !texts.is_empty() && texts.iter().all(Text::is_blank) {
        problems.push(empty_system());
        texts.clear();
    }
    texts
}
