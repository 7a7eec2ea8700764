//! The blocks of a Bedrock conversation's message.
use smallvec::SmallVec;

use super::{Block, Media, MediaKind, ResultPart, ToolResult, ToolUse};
use crate::{
    finding::{Problem, bounded},
    json::{Text, Value},
    members::{extra_members, names, wrong_type},
    path::Path,
    rules,
};

/// What a block may hold that has no place in training.
const NO_PLACE: &[&str] = &[
    "audio",
    "cachePoint",
    "guardContent",
    "citationsContent",
    "searchResult",
];

pub(super) fn read<'a>(
    content: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> SmallVec<[Block<'a>; 1]> {
    let mut blocks = SmallVec::new();
    if !content.is_array() {
        problems.push(wrong_type(
            path,
            "an array of blocks, [{\"text\": \"...\"}],",
            content,
        ));
        return blocks;
    }
    for (index, block) in content.items().enumerate() {
        // Nearly every block there is.
        if let Some(text) = block.only_text("text") {
            blocks.push(Block::Text(text));
            continue;
        }
        let path = Path::Item(&path, index);
        if !block.is_object() {
            problems.push(wrong_type(path, "a block, {\"text\": \"...\"},", block));
            continue;
        }
        read_block(block, path, &mut blocks, problems);
    }
    blocks
}

/// A block may hold more than one thing; each is a block of its own here.
fn read_block<'a>(
    block: Value<'a>,
    path: Path<'_>,
    blocks: &mut SmallVec<[Block<'a>; 1]>,
    problems: &mut Vec<Problem>,
) {
    let before = (blocks.len(), problems.len());
    for member in block.items() {
        let name = member.name();
        let path = Path::Member(&path, &name);
        if member.is_null() {
            continue;
        }
        match name.as_ref() {
            "text" => match member.text() {
                Some(text) => blocks.push(Block::Text(text)),
                None => problems.push(wrong_type(path, "a string", member)),
            },
            "image" => blocks.extend(media(MediaKind::Image, member, path, problems)),
            "video" => blocks.extend(media(MediaKind::Video, member, path, problems)),
            "document" => blocks.extend(media(MediaKind::Document, member, path, problems)),
            "reasoningContent" => blocks.extend(reasoning(member, path, problems)),
            "toolUse" => blocks.extend(tool_use(member, path, problems)),
            "toolResult" => blocks.extend(tool_result(member, path, problems)),
            other if NO_PLACE.contains(&other) => problems.push(Problem::new(
                &rules::NO_PLACE,
                path,
                other,
                "Take it out: no trainer has a place for it.",
            )),
            _ => {}
        }
    }
    if (blocks.len(), problems.len()) == before {
        problems.push(Problem::new(
            &rules::WRONG_TYPE,
            path,
            format!(
                "a block without text, with the members {}",
                bounded(&names(block))
            ),
            "Write the block as {\"text\": \"...\"}.",
        ));
        return;
    }
    extra_members(
        block,
        path,
        &[
            "text",
            "image",
            "video",
            "document",
            "reasoningContent",
            "toolUse",
            "toolResult",
            "audio",
            "cachePoint",
            "guardContent",
            "citationsContent",
            "searchResult",
        ],
        problems,
    );
}

fn media<'a>(
    kind: MediaKind,
    value: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Block<'a>> {
    let format = string(value, "format", path, problems)?;
    let source = value.some("source");
    let Some(location) = source.and_then(|source| source.some("s3Location")) else {
        let found = match source {
            Some(source) if source.has("bytes") => "bytes in the record".to_owned(),
            Some(source) => format!("a source with the members {}", bounded(&names(source))),
            None => "no source".to_owned(),
        };
        problems.push(Problem::new(
            &rules::MEDIA_SOURCE,
            Path::Member(&path, "source"),
            found,
            "Put the file into the bucket and write \"source\": {\"s3Location\": {\"uri\": \"s3://bucket/media/...\"}}.",
        ));
        return None;
    };
    let place = Path::Member(&path, "source");
    let inner = Path::Member(&place, "s3Location");
    let uri = string(location, "uri", inner, problems)?;
    let owner = location.some("bucketOwner").and_then(Value::text);
    extra_members(value, path, &["format", "source"], problems);
    if let Some(source) = source {
        extra_members(source, place, &["s3Location"], problems);
    }
    // One that is no string is left out like a member that nobody knows: whose account it is need not be said.
    let of_no_text = owner.is_none() && location.some("bucketOwner").is_some();
    let known = &["uri", "bucketOwner"][..2 - usize::from(of_no_text)];
    extra_members(location, inner, known, problems);
    Some(Block::Media(Box::new(Media {
        kind,
        format,
        uri,
        owner,
    })))
}

