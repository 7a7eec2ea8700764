//! `Converse`, also as the records of a batch inference job ask it.

use std::sync::Arc;

use perennial_learner::Learner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    bedrock::{
        CustomModel, Deployment, DeploymentStatus, ImportedModel, Throughput, ThroughputStatus,
    },
    catalog::{self, Foundation},
    error::AwsError,
    knowledge::Teacher,
    operation::{Call, Operation},
    records::{self, Turn},
};

/// Who answers.
#[derive(Debug)]
pub(crate) enum Model {
    Base(Teacher),
    Custom(Arc<Learner>),
}

impl Model {
    fn answer(&self, prompt: &str) -> String {
        match self {
            Self::Base(model) => model.answer(prompt),
            Self::Custom(learner) => learner.answer(prompt),
        }
    }
}

/// A request without the model's id: what a batch record holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConverseBody {
    messages: Vec<Turn>,
    /// Checked only for being texts: the learner goes by the user's words.
    #[serde(default)]
    system: Vec<SystemBlock>,
    #[serde(default)]
    inference_config: InferenceConfig,
    additional_model_request_fields: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SystemBlock {
    text: Option<String>,
}

/// The range of each member is checked; the answers are deterministic at any temperature.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InferenceConfig {
    max_tokens: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    #[serde(default)]
    stop_sequences: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    output: Value,
    stop_reason: &'static str,
    pub(crate) usage: Usage,
    metrics: Metrics,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Usage {
    pub(crate) input_tokens: usize,
    pub(crate) output_tokens: usize,
    total_tokens: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    latency_ms: u64,
}

/// About four characters a token, as English has.
const CHARACTERS_PER_TOKEN: usize = 4;

fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(CHARACTERS_PER_TOKEN)
}

impl ConverseBody {
    /// # Errors
    /// `ValidationException` if a member is missing, unknown, or of the wrong type.
    pub(crate) fn read(body: Value) -> Result<Self, AwsError> {
        serde_json::from_value(body)
            .map_err(|error| AwsError::validation(format!("The request cannot be read: {error}.")))
    }

    /// # Errors
    /// `ValidationException` for what AWS would not take.
    pub(crate) fn answer(&self, model: &Model) -> Result<Answer, AwsError> {
        self.check()?;
        let prompt = records::prompt(&self.messages);
        let mut text = model.answer(&prompt);
        let mut stop_reason = "end_turn";
        let most = self
            .inference_config
            .max_tokens
            .and_then(|most| usize::try_from(most).ok());
        if let Some(most) = most.filter(|most| *most < tokens(&text)) {
            text = text.chars().take(most * CHARACTERS_PER_TOKEN).collect();
            stop_reason = "max_tokens";
        }
        let system: usize = self
            .system
            .iter()
            .filter_map(|block| block.text.as_deref())
            .map(tokens)
            .sum();
        let (input_tokens, output_tokens) = (tokens(&prompt) + system, tokens(&text));
        Ok(Answer {
            output: json!({ "message": { "role": "assistant", "content": [{ "text": text }] } }),
            stop_reason,
            usage: Usage {
                input_tokens,
                output_tokens,
                total_tokens: input_tokens + output_tokens,
            },
            metrics: Metrics { latency_ms: 1 },
        })
    }

