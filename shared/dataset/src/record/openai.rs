//! OpenAI-style messages: contents as a string or in typed blocks, the system text as a message or a member, tool calls.
use smallvec::SmallVec;

use super::{
    Block, Conversation, Media, MediaKind, ResultPart, Taken, ToolResult, Turn, bedrock, blocks,
    calls, order, others, pair, weight,
};
use crate::{
    conversation::Role,
    finding::{Problem, bounded},
    json::{Text, Value},
    members::{empty_system, extra_members, names, white_space, wrong_type},
    path::Path,
    rules,
};
use perennial_core::limits::RecordShape;

/// Members of a message that are read or spoken about; others are extra.
const KNOWN: &[&str] = &[
    "role",
    "content",
    "tool_calls",
    "tool_call_id",
    "reasoning_content",
    "function_call",
    "refusal",
    "audio",
    // The last, so that it can be left out where it is none.
    "weight",
];
/// What has no place in any trainer's shape.
const NO_PLACE: &[&str] = &["function_call", "refusal", "audio"];

pub(super) fn read<'a>(
    value: Value<'a>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Conversation<'a> {
    let (record, complete) = read_messages(value, problems);
    let answered = taken.shape != RecordShape::DistillationPrompts;
    order::check(&record, complete, answered, problems);
    weight::check(value, problems);
    extra_members(
        value,
        Path::Root,
        &["system", "messages", "tools"],
        problems,
    );
    record
}

/// The record without a word about who speaks when, and whether every message could be read.
pub(super) fn read_messages<'a>(
    value: Value<'a>,
    problems: &mut Vec<Problem>,
) -> (Conversation<'a>, bool) {
    let mut record = Conversation {
        system: pair::system_text(value, problems),
        turns: Vec::with_capacity(4),
        tools: calls::tools(value, problems),
    };
    let list = Path::Member(&Path::Root, "messages");
    let mut leading = true;
    let mut complete = value.has("messages");
    // Whether the last turn is made of tools' answers, which the user's next message joins.
    let mut results = false;
    for (index, message) in order::messages(value, problems).enumerate() {
        let path = Path::Item(&list, index);
        let Some(said) = said(message, path, problems) else {
            complete = false;
            continue;
        };
        let is_system = said.role.is("system") || said.role.is("developer");
        if is_system && leading {
            for block in said.blocks {
                match block {
                    Block::Text(text) if text.is_blank() => problems.push(empty_system()),
                    Block::Text(text) => record.system.push(text),
                    _ => problems.push(wrong_type(path, "a system message of text", message)),
                }
            }
            continue;
        }
        leading = false;
        let is_result = said.role.is("tool");
        let role = if is_result {
            Some(Role::User)
        } else {
            order::speaker(said.role, path, problems)
        };
        let Some(role) = role else {
            complete = false;
            continue;
        };
        let turn = Turn {
            role,
            blocks: said.blocks,
            index,
        }
        .without_blanks(path, problems);
        if said.complete && !is_result {
            order::check_text(&turn, path, problems);
        }
        match record.turns.last_mut() {
            Some(last) if results && role == Role::User => last.blocks.extend(turn.blocks),
            _ => record.turns.push(turn),
        }
        results = is_result;
        complete &= said.complete || !is_result;
    }
    (record, complete)
}

pub(super) struct Said<'a> {
    pub(super) role: Value<'a>,
    pub(super) blocks: SmallVec<[Block<'a>; 1]>,
    /// Whether everything in it could be read.
    complete: bool,
}

pub(super) fn said<'a>(
    message: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Said<'a>> {
    if !message.is_object() {
        problems.push(wrong_type(path, "an object with role and content", message));
        return None;
    }
    let before = problems.len();
    let known = &KNOWN[..KNOWN.len() - usize::from(!weight::is_known(message))];
    extra_members(message, path, known, problems);
    for name in NO_PLACE {
        if message
            .some(name)
            .is_some_and(|value| value.kind_name() != "an array" || value.count() > 0)
        {
            problems.push(Problem::new(
                &rules::NO_PLACE,
                Path::Member(&path, name),
                *name,
                "Take it out, or say in text what it holds (a function_call as tool_calls).",
            ));
        }
    }
    let role = order::role(message, path, problems)?;
    if !role.is("tool") {
        others::left_out(message, &["tool_call_id"], path, problems);
    }
    let mut blocks = SmallVec::new();
    match message
        .some("reasoning_content")
        .map(|said| (said, said.text()))
    {
        Some((_, Some(text))) if text.is_blank() => {
            let path = Path::Member(&path, "reasoning_content");
            problems.extend(white_space(path, &text));
        }
        Some((_, Some(text))) => blocks.push(Block::Reasoning(text)),
        Some((other, None)) => problems.push(wrong_type(
            Path::Member(&path, "reasoning_content"),
            "a string",
            other,
        )),
        _ => {}
    }
    // An empty list is how many write "none".
    let calls = message
        .some("tool_calls")
        .filter(|calls| !calls.is_array() || calls.count() > 0);
    match message.get("content") {
        Some(content) if role.is("tool") => {
            blocks.extend(result(message, content, path, problems));
        }
        Some(content) if content.is_null() && calls.is_some() => {}
        Some(content) => contents(content, path, calls.is_some(), &mut blocks, problems),
        None if calls.is_some() => {}
        None => {
            problems.push(bedrock::no_content(role, path));
            return None;
        }
    }
    if let Some(calls) = calls {
        let list = Path::Member(&path, "tool_calls");
        if !calls.is_array() {
            problems.push(wrong_type(list, "an array of tool calls", calls));
        } else {
            for (index, call) in calls.items().enumerate() {
                blocks.extend(calls::one(call, Path::Item(&list, index), problems));
            }
        }
    }
    let complete = !problems[before..].iter().any(Problem::is_error);
    Some(Said {
        role,
        blocks,
        complete,
    })
}

