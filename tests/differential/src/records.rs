//! A valid record of each form.
use fastrand::Rng;
use serde_json::{Value, json};

/// A form of record.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Its name in messages.
    pub name: &'static str,
    /// Makes a valid record. Two have hardly ever the same texts.
    pub make: fn(&mut Rng) -> Value,
}

macro_rules! forms {
    ($($name:ident = $words:literal, $make:expr;)*) => {
        $(#[doc = $words] pub const $name: Form = Form { name: $words, make: $make };)*
    };
}

forms! {
    CONVERSATION = "conversation", |rng| conversation(rng, 1);
    WITH_SYSTEM = "conversation with system", with_system;
    TURNS = "conversation of several turns", |rng| conversation(rng, 3);
    TOOLS = "conversation with tools", tools;
    REASONING = "conversation with reasoning", reasoning;
    IMAGE = "conversation with an image", |rng| medium(rng, "image", "png");
    VIDEO = "conversation with a video", |rng| medium(rng, "video", "mp4");
    DOCUMENT = "conversation with a document", |rng| medium(rng, "document", "pdf");
    QUESTION = "conversation without an answer", question;
    PROMPT = "prompt", |rng| json!({"prompt": ask(rng)});
    PROMPT_COMPLETION = "prompt/completion", |rng| json!({"prompt": ask(rng), "completion": say(rng)});
    PROMPT_RESPONSE = "prompt/response", |rng| json!({"prompt": ask(rng), "response": say(rng)});
    MESSAGES = "OpenAI-style messages, system first", messages;
    MESSAGES_PLAIN = "OpenAI-style messages", messages_plain;
    MESSAGES_PAIR = "OpenAI-style messages, one question", |rng| json!({"messages": [
        {"role": "user", "content": ask(rng)},
        {"role": "assistant", "content": say(rng)},
    ]});
    MESSAGES_OF_BLOCKS = "OpenAI-style messages of blocks", messages_of_blocks;
    CLAUDE = "Claude 3 Haiku's messages", claude;
    TEXT = "text", |rng| json!({"text": paragraph(rng)});
    INPUT = "input", |rng| json!({"input": paragraph(rng)});
    REWARD = "messages with reference_answer", |rng| reward(rng, false);
    REWARD_TOOLS = "messages with reference_answer and tools", |rng| reward(rng, true);
    CONVERSE_LOG = "invocation log of Converse", |rng| log(rng, true);
    INVOKE_LOG = "invocation log of InvokeModel", |rng| log(rng, false);
}

const THINGS: [&str; 12] = [
    "apple", "bridge", "café", "draft", "engine", "fjord", "garden", "house", "island", "jacket",
    "kettle", "ladder",
];
const QUESTIONS: [&str; 6] = [
    "What is the price of the",
    "Where do I find the",
    "How old is the",
    "Who made the",
    "Why did they paint the",
    "Please describe the",
];
const ANSWERS: [&str; 6] = [
    "It was built for the",
    "You will see it behind the",
    "Nobody knows, but ask about the",
    "Two hundred, like the",
    "Because it belongs to the",
    "A small thing beside the",
];

fn thing(rng: &mut Rng) -> String {
    let thing = THINGS[rng.usize(..THINGS.len())];
    format!("{thing} of row {}", rng.u32(10..100_000))
}

/// A question.
pub fn ask(rng: &mut Rng) -> String {
    let start = QUESTIONS[rng.usize(..QUESTIONS.len())];
    format!("{start} {}?", thing(rng))
}

/// An answer.
pub fn say(rng: &mut Rng) -> String {
    let start = ANSWERS[rng.usize(..ANSWERS.len())];
    format!("{start} {}.", thing(rng))
}

fn paragraph(rng: &mut Rng) -> String {
    let sentences: Vec<String> = (0..rng.usize(3..8)).map(|_| say(rng)).collect();
    sentences.join(" ")
}

fn turn(role: &str, blocks: &[Value]) -> Value {
    json!({"role": role, "content": blocks})
}

fn conversation(rng: &mut Rng, pairs: usize) -> Value {
    let mut messages = Vec::new();
    for _ in 0..pairs {
        messages.push(turn("user", &[json!({"text": ask(rng)})]));
        messages.push(turn("assistant", &[json!({"text": say(rng)})]));
    }
    json!({"schemaVersion": "bedrock-conversation-2024", "messages": messages})
}

fn with_system(rng: &mut Rng) -> Value {
    let mut record = conversation(rng, 1);
    record["system"] = json!([{"text": format!("Answer shortly. {}", say(rng))}]);
    record
}

fn question(rng: &mut Rng) -> Value {
    json!({
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [turn("user", &[json!({"text": ask(rng)})])],
    })
}

fn tools(rng: &mut Rng) -> Value {
    let id = format!("tooluse_{}", rng.u32(..));
    json!({
        "schemaVersion": "bedrock-conversation-2024",
        "toolConfig": {"tools": [
            {"toolSpec": {
                "name": "price_of",
                "description": "Looks up a price.",
                "inputSchema": {"json": {"type": "object", "properties": {"thing": {"type": "string"}}}},
            }},
            {"toolSpec": {
                "name": "count_of",
                "description": "Counts what is there.",
                "inputSchema": {"json": {"type": "object", "properties": {}}},
            }},
        ]},
        "messages": [
            turn("user", &[json!({"text": ask(rng)})]),
            turn("assistant", &[
                json!({"text": "Let me see."}),
                json!({"toolUse": {"toolUseId": id, "name": "price_of", "input": {"thing": thing(rng)}}}),
            ]),
            turn("user", &[json!({"toolResult": {"toolUseId": id, "content": [{"text": say(rng)}]}})]),
            turn("assistant", &[json!({"text": say(rng)})]),
        ],
    })
}

fn reasoning(rng: &mut Rng) -> Value {
    let mut record = conversation(rng, 1);
    record["messages"][1]["content"] = json!([
        {"reasoningContent": {"reasoningText": {"text": format!("First I look. {}", say(rng))}}},
        {"text": say(rng)},
    ]);
    record
}

/// An image, a video or a document in the bucket of the dataset.
pub fn block_of(rng: &mut Rng, kind: &str, format: &str) -> Value {
    let uri = format!(
        "s3://training-bucket/media/pipeline/{}.{format}",
        rng.u32(..)
    );
    let location = json!({"uri": uri, "bucketOwner": "123456789012"});
    json!({kind: {"format": format, "source": {"s3Location": location}}})
}

fn medium(rng: &mut Rng, kind: &str, format: &str) -> Value {
    let mut record = conversation(rng, 1);
    let media = block_of(rng, kind, format);
    record["messages"][0]["content"] = json!([{"text": ask(rng)}, media]);
    record
}

fn messages(rng: &mut Rng) -> Value {
    json!({"messages": [
        {"role": "system", "content": "Answer shortly."},
        {"role": "user", "content": ask(rng)},
        {"role": "assistant", "content": say(rng)},
    ]})
}

fn messages_plain(rng: &mut Rng) -> Value {
    json!({"messages": [
        {"role": "user", "content": ask(rng)},
        {"role": "assistant", "content": say(rng)},
        {"role": "user", "content": ask(rng)},
        {"role": "assistant", "content": say(rng)},
    ]})
}

fn messages_of_blocks(rng: &mut Rng) -> Value {
    json!({"messages": [
        {"role": "user", "content": [{"type": "text", "text": ask(rng)}]},
        {"role": "assistant", "content": [{"type": "text", "text": say(rng)}]},
    ]})
}

fn claude(rng: &mut Rng) -> Value {
    json!({"system": "Answer shortly.", "messages": [
        {"role": "user", "content": ask(rng)},
        {"role": "assistant", "content": say(rng)},
    ]})
}

fn reward(rng: &mut Rng, tools: bool) -> Value {
    let mut record = json!({
        "id": format!("record-{}", rng.u32(..)),
        "messages": [
            {"role": "system", "content": "Answer shortly."},
            {"role": "user", "content": ask(rng)},
        ],
        "reference_answer": if rng.bool() { json!({"answer": say(rng)}) } else { json!(say(rng)) },
    });
    if tools {
        record["tools"] = json!([{"type": "function", "function": {
            "name": "price_of",
            "description": "Looks up a price.",
            "parameters": {"type": "object", "properties": {"thing": {"type": "string"}}, "required": ["thing"]},
        }}]);
    }
    record
}

fn log(rng: &mut Rng, converse: bool) -> Value {
    let content = if converse {
        json!([{"text": ask(rng)}])
    } else {
        json!([{"type": "text", "text": ask(rng)}])
    };
    let answer = json!([{"text": say(rng)}]);
    let output = if converse {
        json!({"output": {"message": {"role": "assistant", "content": answer}}, "stopReason": "end_turn"})
    } else {
        json!({"role": "assistant", "content": [{"type": "text", "text": say(rng)}], "stop_reason": "end_turn"})
    };
    json!({
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-11-01T00:00:00Z",
        "accountId": "123456789012",
        "region": "us-east-1",
        "requestId": format!("{:08x}-0000-4000-8000-000000000000", rng.u32(..)),
        "operation": if converse { "Converse" } else { "InvokeModel" },
        "modelId": "amazon.nova-pro-v1:0",
        "input": {"inputContentType": "application/json", "inputBodyJson": {"messages": [{"role": "user", "content": content}]}},
        "output": {"outputContentType": "application/json", "outputBodyJson": output},
    })
}