    fn check(&self) -> Result<(), AwsError> {
        if self.messages.is_empty() {
            return Err(AwsError::validation(
                "The messages list is empty. Add a message to the list and try again.",
            ));
        }
        records::alternate(&self.messages)
            .map_err(|why| AwsError::validation(format!("The conversation is invalid: {why}.")))?;
        if self.messages.len().is_multiple_of(2) {
            return Err(AwsError::validation(
                "The conversation must end with a user message.",
            ));
        }
        if self
            .system
            .iter()
            .any(|block| block.text.as_ref().is_some_and(String::is_empty))
        {
            return Err(AwsError::validation(
                "The text of a system content block is empty.",
            ));
        }
        let InferenceConfig {
            max_tokens,
            temperature,
            top_p,
            stop_sequences,
        } = &self.inference_config;
        let from_zero_to_one =
            |number: &Option<f64>| number.is_none_or(|number| (0.0..=1.0).contains(&number));
        if max_tokens.is_some_and(|most| most < 1)
            || !from_zero_to_one(temperature)
            || !from_zero_to_one(top_p)
            || stop_sequences.iter().any(String::is_empty)
        {
            return Err(AwsError::validation(
                "A member of inferenceConfig is out of its range.",
            ));
        }
        if self
            .additional_model_request_fields
            .as_ref()
            .is_some_and(|fields| !fields.is_object())
        {
            return Err(AwsError::validation(
                "additionalModelRequestFields must be an object.",
            ));
        }
        Ok(())
    }
}

/// The operation's request: a body, and the id from the path.
#[derive(Debug, Deserialize)]
pub(crate) struct Converse(Value);

impl Operation for Converse {
    const NAME: &'static str = "Converse";
    type Answer = Answer;

    fn perform(mut self, call: &mut Call<'_>) -> Result<Answer, AwsError> {
        let id = self
            .0
            .as_object_mut()
            .and_then(|body| body.remove("modelId"));
        let id = id.as_ref().and_then(Value::as_str).unwrap_or_default();
        let model = model(id, call)?;
        ConverseBody::read(self.0)?.answer(&model)
    }
}

/// The model behind an id.
fn model(id: &str, call: &Call<'_>) -> Result<Model, AwsError> {
    if id.contains(":custom-model-deployment/") {
        let missing =
            || AwsError::not_found("The specified custom model deployment does not exist.");
        let deployment: Deployment = call.tx.get(id)?.ok_or_else(missing)?;
        return match deployment.status {
            DeploymentStatus::Active => Ok(Model::Custom(call.learners.of(&deployment.model_arn)?)),
            DeploymentStatus::Creating => Err(AwsError::new(
                "ModelNotReadyException",
                "The custom model deployment is being created. Wait until it is Active and try again.",
            )),
            DeploymentStatus::Failed => Err(AwsError::validation(
                "The custom model deployment has failed.",
            )),
        };
    }
    if id.contains(":custom-model/") {
        return Err(AwsError::validation(format!(
            "Invocation of model ID {id} with on-demand throughput isn't supported. Deploy the custom model first."
        )));
    }
    if id.contains(":imported-model/") {
        let model = ImportedModel::existing(id, call)?;
        return Ok(Model::Custom(call.learners.of(&model.arn)?));
    }
    if id.contains(":provisioned-model/") {
        return provisioned(id, call);
    }
    let foundation = Foundation::to_call(id)?;
    Ok(Model::Base(Teacher::of(foundation, call.knowledge)))
}

/// The model behind provisioned throughput; while it is swapped, the old one answers.
fn provisioned(id: &str, call: &Call<'_>) -> Result<Model, AwsError> {
    let throughput = Throughput::existing(id, call)?;
    match throughput.status {
        ThroughputStatus::InService | ThroughputStatus::Updating => {}
        ThroughputStatus::Creating => {
            return Err(AwsError::new(
                "ModelNotReadyException",
                "The provisioned model throughput is being created. Wait until it is InService and try again.",
            ));
        }
        ThroughputStatus::Failed => {
            return Err(AwsError::validation(
                "The provisioned model throughput has failed.",
            ));
        }
    }
    let custom = CustomModel::find(&throughput.model_arn, call)?;
    let named = custom
        .as_ref()
        .map_or(&throughput.model_arn, |model| &model.foundation);
    let foundation = Foundation::find(named)
        .ok_or_else(|| AwsError::validation("The provided model identifier is invalid."))?;
    if foundation.makes_images() {
        return Err(catalog::not_for_conversations());
    }
    match custom {
        Some(model) => Ok(Model::Custom(call.learners.of(&model.arn)?)),
        None => Ok(Model::Base(Teacher::of(foundation, call.knowledge))),
    }
}
