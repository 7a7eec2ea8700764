//! F: the Nova Forge SDK's `SFTDatasetValidator` behind its `JSONLDatasetLoader`, every media object taken to be there and sound.
use serde_json::{Map, Value};

use super::{
    ALL_OR_NONE, CRASH, DOCUMENT_FORMAT, EMPTY_TEXT, FORBIDDEN_WORD, Found, GENERIC, IMAGE_FORMAT,
    MIXED_MEDIA, REASONING_MEDIA, SCHEMA_VERSION, TOOL_RESULT_UNKNOWN, URI_KEY, VIDEO_FORMAT,
    each_record,
    model::{MANY, Model, Type},
    nova::{ALIKE, MEDIA, REASONING, SYSTEM, TEXT, TOOL_CONFIG, TOOL_RESULT, TOOL_USE, each_uri},
    python::lower,
    sample::{Nova, Sample, some, text},
};
use crate::file::{File, Python};

/// Compared as they are written.
const WORDS: [&str; 13] = [
    "System:",
    "SYSTEM:",
    "User:",
    "USER:",
    "Bot:",
    "BOT:",
    "Assistant:",
    "ASSISTANT:",
    "Thought:",
    "[EOS]",
    "<image>",
    "<video>",
    "<unk>",
];

/// The members that stand in all records or in none, as paths.
const OPTIONAL: [&[&str]; 6] = [
    &["system"],
    &["messages", "content", "image"],
    &["messages", "content", "video"],
    &["messages", "content", "reasoningContent"],
    &["messages", "content", "toolUse"],
    &["messages", "content", "toolResult"],
];

static RECORD: Type = Type::Model(&Model {
    required: &[
        ("schemaVersion", Type::Text),
        ("messages", Type::List(&MESSAGE, 0, MANY)),
    ],
    optional: &[
        ("system", Type::Nullable(&SYSTEM)),
        ("toolConfig", Type::Nullable(&TOOL_CONFIG)),
    ],
    closed: true,
});
static MESSAGE: Type = Type::Model(&Model {
    required: &[
        ("role", Type::Text),
        ("content", Type::List(&BLOCK, 0, MANY)),
    ],
    optional: &[],
    closed: true,
});
static BLOCK: Type = Type::Model(&Model {
    required: &[],
    optional: &[
        ("text", Type::Nullable(&TEXT)),
        ("image", Type::Nullable(&MEDIUM)),
        ("video", Type::Nullable(&MEDIUM)),
        ("document", Type::Nullable(&MEDIUM)),
        ("reasoningContent", Type::Nullable(&REASONING)),
        ("toolUse", Type::Nullable(&TOOL_USE)),
        ("toolResult", Type::Nullable(&TOOL_RESULT)),
    ],
    closed: false,
});
static MEDIUM: Type = Type::Model(&Model {
    required: &[("format", Type::Text), ("source", Type::Model(&SOURCE))],
    optional: &[],
    closed: false,
});
static SOURCE: Model = Model {
    required: &[("s3Location", Type::Model(&LOCATION))],
    optional: &[],
    closed: false,
};
static LOCATION: Model = Model {
    required: &[("uri", Type::Text), ("bucketOwner", Type::Text)],
    optional: &[],
    closed: false,
};

const OWN: &[fn(&Sample<'_>, &mut Found)] = &[
    schema_version,
    empty_text,
    formats,
    uri_keys,
    one_kind_of_media,
    reasoning_beside_media,
    result_behind_use,
    forbidden_words,
];

pub(super) fn judge(nova: Nova, file: &File) -> Found {
    let mut found = Found::default();
    generic_format(file, &mut found);
    each_record(file, &mut found, None, &RECORD, |record, found| {
        let sample = Sample::new(nova, record);
        for check in ALIKE.iter().chain(OWN) {
            check(&sample, found);
        }
    });
    all_or_none(nova, file, &mut found);
    found
}

/// The records that the loader hands on. It skips a line that is no JSON, and writes so to its log.
pub(super) fn records(file: &File) -> impl Iterator<Item = &Value> {
    file.lines.iter().filter_map(|line| match &line.python {
        Python::Reads(record) => Some(record),
        Python::Blank | Python::Broken => None,
    })
}

/// The first record is asked for its keys before anything is looked at; what is empty or null is not asked.
pub(super) fn generic_format(file: &File, found: &mut Found) {
    match records(file).next() {
        Some(Value::Object(members)) => {
            let has = |name: &str| members.contains_key(name);
            if !has("messages") && (has("question") || has("answer")) {
                found.add(&GENERIC, "$");
            }
        }
        Some(Value::Array(items)) if items.is_empty() => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => {}
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(_) => found.add(&CRASH, "$"),
    }
}

fn schema_version(sample: &Sample<'_>, found: &mut Found) {
    let version = sample.record.get("schemaVersion").and_then(Value::as_str);
    if version.is_some_and(|version| version != "bedrock-conversation-2024") {
        found.add(&SCHEMA_VERSION, "$.schemaVersion");
    }
}

/// Beside a document or reasoning it is a breach, too.
fn empty_text(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.has_empty_text() && !message.has("image") && !message.has("video") {
            found.add(&EMPTY_TEXT, "$.messages[].content");
        }
    }
}

