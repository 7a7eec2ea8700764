//! Records of every shape, with everything that a shape may hold. Each text has a word of its own, `zq` and two digits.

pub(crate) const SAMPLES: &[(&str, &str)] = &[
    ("pair", r#"{"prompt":"zq01","completion":"zq02"}"#),
    (
        "pair with system",
        r#"{"system":"zq03","prompt":"zq01","completion":"zq02"}"#,
    ),
    ("response", r#"{"prompt":"zq01","response":"zq02"}"#),
    ("prompt", r#"{"prompt":"zq01"}"#),
    ("document", r#"{"text":"zq01"}"#),
    ("input", r#"{"input":"zq01"}"#),
    (
        "caption",
        r#"{"image-ref":"s3://bucket/zq01.png","caption":"zq02"}"#,
    ),
    (
        "evaluation",
        r#"{"prompt":"zq01","referenceResponse":"zq02","category":"zq03"}"#,
    ),
    (
        "conversation",
        r#"{"schemaVersion":"bedrock-conversation-2024","system":[{"text":"zq01"}],"messages":[{"role":"user","content":[{"text":"zq02"}]},{"role":"assistant","content":[{"text":"zq03"}]}]}"#,
    ),
    (
        "conversation without its version",
        r#"{"messages":[{"role":"user","content":[{"text":"zq02"}]},{"role":"assistant","content":[{"text":"zq03"}]}]}"#,
    ),
    (
        "conversation of one question",
        r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"zq02"}]}]}"#,
    ),
    (
        "conversation with tools",
        r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"zq01"}]},{"role":"assistant","content":[{"text":"zq02"},{"toolUse":{"toolUseId":"zq03","name":"zq04","input":{"a":"zq05"}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"zq03","content":[{"text":"zq06"},{"json":{"a":"zq07"}}],"status":"success"}}]},{"role":"assistant","content":[{"text":"zq08"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"zq04","description":"zq09","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"string"}}}}}}]}}"#,
    ),
    (
        "conversation with an image",
        r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"zq01"},{"image":{"format":"png","source":{"s3Location":{"uri":"s3://bucket/zq02.png","bucketOwner":"zq03"}}}}]},{"role":"assistant","content":[{"text":"zq04"}]}]}"#,
    ),
    (
        "conversation with a video",
        r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"zq01"},{"video":{"format":"mp4","source":{"s3Location":{"uri":"s3://bucket/zq02.mp4"}}}}]},{"role":"assistant","content":[{"text":"zq04"}]}]}"#,
    ),
    (
        "conversation with a document",
        r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"zq01"},{"document":{"format":"pdf","source":{"s3Location":{"uri":"s3://bucket/zq02.pdf","bucketOwner":"zq03"}}}}]},{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"zq05"}}},{"text":"zq04"}]}]}"#,
    ),
    (
        "messages",
        r#"{"messages":[{"role":"system","content":"zq01"},{"role":"user","content":"zq02"},{"role":"assistant","content":"zq03"}]}"#,
    ),
    (
        "messages and a system member",
        r#"{"system":"zq01","messages":[{"role":"user","content":"zq02"},{"role":"assistant","content":"zq03","weight":1},{"role":"user","content":"zq04"},{"role":"assistant","content":"zq05"}]}"#,
    ),
    (
        "messages of blocks",
        r#"{"messages":[{"role":"developer","content":[{"type":"text","text":"zq01"}]},{"role":"user","content":[{"type":"text","text":"zq02"},{"type":"image_url","image_url":{"url":"s3://bucket/zq03.png"}}]},{"role":"assistant","content":[{"type":"text","text":"zq04"}]}]}"#,
    ),
    (
        "messages with an image's address alone",
        r#"{"messages":[{"role":"user","content":[{"type":"input_text","text":"zq02"},{"type":"input_image","image_url":"s3://bucket/zq03.png"}]},{"role":"assistant","content":"zq04"}]}"#,
    ),
    (
        "messages with tools",
        r#"{"messages":[{"role":"user","content":"zq01"},{"role":"assistant","content":"zq02","tool_calls":[{"id":"zq03","type":"function","function":{"name":"zq04","arguments":"{\"a\":\"zq05\"}"}}]},{"role":"tool","tool_call_id":"zq03","content":"zq06"},{"role":"assistant","content":"zq07"}],"tools":[{"type":"function","function":{"name":"zq04","description":"zq08","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}]}"#,
    ),
    (
        "messages with tools, otherwise",
        r#"{"messages":[{"role":"user","content":"zq01"},{"role":"assistant","content":null,"tool_calls":[{"id":"zq03","type":"function","index":0,"function":{"name":"zq04","arguments":{"a":"zq05"}}}]},{"role":"tool","tool_call_id":"zq03","content":[{"type":"text","text":"zq06"}]},{"role":"assistant","content":"zq07","tool_calls":[]}],"tools":[]}"#,
    ),
    (
        "messages with reasoning",
        r#"{"messages":[{"role":"user","content":"zq01"},{"role":"assistant","reasoning_content":"zq03","content":"zq02"}]}"#,
    ),
    (
        "reference answer",
        r#"{"id":"zq01","messages":[{"role":"system","content":"zq02"},{"role":"user","content":"zq03"}],"reference_answer":"zq04"}"#,
    ),
    (
        "reference answer and tools",
        r#"{"messages":[{"role":"user","content":"zq03"},{"role":"assistant","content":"","tool_calls":[{"id":"zq05","type":"function","function":{"name":"zq06","arguments":"{\"a\":\"zq07\"}"}}]},{"role":"tool","tool_call_id":"zq05","content":"zq08"}],"tools":[{"type":"function","function":{"name":"zq06","description":"zq09","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],"reference_answer":{"a":"zq04"}}"#,
    ),
    (
        "candidates",
        r#"{"schemaVersion":"bedrock-conversation-2024","system":[{"text":"zq01"}],"messages":[{"role":"user","content":[{"text":"zq02"}]},{"role":"assistant","candidates":[{"content":[{"text":"zq03"}],"preferenceLabel":"preferred"},{"content":[{"text":"zq04"}],"preferenceLabel":"non-preferred"}]}]}"#,
    ),
    (
        "chosen",
        r#"{"system":"zq04","prompt":"zq01","chosen":"zq02","rejected":"zq03"}"#,
    ),
    (
        "chosen messages",
        r#"{"prompt":[{"role":"system","content":"zq04"},{"role":"user","content":"zq01"}],"chosen":[{"role":"assistant","content":"zq02"}],"rejected":[{"role":"assistant","content":"zq03"}]}"#,
    ),
    (
        "chosen lists",
        r#"{"chosen":[{"role":"user","content":"zq01"},{"role":"assistant","content":"zq02"}],"rejected":[{"role":"user","content":"zq01"},{"role":"assistant","content":"zq03"}]}"#,
    ),
    (
        "preferred output",
        r#"{"input":{"messages":[{"role":"user","content":"zq01"}],"tools":[]},"preferred_output":[{"role":"assistant","content":"zq02"}],"non_preferred_output":[{"role":"assistant","content":"zq03"}]}"#,
    ),
    (
        "log of Converse",
        r#"{"schemaType":"ModelInvocationLog","modelId":"m","input":{"inputBodyJson":{"system":[{"text":"zq03"}],"messages":[{"role":"user","content":[{"text":"zq01"}]}]}},"output":{"outputBodyJson":{"output":{"message":{"role":"assistant","content":[{"text":"zq02"}]}},"stopReason":"end_turn"}}}"#,
    ),
    (
        "log of Anthropic",
        r#"{"schemaType":"ModelInvocationLog","modelId":"m","input":{"inputBodyJson":{"system":"zq03","messages":[{"role":"user","content":"zq01"}]}},"output":{"outputBodyJson":{"content":[{"type":"text","text":"zq02"}],"stop_reason":"end_turn"}}}"#,
    ),
    (
        "log of OpenAI",
        r#"{"schemaType":"ModelInvocationLog","modelId":"m","input":{"inputBodyJson":{"messages":[{"role":"user","content":"zq01"}]}},"output":{"outputBodyJson":{"choices":[{"index":0,"message":{"role":"assistant","content":"zq02"}}]}}}"#,
    ),
    (
        "log of Titan",
        r#"{"schemaType":"ModelInvocationLog","modelId":"m","input":{"inputBodyJson":{"inputText":"zq01"}},"output":{"outputBodyJson":{"results":[{"outputText":"zq02"}]}}}"#,
    ),
    (
        "log of Llama",
        r#"{"schemaType":"ModelInvocationLog","modelId":"m","input":{"inputBodyJson":{"prompt":"zq01"}},"output":{"outputBodyJson":{"generation":"zq02"}}}"#,
    ),
];