fn contents<'a>(
    content: Value<'a>,
    path: Path<'_>,
    calls: bool,
    blocks: &mut SmallVec<[Block<'a>; 1]>,
    problems: &mut Vec<Problem>,
) {
    let path = Path::Member(&path, "content");
    if let Some(text) = content.text() {
        // Beside tool calls, an empty content is how many write "nothing said".
        if calls && text.is_blank() {
            problems.extend(white_space(path, &text));
        } else {
            blocks.push(Block::Text(text));
        }
        return;
    }
    if !content.is_array() {
        problems.push(wrong_type(path, "a string", content));
        return;
    }
    for (index, part) in content.items().enumerate() {
        let path = Path::Item(&path, index);
        let kind = part.get("type");
        let is = |names: &[&str]| kind.is_some_and(|kind| names.iter().any(|name| kind.is(name)));
        if is(&["text", "input_text", "output_text"]) || kind.is_none() && part.has("text") {
            match part.get("text").and_then(Value::text) {
                Some(text) => blocks.push(Block::Text(text)),
                None => problems.push(wrong_type(
                    path,
                    "{\"type\": \"text\", \"text\": \"...\"}",
                    part,
                )),
            }
            extra_members(part, path, &["type", "text"], problems);
        } else if is(&["image_url", "input_image"]) {
            blocks.extend(image(part, path, problems));
            extra_members(part, path, &["type", "image_url"], problems);
        } else {
            problems.push(
                Problem::new(
                    &rules::NO_PLACE,
                    path,
                    format!("a block with the members {}", bounded(&names(part))),
                    "Write it as {\"type\": \"text\", \"text\": \"...\"}, or as an image_url with an s3:// address.",
                )
                .at(part.span()),
            );
        }
    }
}

fn image<'a>(part: Value<'a>, path: Path<'_>, problems: &mut Vec<Problem>) -> Option<Block<'a>> {
    let found = part.get("image_url");
    let url = found.and_then(|url| url.text().or_else(|| url.get("url")?.text()));
    let Some(uri) = url.filter(|url| url.raw().starts_with("s3://")) else {
        problems.push(
            Problem::new(
                &rules::MEDIA_SOURCE,
                path,
                bounded(part.raw()),
                "Put the image into the bucket under media/<pipeline>/ and write its s3:// address.",
            )
            .at(part.span()),
        );
        return None;
    };
    if let Some(found) = found.filter(|found| found.is_object()) {
        extra_members(found, Path::Member(&path, "image_url"), &["url"], problems);
    }
    let plain = uri.plain();
    let format = plain
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let format = if format == "jpg" {
        "jpeg".to_owned()
    } else {
        format
    };
    let format = Text::of(&format);
    drop(plain);
    Some(Block::Media(Box::new(Media {
        kind: MediaKind::Image,
        format,
        uri,
        owner: None,
    })))
}

fn result<'a>(
    message: Value<'a>,
    content: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Block<'a>> {
    let id = blocks::named(message, "tool_call_id", path, problems)?;
    // As in Bedrock's form. The use before it has its result all the same, so that no more is said of it.
    if content.is_array() && content.count() == 0 {
        problems.push(Problem::new(
            &rules::WRONG_TYPE,
            Path::Member(&path, "content"),
            "no content",
            "Write what the tool answered as \"content\": \"...\".",
        ));
    }
    let mut said = SmallVec::new();
    contents(content, path, false, &mut said, problems);
    let mut parts = Vec::new();
    for block in said {
        match block {
            Block::Text(text) => parts.push(ResultPart::Text(text)),
            _ => problems.push(wrong_type(path, "a tool's answer in text", content)),
        }
    }
    Some(Block::ToolResult(Box::new(ToolResult {
        id,
        content: parts,
        status: None,
    })))
}
