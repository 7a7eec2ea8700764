//! OpenAI's tools: how a record defines them, and how an answer calls them.
use std::collections::BTreeSet;

use super::{Block, ToolUse, blocks};
use crate::{
    finding::{Problem, bounded},
    json::{Kind, Refused, Tape, Value, refuse},
    members::{extra_members, wrong_type},
    path::Path,
    refusal::is_half,
    rules::{self, Rule},
};

/// One of a message's `tool_calls`.
pub(super) fn one<'a>(
    call: Value<'a>,
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Block<'a>> {
    let id = blocks::named(call, "id", path, problems)?;
    let member = Path::Member(&path, "function");
    // What is wrong with a use is said of it, and not of its result as well.
    let wrong = |id| Some(Block::ToolUse(Box::new(ToolUse::unread(id))));
    let Some(function) = call.some("function") else {
        problems.push(wrong_type(
            path,
            "{\"id\", \"type\": \"function\", \"function\": {...}}",
            call,
        ));
        return wrong(id);
    };
    let Some(name) = blocks::named(function, "name", member, problems) else {
        return wrong(id);
    };
    let arguments = function.some("arguments");
    let input = match arguments.and_then(Value::text) {
        Some(text) => object(&text.plain()),
        None => arguments
            .filter(|value| value.is_object())
            .map(blocks::compact),
    };
    let Some(input) = input else {
        let found = match arguments {
            None => "no arguments".to_owned(),
            Some(text) if text.text().is_some_and(|text| text.is_blank()) => {
                "arguments without a character, where {} are none".to_owned()
            }
            Some(value) => bounded(value.raw()),
        };
        problems.push(Problem::new(
            not_an_object(arguments),
            Path::Member(&member, "arguments"),
            found,
            "Write the arguments as a JSON object in a string, as the model is to write them.",
        ));
        return wrong(id);
    };
    if let Some(kind) = call.some("type").filter(|kind| !kind.is("function")) {
        problems.push(wrong_type(
            Path::Member(&path, "type"),
            "\"function\"",
            kind,
        ));
    }
    // Where it stood among the calls of a stream: a number, which says what the list says.
    let is_place = |index: Value<'_>| matches!(index.kind(), Kind::Null | Kind::Number(_));
    let known = ["id", "type", "function", "index"];
    let known = &known[..4 - usize::from(!call.get("index").is_none_or(is_place))];
    extra_members(call, path, known, problems);
    extra_members(function, member, &["name", "arguments"], problems);
    Some(Block::ToolUse(Box::new(ToolUse { id, name, input })))
}

/// The rule that arguments break which are no JSON object in a string.
fn not_an_object(arguments: Option<Value<'_>>) -> &'static Rule {
    let Some(text) = arguments.and_then(Value::text) else {
        return &rules::WRONG_TYPE;
    };
    let plain = text.plain();
    match refuse(&plain) {
        Refused::Broken { at, said } if is_half(&plain, at, &said) => &rules::BROKEN_UNICODE,
        Refused::DuplicateMember(_) => &rules::DUPLICATE_MEMBER,
        _ => &rules::WRONG_TYPE,
    }
}

/// `text` as a compact JSON object, if it is one.
fn object(text: &str) -> Option<String> {
    let mut tape = Tape::default();
    tape.parse(text).ok()?;
    let value = tape.value(text);
    value.is_object().then(|| blocks::compact(value))
}

/// Whether it is a list of nothing, which is how many write "none".
pub(super) fn is_none(list: Value<'_>) -> bool {
    list.is_array() && list.count() == 0
}

/// OpenAI's `tools` as Bedrock's `toolConfig`.
pub(super) fn tools(value: Value<'_>, problems: &mut Vec<Problem>) -> Option<String> {
    let list = value.some("tools").filter(|list| !is_none(*list))?;
    let path = Path::Member(&Path::Root, "tools");
    if !list.is_array() {
        problems.push(wrong_type(path, "an array of tools", list));
        return None;
    }
    let mut defined = BTreeSet::new();
    let mut config = String::from("{\"tools\":[");
    for (index, tool) in list.items().enumerate() {
        let path = Path::Item(&path, index);
        let function = tool
            .some("function")
            .filter(|function| function.is_object());
        let Some(function) =
            function.filter(|_| tool.get("type").is_some_and(|kind| kind.is("function")))
        else {
            problems.push(wrong_type(
                path,
                "{\"type\": \"function\", \"function\": {...}}",
                tool,
            ));
            return None;
        };
        let name = blocks::named(function, "name", path, problems)?;
        if !defined.insert(name.raw().to_owned()) {
            problems.push(Problem::new(
                &rules::TOOL_SPEC,
                path,
                format!("\"{}\" is defined twice", bounded(&name.plain())),
                "Give each tool a name of its own.",
            ));
        }
        extra_members(tool, path, &["type", "function"], problems);
        extra_members(
            function,
            path,
            &["name", "description", "parameters"],
            problems,
        );
        let Some(parameters) = function
            .some("parameters")
            .filter(|value| is_schema(*value))
        else {
            problems.push(Problem::new(
                &rules::TOOL_SPEC,
                path,
                "no parameters, or none that are an object with properties",
                "Write \"parameters\": {\"type\": \"object\", \"properties\": {...}}.",
            ));
            return None;
        };
        let description = function.some("description").and_then(Value::text);
        let description = description.filter(|text| !text.is_blank());
        let Some(description) = description else {
            problems.push(Problem::new(
                &rules::TOOL_SPEC,
                path,
                "no description",
                "Write what the tool does: Bedrock asks for a description of each.",
            ));
            return None;
        };
        if index > 0 {
            config.push(',');
        }
        config.push_str(&format!(
            "{{\"toolSpec\":{{\"name\":\"{}\",\"description\":\"{}\",\"inputSchema\":{{\"json\":{}}}}}}}",
            name.raw(),
            description.raw(),
            blocks::compact(parameters)
        ));
    }
    config.push_str("]}");
    Some(config)
}

/// Whether it is what both official validators take for a function's parameters.
fn is_schema(parameters: Value<'_>) -> bool {
    let required = parameters.some("required");
    parameters.get("type").is_some_and(|kind| kind.is("object"))
        && parameters.get("properties").is_some_and(Value::is_object)
        && required
            .is_none_or(|names| names.is_array() && names.items().all(|name| name.text().is_some()))
}