/// Names for a member more: one that nobody knows, and those that some reader knows.
pub(crate) const NAMES: &[&str] = &[
    "zz",
    "alt",
    "arguments",
    "audio",
    "bucketOwner",
    "bytes",
    "cachePoint",
    "candidates",
    "caption",
    "category",
    "chosen",
    "completion",
    "content",
    "description",
    "detail",
    "document",
    "file_id",
    "format",
    "function",
    "function_call",
    "id",
    "image",
    "image_url",
    "index",
    "input",
    "json",
    "message",
    "messages",
    "modelId",
    "name",
    "output",
    "parallel_tool_calls",
    "parameters",
    "preferenceLabel",
    "preferred_output",
    "prompt",
    "reasoningContent",
    "reasoning_content",
    "reference_answer",
    "referenceResponse",
    "refusal",
    "rejected",
    "response",
    "role",
    "s3Location",
    "schemaVersion",
    "signature",
    "source",
    "status",
    "strict",
    "system",
    "text",
    "toolConfig",
    "toolResult",
    "toolUse",
    "tool_call_id",
    "tool_calls",
    "tools",
    "type",
    "video",
    "weight",
];

/// What says how an entry of a log was asked for and how it ended, and nothing that was read or said.
pub(crate) const METADATA: &[&str] = &[
    "schemaType",
    "schemaVersion",
    "modelId",
    "id",
    "type",
    "role",
    "index",
    "stopReason",
    "stop_reason",
    "cachePoint",
];
