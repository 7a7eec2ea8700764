//! The canonical lines of a shard: written in one fixed form, and read back for duplicates, leakage and the hold-out.
use std::borrow::Cow;

use perennial_core::limits::RecordShape;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    conversation::{Conversation, Role, Turn, joined, render_prompt},
    evaluation::EvalRecord,
    finding::{Problem, bounded},
    json::{Json, Object, parse_canonical},
    rules,
};

/// The schema version that Nova's documentation asks for.
pub(crate) const SCHEMA_VERSION: &str = "bedrock-conversation-2024";

#[derive(Serialize)]
struct Block<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Message<T> {
    role: &'static str,
    content: T,
}

#[derive(Serialize)]
struct BedrockConversation<'a> {
    #[serde(rename = "schemaVersion")]
    schema_version: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Message<Vec<Block<'a>>>>,
}

#[derive(Serialize)]
struct AnthropicMessages<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Cow<'a, str>>,
    messages: Vec<Message<Cow<'a, str>>>,
}

#[derive(Serialize)]
struct PromptCompletion<'a> {
    prompt: Cow<'a, str>,
    completion: Cow<'a, str>,
}

/// Writes one canonical line, or says which text has no place in `shape`.
pub(crate) fn write(
    record: &Conversation<'_>,
    shape: RecordShape,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    match shape {
        RecordShape::BedrockConversation => line(
            out,
            &BedrockConversation {
                schema_version: SCHEMA_VERSION,
                system: blocks(&record.system),
                messages: record
                    .turns
                    .iter()
                    .map(|turn| Message {
                        role: turn.role.as_str(),
                        content: blocks(&turn.texts),
                    })
                    .collect(),
            },
        ),
        RecordShape::AnthropicMessages => line(
            out,
            &AnthropicMessages {
                system: (!record.system.is_empty()).then(|| joined(&record.system)),
                messages: record
                    .turns
                    .iter()
                    .map(|turn| Message {
                        role: turn.role.as_str(),
                        content: turn.text(),
                    })
                    .collect(),
            },
        ),
        RecordShape::PromptCompletion => {
            let [prompt, completion] = &record.turns[..] else {
                return Err(Problem::new(
                    &rules::NO_PLACE,
                    "$.messages",
                    format!("{} messages", record.turns.len()),
                    "This model trains on prompt and completion only. Write one record per answer, with what came before it in the prompt.",
                ));
            };
            if !record.system.is_empty() {
                return Err(Problem::new(
                    &rules::NO_PLACE,
                    "$.system",
                    bounded(&joined(&record.system)),
                    "This model trains on prompt and completion only. Write the system text at the start of the prompt, here and wherever the model is asked.",
                ));
            }
            line(
                out,
                &PromptCompletion {
                    prompt: prompt.text(),
                    completion: completion.text(),
                },
            );
        }
    }
    Ok(())
}

fn blocks<'a>(texts: &'a [Cow<'_, str>]) -> Vec<Block<'a>> {
    texts.iter().map(|text| Block { text }).collect()
}

/// Appends `value` as one line of JSON. Strings and structs always serialize, and a vector takes all bytes.
pub(crate) fn line(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_ok() {
        out.push(b'\n');
    } else {
        out.truncate(start);
    }
}

/// The rendered prompt of a canonical training or evaluation line ([`render_prompt`]); nothing if it is no such line.
#[must_use]
pub fn prompt_of(canonical_line: &[u8]) -> Option<String> {
    read(canonical_line).map(|(prompt, _)| prompt)
}

/// The completion of a canonical line: the last assistant turn, the `completion`, or the `referenceResponse`.
#[must_use]
pub fn completion_of(canonical_line: &[u8]) -> Option<String> {
    read(canonical_line).and_then(|(_, completion)| completion)
}

/// What a canonical line is known by when exact duplicates are looked for: 16 bytes of SHA-256.
#[must_use]
pub fn record_digest(canonical_line: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(canonical_line.trim_ascii_end())[..16]);
    digest
}

/// Every text of a canonical line: system, prompt and completion.
pub(crate) fn texts_of(canonical_line: &[u8]) -> Vec<String> {
    fn gather(json: &Json<'_>, name: &str, texts: &mut Vec<String>) {
        match json {
            Json::Text(text) if !matches!(name, "role" | "schemaVersion" | "category") => {
                texts.push(text.to_string())
            }
            Json::Array(items) => items.iter().for_each(|item| gather(item, name, texts)),
            Json::Object(object) => object
                .0
                .iter()
                .for_each(|(name, value)| gather(value, name, texts)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    if let Ok(json) = std::str::from_utf8(canonical_line)
        .map_err(drop)
        .and_then(|text| parse_canonical(text).map_err(drop))
    {
        gather(&json, "", &mut texts);
    }
    texts
}

/// Prompt and completion of a canonical line, in one parse.
pub(crate) fn read(canonical_line: &[u8]) -> Option<(String, Option<String>)> {
    let Ok(Json::Object(object)) = parse_canonical(std::str::from_utf8(canonical_line).ok()?)
    else {
        return None;
    };
    if let Some(evaluation) = EvalRecord::read(&object) {
        return Some((evaluation.prompt, Some(evaluation.reference_response)));
    }
    if let (Some(Json::Text(prompt)), Some(Json::Text(completion))) =
        (object.get("prompt"), object.get("completion"))
    {
        return Some((prompt.to_string(), Some(completion.to_string())));
    }
    let Some(Json::Array(messages)) = object.get("messages") else {
        return None;
    };
    let turns: Option<Vec<Turn<'_>>> = messages.iter().map(|message| turn(message)).collect();
    let turns = turns.filter(|turns| !turns.is_empty())?;
    let completion = turns
        .last()
        .filter(|last| last.role == Role::Assistant)
        .map(|last| last.text().into_owned());
    Some((render_prompt(&turns), completion))
}

fn turn<'a>(message: &'a Json<'_>) -> Option<Turn<'a>> {
    let Json::Object(message) = message else {
        return None;
    };
    let role = match message.get("role")? {
        Json::Text(role) if role == "user" => Role::User,
        Json::Text(role) if role == "assistant" => Role::Assistant,
        _ => return None,
    };
    let texts = match message.get("content")? {
        Json::Text(text) => vec![Cow::Borrowed(text.as_ref())],
        Json::Array(blocks) => blocks.iter().filter_map(block_text).collect(),
        _ => return None,
    };
    Some(Turn { role, texts })
}

fn block_text<'a>(block: &'a Json<'_>) -> Option<Cow<'a, str>> {
    let Json::Object(Object(members)) = block else {
        return None;
    };
    members.iter().find_map(|(name, value)| match value {
        Json::Text(text) if name == "text" => Some(Cow::Borrowed(text.as_ref())),
        _ => None,
    })
}
