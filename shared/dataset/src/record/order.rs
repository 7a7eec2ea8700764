//! Who speaks when: first the user, then strictly in turn, and the assistant last.
use super::Conversation;
use crate::{
    conversation::Role,
    finding::{Problem, bounded},
    json::Value,
    members::wrong_type,
    path::Path,
    rules,
};

const MESSAGES: Path<'static> = Path::Member(&Path::Root, "messages");

/// The messages of a record; none where there is something to say about the member.
pub(super) fn messages<'a>(
    value: Value<'a>,
    problems: &mut Vec<Problem>,
) -> impl Iterator<Item = Value<'a>> + use<'a> {
    let found = value.get("messages");
    match found {
        Some(messages) if messages.is_array() => {}
        Some(other) => problems.push(wrong_type(MESSAGES, "an array of messages", other)),
        None => problems.push(Problem::new(
            &rules::MISSING_PROMPT,
            "$",
            "no messages",
            "Add \"messages\", from the user's question to the assistant's answer.",
        )),
    }
    found
        .filter(|messages| messages.is_array())
        .into_iter()
        .flat_map(Value::items)
}

/// The role of a message, with its value.
pub(super) fn role<'a>(
    message: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Value<'a>> {
    match message.get("role") {
        Some(role) if role.text().is_some() => Some(role),
        Some(other) => {
            problems.push(wrong_type(Path::Member(&path, "role"), "a string", other));
            None
        }
        None => {
            problems.push(Problem::new(
                &rules::UNKNOWN_ROLE,
                path,
                "no role",
                "Add \"role\": \"user\" or \"assistant\".",
            ));
            None
        }
    }
}

/// Who speaks by this role.
pub(super) fn speaker(
    role: Value<'_>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Role> {
    if role.is("user") {
        return Some(Role::User);
    }
    if role.is("assistant") {
        return Some(Role::Assistant);
    }
    let path = Path::Member(&path, "role");
    let name = role
        .text()
        .map(|text| bounded(&text.plain()))
        .unwrap_or_default();
    problems.push(
        match name.as_str() {
            "system" | "developer" => Problem::new(
                &rules::ROLE_ORDER,
                path,
                name,
                "A system text stands before the first user message, or in a \"system\" member of the record.",
            ),
            "tool" | "function" => Problem::new(
                &rules::TOOL_PLACE,
                path,
                name,
                "Write a tool's answer as a toolResult block of a user message, or the whole record in OpenAI's shape.",
            ),
            _ => Problem::new(
                &rules::UNKNOWN_ROLE,
                path,
                name,
                "Write the role as user or assistant, in lower case.",
            ),
        }
        .at(role.span()),
    );
    None
}

/// Said only where every message could be read (`complete`), or it would repeat what was said about the message.
pub(super) fn check(
    record: &Conversation<'_>,
    complete: bool,
    answered: bool,
    problems: &mut Vec<Problem>,
) {
    if !complete {
        return;
    }
    let mut expected = Role::User;
    for turn in &record.turns {
        if turn.role != expected {
            problems.push(Problem::new(
                &rules::ROLE_ORDER,
                Path::Member(&Path::Item(&MESSAGES, turn.index), "role"),
                format!(
                    "{} where {} must speak",
                    turn.role.as_str(),
                    expected.as_str()
                ),
                "Start with user, alternate user and assistant, end with assistant. \
                 Join two messages of one speaker into one.",
            ));
            return;
        }
        expected = expected.other();
    }
    if record.turns.is_empty() || answered && expected == Role::Assistant {
        let found = if record.turns.is_empty() {
            "no user or assistant message"
        } else {
            "the last message is the user's"
        };
        problems.push(Problem::new(
            &rules::ROLE_ORDER,
            MESSAGES,
            found,
            "End with the assistant's message: it is what the model learns to answer.",
        ));
    }
}

/// A message that says nothing.
pub(super) fn check_text(turn: &super::Turn<'_>, path: Path<'_>, problems: &mut Vec<Problem>) {
    if !turn.is_blank() {
        return;
    }
    let rule = if turn.role == Role::User {
        &rules::EMPTY_PROMPT
    } else {
        &rules::EMPTY_COMPLETION
    };
    let path = Path::Member(&path, "content");
    let said: Vec<_> = turn.texts().map(|text| text.plain().into_owned()).collect();
    let found = if said.iter().all(String::is_empty) {
        "no character".to_owned()
    } else {
        format!("only white space: \"{}\"", bounded(&said.join("\n")))
    };
    problems.push(Problem::new(
        rule,
        path,
        found,
        "Write the text, or take the record out.",
    ));
}
