//! What a trainer accepts as training data, per base model and technique: one row a model, each with its source.

mod preferences;

use serde::{Deserialize, Serialize};

use crate::config::Technique;

pub use preferences::preferences;

/// The shape of one training record that a trainer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordShape {
    /// `{"schemaVersion":"bedrock-conversation-2024","system":[…],"messages":[…]}`.
    BedrockConversation,
    /// `{"prompt": "...", "completion": "..."}`.
    PromptCompletion,
    /// Claude 3 Haiku's `{"system": "...", "messages": [{"role","content"}]}`.
    AnthropicMessages,
    /// `{"text": "..."}`: documents for continued pre-training.
    Documents,
    /// Prompts without an answer, as Bedrock conversations of one user message: for distillation.
    DistillationPrompts,
    /// Bedrock's invocation logs as such: for distillation from what was asked already.
    InvocationLogs,
    /// `{"image-ref": "s3://...", "caption": "..."}`.
    ImageCaptions,
    /// OpenAI-style `messages`, with `reference_answer` and members of one's own, for reinforcement fine-tuning.
    Reinforcement,
    /// A conversation whose last message has a preferred and a non-preferred candidate: for direct preference optimization.
    Preferences,
}

impl RecordShape {
    /// Whether a record holds an answer, so that it can be held out and asked about.
    #[must_use]
    pub fn holds_answers(self) -> bool {
        match self {
            Self::BedrockConversation
            | Self::PromptCompletion
            | Self::AnthropicMessages
            | Self::Preferences => true,
            Self::Documents
            | Self::DistillationPrompts
            | Self::InvocationLogs
            | Self::ImageCaptions
            | Self::Reinforcement => false,
        }
    }
}

/// What a record may hold besides text. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContentLimits {
    /// Formats of images, as `image.format` names them; empty where the model takes none.
    pub image_formats: Vec<String>,
    /// The most images of one message.
    pub images: u32,
    /// Formats of videos; empty where the model takes none.
    pub video_formats: Vec<String>,
    /// The most videos of one message.
    pub videos: u32,
    /// Formats of documents; empty where the model takes none.
    pub document_formats: Vec<String>,
    /// The most documents of one record.
    pub documents: u32,
    /// Whether it takes tool definitions, uses and results.
    pub tools: bool,
    /// Whether it takes reasoning in an assistant's message.
    pub reasoning: bool,
}

impl ContentLimits {
    /// Whether text is all that a record may hold.
    #[must_use]
    pub fn is_text_only(&self) -> bool {
        *self == Self::default()
    }
}

/// The limits of one (base model, technique).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLimits {
    /// The shape that the trainer takes.
    pub shape: RecordShape,
    /// The fewest records that a job accepts.
    pub min_records: u64,
    /// The most records (training and validation together) that a job accepts.
    pub max_records: u64,
    /// The longest record, in tokens.
    pub max_record_tokens: u64,
    /// Strings that a record may not contain, compared without regard to case.
    pub forbidden: Vec<String>,
    /// What a record may hold besides text.
    #[serde(default, skip_serializing_if = "ContentLimits::is_text_only")]
    pub content: ContentLimits,
    /// The teacher whose answers in invocation logs are learnt; without it the teacher is asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_of: Option<String>,
    /// Where the figures come from.
    pub source: String,
}

/// The union of what the Nova guide, the Nova Dataset Validator and the Nova Forge SDK forbid in a user or system prompt;
/// each of the three lists lacks some of the others' strings, and a job fails on any of them.
const NOVA_FORBIDDEN: &[&str] = &[
    "System:",
    "User:",
    "Bot:",
    "Assistant:",
    "Thought:",
    "[EOS]",
    "<image>",
    "<video>",
    "<unk>",
];
/// Turn markers that the validator of aws-samples/amazon-bedrock-samples refuses for Claude 3 Haiku.
const CLAUDE_FORBIDDEN: &[&str] = &["\nHuman:", "\nAssistant:"];

