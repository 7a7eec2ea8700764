//! Reads one training record of any accepted shape into a [`Conversation`], or says what is wrong with it.
use std::borrow::Cow;

use crate::{
    canonical::SCHEMA_VERSION,
    conversation::{Conversation, Role, Turn},
    finding::{Problem, bounded},
    json::{Json, Object},
    members::{empty, empty_system, extra_members, names, not_yet, shown, text_member, wrong_type},
    rules,
    shape::InputShape,
};

/// Blocks that a Bedrock conversation may hold but that cannot be read yet.
const MEDIA: &[&str] = &[
    "image",
    "video",
    "document",
    "audio",
    "reasoningContent",
    "toolUse",
    "toolResult",
    "cachePoint",
    "guardContent",
];

/// Reads a record. Everything wrong with it goes to `problems`; a record with an error among them must not be used.
pub(crate) fn read<'a>(
    object: &'a Object<'_>,
    shape: InputShape,
    problems: &mut Vec<Problem>,
) -> Conversation<'a> {
    match shape {
        InputShape::PromptCompletion => pair(object, "completion", problems),
        InputShape::PromptResponse => pair(object, "response", problems),
        InputShape::BedrockConversation => bedrock(object, problems),
        InputShape::Messages => messages(object, problems),
        // Detected and refused before.
        InputShape::Evaluation => Conversation::default(),
    }
}

fn pair<'a>(object: &'a Object<'_>, answer: &str, problems: &mut Vec<Problem>) -> Conversation<'a> {
    let prompt = text_member(
        object,
        "prompt",
        &rules::MISSING_PROMPT,
        &rules::EMPTY_PROMPT,
        problems,
    );
    let completion = text_member(
        object,
        answer,
        &rules::MISSING_COMPLETION,
        &rules::EMPTY_COMPLETION,
        problems,
    );
    let system = system_text(object, problems);
    extra_members(object, "$", &["system", "prompt", answer], problems);
    let turns = [(Role::User, prompt), (Role::Assistant, completion)];
    Conversation {
        system,
        turns: turns
            .into_iter()
            .filter_map(|(role, text)| text.map(|text| Turn::new(role, text)))
            .collect(),
    }
}

fn bedrock<'a>(object: &'a Object<'_>, problems: &mut Vec<Problem>) -> Conversation<'a> {
    match object.get("schemaVersion") {
        Some(Json::Text(version)) if version == SCHEMA_VERSION => {}
        None => problems.push(Problem::new(
            &rules::SCHEMA_VERSION_MISSING,
            "$",
            "no schemaVersion",
            format!("Add \"schemaVersion\": \"{SCHEMA_VERSION}\"."),
        )),
        Some(other) => problems.push(Problem::new(
            &rules::SCHEMA_VERSION,
            "$.schemaVersion",
            shown(other),
            format!("Write \"schemaVersion\": \"{SCHEMA_VERSION}\"."),
        )),
    }
    let mut record = Conversation::default();
    if let Some(system) = object.some("system") {
        record.system = text_blocks(system, "$.system", problems);
        if !record.system.is_empty() && record.system.iter().all(|text| text.trim().is_empty()) {
            problems.push(empty_system());
            record.system.clear();
        }
    }
    for (index, message) in message_list(object, problems).iter().enumerate() {
        let path = format!("$.messages[{index}]");
        let Some((role, content)) = role_and_content(message, &path, problems) else {
            continue;
        };
        let Some(role) = speaker(role, &path, problems) else {
            continue;
        };
        let before = problems.len();
        let texts = text_blocks(content, &format!("{path}.content"), problems);
        let turn = Turn { role, texts };
        if problems.len() == before {
            look_for_text(&turn, &format!("{path}.content"), problems);
        }
        record.turns.push(turn);
    }
    check_order(object, &record.turns, 0, problems);
    extra_members(
        object,
        "$",
        &["schemaVersion", "system", "messages"],
        problems,
    );
    record
}

fn messages<'a>(object: &'a Object<'_>, problems: &mut Vec<Problem>) -> Conversation<'a> {
    let mut record = Conversation {
        system: system_text(object, problems),
        turns: Vec::new(),
    };
    let mut leading = 0;
    for (index, message) in message_list(object, problems).iter().enumerate() {
        let path = format!("$.messages[{index}]");
        let Some((role, content)) = role_and_content(message, &path, problems) else {
            continue;
        };
        let system = matches!(role, "system" | "developer") && index == leading;
        let role = if system {
            None
        } else {
            speaker(role, &path, problems)
        };
        let path = format!("{path}.content");
        let Json::Text(text) = content else {
            problems.push(wrong_type(&path, "a string", content));
            continue;
        };
        match role {
            Some(role) => {
                let turn = Turn::new(role, text.as_ref());
                look_for_text(&turn, &path, problems);
                record.turns.push(turn);
            }
            None if system => {
                leading += 1;
                if text.trim().is_empty() {
                    problems.push(empty_system());
                } else {
                    record.system.push(Cow::Borrowed(text.as_ref()));
                }
            }
            None => {}
        }
    }
    check_order(object, &record.turns, leading, problems);
    extra_members(object, "$", &["system", "messages"], problems);
    record
}

fn message_list<'a, 'j>(object: &'a Object<'j>, problems: &mut Vec<Problem>) -> &'a [Json<'j>] {
    match object.get("messages") {
        Some(Json::Array(messages)) => messages,
        Some(other) => {
            problems.push(wrong_type("$.messages", "an array of messages", other));
            &[]
        }
        None => {
            problems.push(Problem::new(
                &rules::MISSING_PROMPT,
                "$",
                "no messages",
                "Add \"messages\", from the user's question to the assistant's answer.",
            ));
            &[]
        }
    }
}

