//! What a trainer accepts as training data, per base model and technique: one row a model, each with its source.

use serde::{Deserialize, Serialize};

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
    /// Strings that a record may not contain.
    pub forbidden: Vec<String>,
    /// Where the figures come from.
    pub source: String,
}
