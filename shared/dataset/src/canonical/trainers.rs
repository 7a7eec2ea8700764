//! What is said of a record that another trainer takes.
use perennial_core::limits::RecordShape;

use crate::{finding::Problem, record::Record, rules, shape::InputShape};

/// The finding for a record that has no place in the trainer's shape.
pub(super) fn of_another(record: &Record<'_>, shape: RecordShape) -> Problem {
    let what = match record {
        Record::Conversation(_) => "a question with its answer",
        Record::Document(_) => "a document",
        Record::Caption { .. } => "an image with its caption",
        Record::Reinforcement { .. } => "a record with a reference answer",
        Record::Preference(_) => "a preferred and another answer",
        Record::Log { .. } => "an invocation log",
    };
    Problem::new(
        &rules::OTHER_TRAINER,
        "$",
        what,
        format!(
            "This pipeline's trainer takes {}. Move the file to a pipeline of its kind.",
            shape_name(shape)
        ),
    )
}

/// The finding for preferences where the trainer takes none, and for other records where it takes nothing else.
pub(crate) fn other_trainer(found: InputShape, taken: RecordShape) -> Problem {
    let fix = if taken == RecordShape::Preferences {
        "This pipeline learns from preferences, of which each has two answers: {\"prompt\", \"chosen\", \"rejected\"}. Add the answer that \
         is not wanted, or move the file to a pipeline whose [training.serverless] says technique = \"sft\"."
            .to_owned()
    } else if matches!(
        taken,
        RecordShape::BedrockConversation
            | RecordShape::PromptCompletion
            | RecordShape::AnthropicMessages
    ) {
        "This pipeline learns one answer to each prompt. Move the file to a pipeline whose [training.serverless] says technique = \"dpo\" \
         (Amazon Nova Micro, Lite and Pro), or keep the preferred answers alone, as {\"prompt\", \"completion\"}."
            .to_owned()
    } else {
        format!(
            "This pipeline's trainer takes {}. Move the file to a pipeline whose [training.serverless] says technique = \"dpo\".",
            shape_name(taken)
        )
    };
    Problem::new(
        &rules::OTHER_TRAINER,
        "$",
        format!("a record in the shape {}", found.label()),
        fix,
    )
}

/// What records of this shape are, for messages.
pub(crate) fn shape_name(shape: RecordShape) -> &'static str {
    match shape {
        RecordShape::BedrockConversation => "Bedrock conversation",
        RecordShape::PromptCompletion => "prompt/completion",
        RecordShape::AnthropicMessages => "Anthropic messages",
        RecordShape::Documents => "{\"text\"} documents",
        RecordShape::DistillationPrompts => "prompts for distillation",
        RecordShape::InvocationLogs => "Bedrock invocation logs",
        RecordShape::ImageCaptions => "image-ref/caption",
        RecordShape::Reinforcement => "messages with reference_answer",
        RecordShape::Preferences => "Nova preferences (candidates)",
    }
}
