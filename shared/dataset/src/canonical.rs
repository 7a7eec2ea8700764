//! The canonical lines of a shard: written in one fixed form, and read back for duplicates, leakage and the hold-out.
mod earlier;
mod preferences;
mod trainers;
pub(crate) mod whole;

use perennial_core::limits::RecordShape;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{
    conversation::{Role, Turn as PlainTurn, render_prompt},
    evaluation::EvalRecord,
    finding::{Problem, bounded},
    json::{Tape, Text, Value},
    record::{Block, Conversation, Media, Record, ResultPart, ToolResult, ToolUse, Turn},
    rules,
};

pub(crate) use earlier::earlier;
pub(crate) use trainers::{other_trainer, shape_name};

/// The schema version that Nova's documentation asks for.
pub(crate) const SCHEMA_VERSION: &str = "bedrock-conversation-2024";

/// Where the answer begins in what was written, in bytes of the output; nothing for a record without one.
pub(crate) type Answer = Option<usize>;

/// Writes one canonical line, or says which text has no place in `shape`. After an error the output holds a part of the line.
pub(crate) fn write(
    record: &Record<'_>,
    shape: RecordShape,
    out: &mut Vec<u8>,
) -> Result<Answer, Problem> {
    let answer = match (record, shape) {
        (
            Record::Conversation(record),
            RecordShape::BedrockConversation | RecordShape::DistillationPrompts,
        ) => bedrock(record, shape, out)?,
        (Record::Conversation(record), RecordShape::AnthropicMessages) => anthropic(record, out)?,
        (Record::Conversation(record), RecordShape::PromptCompletion) => pair(record, out)?,
        (Record::Document(text), RecordShape::Documents) => {
            document(text.raw().as_bytes(), out);
            None
        }
        (Record::Caption { image, caption }, RecordShape::ImageCaptions) => {
            push(
                out,
                &["{\"image-ref\":\"", image.raw(), "\",\"caption\":\""],
            );
            let start = out.len();
            push(out, &[caption.raw()]);
            push(out, &["\"}"]);
            Some(start)
        }
        (Record::Preference(preference), RecordShape::Preferences) => {
            preferences::write(preference, out)
        }
        (Record::Reinforcement { json, .. }, RecordShape::Reinforcement)
        | (Record::Log { json, .. }, RecordShape::InvocationLogs) => {
            out.extend_from_slice(json);
            None
        }
        (record, shape) => return Err(trainers::of_another(record, shape)),
    };
    out.push(b'\n');
    Ok(answer)
}

/// Appends the line of a document without its line feed; `raw` is its escaped text.
pub(crate) fn document(raw: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(DOCUMENT.0);
    out.extend_from_slice(raw);
    out.extend_from_slice(DOCUMENT.1);
}

/// What stands before and after the text of a document.
pub(crate) const DOCUMENT: (&[u8], &[u8]) = (b"{\"text\":\"", b"\"}");

/// The escaped text of a line that [`document`] wrote.
pub(crate) fn document_text(line: &[u8]) -> Option<&[u8]> {
    line.trim_ascii_end()
        .strip_prefix(DOCUMENT.0)?
        .strip_suffix(DOCUMENT.1)
}

/// Appends the parts; room is made once for all of them.
#[inline]
fn push(out: &mut Vec<u8>, parts: &[&str]) {
    out.reserve(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

fn bedrock(
    record: &Conversation<'_>,
    shape: RecordShape,
    out: &mut Vec<u8>,
) -> Result<Answer, Problem> {
    push(out, &["{\"schemaVersion\":\"", SCHEMA_VERSION, "\","]);
    if !record.system.is_empty() {
        // One text: Llama's and the distillation's form have no more than one.
        push(out, &["\"system\":[{\"text\":\""]);
        joined(&record.system, out);
        push(out, &["\"}],"]);
    }
    push(out, &["\"messages\":["]);
    let mut answer = None;
    for (index, turn) in record.turns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let open = match turn.role {
            Role::User => "{\"role\":\"user\",\"content\":[",
            Role::Assistant => "{\"role\":\"assistant\",\"content\":[",
        };
        push(out, &[open]);
        let start = out.len();
        if let [Block::Text(text)] = &turn.blocks[..] {
            push(out, &["{\"text\":\"", text.raw(), "\"}]}"]);
        } else if shape == RecordShape::DistillationPrompts {
            push(out, &["{\"text\":\""]);
            only_text(turn, out)?;
            push(out, &["\"}]}"]);
        } else {
            for (index, block) in turn.blocks.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_block(block, out);
            }
            push(out, &["]}"]);
        }
        answer = (turn.role == Role::Assistant).then_some(start);
    }
    out.push(b']');
    if let Some(tools) = &record.tools {
        push(out, &[",\"toolConfig\":", tools]);
    }
    out.push(b'}');
    Ok(answer)
}

