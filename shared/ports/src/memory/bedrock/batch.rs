//! Batch inference jobs of foundation models.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answers::answer;
use super::state::State;
use super::{MemoryBedrock, Mind, ModelRef, Outcome, Work, checks, events};
use crate::memory::MemoryObjects;
use crate::memory::clock::later;
use crate::memory::faults::operation;
use crate::{BatchJob, BatchSpec, BatchStatus, ObserveBatch, PortResult, StartBatch, StopBatch};

/// A batch inference job with all that is known of it, for a test's assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRecord {
    /// What was asked for.
    pub spec: BatchSpec,
    /// Where it is.
    pub job: BatchJob,
    /// When it was made.
    pub created: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
}

pub(crate) struct Batch {
    pub(crate) spec: BatchSpec,
    pub(crate) job: BatchJob,
    input: bytes::Bytes,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) changes_at: Option<Timestamp>,
    outcome: Outcome,
    pub(crate) stopping: bool,
    pub(crate) token_known: bool,
}

impl Batch {
    pub(crate) fn record(&self) -> BatchRecord {
        BatchRecord {
            spec: self.spec.clone(),
            job: self.job.clone(),
            created: self.created,
            ended: self.ended,
        }
    }
}

impl State {
    fn start_batch(
        &mut self,
        spec: &BatchSpec,
        now: Timestamp,
        objects: &MemoryObjects,
    ) -> PortResult<String> {
        let op = operation::CREATE_BATCH;
        checks::name(op, "job's name", &spec.name, "+-.")?;
        checks::token(op, &spec.token)?;
        checks::key(op, &spec.input_key)?;
        checks::prefix(op, &spec.output_prefix)?;
        if let Some(known) = self.batches.get(&spec.name) {
            if known.token_known && known.spec == *spec {
                return Ok(known.job.arn.clone());
            }
            return Err(checks::conflict(
                op,
                format!("the job name {} is taken by {}", spec.name, known.job.arn),
            ));
        }
        let other = self
            .batches
            .values()
            .find(|job| job.token_known && job.spec.token == spec.token);
        if let Some(other) = other {
            return Err(checks::conflict(
                op,
                format!("the client token was used for {}", other.job.arn),
            ));
        }
        if spec.model_id.is_empty() || spec.model_id.contains(":custom-model") {
            return Err(checks::invalid(
                op,
                format!("batch inference is not offered for {:?}", spec.model_id),
            ));
        }
        let Some(input) = objects.read(&spec.input_key) else {
            return Err(checks::invalid(
                op,
                format!("there is no input file {}", spec.input_key),
            ));
        };
        let arn = self.arn("model-invocation-job");
        let (outcome, changes_at) = self.draw(Work::Batch, now, self.pace.batch);
        let batch = Batch {
            spec: spec.clone(),
            job: BatchJob {
                arn: arn.clone(),
                name: spec.name.clone(),
                status: BatchStatus::InProgress,
                message: None,
                tags: spec.tags.clone(),
            },
            input,
            created: now,
            modified: now,
            ended: None,
            changes_at,
            outcome,
            stopping: false,
            token_known: true,
        };
        let id = self.ids.event();
        self.events.push(events::batch(&batch, id));
        self.batches.insert(spec.name.clone(), batch);
        Ok(arn)
    }

    pub(crate) fn batch_changes(
        &mut self,
        name: &str,
        at: Timestamp,
        objects: &MemoryObjects,
        mind: &Mind,
    ) {
        let Some(mut batch) = self.batches.remove(name) else {
            return;
        };
        batch.changes_at = None;
        batch.modified = at;
        batch.ended = Some(at);
        let records = records(&batch.input);
        let (minimum, count) = (self.quotas.batch_minimum, records.len());
        (batch.job.status, batch.job.message) = if batch.stopping {
            (BatchStatus::Stopped, None)
        } else if let Outcome::Fails(message) = &batch.outcome {
            (BatchStatus::Failed, Some(message.clone()))
        } else if count < minimum {
            let words = format!(
                "Batch job {} contains less records ({count}) than the required minimum of: {minimum}",
                batch.job.arn
            );
            (BatchStatus::Failed, Some(words))
        } else {
            let missing = match batch.outcome {
                Outcome::Misses(missing) => missing.min(count),
                _ => 0,
            };
            write_answers(&batch, &records, missing, objects, mind);
            match missing {
                0 => (BatchStatus::Completed, None),
                _ => (
                    BatchStatus::Partial,
                    Some(format!("{missing} of {count} records were not processed")),
                ),
            }
        };
        let id = self.ids.event();
        self.events.push(events::batch(&batch, id));
        self.batches.insert(name.to_owned(), batch);
    }
}

