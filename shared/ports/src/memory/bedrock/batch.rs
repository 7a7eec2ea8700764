//! Batch inference jobs of foundation models.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

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

/// One record of the input. Records that differ in their id only share what is read and answered.
struct Record {
    id: String,
    input: std::rc::Rc<Input>,
}

/// A `modelInput`, and what is answered to it.
struct Input {
    text: String,
    prompt: Option<String>,
    limit: Option<u64>,
}

impl Input {
    fn of(input: &Value) -> Self {
        Self {
            text: input.to_string(),
            prompt: prompt(input),
            limit: input["inferenceConfig"]["maxTokens"].as_u64(),
        }
    }
}

fn records(input: &[u8]) -> Vec<Record> {
    // By the text that follows the id, in lines of the form that Perennial writes.
    let mut known: BTreeMap<&str, std::rc::Rc<Input>> = BTreeMap::new();
    let text = std::str::from_utf8(input).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(number, line)| {
            let parts = line
                .strip_prefix("{\"recordId\":\"")
                .and_then(|rest| rest.split_once("\",\"modelInput\":"))
                .filter(|(id, _)| !id.contains(['"', '\\']));
            if let Some((id, rest)) = parts
                && let Some(input) = known.get(rest)
            {
                return Record {
                    id: id.to_owned(),
                    input: input.clone(),
                };
            }
            let record: Value = serde_json::from_str(line).unwrap_or(Value::Null);
            let id = match record["recordId"].as_str() {
                Some(id) => id.to_owned(),
                None => format!("CALL{number:07}"),
            };
            let input = std::rc::Rc::new(Input::of(&record["modelInput"]));
            if let Some((_, rest)) = parts {
                known.insert(rest, input.clone());
            }
            Record { id, input }
        })
        .collect()
}

/// Bedrock promises no order of the answers, so they stand in reverse here. The last `missing` records have none.
fn write_answers(
    batch: &Batch,
    records: &[Record],
    missing: usize,
    objects: &MemoryObjects,
    mind: &Mind,
) {
    let model = ModelRef::Base {
        id: batch.spec.model_id.clone(),
    };
    let mut lines = String::new();
    let (mut failed, mut read, mut written) = (0, 0, 0);
    let mut said: HashMap<*const Input, (String, u64, u64)> = HashMap::new();
    for record in records.iter().take(records.len() - missing).rev() {
        let Record { id, input } = record;
        let id = Value::from(id.as_str());
        let text = &input.text;
        match &input.prompt {
            Some(prompt) => {
                let (output, input_tokens, output_tokens) = said
                    .entry(std::rc::Rc::as_ptr(input))
                    .or_insert_with(|| {
                        let said = answer(mind, &model, prompt, input.limit);
                        let output = json!({
                            "output": { "message": { "role": "assistant", "content": [{ "text": said.text }] } },
                            "stopReason": "end_turn",
                            "usage": {
                                "inputTokens": said.input_tokens,
                                "outputTokens": said.output_tokens,
                                "totalTokens": said.input_tokens + said.output_tokens,
                            },
                        });
                        (output.to_string(), said.input_tokens, said.output_tokens)
                    });
                read += *input_tokens;
                written += *output_tokens;
                let _ = writeln!(
                    lines,
                    "{{\"modelInput\":{text},\"modelOutput\":{output},\"recordId\":{id}}}"
                );
            }
            None => {
                failed += 1;
                let error = json!({
                    "errorCode": 400,
                    "errorMessage": "modelInput holds no text of the user",
                });
                let _ = writeln!(
                    lines,
                    "{{\"error\":{error},\"modelInput\":{text},\"recordId\":{id}}}"
                );
            }
        }
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