/// One row: fine-tuning limits of one base model, by its id without the customization suffix.
struct Row {
    model: &'static str,
    shape: RecordShape,
    min_records: u64,
    max_records: u64,
    max_record_tokens: u64,
    forbidden: &'static [&'static str],
    content: Content,
    source: &'static str,
}

/// What the rows say of content, by name.
#[derive(Clone, Copy)]
enum Content {
    TextOnly,
    /// Nova Micro: text and tools.
    NovaText,
    /// Nova 1 Lite and Pro: up to ten images or one video a message, and tools.
    Nova1,
    /// Nova 2 Lite: as Nova 1, with PDF documents and reasoning.
    Nova2,
    /// Llama 3.2 11B and 90B: images.
    LlamaVision,
}

fn content(of: Content) -> ContentLimits {
    let formats = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let nova = ContentLimits {
        image_formats: formats(&["png", "jpeg", "gif", "webp"]),
        images: 10,
        video_formats: formats(&["mov", "mkv", "mp4", "webm"]),
        videos: 1,
        tools: true,
        ..ContentLimits::default()
    };
    match of {
        Content::TextOnly => ContentLimits::default(),
        Content::NovaText => ContentLimits {
            tools: true,
            ..ContentLimits::default()
        },
        Content::Nova1 => nova,
        Content::Nova2 => ContentLimits {
            document_formats: formats(&["pdf"]),
            documents: 1,
            reasoning: true,
            ..nova
        },
        Content::LlamaVision => ContentLimits {
            image_formats: formats(&["gif", "jpeg", "png", "webp"]),
            images: 10,
            ..ContentLimits::default()
        },
    }
}

const NOVA_SOURCE: &str = "Amazon Nova guide, fine-tune-prepare-data-understanding, and the Nova Dataset Validator (2026)";
const LLAMA_SOURCE: &str = "Bedrock user guide, model-customization-prepare (2026)";

/// A Nova model takes up to 20,000 records within a context of 32k tokens (counted here as 32,000).
const fn nova(
    model: &'static str,
    content: Content,
    min_records: u64,
    source: &'static str,
) -> Row {
    Row {
        model,
        shape: RecordShape::BedrockConversation,
        min_records,
        max_records: 20_000,
        max_record_tokens: 32_000,
        forbidden: NOVA_FORBIDDEN,
        content,
        source,
    }
}

/// A Llama model takes 100 to 10,000 records; the upper figure is an adjustable quota.
const fn llama(model: &'static str, shape: RecordShape, max_record_tokens: u64) -> Row {
    Row {
        model,
        shape,
        min_records: 100,
        max_records: 10_000,
        max_record_tokens,
        forbidden: &[],
        content: Content::TextOnly,
        source: LLAMA_SOURCE,
    }
}

