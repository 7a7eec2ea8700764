//! The tools that a record defines, and whether what uses them and what they answered belong together.
use std::collections::{BTreeMap, BTreeSet};

use super::{Block, Conversation, Optional, Record, ToolUse, Turn, blocks};
use crate::{
    conversation::Role,
    finding::{Problem, bounded},
    json::{Tape, Value, refuse},
    members::wrong_type,
    path::Path,
    refusal::refusal,
    rules,
};

/// `toolConfig` as compact JSON, if it is there.
pub(super) fn config(value: Value<'_>, problems: &mut Vec<Problem>) -> Option<String> {
    let config = value.some("toolConfig")?;
    let path = Path::Member(&Path::Root, "toolConfig");
    let list = Path::Member(&path, "tools");
    let Some(tools) = config
        .get("tools")
        .filter(|tools| tools.is_array() && tools.count() > 0)
    else {
        problems.push(wrong_type(
            path,
            "{\"tools\": [{\"toolSpec\": ...}]}",
            config,
        ));
        return None;
    };
    let mut names = BTreeSet::new();
    for (index, tool) in tools.items().enumerate() {
        let item = Path::Item(&list, index);
        let Some(spec) = tool.some("toolSpec").filter(|spec| spec.is_object()) else {
            problems.push(wrong_type(item, "{\"toolSpec\": {...}}", tool));
            continue;
        };
        let item = Path::Member(&item, "toolSpec");
        let name = blocks::named(spec, "name", item, problems);
        blocks::named(spec, "description", item, problems);
        let schema = spec
            .some("inputSchema")
            .and_then(|schema| schema.some("json"));
        if !schema.is_some_and(|schema| schema.has("type")) {
            problems.push(Problem::new(
                &rules::TOOL_SPEC,
                Path::Member(&item, "inputSchema"),
                "no JSON Schema with a type",
                "Write \"inputSchema\": {\"json\": {\"type\": \"object\", \"properties\": {...}}}.",
            ));
        }
        if let Some(name) = name
            && !names.insert(name.raw().to_owned())
        {
            problems.push(Problem::new(
                &rules::TOOL_SPEC,
                Path::Member(&item, "name"),
                format!("\"{}\" is defined twice", bounded(&name.plain())),
                "Give each tool a name of its own.",
            ));
        }
    }
    Some(blocks::compact(config))
}

/// The names that a compact `toolConfig` defines, as they are escaped in it.
fn defined(config: &str) -> BTreeSet<String> {
    let mut tape = crate::json::Tape::default();
    if tape.parse_canonical(config).is_err() {
        return BTreeSet::new();
    }
    let tools = tape.value(config).get("tools");
    tools
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|tool| Some(tool.get("toolSpec")?.get("name")?.text()?.raw().to_owned()))
        .collect()
}

/// Uses and results: each use by the assistant, of a tool that is defined, with an id of its own; each result by the user, for an
/// earlier use, once; and no use that the next message does not answer, as Converse refuses a conversation that goes on without. A use
/// in the last message is an answer to learn.
pub(super) fn check(record: &Conversation<'_>, problems: &mut Vec<Problem>) {
    let used = record.turns.iter().flat_map(|turn| &turn.blocks);
    if !used
        .clone()
        .any(|block| matches!(block, Block::ToolUse(_) | Block::ToolResult(_)))
    {
        return;
    }
    let names = record.tools.as_deref().map(defined);
    let mut answered: BTreeMap<&str, bool> = BTreeMap::new();
    let messages = Path::Member(&Path::Root, "messages");
    for (at, turn) in record.turns.iter().enumerate() {
        let path = Path::Item(&messages, turn.index);
        let next = record.turns.get(at + 1);
        for block in &turn.blocks {
            match block {
                Block::ToolUse(used) => {
                    if turn.role == Role::User {
                        problems.push(place(path, "a toolUse block in a user message"));
                    }
                    if turn.role == Role::Assistant
                        && let Some(next) = next.filter(|next| next.role == Role::User)
                        && !answers(next, used)
                    {
                        problems.push(Problem::new(
                            &rules::TOOL_PAIRING,
                            path,
                            format!(
                                "the use \"{}\" of the tool \"{}\" has no result in the next message",
                                bounded(&used.id.plain()),
                                bounded(&used.name.plain())
                            ),
                            "Write the tool's result into the user's message after it, or end the record with the use.",
                        ));
                    }
                    if let Some(names) = &names
                        && !names.contains(used.name.raw())
                    {
                        problems.push(Problem::new(
                            &rules::TOOL_PAIRING,
                            path,
                            format!(
                                "the tool \"{}\" is not among the record's tools",
                                bounded(&used.name.plain())
                            ),
                            "Define it in toolConfig, or correct the name.",
                        ));
                    }
                    if answered.insert(used.id.raw(), false).is_some() {
                        problems.push(Problem::new(
                            &rules::TOOL_PAIRING,
                            path,
                            format!(
                                "the toolUseId \"{}\" stands twice",
                                bounded(&used.id.plain())
                            ),
                            "Give each use an id of its own.",
                        ));
                    }
                }
                Block::ToolResult(result) => {
                    if turn.role == Role::Assistant {
                        problems.push(place(path, "a toolResult block in an assistant message"));
                    }
                    let id = bounded(&result.id.plain());
                    let found = match answered.get_mut(result.id.raw()) {
                        Some(done) if !*done => {
                            *done = true;
                            continue;
                        }
                        Some(_) => format!("a second result for the toolUseId \"{id}\""),
                        None => format!("a result for \"{id}\", which no earlier toolUse has"),
                    };
                    problems.push(Problem::new(
                        &rules::TOOL_PAIRING,
                        path,
                        found,
                        "Write one result for each use, after it, with the use's toolUseId.",
                    ));
                }
                _ => {}
            }
        }
    }
}

/// Whether a turn has the result of this use.
fn answers(turn: &Turn<'_>, used: &ToolUse<'_>) -> bool {
    turn.blocks
        .iter()
        .any(|block| matches!(block, Block::ToolResult(result) if result.id.raw() == used.id.raw()))
}

fn place(path: Path<'_>, found: &str) -> Problem {
    Problem::new(
        &rules::TOOL_PLACE,
        path,
        found,
        "The assistant uses tools (toolUse), the user's message holds their answers (toolResult).",
    )
}

/// Whether a canonical line with tools can be read again. Arguments that came in a string had no levels and no values in the line that
/// they came in, and a tool's parameters stand deeper than they did.
pub(crate) fn read_back(
    record: &Record<'_>,
    optional: Optional,
    line: &[u8],
) -> Result<(), Problem> {
    let has_tools = optional.has_tools()
        || record
            .conversation()
            .is_some_and(|conversation| conversation.tools.is_some());
    if !has_tools {
        return Ok(());
    }
    let Ok(line) = std::str::from_utf8(line) else {
        return Ok(());
    };
    let line = line.trim_ascii_end();
    match Tape::default().parse_canonical(line) {
        Ok(()) => Ok(()),
        Err(_) => Err(refusal(line, refuse(line))),
    }
}
