//! Asking a model by `Converse` (Amazon Bedrock runtime).

use async_trait::async_trait;

use crate::PortResult;

/// One question, with the inference parameters that the answer depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The user's message.
    pub prompt: String,
    /// `inferenceConfig.maxTokens`.
    pub max_tokens: u32,
    /// `inferenceConfig.temperature`: 0 for evaluation.
    pub temperature: f32,
}

/// What the model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text of the answer.
    pub text: String,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

/// Asking.
#[async_trait]
pub trait Ask: Send + Sync {
    /// `model_id` is an inference id, an inference profile, or the ARN of a deployment or an imported model.
    async fn ask(&self, model_id: &str, question: &Question) -> PortResult<Answer>;
}
