//! Answers from models by `Converse` on Amazon Bedrock.

use async_trait::async_trait;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, ConverseOutput, InferenceConfiguration, Message,
};
use perennial_aws_errors::port_error;
use perennial_ports::{Answer, Ask, ErrorKind, PortError, PortResult, Question};

const OPERATION: &str = "bedrock:Converse";

/// Models of the region that the client speaks to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Converse {
    client: Client,
}

impl Converse {
    /// With this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Ask for Converse {
    /// The text blocks of the answer are put together as they stand; other blocks (reasoning, tool use) are left out.
    /// An answer without any text is an empty answer.
    async fn ask(&self, model_id: &str, question: &Question) -> PortResult<Answer> {
        let max_tokens = i32::try_from(question.max_tokens).unwrap_or(i32::MAX);
        let message = Message::builder()
            .role(ConversationRole::User)
            .content(ContentBlock::Text(question.prompt.clone()))
            .build()
            .map_err(|error| PortError::new(OPERATION, ErrorKind::Invalid, error))?;
        let answer = self
            .client
            .converse()
            .model_id(model_id)
            .messages(message)
            .inference_config(
                InferenceConfiguration::builder()
                    .max_tokens(max_tokens)
                    .temperature(question.temperature)
                    .build(),
            )
            .send()
            .await
            .map_err(|error| port_error(OPERATION, error))
            .map_err(|error| PortError {
                message: format!("model {model_id}: {}", error.message),
                ..error
            })?;
        let text = match &answer.output {
            Some(ConverseOutput::Message(message)) => message
                .content()
                .iter()
                .filter_map(|block| block.as_text().ok())
                .map(String::as_str)
                .collect(),
            _ => String::new(),
        };
        let count = |tokens: i32| u64::try_from(tokens).unwrap_or(0);
        Ok(Answer {
            text,
            input_tokens: answer
                .usage()
                .map_or(0, |usage| count(usage.input_tokens())),
            output_tokens: answer
                .usage()
                .map_or(0, |usage| count(usage.output_tokens())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region};
    use perennial_aws_errors::replay::{Replay, Reply};
    use serde_json::{Value, json};

    fn converse(replay: &Replay) -> Converse {
        let config = aws_sdk_bedrockruntime::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Replay::credentials())
            .http_client(replay.http_client())
            .build();
        Converse::new(Client::from_conf(config))
    }

    fn question() -> Question {
        Question {
            prompt: "Where is my card?".into(),
            max_tokens: 16,
            temperature: 0.0,
        }
    }

    #[tokio::test]
    async fn text_blocks_are_joined_and_tokens_counted() {
        let answer = json!({
            "output": { "message": { "role": "assistant", "content": [
                { "reasoningContent": { "reasoningText": { "text": "hm" } } }, { "text": "card_" }, { "text": "arrival" },
            ] } },
            "stopReason": "end_turn",
            "usage": { "inputTokens": 12, "outputTokens": 3, "totalTokens": 15 },
            "metrics": { "latencyMs": 5 },
        });
        let replay = Replay::new([Reply::ok(answer.to_string())]);
        let arn = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl";
        let answer = converse(&replay).ask(arn, &question()).await;
        let expected = Answer {
            text: "card_arrival".into(),
            input_tokens: 12,
            output_tokens: 3,
        };
        assert_eq!(answer, Ok(expected));
        let asked = &replay.asked()[0];
        assert!(asked.uri.ends_with("/converse"), "{}", asked.uri);
        let sent: Value = serde_json::from_str(&asked.body).expect("JSON");
        assert_eq!(
            sent["messages"][0]["content"][0]["text"],
            "Where is my card?"
        );
        assert_eq!(
            sent["inferenceConfig"],
            json!({ "maxTokens": 16, "temperature": 0.0 })
        );
    }

    #[tokio::test]
    async fn a_model_that_is_not_ready_is_asked_again_later() {
        let refusal = Reply::refusal(429, "ModelNotReadyException", "The model is not ready");
        let replay = Replay::new(vec![refusal; 10]);
        let error = converse(&replay)
            .ask("m", &question())
            .await
            .expect_err("not ready");
        assert_eq!(error.kind, ErrorKind::Throttled);
        assert!(error.message.contains("The model is not ready"), "{error}");
    }
}
