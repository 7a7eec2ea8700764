//! D, Claude 3 Haiku: the script beside the notebooks of amazon-bedrock-samples. It counts blank lines, and says of each that it is no JSON.
use serde_json::Value;

use super::{
    BLANK_LINE, BROKEN_LINE, BYTE_ORDER_MARK, CRASH, FORBIDDEN_WORD, Found, ROLE_ORDER, TOO_LONG,
    each_record,
    model::{MANY, Model, Type},
    nova::TEXT,
    sample::{Nova, text},
};
use crate::file::{File, Python};

static RECORD: Type = Type::Model(&Model {
    required: &[("messages", Type::List(&MESSAGE, 2, MANY))],
    optional: &[("system", Type::Nullable(&TEXT))],
    closed: false,
});
static MESSAGE: Type = Type::Model(&Model {
    required: &[
        ("role", Type::Words(&["user", "assistant"])),
        ("content", Type::Text),
    ],
    optional: &[],
    closed: false,
});

pub(super) fn judge(_: Nova, file: &File) -> Found {
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
    each_record(
        file,
        &mut found,
        Some(&BROKEN_LINE),
        &RECORD,
        |record, found| {
            order(record, found);
            reserved_words(record, found);
            tokens(record, found);
        },
    );
    found
}

fn messages(record: &Value) -> &[Value] {
    let messages = record.get("messages").and_then(Value::as_array);
    messages.map_or(&[][..], Vec::as_slice)
}

fn order(record: &Value, found: &mut Found) {
    let roles: Vec<Option<&str>> = messages(record)
        .iter()
        .map(|message| text(message, &["role"]))
        .collect();
    if roles.iter().any(Option::is_none) {
        return;
    }
    let ends = roles.first() == Some(&Some("user")) && roles.last() == Some(&Some("assistant"));
    let alike = roles.windows(2).any(|pair| pair[0] == pair[1]);
    if !roles.is_empty() && (!ends || alike) {
        found.add(&ROLE_ORDER, "$.messages");
    }
}

fn reserved_words(record: &Value, found: &mut Found) {
    let reserved = |text: &str| text.contains("\nHuman:") || text.contains("\nAssistant:");
    if text(record, &["system"]).is_some_and(reserved) {
        found.add(&FORBIDDEN_WORD, "$.system");
    }
    for message in messages(record) {
        if text(message, &["content"]).is_some_and(reserved) {
            found.add(&FORBIDDEN_WORD, "$.messages[].content");
        }
    }
}

/// Three characters a token, each text rounded down. A null system has no length, which ends the script.
fn tokens(record: &Value, found: &mut Found) {
    if record.get("system").is_some_and(Value::is_null) {
        found.add(&CRASH, "$.system");
    }
    let count = |text: &str| text.chars().count() / 3;
    let system = text(record, &["system"]).map_or(0, count);
    let contents = messages(record)
        .iter()
        .filter_map(|message| text(message, &["content"]));
    if system + contents.map(count).sum::<usize>() > 32_000 {
        found.add(&TOO_LONG, "$");
    }
}
