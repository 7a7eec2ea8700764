//! Tools of a conversation, their uses and results.
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Mutation, change, content, one_of, pick, put, set};

pub(super) const ALL: &[Mutation] = &[
    change("no toolConfig", 1, no_config),
    change("toolConfig without tools", 1, no_tools),
    change("two tools of one name", 1, names_alike),
    change("a tool with a blank name or description", 3, blank_tool),
    change("a tool without a description", 1, no_description),
    change("a schema without a type", 1, schema_without_type),
    change("a schema as a string", 1, schema_string),
    change("toolChoice", 1, tool_choice),
    change("a tool that is not there", 1, unknown_tool),
    change("a blank toolUseId", 2, blank_id),
    change("an unanswered tool use", 2, unanswered),
    change("a tool use at the end", 2, use_at_end),
    change("one toolUseId for two uses", 1, id_twice),
    change("two results of one use", 1, result_twice),
    change("a result of another id", 1, result_of_another),
    change("a tool use of the user", 1, use_of_user),
    change("a tool result of the assistant", 1, result_of_assistant),
    change("a tool result with a status", 1, status),
    change("a tool result as json", 3, result_json),
    change("a tool result with text and json", 1, result_both),
    change("a tool result without content", 1, result_empty),
    change("a tool result as a string", 1, result_string),
    change("a tool result with an image", 1, result_image),
    change("tool use and result in one block", 1, one_block),
    change("a toolConfig that nobody uses", 1, unused_config),
    change("a tool use without any toolConfig", 1, use_without_config),
];

fn no_config(_: &mut Rng, record: &mut Value) -> bool {
    record
        .as_object_mut()
        .is_some_and(|members| members.remove("toolConfig").is_some())
}

fn tools(record: &mut Value) -> Option<&mut Vec<Value>> {
    record
        .get_mut("toolConfig")?
        .get_mut("tools")?
        .as_array_mut()
}

fn no_tools(_: &mut Rng, record: &mut Value) -> bool {
    tools(record).map(Vec::clear).is_some()
}

fn names_alike(_: &mut Rng, record: &mut Value) -> bool {
    let Some(first) = record.pointer("/toolConfig/tools/0").cloned() else {
        return false;
    };
    set(record, "/toolConfig/tools/1", first)
}

fn blank_tool(rng: &mut Rng, record: &mut Value) -> bool {
    let member = one_of(rng, &["name", "description"]);
    let value = one_of(rng, &["", " "]);
    set(
        record,
        &format!("/toolConfig/tools/1/toolSpec/{member}"),
        json!(value),
    )
}

fn no_description(_: &mut Rng, record: &mut Value) -> bool {
    let spec = record.pointer_mut("/toolConfig/tools/1/toolSpec");
    spec.and_then(Value::as_object_mut)
        .is_some_and(|spec| spec.remove("description").is_some())
}

fn schema_without_type(_: &mut Rng, record: &mut Value) -> bool {
    set(
        record,
        "/toolConfig/tools/1/toolSpec/inputSchema/json",
        json!({"properties": {}}),
    )
}

fn schema_string(_: &mut Rng, record: &mut Value) -> bool {
    set(
        record,
        "/toolConfig/tools/1/toolSpec/inputSchema/json",
        json!("{\"type\": \"object\"}"),
    )
}

fn tool_choice(_: &mut Rng, record: &mut Value) -> bool {
    put(
        record.get_mut("toolConfig"),
        "toolChoice",
        json!({"auto": {}}),
    )
}

fn used<'a>(rng: &mut Rng, record: &'a mut Value) -> Option<&'a mut Value> {
    pick(rng, record, |at, value| {
        at.ends_with("/toolUse") && value.is_object()
    })
}

fn result<'a>(rng: &mut Rng, record: &'a mut Value) -> Option<&'a mut Value> {
    pick(rng, record, |at, value| {
        at.ends_with("/toolResult") && value.is_object()
    })
}

fn unknown_tool(rng: &mut Rng, record: &mut Value) -> bool {
    put(used(rng, record), "name", json!("weight_of"))
}

fn blank_id(rng: &mut Rng, record: &mut Value) -> bool {
    let id = pick(rng, record, |at, _| at.ends_with("/toolUseId"));
    id.map(|id| *id = json!(" ")).is_some()
}

fn unanswered(rng: &mut Rng, record: &mut Value) -> bool {
    let block = pick(rng, record, |_, value| value.get("toolResult").is_some());
    block
        .map(|block| *block = json!({"text": "Never mind."}))
        .is_some()
}

