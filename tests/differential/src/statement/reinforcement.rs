//! Reinforcement fine-tuning: OpenAI-style messages with `reference_answer`, as V (`-t rft`) and F (`RFTDatasetValidator`) look at them.
use serde_json::Value;

use super::{
    ALL_OR_NONE, BROKEN_LINE, BYTE_ORDER_MARK, FORBIDDEN_WORD, Found, REWARD_BLANK,
    REWARD_MESSAGES, REWARD_ROLE, REWARD_TOOL, TOOL_BLANK, TOOL_TWICE, TOOLS_EMPTY, each_record,
    forge::{generic_format, records},
    model::{MANY, Model, Type, fits},
    nova::{OBJECT, OPTIONAL_TEXT, TEXT},
    python::{is_blank, lower},
    sample::{Nova, text},
    script::has_forbidden_word,
};
use crate::file::File;

static SCRIPT: Type = Type::Model(&Model {
    required: &[("messages", Type::List(&SCRIPT_MESSAGE, 0, MANY))],
    optional: OPTIONAL,
    closed: false,
});
static FORGE: Type = Type::Model(&Model {
    required: &[("messages", Type::List(&FORGE_MESSAGE, 0, MANY))],
    optional: OPTIONAL,
    closed: false,
});
const OPTIONAL: &[(&str, Type)] = &[
    ("id", Type::Nullable(&TEXT)),
    ("tools", Type::Nullable(&TOOLS)),
    ("reference_answer", Type::Nullable(&ANSWER)),
];
static TOOLS: Type = Type::List(&TOOL, 0, MANY);
static ANSWER: Type = Type::Either(&TEXT, &OBJECT);
static SCRIPT_MESSAGE: Type = Type::Model(&Model {
    required: &[],
    optional: &[
        ("role", Type::Nullable(&OPTIONAL_TEXT)),
        ("content", Type::Nullable(&OPTIONAL_TEXT)),
    ],
    closed: false,
});
static FORGE_MESSAGE: Type = Type::Model(&Model {
    required: &[],
    optional: &[
        ("role", Type::Nullable(&OPTIONAL_TEXT)),
        ("content", Type::Nullable(&Type::Either(&TEXT, &LIST))),
        ("tool_calls", Type::Nullable(&LIST)),
        ("tool_call_id", Type::Nullable(&TEXT)),
    ],
    closed: true,
});
static LIST: Type = Type::AnyList;
static TOOL: Type = Type::Model(&Model {
    required: &[("type", Type::Text), ("function", Type::Model(&FUNCTION))],
    optional: &[],
    closed: false,
});
static FUNCTION: Model = Model {
    required: &[
        ("name", Type::Text),
        ("description", Type::Text),
        ("parameters", Type::Model(&PARAMETERS)),
    ],
    optional: &[],
    closed: false,
};
static PARAMETERS: Model = Model {
    required: &[("type", Type::Text), ("properties", Type::Object)],
    optional: &[("required", Type::Nullable(&Type::List(&TEXT, 0, MANY)))],
    closed: false,
};

pub(super) fn script(_: Nova, file: &File) -> Found {
    let mut found = Found::default();
    if file.has_mark {
        found.add(&BYTE_ORDER_MARK, "$");
    }
    each_record(
        file,
        &mut found,
        Some(&BROKEN_LINE),
        &SCRIPT,
        |record, found| {
            roles(record, &["system", "user", "assistant"], found);
            alike(record, &lower, found);
            forbidden_words(record, found);
        },
    );
    found
}

pub(super) fn forge(_: Nova, file: &File) -> Found {
    let mut found = Found::default();
    generic_format(file, &mut found);
    each_record(file, &mut found, None, &FORGE, forge_record);
    let passing: Vec<&Value> = records(file)
        .filter(|record| {
            let mut alone = Found::default();
            fits(record, &FORGE, "$", &mut alone);
            forge_record(record, &mut alone);
            alone.is_empty()
        })
        .collect();
    for name in ["id", "reference_answer", "tools"] {
        let there = passing
            .iter()
            .filter(|record| record.get(name).is_some())
            .count();
        if there > 0 && there < passing.len() {
            found.add(&ALL_OR_NONE, format!("$.{name}"));
        }
    }
    found
}

