//! What of an invocation log's entry is text, and what is lost of it when it becomes a record.
use crate::{
    finding::{Problem, bounded},
    json::{Text, Value},
    members::names,
    path::Path,
    rules,
};

/// Whether it is a string, or an array of strings and blocks with a text.
pub(super) fn is_text(value: Option<Value<'_>>) -> bool {
    let is_text = |item: Value<'_>| item.text().or_else(|| item.get("text")?.text()).is_some();
    value.is_some_and(|value| value.text().is_some() || value.items().all(is_text))
}

/// The texts of a string, or of an array of strings and blocks of text; what else is there is said to be lost.
pub(super) fn texts<'a>(
    value: Option<Value<'a>>,
    path: Path<'_>,
    lost: &mut Vec<Problem>,
) -> Vec<Text<'a>> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Vec::new();
    };
    if let Some(text) = value.text() {
        return vec![text];
    }
    if !value.is_array() {
        lost.push(no_place(path, value));
        return Vec::new();
    }
    let mut texts = Vec::new();
    for (index, item) in value.items().enumerate() {
        let path = Path::Item(&path, index);
        let kind = item.some("type");
        let is_text = kind.is_none_or(|kind| TEXT.iter().any(|name| kind.is(name)));
        let text = item.some("text").and_then(Value::text).filter(|_| is_text);
        match item.text().or(text) {
            Some(text) => {
                texts.push(text);
                beside(item, path, BLOCK, lost);
            }
            // It says where a request may be cut for the next one, and holds nothing.
            None if item.count() == 1 && item.has("cachePoint") => {}
            None => lost.push(no_place(path, item)),
        }
    }
    texts
}

/// Kinds of blocks that are text.
const TEXT: &[&str] = &["text", "input_text", "output_text"];
/// Members of a block of text: what it says, and where a request may be cut for the next one.
const BLOCK: &[&str] = &["text", "type", "cachePoint", "cache_control"];

/// What is not text has no place in what is made of an entry.
fn no_place(path: Path<'_>, value: Value<'_>) -> Problem {
    let found = if value.is_object() {
        format!("a block with the members {}", bounded(&names(value)))
    } else {
        value.kind_name().to_owned()
    };
    Problem::new(&rules::NO_PLACE, path, found, NOT_TEXT).at(value.span())
}

const NOT_TEXT: &str = "Only the text of an entry is converted: take this entry out.";

/// Says which members are lost besides the `known` ones: those that the model read or said, and those that nobody knows. What holds no
/// text, such as a number, loses none.
pub(super) fn beside(object: Value<'_>, path: Path<'_>, known: &[&str], lost: &mut Vec<Problem>) {
    let holds = |member: &Value<'_>| match member.text() {
        Some(text) => !text.is_blank(),
        None => (member.is_object() || member.is_array()) && member.count() > 0,
    };
    let left = object
        .items()
        .filter(|member| object.is_object() && !known.contains(&member.name().as_ref()))
        .filter(holds);
    let (said, others): (Vec<_>, Vec<_>) = left
        .map(|member| member.name())
        .partition(|name| SAID.contains(&name.as_ref()));
    for (rule, names, fix) in [
        (&rules::NO_PLACE, said, NOT_TEXT),
        (
            &rules::EXTRA_MEMBER,
            others,
            "Nothing, if the model is not to learn from it: the compiled record leaves it out.",
        ),
    ] {
        if !names.is_empty() {
            let names = names[..names.len().min(8)].join(", ");
            lost.push(Problem::new(rule, path, bounded(&names), fix));
        }
    }
}

/// What a model reads or says, in members that are not converted.
const SAID: &[&str] = &[
    "prompt",
    "inputText",
    "message",
    "chat_history",
    "documents",
    "instructions",
    "preamble",
    "context",
    "input",
    "inputs",
    "images",
    "image",
    "video",
    "document",
    "audio",
    "tool_results",
    "tool_calls",
    "function_call",
    "toolUse",
    "toolResult",
    "guardContent",
    "reasoningContent",
    "generation",
    "completion",
    "content",
    "results",
    "choices",
    "outputs",
    "generations",
    "text",
    "response",
    "refusal",
    "messages",
    "system",
];
/// How an answer was asked for; nothing of it is read or said.
pub(super) const PARAMETERS: &[&str] = &[
    "anthropic_version",
    "anthropic_beta",
    "schemaVersion",
    "inferenceConfig",
    "textGenerationConfig",
    "additionalModelRequestFields",
    "additionalModelResponseFieldPaths",
    "performanceConfig",
    "guardrailConfig",
    "requestMetadata",
    "metadata",
    "stop",
    "stop_sequences",
    "tool_choice",
    "thinking",
    "reasoning_effort",
    "stream_options",
    "service_tier",
    "model",
    "modelId",
];
/// What an entry has besides what was read and said.
pub(super) const ENTRY: &[&str] = &[
    "input",
    "output",
    "schemaType",
    "schemaVersion",
    "timestamp",
    "accountId",
    "region",
    "requestId",
    "operation",
    "modelId",
    "identity",
    "requestMetadata",
    "errorCode",
    "inferenceRegion",
    "inferenceProfileId",
    "serviceTier",
    "performanceConfig",
];
/// What its input and its output have.
pub(super) const SIDE: &[&str] = &[
    "inputBodyJson",
    "outputBodyJson",
    "inputContentType",
    "outputContentType",
    "inputBodyS3Path",
    "outputBodyS3Path",
];
/// What an answer has besides what was said.
pub(super) const ANSWER: &[&str] = &[
    "stopReason",
    "stop_reason",
    "stop_sequence",
    "finish_reason",
    "finishReason",
    "completionReason",
    "usage",
    "metrics",
    "id",
    "type",
    "role",
    "model",
    "object",
    "system_fingerprint",
    "stop",
    "trace",
    "service_tier",
    "performanceConfig",
    "index",
    "logprobs",
    "additionalModelResponseFields",
    "amazon-bedrock-invocationMetrics",
    "amazon-bedrock-guardrailAction",
    "amazon-bedrock-trace",
    "amazon-bedrock-service-tier",
    "context_management",
    "container",
    "stop_details",
    "serviceTier",
    "inputTextTokenCount",
];