const FINE_TUNING: &[Row] = &[
    nova("amazon.nova-micro-v1:0", Content::NovaText, 8, NOVA_SOURCE),
    nova("amazon.nova-lite-v1:0", Content::Nova1, 8, NOVA_SOURCE),
    nova("amazon.nova-pro-v1:0", Content::Nova1, 8, NOVA_SOURCE),
    nova(
        "amazon.nova-2-lite-v1:0",
        Content::Nova2,
        200,
        "Nova Dataset Validator and aws/nova-forge-sdk dataset_checks_config.py (2026-05-14): 200 on Bedrock, where the guide says 8",
    ),
    llama(
        "meta.llama3-1-8b-instruct-v1:0",
        RecordShape::PromptCompletion,
        16_000,
    ),
    llama(
        "meta.llama3-1-70b-instruct-v1:0",
        RecordShape::PromptCompletion,
        16_000,
    ),
    llama(
        "meta.llama3-2-1b-instruct-v1:0",
        RecordShape::BedrockConversation,
        16_000,
    ),
    llama(
        "meta.llama3-2-3b-instruct-v1:0",
        RecordShape::BedrockConversation,
        16_000,
    ),
    Row {
        content: Content::LlamaVision,
        ..llama(
            "meta.llama3-2-11b-instruct-v1:0",
            RecordShape::BedrockConversation,
            16_000,
        )
    },
    Row {
        content: Content::LlamaVision,
        ..llama(
            "meta.llama3-2-90b-instruct-v1:0",
            RecordShape::BedrockConversation,
            10_000,
        )
    },
    llama(
        "meta.llama3-3-70b-instruct-v1:0",
        RecordShape::BedrockConversation,
        16_000,
    ),
    Row {
        model: "anthropic.claude-3-haiku-20240307-v1:0",
        shape: RecordShape::AnthropicMessages,
        min_records: 32,
        max_records: 10_000,
        max_record_tokens: 32_000,
        forbidden: CLAUDE_FORBIDDEN,
        content: Content::TextOnly,
        source: "Bedrock user guide, model-customization-prepare, and aws-samples/amazon-bedrock-samples validators (2026-08-21)",
    },
];

/// The fine-tuning limits of a base model, by its id without the customization suffix; `None` for a model without a row.
#[must_use]
pub fn fine_tuning(base_model: &str) -> Option<DataLimits> {
    let row = FINE_TUNING.iter().find(|row| row.model == base_model)?;
    Some(DataLimits {
        shape: row.shape,
        min_records: row.min_records,
        max_records: row.max_records,
        max_record_tokens: row.max_record_tokens,
        forbidden: row.forbidden.iter().map(ToString::to_string).collect(),
        content: content(row.content),
        answers_of: None,
        source: row.source.to_owned(),
    })
}

/// Where the limits of continued pre-training come from.
const DOCUMENTS_SOURCE: &str =
    "Amazon Nova 2 guide, nova-data-prep-cpt-2: max_length of at most 8,192 tokens (2026)";
const DISTILLATION_SOURCE: &str =
    "aws-samples/amazon-bedrock-samples, model distillation's dataset validator (2026-08-21)";
const IMAGES_SOURCE: &str = "Bedrock user guide, model-customization-prepare (2026)";
const REINFORCEMENT_SOURCE: &str =
    "Bedrock user guide, rft-prepare-data, and the Nova Dataset Validator (2026)";
/// Where AWS publishes no greatest number of records.
const NO_MAXIMUM: u64 = 100_000_000;

/// What data a technique takes for a base model, by its id without the customization suffix, whether or not this version can
/// start its jobs: `perennial check` and `perennial rules` speak of all of them. An image model's fine-tuning takes captions.
#[must_use]
pub fn of(technique: Technique, base_model: &str) -> Option<DataLimits> {
    let limits = |shape, records: (u64, u64), tokens, source: &str| DataLimits {
        shape,
        min_records: records.0,
        max_records: records.1,
        max_record_tokens: tokens,
        forbidden: Vec::new(),
        content: ContentLimits::default(),
        answers_of: None,
        source: source.to_owned(),
    };
    match technique {
        Technique::FineTuning if IMAGE_MODELS.contains(&base_model) => Some(limits(
            RecordShape::ImageCaptions,
            (5, 10_000),
            1_024,
            IMAGES_SOURCE,
        )),
        Technique::FineTuning => fine_tuning(base_model),
        Technique::ContinuedPreTraining => Some(limits(
            RecordShape::Documents,
            (1, NO_MAXIMUM),
            8_192,
            DOCUMENTS_SOURCE,
        )),
        Technique::Reinforcement => reinforcement(base_model),
        Technique::Distillation => {
            let student =
                fine_tuning(base_model).filter(|_| !base_model.starts_with("anthropic."))?;
            Some(DataLimits {
                forbidden: student.forbidden,
                ..limits(
                    RecordShape::DistillationPrompts,
                    (100, 15_000),
                    student.max_record_tokens,
                    DISTILLATION_SOURCE,
                )
            })
        }
    }
}

