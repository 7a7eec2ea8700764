//! The base model: asked by one batch inference job, padded to the service's minimum, for what is not kept yet.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bytes::Bytes;
use memchr::memmem::Finder;
use perennial_core::names::{Purpose, is_ours};
use perennial_core::run::{Event, Run, Seen};
use perennial_dataset::EvalRecord;
use perennial_engine::adopt::{Created, adopt};
use perennial_engine::kept::{self, KeptAnswer, question, question_digest};
use perennial_engine::{EngineError, Invocation, StepResult, questions};
use perennial_ports::objects::read_all;
use perennial_ports::{BatchJob, BatchSpec, BatchStatus, ErrorKind};
use serde::Deserialize;
use serde_json::json;

use crate::Ports;
use crate::ask::{Whom, missing};

/// Records that only fill the job up to its minimum.
const PADDING: &str = "padding-";
/// The output's largest size.
const OUTPUT_LIMIT: usize = 1 << 30;
const INPUT_NAME: &str = "input.jsonl";

pub(crate) async fn start(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let open = open_questions(ports, run).await?;
    if open.is_empty() {
        return Ok(Event::BaseAnswered);
    }
    let resource = run.resource(Purpose::Base, attempt);
    let name = resource.to_string();
    let folder = folder(run, attempt);
    let input_key = format!("{folder}{INPUT_NAME}");
    let spec = BatchSpec {
        name: name.clone(),
        token: name.clone(),
        model_id: run.route.inference_id.clone(),
        input_key: input_key.clone(),
        output_prefix: format!("{folder}output/"),
        tags: resource.tags(),
    };
    if let Some(job) = ports.batch.find_batch(&name).await? {
        return Ok(found(&name, &spec, job));
    }
    let body = input(&open, run.route.batch_minimum);
    ports
        .write
        .put(&input_key, Bytes::from(body), "application/x-ndjson")
        .await?;
    let error = match ports.start_batch.start_batch(&spec).await {
        Ok(job) => return Ok(Event::BaseFound { job }),
        Err(error) => error,
    };
    let job = ports.batch.find_batch(&name).await?;
    let job = job.map(|job| (job.arn.clone(), job.arn, job.tags));
    Ok(match adopt(&name, &spec.tags, &error, job) {
        Created::There(job) => Event::BaseFound { job },
        // As with the candidate: what was trained waits until people have given the right.
        Created::Never(reason) if error.kind == ErrorKind::Denied => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!(
                "the base model's batch job is denied: {reason}. It is tried until it is allowed"
            )),
        },
        Created::Never(reason) => Event::Impossible { reason },
        Created::Later(reason) => Event::Later {
            at: ports.desk.next_look(),
            note: Some(format!("the base model's batch job waits: {reason}")),
        },
    })
}

fn found(name: &str, spec: &BatchSpec, job: BatchJob) -> Event {
    if is_ours(&spec.tags, &job.tags) {
        Event::BaseFound { job: job.arn }
    } else {
        Event::Impossible {
            reason: format!(
                "the name {name} is taken by {}, which Perennial did not make",
                job.arn
            ),
        }
    }
}

pub(crate) async fn observe(ports: &Ports, run: &Run, attempt: u32) -> StepResult {
    let name = run.resource(Purpose::Base, attempt).to_string();
    let later = |note: Option<String>| Event::Later {
        at: ports.desk.next_look(),
        note,
    };
    let Some(job) = ports.batch.find_batch(&name).await? else {
        return Ok(later(Some(format!(
            "batch job {name} was seen before, but is not found now; looking again"
        ))));
    };
    match job.status {
        BatchStatus::InProgress => Ok(later(None)),
        BatchStatus::Failed => {
            let message = job
                .message
                .unwrap_or_else(|| "the service gave no reason".into());
            Ok(Event::BaseSeen(Seen::Failed { message }))
        }
        BatchStatus::Stopped => Ok(Event::BaseSeen(Seen::Stopped)),
        BatchStatus::Completed | BatchStatus::Partial => {
            collect(ports, run, attempt, &job).await?;
            if open_questions(ports, run).await?.is_empty() {
                Ok(Event::BaseAnswered)
            } else {
                Ok(Event::BaseSeen(Seen::Completed { model_arn: None }))
            }
        }
    }
}

/// Asks what the batch job left out.
pub(crate) async fn ask(ports: &Ports, run: &Run, invocation: &Invocation) -> StepResult {
    let records = questions::load(ports.read.as_ref(), run).await?;
    let model = &run.route.inference_id;
    let prefix = kept::base_prefix(&run.pipeline, model);
    let asked = missing(ports, Whom::Model(model), &prefix, &records, invocation).await?;
    Ok(asked.event(
        ports,
        "the base model",
        records.len(),
        Event::BaseAnswered,
        |error| Event::Impossible {
            reason: format!("the base model cannot be asked: {error}"),
        },
    ))
}

fn folder(run: &Run, attempt: u32) -> String {
    format!("{}/base-{attempt}/", run.work())
}