fn formats(sample: &Sample<'_>, found: &mut Found) {
    let documents: &[&str] = match sample.nova {
        Nova::Lite2 => &["pdf"],
        _ => &[],
    };
    for (check, name, taken) in [
        (
            &IMAGE_FORMAT,
            "image",
            &["gif", "jpeg", "png", "webp"] as &[&str],
        ),
        (&VIDEO_FORMAT, "video", &["mov", "mkv", "mp4", "webm"]),
        (&DOCUMENT_FORMAT, "document", documents),
    ] {
        for format in sample
            .each(name)
            .filter_map(|media| text(media, &["format"]))
        {
            if !taken.contains(&lower(format).as_str()) {
                found.add(check, format!("$.messages[].content[].{name}.format"));
            }
        }
    }
}

/// It asks S3 for the object, which needs both names.
fn uri_keys(sample: &Sample<'_>, found: &mut Found) {
    for (name, uri) in each_uri(sample) {
        let Some(path) = uri.strip_prefix("s3://") else {
            continue;
        };
        let named = path
            .split_once('/')
            .is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
        if !named {
            let at = format!("$.messages[].content[].{name}.source.s3Location.uri");
            found.add(&URI_KEY, at);
        }
    }
}

fn one_kind_of_media(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if MEDIA.iter().filter(|name| message.has(name)).count() > 1 {
            found.add(&MIXED_MEDIA, "$.messages[].content");
        }
    }
}

fn reasoning_beside_media(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.has("reasoningContent") && MEDIA.iter().any(|name| message.has(name)) {
            found.add(&REASONING_MEDIA, "$.messages[].content[]");
        }
    }
}

/// A result stands in a later message than its use.
fn result_behind_use(sample: &Sample<'_>, found: &mut Found) {
    if sample.tools().is_none() {
        return;
    }
    for message in &sample.messages {
        let ids = |name: &str| -> Vec<&str> {
            let blocks = message.blocks().filter_map(|block| some(block, name));
            blocks
                .filter_map(|used| text(used, &["toolUseId"]))
                .collect()
        };
        let used = ids("toolUse");
        if ids("toolResult").iter().any(|id| used.contains(id)) {
            found.add(
                &TOOL_RESULT_UNKNOWN,
                "$.messages[].content[].toolResult.toolUseId",
            );
        }
    }
}

fn has_forbidden_word(text: &str) -> bool {
    WORDS.iter().any(|word| text.contains(word))
}

fn forbidden_words(sample: &Sample<'_>, found: &mut Found) {
    if sample.system().any(has_forbidden_word) {
        found.add(&FORBIDDEN_WORD, "$.system[].text");
    }
    let at = "$.messages[].content[]";
    for block in sample.blocks() {
        if some(block, "text")
            .and_then(Value::as_str)
            .is_some_and(has_forbidden_word)
        {
            found.add(&FORBIDDEN_WORD, format!("{at}.text"));
        }
    }
    for reasoning in sample.each("reasoningContent") {
        if text(reasoning, &["reasoningText", "text"]).is_some_and(has_forbidden_word) {
            found.add(
                &FORBIDDEN_WORD,
                format!("{at}.reasoningContent.reasoningText.text"),
            );
        }
    }
    for result in sample.each("toolResult") {
        let items = result.get("content").and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            if text(item, &["text"]).is_some_and(has_forbidden_word) {
                found.add(&FORBIDDEN_WORD, format!("{at}.toolResult.content[].text"));
            }
        }
    }
}

/// Over the records that pass, the key is there in each or in none: a null counts as there.
fn all_or_none(nova: Nova, file: &File, found: &mut Found) {
    let passing: Vec<&Value> = records(file)
        .filter(|record| {
            let mut alone = Found::default();
            super::model::fits(record, &RECORD, "$", &mut alone);
            let sample = Sample::new(nova, record);
            for check in ALIKE.iter().chain(OWN) {
                check(&sample, &mut alone);
            }
            alone.is_empty()
        })
        .collect();
    for path in OPTIONAL {
        let there = passing.iter().filter(|record| holds(record, path)).count();
        if there > 0 && there < passing.len() {
            found.add(&ALL_OR_NONE, format!("$.{}", path.join("[].")));
        }
    }
}

/// Lists are looked through; an item that is no object has nothing.
fn holds(value: &Value, path: &[&str]) -> bool {
    let Some((name, rest)) = path.split_first() else {
        return true;
    };
    let member = |object: &Map<String, Value>| object.get(*name).is_some_and(|at| holds(at, rest));
    match value {
        Value::Object(object) => member(object),
        Value::Array(items) => items.iter().filter_map(Value::as_object).any(member),
        _ => false,
    }
}