fn records(input: &[u8]) -> Vec<Value> {
    input
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| serde_json::from_slice(line).unwrap_or(Value::Null))
        .collect()
}

/// Bedrock promises no order of the answers, so they stand in reverse here. The last `missing` records have none.
fn write_answers(
    batch: &Batch,
    records: &[Value],
    missing: usize,
    objects: &MemoryObjects,
    mind: &Mind,
) {
    let model = ModelRef::Base {
        id: batch.spec.model_id.clone(),
    };
    let mut lines = String::new();
    let (mut failed, mut read, mut written) = (0, 0, 0);
    for (number, record) in records
        .iter()
        .enumerate()
        .take(records.len() - missing)
        .rev()
    {
        let mut line = json!({
            "recordId": record.get("recordId").cloned().unwrap_or_else(|| format!("CALL{number:07}").into()),
            "modelInput": record.get("modelInput").cloned().unwrap_or_default(),
        });
        match prompt(&record["modelInput"]) {
            Some(prompt) => {
                let limit = record["modelInput"]["inferenceConfig"]["maxTokens"].as_u64();
                let said = answer(mind, &model, &prompt, limit);
                read += said.input_tokens;
                written += said.output_tokens;
                line["modelOutput"] = json!({
                    "output": { "message": { "role": "assistant", "content": [{ "text": said.text }] } },
                    "stopReason": "end_turn",
                    "usage": {
                        "inputTokens": said.input_tokens,
                        "outputTokens": said.output_tokens,
                        "totalTokens": said.input_tokens + said.output_tokens,
                    },
                });
            }
            None => {
                failed += 1;
                line["error"] = json!({
                    "errorCode": 400,
                    "errorMessage": "modelInput holds no text of the user",
                });
            }
        }
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let folder = format!("{}{}", batch.spec.output_prefix, batch.job.id());
    let input = &batch.spec.input_key;
    let file = input.rsplit('/').next().unwrap_or(input);
    objects.write_by_service(&format!("{folder}/{file}.out"), lines);
    let processed = records.len() - missing;
    let manifest = json!({
        "totalRecordCount": records.len(),
        "processedRecordCount": processed,
        "successRecordCount": processed - failed,
        "errorRecordCount": failed,
        "inputTokenCount": read,
        "outputTokenCount": written,
    });
    objects.write_by_service(&format!("{folder}/manifest.json.out"), manifest.to_string());
}

/// All that the user says, joined by line breaks.
fn prompt(model_input: &Value) -> Option<String> {
    let texts: Vec<&str> = model_input["messages"]
        .as_array()?
        .iter()
        .filter(|message| message["role"] == "user")
        .filter_map(|message| message["content"].as_array())
        .flatten()
        .filter_map(|block| block["text"].as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

#[async_trait]
impl ObserveBatch for MemoryBedrock {
    async fn find_batch(&self, name: &str) -> PortResult<Option<BatchJob>> {
        self.call(operation::LIST_BATCHES, |state, _| {
            Ok(state.batches.get(name).map(|known| known.job.clone()))
        })
    }
}

#[async_trait]
impl StartBatch for MemoryBedrock {
    async fn start_batch(&self, spec: &BatchSpec) -> PortResult<String> {
        self.call(operation::CREATE_BATCH, |state, now| {
            state.start_batch(spec, now, &self.objects)
        })
    }
}

#[async_trait]
impl StopBatch for MemoryBedrock {
    async fn stop_batch(&self, arn: &str) -> PortResult<()> {
        self.call(operation::STOP_BATCH, |state, now| {
            let stopped_at = later(now, state.pace.stopping);
            let Some(batch) = state.batches.values_mut().find(|job| job.job.arn == arn) else {
                return Err(checks::not_found(operation::STOP_BATCH, arn));
            };
            if batch.ended.is_none() && !batch.stopping {
                batch.stopping = true;
                batch.changes_at = Some(stopped_at);
                batch.modified = now;
                let id = state.ids.event();
                state.events.push(events::batch(batch, id));
            }
            Ok(())
        })
    }
}