async fn open_questions(ports: &Ports, run: &Run) -> Result<Vec<EvalRecord>, EngineError> {
    let records = questions::load(ports.read.as_ref(), run).await?;
    let prefix = kept::base_prefix(&run.pipeline, &run.route.inference_id);
    let answers = kept::load(ports.read.as_ref(), &prefix).await?;
    let mut seen = BTreeSet::new();
    let open = records.into_iter().filter(|record| {
        let digest = question_digest(&record.prompt);
        !answers.contains_key(&digest) && seen.insert(digest)
    });
    Ok(open.collect())
}

/// The job's input: each question once, and the first ones again until the service's minimum is reached.
fn input(open: &[EvalRecord], minimum: u64) -> Vec<u8> {
    let padding = usize::try_from(minimum)
        .unwrap_or(usize::MAX)
        .saturating_sub(open.len());
    let inputs: Vec<String> = open
        .iter()
        .map(|record| {
            let asked = question(&record.prompt);
            let input = json!({
                "messages": [{ "role": "user", "content": [{ "text": asked.prompt }] }],
                "inferenceConfig": { "maxTokens": asked.max_tokens, "temperature": asked.temperature },
            });
            input.to_string()
        })
        .collect();
    let own = open
        .iter()
        .map(|record| question_digest(&record.prompt))
        .zip(&inputs);
    let more = (0..padding)
        .map(|n| format!("{PADDING}{n}"))
        .zip(inputs.iter().cycle());
    let mut body = String::new();
    for (id, input) in own.chain(more) {
        // Neither digits nor our own word need escaping.
        let _ = writeln!(body, "{{\"recordId\":\"{id}\",\"modelInput\":{input}}}");
    }
    body.into_bytes()
}

async fn collect(
    ports: &Ports,
    run: &Run,
    attempt: u32,
    job: &BatchJob,
) -> Result<(), EngineError> {
    let key = format!(
        "{}output/{}/{INPUT_NAME}.out",
        folder(run, attempt),
        job.id()
    );
    let body = match read_all(ports.read.as_ref(), &key, None, OUTPUT_LIMIT).await {
        Ok(body) => body,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let answers: Vec<KeptAnswer> = own_lines(&body)
        .filter_map(|line| serde_json::from_slice(line).ok())
        .filter_map(output)
        .collect();
    let prefix = kept::base_prefix(&run.pipeline, &run.route.inference_id);
    for chunk in answers.chunks(5_000) {
        kept::keep(ports.write.as_ref(), &prefix, chunk).await?;
    }
    Ok(())
}

/// The lines that do not answer padding, as far as that is seen without parsing: in an answer's text the quotes are escaped.
fn own_lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let padding = Finder::new(b"\"recordId\":\"padding-");
    body.split(|byte| *byte == b'\n')
        .filter(move |line| padding.find(line).is_none())
}

/// One line of the output, as far as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    record_id: String,
    model_output: Option<ModelOutput>,
}

#[derive(Deserialize)]
struct ModelOutput {
    output: Output,
}

#[derive(Deserialize)]
struct Output {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    text: Option<String>,
}

/// Padding is left out, and so is a record that ended in an error: it is asked again.
fn output(line: Line) -> Option<KeptAnswer> {
    if line.record_id.starts_with(PADDING) {
        return None;
    }
    let content = line.model_output?.output.message.content;
    let text: Vec<String> = content.into_iter().filter_map(|block| block.text).collect();
    Some(KeptAnswer {
        question: line.record_id,
        answer: Some(text.join("\n")),
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn record(prompt: &str) -> EvalRecord {
        EvalRecord {
            prompt: prompt.into(),
            reference_response: "a".into(),
            category: None,
        }
    }

    #[test]
    fn a_small_job_is_padded_to_the_minimum_and_a_large_one_is_not() {
        let two = [record("one"), record("two")];
        assert_eq!(
            input(&two, 100)
                .iter()
                .filter(|byte| **byte == b'\n')
                .count(),
            100
        );
        assert_eq!(
            input(&two, 1).iter().filter(|byte| **byte == b'\n').count(),
            2
        );
    }

    #[test]
    fn padding_and_failed_records_are_no_answers() {
        let output = |line: Value| {
            let text = format!("{line}\n");
            let kept: Vec<KeptAnswer> = own_lines(text.as_bytes())
                .filter_map(|line| serde_json::from_slice(line).ok())
                .filter_map(output)
                .collect();
            kept.into_iter().next()
        };
        let answer = |id: &str| json!({ "recordId": id, "modelOutput": { "output": { "message": { "content": [{ "text": "x" }] } } } });
        assert_eq!(
            output(answer("abc"))
                .and_then(|kept| kept.answer)
                .as_deref(),
            Some("x")
        );
        assert_eq!(output(answer("padding-3")), None);
        let blocks = json!([{ "reasoningContent": {} }, { "text": "x" }, { "text": "y" }]);
        let several = json!({ "recordId": "abc", "modelOutput": { "output": { "message": { "content": blocks } } } });
        assert_eq!(
            output(several).and_then(|kept| kept.answer).as_deref(),
            Some("x\ny")
        );
        assert_eq!(
            output(json!({ "recordId": "abc", "error": { "errorCode": 400 } })),
            None
        );
    }
}
