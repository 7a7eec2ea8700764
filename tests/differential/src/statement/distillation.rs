//! D, distillation: prompts by a JSON Schema without any further member, and invocation logs. The script drops a line that does
//! not pass and goes on while 100 are left; here that line is a breach.
use serde_json::Value;

use super::{
    BLANK_LINE, BROKEN_LINE, BYTE_ORDER_MARK, CRASH, Found, MISSING_MEMBER, MORE_THAN_TEXT,
    ROLE_ORDER, SEVERAL_TURNS, WRONG_TYPE, each_record,
    model::{Model, Type},
    sample::{Nova, text},
};
use crate::file::{File, Python};

static PROMPT: Type = Type::Model(&Model {
    required: &[
        ("schemaVersion", Type::Words(&["bedrock-conversation-2024"])),
        ("messages", Type::List(&MESSAGE, 1, 2)),
    ],
    optional: &[("system", Type::List(&SYSTEM, 1, 1))],
    closed: true,
});
static SYSTEM: Type = Type::Model(&Model {
    required: &[("text", Type::Text)],
    optional: &[],
    closed: true,
});
static MESSAGE: Type = Type::Model(&Model {
    required: &[
        ("role", Type::Words(&["user", "assistant"])),
        ("content", Type::List(&BLOCK, 1, 1)),
    ],
    optional: &[],
    closed: true,
});
static BLOCK: Type = Type::Model(&Model {
    required: &[("text", Type::Text)],
    optional: &[("type", Type::Text)],
    closed: true,
});
static LOG: Type = Type::Model(&Model {
    required: &[],
    optional: &[],
    closed: false,
});

pub(super) fn prompts(_: Nova, file: &File) -> Found {
    judge(file, &PROMPT, |record, found| {
        let messages = record.get("messages").and_then(Value::as_array);
        let roles = messages
            .into_iter()
            .flatten()
            .map(|message| text(message, &["role"]));
        for (role, expected) in roles.zip(["user", "assistant"].iter().cycle()) {
            // What the script then raises is raised wrongly, and ends it.
            if role.is_some_and(|role| role != *expected) {
                found.add(&ROLE_ORDER, "$.messages");
            }
        }
    })
}

pub(super) fn logs(_: Nova, file: &File) -> Found {
    judge(file, &LOG, |record, found| {
        if !record.is_object() {
            return;
        }
        for name in ["modelId", "input", "output"] {
            if record.get(name).is_none() {
                found.add(&MISSING_MEMBER, format!("$.{name}"));
            }
        }
        logged_messages(record, found);
    })
}

/// Only a member that is there and has the wrong type ends the script; one that is missing is passed over.
fn logged_messages(record: &Value, found: &mut Found) {
    let mut value = record;
    let mut at = "$".to_owned();
    for name in ["input", "inputBodyJson", "messages"] {
        at = format!("{at}.{name}");
        match value.get(name) {
            Some(next @ Value::Object(_)) if name != "messages" => value = next,
            Some(Value::Array(messages)) if name == "messages" => {
                return user_messages(messages, found);
            }
            None => return,
            Some(Value::String(text)) if name == "messages" && text.is_empty() => return,
            Some(Value::Object(members)) if members.is_empty() => return,
            Some(_) => return found.add(&CRASH, at),
        }
    }
}

fn user_messages(messages: &[Value], found: &mut Found) {
    let at = "$.input.inputBodyJson.messages";
    if messages.iter().any(|message| message.get("role").is_none()) {
        return found.add(&CRASH, format!("{at}[].role"));
    }
    let of_user: Vec<&Value> = messages
        .iter()
        .filter(|message| text(message, &["role"]) == Some("user"))
        .collect();
    if of_user.len() > 1 {
        found.add(&SEVERAL_TURNS, at);
    }
    for message in of_user {
        let at = format!("{at}[].content");
        match message.get("content") {
            None => {}
            Some(Value::Array(items)) => {
                let [only] = items.as_slice() else {
                    if !items.is_empty() {
                        found.add(&MORE_THAN_TEXT, at);
                    }
                    continue;
                };
                match only.get("text") {
                    Some(text) if is_truthy(text) => {}
                    _ if only.is_object() => found.add(&MORE_THAN_TEXT, at),
                    _ => found.add(&CRASH, at),
                }
            }
            // The characters of a string are counted as blocks.
            Some(Value::String(text)) => match text.chars().count() {
                0 => {}
                1 => found.add(&CRASH, at),
                _ => found.add(&MORE_THAN_TEXT, at),
            },
            Some(_) => found.add(&WRONG_TYPE, at),
        }
    }
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn judge(file: &File, of: &'static Type, checks: impl Fn(&Value, &mut Found)) -> Found {
    let mut found = Found::default();
    if file.has_mark {
        found.add(&BYTE_ORDER_MARK, "$");
    }
    if file
        .lines
        .iter()
        .any(|line| matches!(line.python, Python::Blank))
    {
        found.add(&BLANK_LINE, "$");
    }
    each_record(file, &mut found, Some(&BROKEN_LINE), of, checks);
    found
}
