//! `ListTrainingJobs`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::job::{Status, TrainingJob, seconds};
use crate::{
    error::AwsError,
    operation::{Call, Operation},
};

/// How many jobs a page holds if nothing is said.
const USUAL_PAGE: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListTrainingJobs {
    next_token: Option<String>,
    max_results: Option<usize>,
    creation_time_after: Option<f64>,
    creation_time_before: Option<f64>,
    last_modified_time_after: Option<f64>,
    last_modified_time_before: Option<f64>,
    name_contains: Option<String>,
    status_equals: Option<Status>,
    sort_by: Option<String>,
    sort_order: Option<String>,
}

impl ListTrainingJobs {
    fn wants(&self, job: &TrainingJob) -> bool {
        let second = |at: Timestamp| at.as_millisecond() as f64 / 1000.0;
        let within = |at: Timestamp, after: Option<f64>, before: Option<f64>| {
            after.is_none_or(|after| second(at) > after)
                && before.is_none_or(|before| second(at) < before)
        };
        let named = self.name_contains.as_ref();
        named.is_none_or(|part| job.name().contains(part.as_str()))
            && self.status_equals.is_none_or(|status| job.status == status)
            && within(
                job.created,
                self.creation_time_after,
                self.creation_time_before,
            )
            && within(
                job.modified,
                self.last_modified_time_after,
                self.last_modified_time_before,
            )
    }
}

impl Operation for ListTrainingJobs {
    const NAME: &'static str = "ListTrainingJobs";
    type Answer = Value;

    fn perform(self, call: &mut Call<'_>) -> Result<Value, AwsError> {
        // In the order in which they were made.
        let mut jobs = call.tx.all::<TrainingJob>()?;
        jobs.retain(|job| self.wants(job));
        match self.sort_by.as_deref() {
            Some("Name") => jobs.sort_by(|a, b| a.name().cmp(b.name())),
            Some("Status") => jobs.sort_by_key(|job| format!("{:?}", job.status)),
            _ => {}
        }
        if self.sort_order.as_deref() != Some("Ascending") {
            jobs.reverse();
        }
        let token = |job: &TrainingJob| -> String {
            job.arn.bytes().map(|byte| format!("{byte:02x}")).collect()
        };
        if let Some(wanted) = &self.next_token {
            let last = jobs.iter().position(|job| token(job) == *wanted);
            let last =
                last.ok_or_else(|| AwsError::validation("The provided NextToken is invalid."))?;
            jobs.drain(..=last);
        }
        let size = self.max_results.unwrap_or(USUAL_PAGE);
        let more = jobs.len() > size;
        jobs.truncate(size);
        let summary = |job: &TrainingJob| {
            json!({
                "TrainingJobName": job.name(),
                "TrainingJobArn": job.arn,
                "CreationTime": seconds(job.created),
                "TrainingEndTime": job.ended.map(seconds),
                "LastModifiedTime": seconds(job.modified),
                "TrainingJobStatus": job.status,
                "SecondaryStatus": job.secondary(),
            })
        };
        Ok(json!({
            "TrainingJobSummaries": jobs.iter().map(summary).collect::<Vec<_>>(),
            "NextToken": jobs.last().filter(|_| more).map(token),
        }))
    }
}