fn use_block(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "count_of", "input": {}}})
}

fn use_at_end(_: &mut Rng, record: &mut Value) -> bool {
    if record.get("toolConfig").is_none() {
        return false;
    }
    let Some(last) = super::messages(record).and_then(|messages| messages.last_mut()) else {
        return false;
    };
    let content = last.get_mut("content").and_then(Value::as_array_mut);
    content
        .map(|content| *content = vec![use_block("tooluse_end")])
        .is_some()
}

fn id_twice(rng: &mut Rng, record: &mut Value) -> bool {
    double(rng, record, "toolUse")
}

fn result_twice(rng: &mut Rng, record: &mut Value) -> bool {
    double(rng, record, "toolResult")
}

/// The block stands twice in its message.
fn double(rng: &mut Rng, record: &mut Value, member: &str) -> bool {
    let content = pick(rng, record, |at, value| {
        let blocks = value.as_array();
        at.ends_with("/content")
            && blocks.is_some_and(|blocks| blocks.iter().any(|block| block.get(member).is_some()))
    });
    let Some(Value::Array(blocks)) = content else {
        return false;
    };
    let block = blocks
        .iter()
        .find(|block| block.get(member).is_some())
        .cloned();
    blocks.extend(block);
    true
}

fn result_of_another(rng: &mut Rng, record: &mut Value) -> bool {
    put(result(rng, record), "toolUseId", json!("tooluse_other"))
}

fn use_of_user(rng: &mut Rng, record: &mut Value) -> bool {
    let content = content(rng, record, "user");
    content
        .map(|content| content.push(use_block("tooluse_user")))
        .is_some()
}

fn result_of_assistant(rng: &mut Rng, record: &mut Value) -> bool {
    let block = pick(rng, record, |_, value| value.get("toolResult").is_some()).cloned();
    let Some(block) = block else { return false };
    let messages = super::messages(record);
    let content = messages
        .and_then(|messages| messages.last_mut())
        .and_then(|last| last.get_mut("content"))
        .and_then(Value::as_array_mut);
    content.map(|content| content.push(block)).is_some()
}

fn status(rng: &mut Rng, record: &mut Value) -> bool {
    put(result(rng, record), "status", json!("success"))
}

fn set_result(rng: &mut Rng, record: &mut Value, content: Value) -> bool {
    put(result(rng, record), "content", content)
}

fn result_json(rng: &mut Rng, record: &mut Value) -> bool {
    let json = [json!({"price": 7}), json!({}), json!([1, 2])];
    let json = &json[rng.usize(..json.len())];
    set_result(rng, record, json!([{"json": json}]))
}

fn result_both(rng: &mut Rng, record: &mut Value) -> bool {
    set_result(
        rng,
        record,
        json!([{"text": "Seven.", "json": {"price": 7}}]),
    )
}

fn result_empty(rng: &mut Rng, record: &mut Value) -> bool {
    set_result(rng, record, json!([]))
}

fn result_string(rng: &mut Rng, record: &mut Value) -> bool {
    set_result(rng, record, json!("Seven."))
}

fn result_image(rng: &mut Rng, record: &mut Value) -> bool {
    let block = crate::records::block_of(rng, "image", "png");
    set_result(rng, record, json!([block]))
}

fn one_block(rng: &mut Rng, record: &mut Value) -> bool {
    let block = pick(rng, record, |_, value| value.get("toolResult").is_some());
    put(
        block,
        "toolUse",
        use_block("tooluse_both")["toolUse"].clone(),
    )
}

fn unused_config(_: &mut Rng, record: &mut Value) -> bool {
    let is_chat = record.get("schemaVersion").is_some() && record.get("messages").is_some();
    if !is_chat || record.get("toolConfig").is_some() {
        return false;
    }
    let tools = json!([{"toolSpec": {
        "name": "count_of", "description": "Counts.", "inputSchema": {"json": {"type": "object"}},
    }}]);
    put(Some(record), "toolConfig", json!({"tools": tools}))
}

fn use_without_config(_: &mut Rng, record: &mut Value) -> bool {
    if record.get("toolConfig").is_some() {
        return false;
    }
    let content = record
        .pointer_mut("/messages/1/content")
        .and_then(Value::as_array_mut);
    content
        .map(|content| content.push(use_block("tooluse_free")))
        .is_some()
}
