//! Who speaks, in which order, and in which form.
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Mutation, change, content, messages, one_of, pick, put};

pub(super) const ALL: &[Mutation] = &[
    change("a role in another case", 4, role_case),
    change("a role of another name", 8, role_name),
    change("the first two messages change places", 1, swap),
    change("the last message is missing", 1, drop_last),
    change("the first message is missing", 1, drop_first),
    change("a message stands twice", 2, double),
    change("a further question at the end", 1, question_at_end),
    change("a system message first", 2, system_message),
    change("a system message in between", 2, system_between),
    change("a system message at the end", 2, system_at_end),
    change("only one message", 2, only_one),
    change("content is a string", 3, content_string),
    change("each content is a string", 8, contents_strings),
    change("content is one block", 2, content_block),
    change("content is empty", 3, content_empty),
    change("a block holds nothing", 3, block_empty),
    change("a block has a type", 6, block_type),
    change("a cache point", 2, cache_point),
    change("a cache point in the system text", 1, cache_point_in_system),
    change("system is a string", 1, system_string),
    change("system is empty", 1, system_empty),
    change("system has two blocks", 1, system_two),
    change("system is a block", 1, system_block),
    change("system has an empty text", 1, system_blank),
    change("reasoning of the user", 2, reasoning_of_user),
    change("reasoning of the assistant", 2, reasoning),
    change("empty reasoning", 2, reasoning_empty),
    change("reasoning and nothing else", 2, reasoning_only),
    change("reasoning with a signature", 2, reasoning_signed),
];

fn role(rng: &mut Rng, record: &mut Value, new: impl Fn(&str) -> String) -> bool {
    let role = pick(rng, record, |at, value| {
        at.ends_with("/role") && value.is_string()
    });
    let Some(Value::String(role)) = role else {
        return false;
    };
    *role = new(role);
    true
}

fn role_case(rng: &mut Rng, record: &mut Value) -> bool {
    let upper = rng.bool();
    role(rng, record, |role| {
        if upper || role.is_empty() {
            role.to_uppercase()
        } else {
            format!("{}{}", role[..1].to_uppercase(), &role[1..])
        }
    })
}

fn role_name(rng: &mut Rng, record: &mut Value) -> bool {
    let new = one_of(
        rng,
        &[
            "system",
            "tool",
            "human",
            "bot",
            "model",
            "developer",
            "function",
            "",
            "user ",
            "assistant",
        ],
    );
    role(rng, record, |_| new.to_owned())
}

fn swap(_: &mut Rng, record: &mut Value) -> bool {
    let messages = messages(record).filter(|messages| messages.len() > 1);
    messages.map(|messages| messages.swap(0, 1)).is_some()
}

fn drop_last(_: &mut Rng, record: &mut Value) -> bool {
    messages(record).is_some_and(|messages| messages.pop().is_some())
}

fn drop_first(_: &mut Rng, record: &mut Value) -> bool {
    messages(record)
        .map(|messages| messages.remove(0))
        .is_some()
}

fn double(rng: &mut Rng, record: &mut Value) -> bool {
    let Some(messages) = messages(record) else {
        return false;
    };
    let index = rng.usize(..messages.len());
    messages.insert(index, messages[index].clone());
    true
}

fn question_at_end(_: &mut Rng, record: &mut Value) -> bool {
    let Some(messages) = messages(record) else {
        return false;
    };
    let first = messages.iter().find(|message| message["role"] == "user");
    let Some(first) = first.cloned() else {
        return false;
    };
    messages.push(first);
    true
}

fn system_message(rng: &mut Rng, record: &mut Value) -> bool {
    insert_system(rng, record, 0)
}

fn system_between(rng: &mut Rng, record: &mut Value) -> bool {
    insert_system(rng, record, 1)
}

fn system_at_end(rng: &mut Rng, record: &mut Value) -> bool {
    let last = messages(record).map_or(0, |messages| messages.len());
    insert_system(rng, record, last)
}

fn insert_system(rng: &mut Rng, record: &mut Value, at: usize) -> bool {
    let role = one_of(rng, &["system", "developer"]);
    let Some(messages) = messages(record) else {
        return false;
    };
    let text = json!("Be polite.");
    let content = if messages[0]["content"].is_array() {
        json!([{"text": text}])
    } else {
        text
    };
    messages.insert(at, json!({"role": role, "content": content}));
    true
}

fn only_one(rng: &mut Rng, record: &mut Value) -> bool {
    let Some(messages) = messages(record) else {
        return false;
    };
    let kept = messages.swap_remove(rng.usize(..messages.len()));
    *messages = vec![kept];
    true
}

