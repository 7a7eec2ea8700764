//! The checks on Nova conversations that the script (V) and the Nova Forge SDK (F) make alike, and the types that they share.
use serde_json::Value;

use super::{
    BLOCK_HOLDS, Found, IMAGES, MEDIA_OF_ASSISTANT, MEDIA_OF_MICRO, REASONING_MODEL,
    REASONING_SPEAKER, ROLE_NAME, ROLE_ORDER, TOOL_BLANK, TOOL_BOTH, TOOL_ID_BLANK,
    TOOL_RESULT_EMPTY, TOOL_RESULT_ITEM, TOOL_RESULT_SPEAKER, TOOL_RESULT_TWICE,
    TOOL_RESULT_UNKNOWN, TOOL_SCHEMA, TOOL_TWICE, TOOL_UNKNOWN, TOOL_USE_SPEAKER, TOOL_USE_TWICE,
    TOOLS_EMPTY, TWO_MESSAGES, URI_CHARACTERS, URI_SCHEME, VIDEOS,
    model::{MANY, Model, Type},
    python::{is_blank, is_path},
    sample::{Nova, Sample, some, text},
};

/// The kinds of media, as blocks name them.
pub(super) const MEDIA: [&str; 3] = ["image", "video", "document"];
const BLOCKS: [&str; 7] = [
    "text",
    "image",
    "video",
    "document",
    "reasoningContent",
    "toolUse",
    "toolResult",
];

pub(super) static TEXT: Type = Type::Text;
pub(super) static OBJECT: Type = Type::Object;
pub(super) static OPTIONAL_TEXT: Type = Type::Nullable(&TEXT);
pub(super) static SYSTEM: Type = Type::Nullable(&Type::List(&SYSTEM_BLOCK, 0, MANY));
static SYSTEM_BLOCK: Type = Type::Model(&Model {
    required: &[("text", Type::Text)],
    optional: &[],
    closed: false,
});
pub(super) static REASONING: Type = Type::Nullable(&Type::Model(&Model {
    required: &[("reasoningText", Type::Model(&REASONING_TEXT))],
    optional: &[],
    closed: false,
}));
static REASONING_TEXT: Model = Model {
    required: &[("text", Type::Text)],
    optional: &[],
    closed: false,
};
pub(super) static TOOL_USE: Type = Type::Nullable(&Type::Model(&Model {
    required: &[
        ("toolUseId", Type::Text),
        ("name", Type::Text),
        ("input", Type::Object),
    ],
    optional: &[],
    closed: false,
}));
pub(super) static TOOL_RESULT: Type = Type::Nullable(&Type::Model(&Model {
    required: &[
        ("toolUseId", Type::Text),
        ("content", Type::List(&TOOL_RESULT_CONTENT, 0, MANY)),
    ],
    optional: &[],
    closed: false,
}));
static TOOL_RESULT_CONTENT: Type = Type::Model(&Model {
    required: &[],
    optional: &[
        ("text", Type::Nullable(&TEXT)),
        ("json", Type::Nullable(&OBJECT)),
    ],
    closed: false,
});
pub(super) static TOOL_CONFIG: Type = Type::Nullable(&Type::Model(&Model {
    required: &[("tools", Type::List(&TOOL, 0, MANY))],
    optional: &[],
    closed: false,
}));
static TOOL: Type = Type::Model(&Model {
    required: &[("toolSpec", Type::Model(&TOOL_SPEC))],
    optional: &[],
    closed: false,
});
static TOOL_SPEC: Model = Model {
    required: &[
        ("name", Type::Text),
        ("description", Type::Text),
        ("inputSchema", Type::Model(&INPUT_SCHEMA)),
    ],
    optional: &[],
    closed: false,
};
static INPUT_SCHEMA: Model = Model {
    required: &[("json", Type::Object)],
    optional: &[],
    closed: false,
};

