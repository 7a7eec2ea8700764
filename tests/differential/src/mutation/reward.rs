//! Records of reinforcement fine-tuning, and invocation logs.
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Mutation, change, pick, put, set};

pub(super) const ALL: &[Mutation] = &[
    change("reference_answer of another kind", 8, answer),
    change("no reference_answer", 1, no_answer),
    change("a blank id", 1, blank_id),
    change("tools is empty", 1, tools_empty),
    change("two functions of one name", 1, functions_alike),
    change("a tool that is no function", 1, no_function),
    change("parameters that are no object", 1, no_object),
    change("a tool call and its result", 1, tool_call),
    change("a message with a name", 1, name),
    change("a content of blocks", 1, blocks),
    change("a content of a blank block", 2, blank_block),
    change("a second logged question", 4, second_question),
    change("a logged image", 1, logged_image),
    change("a logged content that is no list", 4, logged_content),
    change("a log without its answer", 1, no_output),
    change("a log of a text prompt", 1, text_prompt),
];

fn answer(rng: &mut Rng, record: &mut Value) -> bool {
    let kinds = [
        json!(""),
        json!(" "),
        json!({}),
        json!([]),
        json!(["a"]),
        json!(42),
        json!(true),
        Value::Null,
    ];
    let answer = record.get_mut("reference_answer");
    answer
        .map(|answer| *answer = kinds[rng.usize(..kinds.len())].clone())
        .is_some()
}

fn no_answer(_: &mut Rng, record: &mut Value) -> bool {
    record
        .as_object_mut()
        .is_some_and(|members| members.remove("reference_answer").is_some())
}

fn blank_id(_: &mut Rng, record: &mut Value) -> bool {
    record.get_mut("id").map(|id| *id = json!(" ")).is_some()
}

fn tools(record: &mut Value) -> Option<&mut Vec<Value>> {
    record.get_mut("tools")?.as_array_mut()
}

fn tools_empty(_: &mut Rng, record: &mut Value) -> bool {
    tools(record).map(Vec::clear).is_some()
}

fn functions_alike(_: &mut Rng, record: &mut Value) -> bool {
    let first = record.pointer("/tools/0").cloned();
    let tools = tools(record).filter(|_| first.is_some());
    tools.map(|tools| tools.extend(first)).is_some()
}

fn no_function(_: &mut Rng, record: &mut Value) -> bool {
    set(record, "/tools/0/type", json!("retrieval"))
}

fn no_object(_: &mut Rng, record: &mut Value) -> bool {
    set(record, "/tools/0/function/parameters/type", json!("array"))
}

/// OpenAI's form: the call of the assistant, and the tool's answer.
fn tool_call(_: &mut Rng, record: &mut Value) -> bool {
    let messages = record.get_mut("messages").and_then(Value::as_array_mut);
    let Some(messages) = messages.filter(|messages| {
        messages
            .iter()
            .any(|message| message["content"].is_string())
    }) else {
        return false;
    };
    let Some(asked) = messages
        .iter()
        .position(|message| message["role"] == "user")
    else {
        return false;
    };
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "price_of", "arguments": "{\"thing\": \"apple\"}"}},
    ]});
    let answer = json!({"role": "tool", "tool_call_id": "call_1", "content": "Seven."});
    messages.splice(asked + 1..asked + 1, [call, answer]);
    true
}

fn name(rng: &mut Rng, record: &mut Value) -> bool {
    let message = pick(rng, record, |_, value| value.get("role").is_some());
    put(message, "name", json!("anna"))
}

fn blocks(rng: &mut Rng, record: &mut Value) -> bool {
    let message = pick(rng, record, |at, value| {
        at.starts_with("/messages/") && value.get("content").is_some_and(Value::is_string)
    });
    let text = message
        .as_ref()
        .and_then(|message| message.get("content"))
        .cloned();
    put(message, "content", json!([{"type": "text", "text": text}]))
}

fn blank_block(rng: &mut Rng, record: &mut Value) -> bool {
    let message = pick(rng, record, |at, value| {
        at.starts_with("/messages/") && value["role"] == "user" && value["content"].is_string()
    });
    put(message, "content", json!([{"type": "text", "text": " "}]))
}

fn logged(record: &mut Value) -> Option<&mut Vec<Value>> {
    record
        .pointer_mut("/input/inputBodyJson/messages")?
        .as_array_mut()
}

fn second_question(rng: &mut Rng, record: &mut Value) -> bool {
    let Some(messages) = logged(record) else {
        return false;
    };
    let answer = json!({"role": "assistant", "content": [{"text": "Seven."}]});
    let mut first = messages.first().cloned();
    if rng.bool() {
        put(first.as_mut(), "role", json!("User"));
    }
    messages.push(answer);
    messages.extend(first);
    true
}

fn logged_image(rng: &mut Rng, record: &mut Value) -> bool {
    let block = crate::records::block_of(rng, "image", "png");
    let content = record.pointer_mut("/input/inputBodyJson/messages/0/content");
    let blocks = content.and_then(Value::as_array_mut);
    blocks.map(|blocks| blocks.push(block)).is_some()
}

fn logged_content(rng: &mut Rng, record: &mut Value) -> bool {
    let kinds = [
        json!("What is it?"),
        json!("?"),
        json!({"text": "What is it?"}),
    ];
    let kind = kinds[rng.usize(..kinds.len())].clone();
    set(record, "/input/inputBodyJson/messages/0/content", kind)
}

fn no_output(_: &mut Rng, record: &mut Value) -> bool {
    record.get("input").is_some()
        && record
            .as_object_mut()
            .is_some_and(|members| members.remove("output").is_some())
}

fn text_prompt(_: &mut Rng, record: &mut Value) -> bool {
    let body = record.pointer_mut("/input/inputBodyJson");
    body.map(|body| *body = json!({"inputText": "What is the price?"}))
        .is_some()
}
