//! Converse: asking a foundation model or a deployment.

use async_trait::async_trait;
use jiff::Timestamp;
use perennial_core::pipeline::{is_imported, is_provisioned};

use super::state::State;
use super::{AskedQuestion, MemoryBedrock, Mind, ModelRef, checks};
use crate::memory::faults::operation;
use crate::memory::lock;
use crate::{Answer, Ask, Clock, DeploymentStatus, ErrorKind, PortError, PortResult, Question};

/// What the model says, cut at its limit. A token is a word here.
pub(crate) fn answer(
    mind: &Mind,
    model: &ModelRef,
    prompt: &str,
    max_tokens: Option<u64>,
) -> Answer {
    let mut text = mind(model, prompt);
    let limit = max_tokens.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    if text.split_whitespace().count() > limit {
        let words: Vec<&str> = text.split_whitespace().take(limit).collect();
        text = words.join(" ");
    }
    Answer {
        input_tokens: prompt.split_whitespace().count() as u64,
        output_tokens: text.split_whitespace().count() as u64,
        text,
    }
}

impl State {
    fn answering(&self, model_id: &str) -> PortResult<ModelRef> {
        let op = operation::CONVERSE;
        if model_id.contains(":custom-model-deployment/") || is_provisioned(model_id) {
            let found = self.deployments.get(model_id);
            let Some(deployed) = found.filter(|one| one.gone_at.is_none()) else {
                return Err(checks::not_found(op, model_id));
            };
            match deployed.shown.status {
                DeploymentStatus::Active => {}
                DeploymentStatus::Creating => {
                    return Err(PortError::new(
                        op,
                        ErrorKind::Throttled,
                        format!("ModelNotReadyException: {model_id} is not active"),
                    ));
                }
                DeploymentStatus::Failed => {
                    return Err(checks::invalid(op, format!("{model_id} has failed")));
                }
            }
            return self
                .model_ref(&deployed.shown.model_arn)
                .ok_or_else(|| checks::not_found(op, &deployed.shown.model_arn));
        }
        if is_imported(model_id) {
            return self
                .model_ref(model_id)
                .ok_or_else(|| checks::not_found(op, model_id));
        }
        if model_id.is_empty() || model_id.contains(":custom-model/") {
            return Err(checks::invalid(
                op,
                format!("{model_id:?} cannot be asked: deploy it and name the deployment"),
            ));
        }
        Ok(ModelRef::Base {
            id: model_id.to_owned(),
        })
    }

    fn pace_question(&mut self, model_id: &str, now: Timestamp) -> PortResult<()> {
        let Some(limit) = self.quotas.questions_per_minute else {
            return Ok(());
        };
        let minute = now.as_second().div_euclid(60);
        let seen = self.minutes.entry(model_id.to_owned()).or_default();
        if seen.0 != minute {
            *seen = (minute, 0);
        }
        if seen.1 >= limit {
            return Err(PortError::new(
                operation::CONVERSE,
                ErrorKind::Throttled,
                format!("ThrottlingException: {limit} requests a minute for {model_id}"),
            ));
        }
        seen.1 += 1;
        Ok(())
    }
}

#[async_trait]
impl Ask for MemoryBedrock {
    /// Every call of a model that there is counts as use, a throttled or failed one too.
    async fn ask(&self, model_id: &str, question: &Question) -> PortResult<Answer> {
        let known = self.look(|state| match state.answering(model_id) {
            Ok(_) => true,
            Err(error) => error.kind == ErrorKind::Throttled,
        });
        if known {
            self.usage.record(model_id, 1);
        }
        self.faults.call(operation::CONVERSE, || {
            if question.prompt.trim().is_empty() || question.max_tokens == 0 {
                return Err(checks::invalid(
                    operation::CONVERSE,
                    "the prompt and maxTokens must not be empty",
                ));
            }
            let now = self.clock.now();
            let model = self.look(|state| {
                let model = state.answering(model_id)?;
                state.pace_question(model_id, now)?;
                PortResult::Ok(model)
            })?;
            let limit = u64::from(question.max_tokens);
            let answer = answer(&*self.mind, &model, &question.prompt, Some(limit));
            lock(&self.state).questions.push(AskedQuestion {
                model_id: model_id.to_owned(),
                prompt: question.prompt.clone(),
                at: now,
            });
            Ok(answer)
        })
    }
}
