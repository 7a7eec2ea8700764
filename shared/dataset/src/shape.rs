//! Which shape a record has, from the members that it names.
use crate::json::{Json, Object};

/// A shape in which records may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputShape {
    PromptCompletion,
    PromptResponse,
    BedrockConversation,
    Messages,
    Evaluation,
}

impl InputShape {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::PromptCompletion => "prompt/completion",
            Self::PromptResponse => "prompt/response",
            Self::BedrockConversation => "Bedrock conversation",
            Self::Messages => "OpenAI-style messages",
            Self::Evaluation => "evaluation (prompt/referenceResponse)",
        }
    }
}

/// The training shapes, as a message lists them.
pub(crate) const ACCEPTED: &str = "{\"prompt\", \"completion\"}, {\"prompt\", \"response\"}, \
     {\"schemaVersion\": \"bedrock-conversation-2024\", \"system\", \"messages\"}, {\"messages\": [{\"role\", \"content\"}]}";

pub(crate) enum Detected {
    Shape(InputShape),
    /// A shape of the field that cannot be read yet: its name and what to do today.
    NotYet(&'static str, &'static str),
    Unknown,
}

/// `so_far` is the shape of the records before, which decides where a member is missing.
pub(crate) fn detect(object: &Object<'_>, so_far: Option<InputShape>) -> Detected {
    let has = |name| object.get(name).is_some();
    if has("messages") {
        return conversation(object);
    }
    if has("prompt") && has("referenceResponse") {
        return Detected::Shape(InputShape::Evaluation);
    }
    if has("schemaType") || (has("modelId") && has("input") && has("output")) {
        return Detected::NotYet(
            "Bedrock invocation log",
            "Write the log's input and output as {\"prompt\": \"...\", \"completion\": \"...\"}.",
        );
    }
    if has("image-ref") {
        return Detected::NotYet(
            "image-ref/caption",
            "Image models cannot be trained yet. Remove the file.",
        );
    }
    if has("completion") {
        return Detected::Shape(InputShape::PromptCompletion);
    }
    if has("response") {
        return Detected::Shape(InputShape::PromptResponse);
    }
    if has("referenceResponse") {
        return Detected::Shape(InputShape::Evaluation);
    }
    if has("prompt") {
        return Detected::Shape(match so_far {
            Some(shape @ (InputShape::PromptResponse | InputShape::Evaluation)) => shape,
            _ => InputShape::PromptCompletion,
        });
    }
    if has("text") || (has("input") && !has("output")) {
        return Detected::NotYet(
            if has("text") {
                "{\"text\"} document"
            } else {
                "{\"input\"} document"
            },
            "Documents serve continued pre-training, which Perennial cannot do yet. For fine-tuning, \
             write {\"prompt\": \"...\", \"completion\": \"...\"}.",
        );
    }
    Detected::Unknown
}

fn conversation(object: &Object<'_>) -> Detected {
    if object.get("reference_answer").is_some() {
        return Detected::NotYet(
            "messages with reference_answer",
            "Reinforcement fine-tuning cannot be done yet. For fine-tuning, put the answer last in messages, \
             with the role assistant.",
        );
    }
    let mut blocks = None;
    if let Some(Json::Array(messages)) = object.get("messages") {
        blocks = messages.iter().find_map(|message| match message {
            Json::Object(message) => match message.get("content") {
                Some(Json::Array(blocks)) => Some(blocks),
                _ => None,
            },
            _ => None,
        });
    }
    let bedrock = object.get("schemaVersion").is_some()
        || matches!(object.get("system"), Some(Json::Array(_)));
    match blocks.map(|blocks| blocks.first()) {
        Some(Some(Json::Object(block))) if !bedrock && block.get("type").is_some() => {
            Detected::NotYet(
                "OpenAI-style messages with block contents",
                "Write each content as one string: {\"role\": \"user\", \"content\": \"...\"}.",
            )
        }
        Some(_) => Detected::Shape(InputShape::BedrockConversation),
        None if bedrock => Detected::Shape(InputShape::BedrockConversation),
        None => Detected::Shape(InputShape::Messages),
    }
}