fn forge_record(record: &Value, found: &mut Found) {
    let known = ["system", "user", "assistant", "tool", "bot", "developer"];
    roles(record, &known, found);
    // A developer's message is turned into a system's before the order is looked at.
    let heard = |role: &str| match lower(role).as_str() {
        "developer" => "system".to_owned(),
        other => other.to_owned(),
    };
    alike(record, &heard, found);
    let lists = messages(record).filter_map(|message| message.get("content"));
    if lists.filter_map(Value::as_array).any(Vec::is_empty) {
        found.add(&REWARD_BLANK, "$.messages[].content");
    }
}

fn messages(record: &Value) -> impl Iterator<Item = &Value> {
    let messages = record.get("messages").and_then(Value::as_array);
    messages.into_iter().flatten()
}

fn roles(record: &Value, known: &[&str], found: &mut Found) {
    for role in messages(record).filter_map(|message| text(message, &["role"])) {
        if !known.contains(&lower(role).as_str()) {
            found.add(&REWARD_ROLE, "$.messages[].role");
        }
    }
}

fn alike(record: &Value, heard: &dyn Fn(&str) -> String, found: &mut Found) {
    message_order(record, heard, found);
    blanks(record, found);
    tools(record, found);
}

/// Neither the turns nor the last role are looked at.
fn message_order(record: &Value, heard: &dyn Fn(&str) -> String, found: &mut Found) {
    if !record.get("messages").is_some_and(Value::is_array) {
        return;
    }
    let roles: Vec<Option<String>> = messages(record)
        .map(|message| text(message, &["role"]).map(heard))
        .collect();
    let any = |name: &str| roles.iter().any(|role| role.as_deref() == Some(name));
    let first = roles.first().and_then(Option::as_deref);
    if !any("user") || any("system") && first != Some("system") {
        found.add(&REWARD_MESSAGES, "$.messages");
    }
}

fn blanks(record: &Value, found: &mut Found) {
    for message in messages(record) {
        if text(message, &["content"]).is_some_and(is_blank) {
            found.add(&REWARD_BLANK, "$.messages[].content");
        }
    }
    for name in ["id", "reference_answer"] {
        let empty = record.get(name).and_then(Value::as_object);
        if text(record, &[name]).is_some_and(is_blank)
            || name == "reference_answer" && empty.is_some_and(serde_json::Map::is_empty)
        {
            found.add(&REWARD_BLANK, format!("$.{name}"));
        }
    }
}

fn tools(record: &Value, found: &mut Found) {
    let Some(tools) = record.get("tools").and_then(Value::as_array) else {
        return;
    };
    if tools.is_empty() {
        found.add(&TOOLS_EMPTY, "$.tools");
    }
    let mut names = Vec::new();
    for tool in tools {
        if text(tool, &["type"]).is_some_and(|kind| kind != "function") {
            found.add(&REWARD_TOOL, "$.tools[].type");
        }
        if text(tool, &["function", "parameters", "type"]).is_some_and(|kind| kind != "object") {
            found.add(&REWARD_TOOL, "$.tools[].function.parameters.type");
        }
        for member in ["name", "description"] {
            if text(tool, &["function", member]).is_some_and(is_blank) {
                found.add(&TOOL_BLANK, format!("$.tools[].function.{member}"));
            }
        }
        let name = text(tool, &["function", "name"]);
        if name.is_some() && names.contains(&name) {
            found.add(&TOOL_TWICE, "$.tools[].function.name");
        }
        names.push(name);
    }
}

/// V only.
fn forbidden_words(record: &Value, found: &mut Found) {
    for message in messages(record) {
        if text(message, &["content"]).is_some_and(has_forbidden_word) {
            found.add(&FORBIDDEN_WORD, "$.messages[].content");
        }
    }
}