fn write_block(block: &Block<'_>, out: &mut Vec<u8>) {
    match block {
        Block::Text(text) => push(out, &["{\"text\":\"", text.raw(), "\"}"]),
        Block::Reasoning(text) => {
            push(
                out,
                &[
                    "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"",
                    text.raw(),
                    "\"}}}",
                ],
            );
        }
        Block::Media(media) => write_media(media, out),
        Block::ToolUse(used) => {
            let ToolUse { id, name, input } = used.as_ref();
            push(
                out,
                &[
                    "{\"toolUse\":{\"toolUseId\":\"",
                    id.raw(),
                    "\",\"name\":\"",
                    name.raw(),
                ],
            );
            push(out, &["\",\"input\":", input, "}}"]);
        }
        Block::ToolResult(result) => write_result(result, out),
    }
}

fn write_media(media: &Media<'_>, out: &mut Vec<u8>) {
    push(
        out,
        &[
            "{\"",
            media.kind.as_str(),
            "\":{\"format\":\"",
            media.format.raw(),
        ],
    );
    push(
        out,
        &[
            "\",\"source\":{\"s3Location\":{\"uri\":\"",
            media.uri.raw(),
            "\"",
        ],
    );
    if let Some(owner) = &media.owner {
        push(out, &[",\"bucketOwner\":\"", owner.raw(), "\""]);
    }
    push(out, &["}}}}"]);
}

fn write_result(result: &ToolResult<'_>, out: &mut Vec<u8>) {
    push(
        out,
        &[
            "{\"toolResult\":{\"toolUseId\":\"",
            result.id.raw(),
            "\",\"content\":[",
        ],
    );
    for (index, part) in result.content.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match part {
            ResultPart::Text(text) => push(out, &["{\"text\":\"", text.raw(), "\"}"]),
            ResultPart::Json(json) => push(out, &["{\"json\":", json, "}"]),
        }
    }
    push(out, &["]"]);
    if let Some(status) = &result.status {
        push(out, &[",\"status\":\"", status.raw(), "\""]);
    }
    push(out, &["}}"]);
}

fn anthropic(record: &Conversation<'_>, out: &mut Vec<u8>) -> Result<Answer, Problem> {
    out.push(b'{');
    if !record.system.is_empty() {
        push(out, &["\"system\":\""]);
        joined(&record.system, out);
        push(out, &["\","]);
    }
    push(out, &["\"messages\":["]);
    let mut answer = None;
    for (index, turn) in record.turns.iter().enumerate() {
        push(
            out,
            &[
                if index > 0 { "," } else { "" },
                "{\"role\":\"",
                turn.role.as_str(),
                "\",\"content\":\"",
            ],
        );
        let start = out.len();
        only_text(turn, out)?;
        answer = (turn.role == Role::Assistant).then_some(start);
        push(out, &["\"}"]);
    }
    push(out, &["]}"]);
    Ok(answer)
}

fn pair(record: &Conversation<'_>, out: &mut Vec<u8>) -> Result<Answer, Problem> {
    let [prompt, completion] = &record.turns[..] else {
        return Err(Problem::new(
            &rules::NO_PLACE,
            "$.messages",
            format!("{} messages", record.turns.len()),
            "This model trains on prompt and completion only. Write one record per answer, with what came before it in the prompt.",
        ));
    };
    if !record.system.is_empty() {
        let texts: Vec<_> = record.system.iter().map(Text::plain).collect();
        return Err(Problem::new(
            &rules::NO_PLACE,
            "$.system",
            bounded(&texts.join("\n")),
            "This model trains on prompt and completion only. Write the system text at the start of the prompt, here and wherever the model is asked.",
        ));
    }
    push(out, &["{\"prompt\":\""]);
    only_text(prompt, out)?;
    push(out, &["\",\"completion\":\""]);
    let start = out.len();
    only_text(completion, out)?;
    push(out, &["\"}"]);
    Ok(Some(start))
}

/// The texts of a turn that may hold nothing else, a line feed between them.
fn only_text(turn: &Turn<'_>, out: &mut Vec<u8>) -> Result<(), Problem> {
    for (index, block) in turn.blocks.iter().enumerate() {
        let Block::Text(text) = block else {
            return Err(Problem::new(
                &rules::NO_PLACE,
                format!("$.messages[{}]", turn.index),
                "something else than text",
                "This model trains on text only: take the record out.",
            ));
        };
        push(out, &[if index > 0 { "\\n" } else { "" }, text.raw()]);
    }
    Ok(())
}

