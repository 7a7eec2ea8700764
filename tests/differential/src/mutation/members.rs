//! Members that are missing, null, of another type, or too many.
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Mutation, change, one_of, pick, pointers, put};

pub(super) const ALL: &[Mutation] = &[
    change("a member is missing", 24, drop_member),
    change("a member is null", 40, null_member),
    change("a member has another type", 40, retype),
    change("a further member at the top", 4, extra_at_top),
    change("a further member in a message", 2, extra_in_message),
    change("a further member somewhere", 12, extra_anywhere),
    change("a null member that is another's", 16, null_optional),
    change("a list is empty", 8, empty_list),
    change("an object is empty", 8, empty_object),
    change("an item stands twice", 8, double_item),
    change("schemaVersion is another", 3, other_version),
    change("schemaVersion is missing", 1, no_version),
    change("an answer with a weight", 4, weight),
];

/// OpenAI's: 0 for an answer that is not to be learned.
fn weight(rng: &mut Rng, record: &mut Value) -> bool {
    let weight = rng.u8(..2);
    let is_answer = |value: &Value| value.get("role").is_some_and(|role| role == "assistant");
    let answer = pick(rng, record, |_, value| is_answer(value));
    put(answer, "weight", json!(weight))
}

fn drop_member(rng: &mut Rng, record: &mut Value) -> bool {
    let all = pointers(record);
    let Some((parent, name)) = rng.choice(&all).and_then(|at| at.rsplit_once('/')) else {
        return false;
    };
    match record.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(name).is_some(),
        Some(Value::Array(items)) => name.parse().is_ok_and(|index: usize| {
            index < items.len() && {
                items.remove(index);
                true
            }
        }),
        _ => false,
    }
}

fn null_member(rng: &mut Rng, record: &mut Value) -> bool {
    let any = pick(rng, record, |_, value| !value.is_null());
    any.map(|value| *value = Value::Null).is_some()
}

fn retype(rng: &mut Rng, record: &mut Value) -> bool {
    let new = match rng.u8(..8) {
        0 => json!(7),
        1 => json!(0),
        2 => json!(true),
        3 => json!("a string"),
        4 => json!([]),
        5 => json!(["a string"]),
        6 => json!({"text": "a string"}),
        _ => json!([{"text": "a string"}]),
    };
    let any = pick(rng, record, |_, value| {
        std::mem::discriminant(value) != std::mem::discriminant(&new)
    });
    any.map(|value| *value = new).is_some()
}

fn further(rng: &mut Rng) -> (&'static str, Value) {
    let name = one_of(
        rng,
        &[
            "note",
            "id",
            "category",
            "name",
            "metadata",
            "weight",
            "type",
            "cachePoint",
        ],
    );
    let value = match rng.u8(..4) {
        0 => json!("a note"),
        1 => json!(1.5),
        2 => json!({"type": "default"}),
        _ => json!(["a", "b"]),
    };
    (name, value)
}

fn extra(rng: &mut Rng, object: Option<&mut Value>) -> bool {
    let (name, value) = further(rng);
    let Some(Value::Object(members)) = object else {
        return false;
    };
    if members.contains_key(name) {
        return false;
    }
    members.insert(name.to_owned(), value);
    true
}

fn extra_at_top(rng: &mut Rng, record: &mut Value) -> bool {
    extra(rng, Some(record))
}

fn extra_in_message(rng: &mut Rng, record: &mut Value) -> bool {
    let message = pick(rng, record, |at, value| {
        value.is_object() && at.starts_with("/messages/") && at.matches('/').count() == 2
    });
    message.is_some_and(|message| extra(&mut Rng::with_seed(7), Some(message)))
}

fn extra_anywhere(rng: &mut Rng, record: &mut Value) -> bool {
    let seed = rng.u64(..);
    let object = pick(rng, record, |_, value| value.is_object());
    extra(&mut Rng::with_seed(seed), object)
}

fn null_optional(rng: &mut Rng, record: &mut Value) -> bool {
    let name = one_of(
        rng,
        &[
            "image",
            "video",
            "document",
            "toolUse",
            "toolResult",
            "reasoningContent",
            "text",
        ],
    );
    let block = pick(rng, record, |at, value| {
        at.contains("/content/") && value.is_object() && value.get(name).is_none()
    });
    put(block, name, Value::Null)
}

fn empty_list(rng: &mut Rng, record: &mut Value) -> bool {
    let list = pick(rng, record, |_, value| value.is_array());
    list.map(|list| *list = json!([])).is_some()
}

fn empty_object(rng: &mut Rng, record: &mut Value) -> bool {
    let object = pick(rng, record, |_, value| value.is_object());
    object.map(|object| *object = json!({})).is_some()
}

fn double_item(rng: &mut Rng, record: &mut Value) -> bool {
    let list = pick(rng, record, |_, value| {
        value.as_array().is_some_and(|items| !items.is_empty())
    });
    let Some(Value::Array(items)) = list else {
        return false;
    };
    let index = Rng::with_seed(items.len() as u64).usize(..items.len());
    items.insert(index, items[index].clone());
    true
}

fn other_version(rng: &mut Rng, record: &mut Value) -> bool {
    let versions = [
        json!("bedrock-conversation-2023"),
        json!("Bedrock-Conversation-2024"),
        json!("bedrock-conversation-2024 "),
        json!(""),
        Value::Null,
        json!(2024),
    ];
    let version = record.get_mut("schemaVersion");
    version
        .map(|version| *version = versions[rng.usize(..versions.len())].clone())
        .is_some()
}

fn no_version(_: &mut Rng, record: &mut Value) -> bool {
    record
        .as_object_mut()
        .is_some_and(|members| members.remove("schemaVersion").is_some())
}