fn reasoning<'a>(
    value: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Block<'a>> {
    let Some(text) = value.some("reasoningText") else {
        problems.push(wrong_type(
            path,
            "{\"reasoningText\": {\"text\": \"...\"}}",
            value,
        ));
        return None;
    };
    extra_members(value, path, &["reasoningText"], problems);
    let path = Path::Member(&path, "reasoningText");
    extra_members(text, path, &["text"], problems);
    string(text, "text", path, problems).map(Block::Reasoning)
}

fn tool_use<'a>(
    value: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Block<'a>> {
    let id = named(value, "toolUseId", path, problems)?;
    let (name, input) = (
        named(value, "name", path, problems),
        object(value, "input", path, problems),
    );
    let (Some(name), Some(input)) = (name, input) else {
        // What is wrong with a use is said of it, and not of its result as well.
        return Some(Block::ToolUse(Box::new(ToolUse::unread(id))));
    };
    extra_members(value, path, &["toolUseId", "name", "input"], problems);
    Some(Block::ToolUse(Box::new(ToolUse { id, name, input })))
}

fn tool_result<'a>(
    value: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Block<'a>> {
    let id = named(value, "toolUseId", path, problems)?;
    let list = Path::Member(&path, "content");
    let Some(content) = value
        .get("content")
        .filter(|content| content.count() > 0 && content.is_array())
    else {
        problems.push(Problem::new(
            &rules::WRONG_TYPE,
            list,
            "no content",
            "Write what the tool answered as \"content\": [{\"text\": \"...\"}].",
        ));
        return None;
    };
    let mut parts = Vec::new();
    for (index, part) in content.items().enumerate() {
        let path = Path::Item(&list, index);
        // One of the wrong type is there, too: left out, it would be lost.
        match (part.some("text"), part.some("json")) {
            (Some(said), None) => match said.text() {
                Some(text) => parts.push(ResultPart::Text(text)),
                None => problems.push(wrong_type(Path::Member(&path, "text"), "a string", said)),
            },
            (None, Some(json)) if json.is_object() => parts.push(ResultPart::Json(compact(json))),
            (None, Some(json)) => {
                problems.push(wrong_type(Path::Member(&path, "json"), "an object", json));
            }
            _ => problems.push(Problem::new(
                &rules::WRONG_TYPE,
                path,
                format!("a part with the members {}", bounded(&names(part))),
                "Write exactly one of {\"text\": \"...\"} and {\"json\": {...}}.",
            )),
        }
        extra_members(part, path, &["text", "json"], problems);
    }
    let status = value.some("status");
    if let Some(other) = status.filter(|status| status.text().is_none()) {
        problems.push(wrong_type(
            Path::Member(&path, "status"),
            "a string, \"success\" or \"error\"",
            other,
        ));
    }
    let status = status.and_then(Value::text);
    extra_members(value, path, &["toolUseId", "content", "status"], problems);
    Some(Block::ToolResult(Box::new(ToolResult {
        id,
        content: parts,
        status,
    })))
}

/// The value as compact JSON. What is written is made of valid texts.
pub(super) fn compact(value: Value<'_>) -> String {
    let mut out = Vec::new();
    value.write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn string<'a>(
    value: Value<'a>,
    name: &str,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Text<'a>> {
    let text = value.some(name).and_then(Value::text);
    if text.is_none() {
        problems.push(missing(value, name, "a string", path));
    }
    text
}

/// A string with more than white space.
pub(super) fn named<'a>(
    value: Value<'a>,
    name: &str,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Text<'a>> {
    let text = string(value, name, path, problems)?;
    if text.is_blank() {
        problems.push(Problem::new(
            &rules::WRONG_TYPE,
            Path::Member(&path, name),
            "only white space",
            format!("Write the {name}."),
        ));
        return None;
    }
    Some(text)
}

fn object(
    value: Value<'_>,
    name: &str,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let found = value.some(name).filter(|found| found.is_object());
    if found.is_none() {
        problems.push(missing(value, name, "an object", path));
    }
    found.map(compact)
}

fn missing(value: Value<'_>, name: &str, wanted: &str, path: Path<'_>) -> Problem {
    let path = Path::Member(&path, name);
    match value.some(name) {
        Some(found) => wrong_type(path, wanted, found),
        None => Problem::new(
            &rules::WRONG_TYPE,
            path,
            format!("no {name}"),
            format!("Add \"{name}\" as {wanted}."),
        ),
    }
}