fn joined(texts: &[Text<'_>], out: &mut Vec<u8>) {
    for (index, text) in texts.iter().enumerate() {
        push(out, &[if index > 0 { "\\n" } else { "" }, text.raw()]);
    }
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

/// What a canonical line holds, as sealing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CanonicalRecord {
    /// The rendered prompt; a document's whole text.
    pub(crate) prompt: String,
    /// Nothing for a record without an answer.
    pub(crate) completion: Option<String>,
    /// Tokens of every text, estimated.
    pub(crate) tokens: u64,
    /// What it is known by across files, if that is not the whole line.
    pub(crate) digest: Option<[u8; 16]>,
}

/// Prompt and completion of a canonical line, in one parse.
pub(crate) fn read(canonical_line: &[u8]) -> Option<(String, Option<String>)> {
    read_by(&mut Tape::default(), canonical_line).map(|record| (record.prompt, record.completion))
}

/// `read` on a tape that is used again.
pub(crate) fn read_by(tape: &mut Tape, canonical_line: &[u8]) -> Option<CanonicalRecord> {
    let line = std::str::from_utf8(canonical_line).ok()?.trim_ascii_end();
    tape.parse_canonical(line).ok()?;
    let value = tape.value(line);
    let mut tokens = 0;
    count_tokens(value, "", "", &mut tokens);
    let known = |prompt, completion, digest| CanonicalRecord {
        prompt,
        completion,
        tokens,
        digest,
    };
    // Conversations and logs may have members of one's own beside what decides: it is looked for before all others.
    let own = value.some("messages");
    let logged = value
        .get("input")
        .and_then(|input| input.get("inputBodyJson"))
        .filter(|_| own.is_none());
    let read = logged.and_then(|body| body.get("messages"));
    let Some(messages) = own.or(read.filter(|list| list.count() > 0)) else {
        let Some(body) = logged else {
            return members(value).map(|(prompt, completion)| known(prompt, completion, None));
        };
        // The logs of models that take one text.
        let prompt = ["prompt", "inputText"]
            .iter()
            .find_map(|name| body.get(name)?.text())?;
        let turn = PlainTurn::new(Role::User, prompt.plain());
        return Some(known(render_prompt(&[turn]), None, whole::digest(value)));
    };
    // What the system says is no part of the question, here as in an evaluation set.
    let spoken = messages.items().filter(|message| {
        !message
            .get("role")
            .is_some_and(|role| role.is("system") || role.is("developer"))
    });
    let turns: Option<Vec<PlainTurn<'_>>> = spoken.map(turn).collect();
    let turns = turns.filter(|turns| !turns.is_empty())?;
    let reinforced = logged.is_none() && value.has("reference_answer");
    let completion = turns
        .last()
        .filter(|last| last.role == Role::Assistant && !reinforced)
        .map(|last| last.text().into_owned())
        // An answer that only uses a tool is nothing that another answer can be compared with.
        .filter(|text| !text.trim().is_empty());
    Some(known(
        render_prompt(&turns),
        completion,
        whole::digest(value),
    ))
}

/// Prompt and completion of a line that has a member for each.
fn members(value: Value<'_>) -> Option<(String, Option<String>)> {
    if let Some(question) = EvalRecord::read(value) {
        return Some((question.prompt, Some(question.reference_response)));
    }
    let text = |name| Some(value.get(name)?.text()?.plain().into_owned());
    let pairs = [("prompt", "completion"), ("image-ref", "caption")];
    let pair = |(prompt, completion)| Some((text(prompt)?, Some(text(completion)?)));
    let found = pairs.into_iter().find_map(pair);
    found.or_else(|| Some((text("text")?, None)))
}

/// Tokens of every text, and of what tools are defined by, given and answer, as it stands. `within` is the member that holds `name`.
fn count_tokens(value: Value<'_>, within: &str, name: &str, tokens: &mut u64) {
    let is_json = matches!(
        (within, name),
        (_, "toolConfig" | "tools") | ("toolUse", "input") | ("content", "json")
    );
    match value.text() {
        None if name == "image" && value.has("source") => *tokens += crate::tokens::IMAGE_TOKENS,
        _ if is_json => *tokens += crate::tokens::estimate_tokens(value.raw()),
        Some(text)
            if !matches!(
                name,
                "role"
                    | "schemaVersion"
                    | "category"
                    | "image-ref"
                    | "uri"
                    | "format"
                    | "preferenceLabel"
            ) =>
        {
            *tokens += crate::tokens::estimate(&text);
        }
        Some(_) => {}
        None => {
            for item in value.items() {
                let own = item.name();
                // What stands in a list has the list's name.
                let (within, name) = if own.is_empty() {
                    (within, name)
                } else {
                    (name, own.as_ref())
                };
                count_tokens(item, within, name, tokens);
            }
        }
    }
}

fn turn(message: Value<'_>) -> Option<PlainTurn<'_>> {
    let role = match message.get("role")? {
        role if role.is("user") || role.is("tool") => Role::User,
        role if role.is("assistant") => Role::Assistant,
        _ => return None,
    };
    let content = match message.get("content") {
        // A message that only uses a tool has no content.
        None if !message.has("candidates") => None,
        None => Some(preferences::preferred(message)?),
        content => content,
    };
    let texts = match content.and_then(Value::text) {
        Some(text) => vec![text.plain().into_owned().into()],
        None => (content.into_iter().flat_map(Value::items))
            .filter_map(|block| Some(block.get("text")?.text()?.plain().into_owned().into()))
            .collect(),
    };
    Some(PlainTurn { role, texts })
}