fn set_content(rng: &mut Rng, record: &mut Value, new: impl Fn(&Value) -> Option<Value>) -> bool {
    let content = pick(rng, record, |at, value| {
        at.starts_with("/messages/")
            && at.matches('/').count() == 3
            && at.ends_with("/content")
            && new(value).is_some()
    });
    let Some(content) = content else {
        return false;
    };
    if let Some(value) = new(content) {
        *content = value;
    }
    true
}

fn content_string(rng: &mut Rng, record: &mut Value) -> bool {
    set_content(rng, record, |content| content.get(0)?.get("text").cloned())
}

/// OpenAI's form, without what Bedrock's has.
fn contents_strings(rng: &mut Rng, record: &mut Value) -> bool {
    let Some(messages) = messages(record) else {
        return false;
    };
    let texts: Option<Vec<Value>> = messages
        .iter()
        .map(|message| message.get("content")?.get(0)?.get("text").cloned())
        .collect();
    for (message, text) in messages.iter_mut().zip(texts.iter().flatten()) {
        put(Some(message), "content", text.clone());
    }
    match rng.u8(..3) {
        0 => drop(insert_system(rng, record, 0)),
        1 => drop(system_string(rng, record)),
        _ => {}
    }
    let bedrock = record.as_object_mut();
    texts.is_some() && bedrock.is_some_and(|members| members.remove("schemaVersion").is_some())
}

fn content_block(rng: &mut Rng, record: &mut Value) -> bool {
    set_content(rng, record, |content| content.get(0).cloned())
}

fn content_empty(rng: &mut Rng, record: &mut Value) -> bool {
    set_content(rng, record, |content| content.is_array().then(|| json!([])))
}

fn block_empty(rng: &mut Rng, record: &mut Value) -> bool {
    let role = one_of(rng, &["user", "assistant"]);
    let content = content(rng, record, role);
    content.map(|content| content.push(json!({}))).is_some()
}

fn block_type(rng: &mut Rng, record: &mut Value) -> bool {
    let kind = if rng.bool() { json!("text") } else { json!(1) };
    let block = pick(rng, record, |_, value| {
        value.is_object()
            && value.get("text").is_some_and(Value::is_string)
            && value.get("type").is_none()
    });
    put(block, "type", kind)
}

fn cache_point(rng: &mut Rng, record: &mut Value) -> bool {
    let content = content(rng, record, "user");
    content
        .map(|content| content.push(json!({"cachePoint": {"type": "default"}})))
        .is_some()
}

fn cache_point_in_system(_: &mut Rng, record: &mut Value) -> bool {
    put(
        record.pointer_mut("/system/0"),
        "cachePoint",
        json!({"type": "default"}),
    )
}

fn set_system(record: &mut Value, system: Value) -> bool {
    record.get("messages").is_some() && put(Some(record), "system", system)
}

fn system_string(_: &mut Rng, record: &mut Value) -> bool {
    set_system(record, json!("Be polite."))
}

fn system_empty(_: &mut Rng, record: &mut Value) -> bool {
    set_system(record, json!([]))
}

fn system_two(_: &mut Rng, record: &mut Value) -> bool {
    set_system(
        record,
        json!([{"text": "Be polite."}, {"text": "Be short."}]),
    )
}

fn system_block(_: &mut Rng, record: &mut Value) -> bool {
    set_system(record, json!({"text": "Be polite."}))
}

fn system_blank(rng: &mut Rng, record: &mut Value) -> bool {
    let text = one_of(rng, &["", " "]);
    set_system(record, json!([{"text": text}]))
}

fn push(rng: &mut Rng, record: &mut Value, role: &str, block: Value) -> bool {
    let content = content(rng, record, role);
    content.map(|content| content.insert(0, block)).is_some()
}

fn reasoning_block(text: &str) -> Value {
    json!({"reasoningContent": {"reasoningText": {"text": text}}})
}

fn reasoning_of_user(rng: &mut Rng, record: &mut Value) -> bool {
    push(rng, record, "user", reasoning_block("I wonder."))
}

fn reasoning(rng: &mut Rng, record: &mut Value) -> bool {
    push(rng, record, "assistant", reasoning_block("I think."))
}

fn reasoning_empty(rng: &mut Rng, record: &mut Value) -> bool {
    let text = one_of(rng, &["", " "]);
    push(rng, record, "assistant", reasoning_block(text))
}

fn reasoning_only(rng: &mut Rng, record: &mut Value) -> bool {
    let content = content(rng, record, "assistant");
    content
        .map(|content| *content = vec![reasoning_block("I think.")])
        .is_some()
}

fn reasoning_signed(rng: &mut Rng, record: &mut Value) -> bool {
    let block = if rng.bool() {
        json!({"reasoningContent": {"reasoningText": {"text": "I think.", "signature": "c2lnbmVk"}}})
    } else {
        json!({"reasoningContent": {"redactedContent": "cmVkYWN0ZWQ="}})
    };
    push(rng, record, "assistant", block)
}
