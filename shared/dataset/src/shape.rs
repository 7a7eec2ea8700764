//! Which shape a record has, from the members that it names.
use perennial_core::limits::RecordShape;

use crate::json::Value;

/// A shape in which records may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputShape {
    PromptCompletion,
    PromptResponse,
    BedrockConversation,
    Messages,
    Prompts,
    Document,
    /// A document whose text is named `input`.
    Input,
    Caption,
    Reinforcement,
    InvocationLog,
    Evaluation,
    Candidates,
    Chosen,
    PreferredOutput,
}

impl InputShape {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::PromptCompletion => "prompt/completion",
            Self::PromptResponse => "prompt/response",
            Self::BedrockConversation => "Bedrock conversation",
            Self::Messages => "OpenAI-style messages",
            Self::Prompts => "prompts only",
            Self::Document => "{\"text\"} documents",
            Self::Input => "{\"input\"} documents",
            Self::Caption => "image-ref/caption",
            Self::Reinforcement => "messages with reference_answer",
            Self::InvocationLog => "Bedrock invocation logs",
            Self::Evaluation => "evaluation (prompt/referenceResponse)",
            Self::Candidates => "Nova preferences (candidates)",
            Self::Chosen => "prompt/chosen/rejected",
            Self::PreferredOutput => "OpenAI preferences (preferred_output)",
        }
    }

    /// Whether a record has two answers, one of which is preferred.
    pub(crate) fn is_preference(self) -> bool {
        matches!(
            self,
            Self::Candidates | Self::Chosen | Self::PreferredOutput
        )
    }
}

/// The shapes that compile for a trainer, as a message lists them.
pub(crate) fn accepted(target: RecordShape) -> &'static str {
    match target {
        RecordShape::BedrockConversation
        | RecordShape::PromptCompletion
        | RecordShape::AnthropicMessages => {
            "{\"prompt\", \"completion\"}, {\"prompt\", \"response\"}, \
             {\"schemaVersion\": \"bedrock-conversation-2024\", \"system\", \"messages\"}, {\"messages\": [{\"role\", \"content\"}]}"
        }
        RecordShape::Documents => "{\"text\"}, {\"input\"}",
        RecordShape::DistillationPrompts => {
            "{\"prompt\"}, {\"schemaVersion\": \"bedrock-conversation-2024\", \"system\", \"messages\"}, Bedrock invocation logs"
        }
        RecordShape::InvocationLogs => "Bedrock invocation logs",
        RecordShape::ImageCaptions => "{\"image-ref\", \"caption\"}",
        RecordShape::Reinforcement => {
            "{\"messages\": [{\"role\", \"content\"}], \"reference_answer\"}"
        }
        RecordShape::Preferences => {
            "{\"prompt\", \"chosen\", \"rejected\"}, {\"input\", \"preferred_output\", \"non_preferred_output\"}, \
             {\"messages\": [..., {\"role\", \"candidates\": [{\"content\", \"preferenceLabel\"}]}]}"
        }
    }
}

/// What a record's members say; `None` where they say nothing. `so_far` is the shape of the records before, which decides where a
/// member is missing, and `target` what the trainer takes. A member that is null is as good as none, unless no other says what the record is.
pub(crate) fn detect(
    value: Value<'_>,
    so_far: Option<InputShape>,
    target: Option<RecordShape>,
) -> Option<InputShape> {
    let has = |name: &str| value.some(name).is_some();
    let found = preference(value, target).or_else(|| by_members(value, has, so_far, target));
    found.or_else(|| by_members(value, |name| value.has(name), so_far, target))
}

/// The shape of a record that has these members.
fn by_members(
    value: Value<'_>,
    has: impl Fn(&str) -> bool,
    so_far: Option<InputShape>,
    target: Option<RecordShape>,
) -> Option<InputShape> {
    if has("messages")
        && let Some(messages) = value.get("messages")
    {
        return Some(conversation(value, messages, target));
    }
    if has("prompt") && has("referenceResponse") {
        return Some(InputShape::Evaluation);
    }
    if has("schemaType") || has("modelId") && has("input") {
        return Some(InputShape::InvocationLog);
    }
    if has("image-ref") {
        return Some(InputShape::Caption);
    }
    if has("completion") {
        return Some(InputShape::PromptCompletion);
    }
    if has("response") {
        return Some(InputShape::PromptResponse);
    }
    if has("referenceResponse") {
        return Some(InputShape::Evaluation);
    }
    if has("prompt") {
        return Some(match so_far {
            Some(shape @ (InputShape::PromptResponse | InputShape::Evaluation)) => shape,
            _ if target == Some(RecordShape::DistillationPrompts) => InputShape::Prompts,
            // What the answer is called is said, though there is none.
            None if value.has("response") => InputShape::PromptResponse,
            None if target.is_none() && value.has("referenceResponse") => InputShape::Evaluation,
            _ => InputShape::PromptCompletion,
        });
    }
    if has("text") {
        return Some(InputShape::Document);
    }
    (has("input") && !has("output")).then_some(InputShape::Input)
}

/// Which shape of preferences it is, if it is one. One of two answers says so only where preferences are wanted.
fn preference(value: Value<'_>, target: Option<RecordShape>) -> Option<InputShape> {
    let wanted = target == Some(RecordShape::Preferences);
    let has = |name| value.some(name).is_some();
    let both = |one, other| match (has(one), has(other)) {
        (true, true) => true,
        (false, false) => false,
        _ => wanted,
    };
    if both("chosen", "rejected") {
        return Some(InputShape::Chosen);
    }
    if both("preferred_output", "non_preferred_output") {
        return Some(InputShape::PreferredOutput);
    }
    let messages = value.some("messages");
    let is_offered = |message: Value<'_>| message.some("candidates").is_some();
    if let Some(messages) = messages {
        return (messages.items().any(is_offered)).then_some(InputShape::Candidates);
    }
    // An answer that is wanted and null is told by its name.
    let named = |one, other| wanted && (value.has(one) || value.has(other));
    if named("chosen", "rejected") {
        return Some(InputShape::Chosen);
    }
    named("preferred_output", "non_preferred_output").then_some(InputShape::PreferredOutput)
}

fn conversation(value: Value<'_>, messages: Value<'_>, target: Option<RecordShape>) -> InputShape {
    let has = |value: Value<'_>, name| value.some(name).is_some();
    if has(value, "schemaVersion") {
        return InputShape::BedrockConversation;
    }
    if has(value, "reference_answer") || target == Some(RecordShape::Reinforcement) {
        return InputShape::Reinforcement;
    }
    if value.get("system").is_some_and(Value::is_array) {
        return InputShape::BedrockConversation;
    }
    // The first message whose content is in blocks says which blocks they are.
    let blocks = messages
        .items()
        .filter(|message| {
            !has(*message, "tool_calls") && !message.get("role").is_some_and(|role| role.is("tool"))
        })
        .find_map(|message| message.get("content").filter(|content| content.is_array()));
    match blocks {
        Some(blocks)
            if !blocks
                .items()
                .next()
                .is_some_and(|block| has(block, "type")) =>
        {
            InputShape::BedrockConversation
        }
        _ => InputShape::Messages,
    }
}