/// What distillation from invocation logs takes: with the answers of this teacher, or to ask the teacher again.
#[must_use]
pub fn from_logs(base_model: &str, answers_of: Option<&str>) -> Option<DataLimits> {
    let prompts = of(Technique::Distillation, base_model)?;
    Some(DataLimits {
        shape: RecordShape::InvocationLogs,
        answers_of: answers_of.map(str::to_owned),
        ..prompts
    })
}

/// What `train` can hold apart in its memory while it seals a dataset: about 90 bytes a record.
const MOST_IN_A_CONTAINER: u64 = 2_000_000;

/// What a container of one's own takes: the shape that Bedrock takes for the model and technique, and its longest record. How many
/// records there must be is the container's own affair.
#[must_use]
pub fn in_a_container(technique: Technique, base_model: &str) -> Option<DataLimits> {
    let known = of(technique, base_model)?;
    Some(DataLimits {
        min_records: 1,
        max_records: MOST_IN_A_CONTAINER,
        source: "the container's own; the record's shape and length as Bedrock takes them for this model".to_owned(),
        ..known
    })
}

/// Models that are trained on images with captions.
const IMAGE_MODELS: &[&str] = &[
    "amazon.nova-canvas-v1:0",
    "amazon.titan-image-generator-v1",
    "amazon.titan-image-generator-v2:0",
];

/// What reinforcement fine-tuning takes for a base model: Nova 2 Lite, and the open-weight models that Bedrock trains so.
#[must_use]
pub fn reinforcement(base_model: &str) -> Option<DataLimits> {
    const MODELS: &[&str] = &[
        "amazon.nova-2-lite-v1:0",
        "openai.gpt-oss-20b-1:0",
        "qwen.qwen3-32b-v1:0",
    ];
    MODELS.contains(&base_model).then(|| DataLimits {
        shape: RecordShape::Reinforcement,
        min_records: 100,
        max_records: 20_000,
        max_record_tokens: 32_000,
        forbidden: if base_model.starts_with("amazon.") {
            NOVA_FORBIDDEN.iter().map(ToString::to_string).collect()
        } else {
            Vec::new()
        },
        content: ContentLimits {
            tools: true,
            reasoning: true,
            ..ContentLimits::default()
        },
        answers_of: None,
        source: REINFORCEMENT_SOURCE.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn figures_as_collected() {
        for (model, shape, min, max, tokens) in [
            (
                "amazon.nova-micro-v1:0",
                RecordShape::BedrockConversation,
                8,
                20_000,
                32_000,
            ),
            (
                "amazon.nova-2-lite-v1:0",
                RecordShape::BedrockConversation,
                200,
                20_000,
                32_000,
            ),
            (
                "meta.llama3-1-8b-instruct-v1:0",
                RecordShape::PromptCompletion,
                100,
                10_000,
                16_000,
            ),
            (
                "meta.llama3-2-90b-instruct-v1:0",
                RecordShape::BedrockConversation,
                100,
                10_000,
                10_000,
            ),
            (
                "anthropic.claude-3-haiku-20240307-v1:0",
                RecordShape::AnthropicMessages,
                32,
                10_000,
                32_000,
            ),
        ] {
            let limits = fine_tuning(model).unwrap();
            assert_eq!(
                (
                    limits.shape,
                    limits.min_records,
                    limits.max_records,
                    limits.max_record_tokens
                ),
                (shape, min, max, tokens),
                "{model}"
            );
        }
        assert_eq!(fine_tuning("amazon.nova-micro-v1:0:128k"), None);
    }

    #[test]
    fn every_row_is_consistent() {
        for row in FINE_TUNING {
            assert!(
                row.min_records < row.max_records && !row.source.is_empty(),
                "{}",
                row.model
            );
        }
    }
}
