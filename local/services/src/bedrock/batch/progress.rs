//! How a batch inference job moves on in time, its output, and the event of each change.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    create::input_keys,
    job::{Counts, InvocationJob, Status},
};
use crate::{
    bedrock::models::CustomModel,
    catalog::Foundation,
    error::AwsError,
    events::{Event, batch_detail_time, batch_time},
    knowledge::Teacher,
    objects::split_uri,
    operation::Call,
    runtime::{ConverseBody, Model},
    store::StoreError,
};

/// One record of an input file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    record_id: Option<String>,
    model_input: Value,
}

/// Moves every job on to the call's time.
pub(in crate::bedrock) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for mut job in call.tx.advancing::<InvocationJob>()? {
        let mut moved = false;
        while job.runs() && job.due <= call.now {
            job.take_step(call)?;
            moved = true;
        }
        if moved {
            call.tx.put(&job)?;
        }
    }
    Ok(())
}

impl InvocationJob {
    fn take_step(&mut self, call: &mut Call<'_>) -> Result<(), AwsError> {
        let at = self.due;
        match self.status {
            Status::Submitted => {
                self.go_on(Status::Validating, call.pace.batch.end(at, 0, 10), call)
            }
            Status::Validating => match self.validate(call)? {
                Ok(total) => {
                    self.counts.total_record_count = total;
                    self.go_on(Status::Scheduled, call.pace.batch.end(at, total, 10), call)
                }
                Err(message) => self.end(Status::Failed, Some(message), call),
            },
            Status::Scheduled => {
                let due = call.pace.batch.end(at, self.counts.total_record_count, 70);
                self.go_on(Status::InProgress, due, call)
            }
            Status::InProgress => match self.answer(call)? {
                Ok(()) => self.end(Status::Completed, None, call),
                Err(message) => self.end(Status::Failed, Some(message), call),
            },
            Status::Stopping => self.end(Status::Stopped, None, call),
            Status::Completed
            | Status::PartiallyCompleted
            | Status::Failed
            | Status::Stopped
            | Status::Expired => Ok(()),
        }
    }

    fn go_on(&mut self, next: Status, due: Timestamp, call: &Call<'_>) -> Result<(), AwsError> {
        self.modified = self.due;
        self.status = next;
        self.due = due;
        Ok(self.announce(call)?)
    }

    fn end(
        &mut self,
        status: Status,
        message: Option<String>,
        call: &Call<'_>,
    ) -> Result<(), AwsError> {
        self.ended = Some(self.due);
        self.message = message;
        self.go_on(status, self.due, call)
    }

    /// The input files: key and content.
    fn input(&self, call: &Call<'_>) -> Result<Result<Vec<(String, Bytes)>, String>, AwsError> {
        let uri = &self.request.input_data_config.s3_input_data_config.s3_uri;
        let (bucket, _) = split_uri(uri).unwrap_or_default();
        let keys = input_keys(uri, call)?;
        let read = keys.into_iter().map(|key| {
            let content = call.objects.read(bucket, &key);
            content
                .map(|content| (key, content))
                .map_err(|error| format!("The input at {uri} cannot be read: {error}."))
        });
        Ok(read.collect())
    }

    /// How many records there are, or why the job cannot take them.
    fn validate(&self, call: &Call<'_>) -> Result<Result<usize, String>, AwsError> {
        let files = match self.input(call)? {
            Ok(files) => files,
            Err(message) => return Ok(Err(message)),
        };
        let mut total = 0;
        for (key, content) in &files {
            for (number, line) in lines(content) {
                if let Err(error) = serde_json::from_slice::<Record>(line) {
                    return Ok(Err(format!(
                        "Line {number} of {key} is not a record: {error}."
                    )));
                }
                total += 1;
            }
        }
        let min = call.settings.quotas.batch_min_records;
        Ok(if total < min {
            Err(format!(
                "The input has {total} records; a batch inference job takes at least {min}."
            ))
        } else {
            Ok(total)
        })
    }

    /// Asks the model every record and writes the answers.
    fn answer(&mut self, call: &Call<'_>) -> Result<Result<(), String>, AwsError> {
        let model = match CustomModel::find(&self.request.model_id, call)? {
            Some(model) => Model::Custom(call.learners.of(&model.arn)?),
            None => {
                let foundation = Foundation::to_call(&self.request.model_id)?;
                Model::Base(Teacher::of(foundation, call.knowledge))
            }
        };
        let files = match self.input(call)? {
            Ok(files) => files,
            Err(message) => return Ok(Err(message)),
        };
        let uri = &self.request.output_data_config.s3_output_data_config.s3_uri;
        let (bucket, prefix) = split_uri(uri).unwrap_or_default();
        let id = self.arn.rsplit('/').next().unwrap_or_default();
        let folder = format!("{}/{id}", prefix.trim_end_matches('/'));
        let folder = folder.trim_start_matches('/');
        let write = |name: &str, content: String| {
            let written = call.objects.write(
                bucket,
                &format!("{folder}/{name}.out"),
                Bytes::from(content),
            );
            written.map_err(|error| format!("The output cannot be written to {uri}: {error}."))
        };

        let mut counts = Counts {
            total_record_count: self.counts.total_record_count,
            ..Counts::default()
        };
        let (mut input_tokens, mut output_tokens) = (0, 0);
        for (key, content) in &files {
            let mut output = String::new();
            for (number, line) in lines(content) {
                let Ok(record) = serde_json::from_slice::<Record>(line) else {
                    continue;
                };
                let record_id = record.record_id.unwrap_or_else(|| format!("{number:011}"));
                let answered = ConverseBody::read(record.model_input.clone())
                    .and_then(|body| body.answer(&model));
                counts.processed_record_count += 1;
                let mut written =
                    json!({ "recordId": record_id, "modelInput": record.model_input });
                match answered {
                    Ok(answer) => {
                        counts.success_record_count += 1;
                        input_tokens += answer.usage.input_tokens;
                        output_tokens += answer.usage.output_tokens;
                        written["modelOutput"] = json!(answer);
                    }
                    Err(error) => {
                        counts.error_record_count += 1;
                        written["error"] =
                            json!({ "errorCode": error.status, "errorMessage": error.message });
                    }
                }
                output.push_str(&written.to_string());
                output.push('\n');
            }
            let name = key.rsplit('/').next().unwrap_or(key);
            if let Err(message) = write(name, output) {
                return Ok(Err(message));
            }
        }
        let mut manifest = json!(counts);
        manifest["inputTokenCount"] = json!(input_tokens);
        manifest["outputTokenCount"] = json!(output_tokens);
        self.counts = counts;
        Ok(write("manifest.json", manifest.to_string()))
    }

    /// Sends "Batch Inference Job State Change".
    pub(super) fn announce(&self, call: &Call<'_>) -> Result<(), StoreError> {
        let detail = json!({
            "version": "0.0",
            "accountId": crate::ACCOUNT_ID,
            "batchJobName": self.request.job_name,
            "batchJobArn": self.arn,
            "batchModelId": self.request.model_id,
            "status": self.status,
            "failureMessage": self.message.as_deref().unwrap_or_default(),
            "creationTime": batch_detail_time(self.submitted),
        });
        let event = Event {
            source: "aws.bedrock",
            detail_type: "Batch Inference Job State Change",
            time: batch_time(self.modified),
            resources: vec![self.arn.clone()],
            detail,
        };
        event.send(call).map(|_| ())
    }
}

/// The lines that are not blank, numbered from one.
fn lines(content: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let numbered = content.split(|byte| *byte == b'\n').enumerate();
    numbered
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(number, line)| (number + 1, line))
}