/// Each of them, in no particular order: a verdict is what all of them say.
pub(super) const ALIKE: &[fn(&Sample<'_>, &mut Found)] = &[
    two_messages,
    role_names,
    role_order,
    block_holds_something,
    media_of_assistant,
    media_of_micro,
    images_in_message,
    videos_in_message,
    uris,
    reasoning_speaker,
    reasoning_model,
    tools,
    tool_uses,
    tool_results,
    tool_speakers,
    pairing,
];

fn two_messages(sample: &Sample<'_>, found: &mut Found) {
    let given = sample.record.get("messages").is_some_and(Value::is_array);
    if given && sample.messages.len() < 2 {
        found.add(&TWO_MESSAGES, "$.messages");
    }
}

fn role_names(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.role.is_some() && !message.is("user") && !message.is("assistant") {
            found.add(&ROLE_NAME, "$.messages[].role");
        }
    }
}

fn role_order(sample: &Sample<'_>, found: &mut Found) {
    if !sample.has_roles() {
        return;
    }
    let turns = sample
        .messages
        .iter()
        .zip(["user", "assistant"].iter().cycle());
    let in_turn = turns
        .clone()
        .all(|(message, role)| message.role == Some(*role));
    let ends = sample
        .messages
        .last()
        .is_none_or(|last| last.role == Some("assistant"));
    if !in_turn || !ends {
        found.add(&ROLE_ORDER, "$.messages");
    }
}

fn block_holds_something(sample: &Sample<'_>, found: &mut Found) {
    for block in sample.blocks() {
        if BLOCKS.iter().all(|name| some(block, name).is_none()) {
            found.add(&BLOCK_HOLDS, "$.messages[].content[]");
        }
    }
}

fn media_of_assistant(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.is("assistant") && MEDIA.iter().any(|name| message.has(name)) {
            found.add(&MEDIA_OF_ASSISTANT, "$.messages[].content[]");
        }
    }
}

fn media_of_micro(sample: &Sample<'_>, found: &mut Found) {
    for name in MEDIA {
        if sample.nova == Nova::Micro && sample.each(name).next().is_some() {
            found.add(&MEDIA_OF_MICRO, format!("$.messages[].content[].{name}"));
        }
    }
}

fn images_in_message(sample: &Sample<'_>, found: &mut Found) {
    if sample
        .messages
        .iter()
        .any(|message| message.count("image") > 10)
    {
        found.add(&IMAGES, "$.messages[].content[].image");
    }
}

fn videos_in_message(sample: &Sample<'_>, found: &mut Found) {
    if sample
        .messages
        .iter()
        .any(|message| message.count("video") > 1)
    {
        found.add(&VIDEOS, "$.messages[].content[].video");
    }
}

/// The uri of each medium.
pub(super) fn each_uri<'a>(sample: &Sample<'a>) -> impl Iterator<Item = (&'static str, &'a str)> {
    let all = MEDIA.map(|name| {
        let uris = sample.each(name);
        uris.filter_map(move |media| {
            text(media, &["source", "s3Location", "uri"]).map(|uri| (name, uri))
        })
        .collect::<Vec<_>>()
    });
    all.into_iter().flatten()
}

fn uris(sample: &Sample<'_>, found: &mut Found) {
    for (name, uri) in each_uri(sample) {
        let at = format!("$.messages[].content[].{name}.source.s3Location.uri");
        if !uri.starts_with("s3://") {
            found.add(&URI_SCHEME, at);
        } else if !is_path(&uri.replace("s3://", "")) {
            found.add(&URI_CHARACTERS, at);
        }
    }
}

fn reasoning_speaker(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.role.is_some() && !message.is("assistant") && message.has("reasoningContent") {
            found.add(
                &REASONING_SPEAKER,
                "$.messages[].content[].reasoningContent",
            );
        }
    }
}

fn reasoning_model(sample: &Sample<'_>, found: &mut Found) {
    if sample.nova != Nova::Lite2 && sample.each("reasoningContent").next().is_some() {
        found.add(&REASONING_MODEL, "$.messages[].content[].reasoningContent");
    }
}