fn role_and_content<'a, 'j>(
    message: &'a Json<'j>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Option<(&'a str, &'a Json<'j>)> {
    let Json::Object(message) = message else {
        problems.push(wrong_type(path, "an object with role and content", message));
        return None;
    };
    for name in [
        "tool_calls",
        "function_call",
        "tool_call_id",
        "refusal",
        "audio",
    ] {
        if message
            .some(name)
            .is_some_and(|value| *value != Json::Array(Vec::new()))
        {
            problems.push(not_yet(&format!("{path}.{name}"), name));
            return None;
        }
    }
    extra_members(
        message,
        path,
        &[
            "role",
            "content",
            "tool_calls",
            "function_call",
            "tool_call_id",
            "refusal",
            "audio",
        ],
        problems,
    );
    let role = match message.get("role") {
        Some(Json::Text(role)) => role.as_ref(),
        Some(other) => {
            problems.push(wrong_type(&format!("{path}.role"), "a string", other));
            return None;
        }
        None => {
            problems.push(Problem::new(
                &rules::UNKNOWN_ROLE,
                path,
                "no role",
                "Add \"role\": \"user\" or \"assistant\".",
            ));
            return None;
        }
    };
    let Some(content) = message.get("content") else {
        let rule = if role == "assistant" {
            &rules::MISSING_COMPLETION
        } else {
            &rules::MISSING_PROMPT
        };
        problems.push(Problem::new(
            rule,
            path,
            format!("a {} message without content", bounded(role)),
            "Add its \"content\".",
        ));
        return None;
    };
    Some((role, content))
}

fn speaker(role: &str, path: &str, problems: &mut Vec<Problem>) -> Option<Role> {
    let path = format!("{path}.role");
    match role {
        "user" => return Some(Role::User),
        "assistant" => return Some(Role::Assistant),
        "system" | "developer" => problems.push(Problem::new(
            &rules::ROLE_ORDER,
            path,
            bounded(role),
            "A system text stands before the first user message, or in a \"system\" member of the record.",
        )),
        "tool" | "function" => problems.push(not_yet(&path, role)),
        other => problems.push(Problem::new(
            &rules::UNKNOWN_ROLE,
            path,
            bounded(other),
            "Write the role as user or assistant, in lower case.",
        )),
    }
    None
}

/// First user, strict alternation, last assistant. Said only where every message could be read, or it would repeat
/// what was said about the message.
fn check_order(
    object: &Object<'_>,
    turns: &[Turn<'_>],
    leading: usize,
    problems: &mut Vec<Problem>,
) {
    let Some(Json::Array(messages)) = object.get("messages") else {
        return;
    };
    if messages.len() != turns.len() + leading {
        return;
    }
    let mut expected = Role::User;
    for (index, turn) in turns.iter().enumerate() {
        if turn.role != expected {
            problems.push(Problem::new(
                &rules::ROLE_ORDER,
                format!("$.messages[{}].role", index + leading),
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
        expected = if expected == Role::User {
            Role::Assistant
        } else {
            Role::User
        };
    }
    if turns.is_empty() || expected == Role::Assistant {
        let found = if turns.is_empty() {
            "no user or assistant message"
        } else {
            "the last message is the user's"
        };
        problems.push(Problem::new(
            &rules::ROLE_ORDER,
            "$.messages",
            found,
            "End with the assistant's message: it is what the model learns to answer.",
        ));
    }
}

fn look_for_text(turn: &Turn<'_>, path: &str, problems: &mut Vec<Problem>) {
    if turn.texts.iter().all(|text| text.trim().is_empty()) {
        let rule = if turn.role == Role::User {
            &rules::EMPTY_PROMPT
        } else {
            &rules::EMPTY_COMPLETION
        };
        problems.push(empty(rule, path, &turn.text()));
    }
}

fn text_blocks<'a>(
    content: &'a Json<'_>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Cow<'a, str>> {
    let Json::Array(blocks) = content else {
        problems.push(wrong_type(
            path,
            "an array of blocks, [{\"text\": \"...\"}],",
            content,
        ));
        return Vec::new();
    };
    let mut texts = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Json::Object(block) = block else {
            problems.push(wrong_type(&path, "a block, {\"text\": \"...\"},", block));
            continue;
        };
        if let Some(media) = block.names().find(|name| MEDIA.contains(name)) {
            problems.push(not_yet(&format!("{path}.{media}"), media));
            continue;
        }
        match block.get("text") {
            Some(Json::Text(text)) => texts.push(Cow::Borrowed(text.as_ref())),
            Some(other) => problems.push(wrong_type(&format!("{path}.text"), "a string", other)),
            None => problems.push(Problem::new(
                &rules::WRONG_TYPE,
                &path,
                format!(
                    "a block without text, with the members {}",
                    bounded(&names(block))
                ),
                "Write the block as {\"text\": \"...\"}.",
            )),
        }
        extra_members(block, &path, &["text"], problems);
    }
    texts
}

fn system_text<'a>(object: &'a Object<'_>, problems: &mut Vec<Problem>) -> Vec<Cow<'a, str>> {
    match object.some("system") {
        None => Vec::new(),
        Some(Json::Text(text)) if text.trim().is_empty() => {
            problems.push(empty_system());
            Vec::new()
        }
        Some(Json::Text(text)) => vec![Cow::Borrowed(text.as_ref())],
        Some(other) => {
            problems.push(wrong_type("$.system", "a string", other));
            Vec::new()
        }
    }
}