fn tools(sample: &Sample<'_>, found: &mut Found) {
    let Some(tools) = sample.tools() else { return };
    if tools.is_empty() {
        found.add(&TOOLS_EMPTY, "$.toolConfig.tools");
    }
    let mut names = Vec::new();
    for tool in tools {
        let at = "$.toolConfig.tools[].toolSpec";
        for member in ["name", "description"] {
            if text(tool, &["toolSpec", member]).is_some_and(is_blank) {
                found.add(&TOOL_BLANK, format!("{at}.{member}"));
            }
        }
        let schema = tool.pointer("/toolSpec/inputSchema/json");
        if schema.is_some_and(|schema| schema.is_object() && schema.get("type").is_none()) {
            found.add(&TOOL_SCHEMA, format!("{at}.inputSchema.json"));
        }
        let name = text(tool, &["toolSpec", "name"]);
        if name.is_some() && names.contains(&name) {
            found.add(&TOOL_TWICE, format!("{at}.name"));
        }
        names.push(name);
    }
}

fn tool_uses(sample: &Sample<'_>, found: &mut Found) {
    for used in sample.each("toolUse") {
        for member in ["toolUseId", "name"] {
            if text(used, &[member]).is_some_and(is_blank) {
                found.add(
                    &TOOL_ID_BLANK,
                    format!("$.messages[].content[].toolUse.{member}"),
                );
            }
        }
    }
}

fn tool_results(sample: &Sample<'_>, found: &mut Found) {
    let at = "$.messages[].content[].toolResult";
    for result in sample.each("toolResult") {
        if text(result, &["toolUseId"]).is_some_and(is_blank) {
            found.add(&TOOL_ID_BLANK, format!("{at}.toolUseId"));
        }
        let Some(content) = result.get("content").and_then(Value::as_array) else {
            continue;
        };
        if content.is_empty() {
            found.add(&TOOL_RESULT_EMPTY, format!("{at}.content"));
        }
        for item in content.iter().filter_map(Value::as_object) {
            if some(item, "text").is_some() == some(item, "json").is_some() {
                found.add(&TOOL_RESULT_ITEM, format!("{at}.content[]"));
            }
        }
    }
}

fn tool_speakers(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.is("user") && message.has("toolUse") {
            found.add(&TOOL_USE_SPEAKER, "$.messages[].content[].toolUse");
        }
        if message.is("assistant") && message.has("toolResult") {
            found.add(&TOOL_RESULT_SPEAKER, "$.messages[].content[].toolResult");
        }
    }
    for block in sample.blocks() {
        if some(block, "toolUse").is_some() && some(block, "toolResult").is_some() {
            found.add(&TOOL_BOTH, "$.messages[].content[]");
        }
    }
}

/// Nothing is looked at without a toolConfig, and a use without a result is no breach.
fn pairing(sample: &Sample<'_>, found: &mut Found) {
    let Some(tools) = sample.tools() else { return };
    let names: Vec<&str> = tools
        .iter()
        .filter_map(|tool| text(tool, &["toolSpec", "name"]))
        .collect();
    let (mut used, mut answered) = (Vec::new(), Vec::new());
    let at = "$.messages[].content[]";
    for block in sample.blocks() {
        if let Some(tool_use) = some(block, "toolUse") {
            if text(tool_use, &["name"]).is_some_and(|name| !names.contains(&name)) {
                found.add(&TOOL_UNKNOWN, format!("{at}.toolUse.name"));
            }
            if let Some(id) = text(tool_use, &["toolUseId"]) {
                if used.contains(&id) {
                    found.add(&TOOL_USE_TWICE, format!("{at}.toolUse.toolUseId"));
                }
                used.push(id);
            }
        }
        if let Some(id) = some(block, "toolResult").and_then(|result| text(result, &["toolUseId"]))
        {
            if !used.contains(&id) {
                found.add(&TOOL_RESULT_UNKNOWN, format!("{at}.toolResult.toolUseId"));
            }
            if answered.contains(&id) {
                found.add(&TOOL_RESULT_TWICE, format!("{at}.toolResult.toolUseId"));
            }
            answered.push(id);
        }
    }
}
