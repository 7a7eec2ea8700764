//! `GetModelInvocationJob`, `ListModelInvocationJobs`, `StopModelInvocationJob`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::job::{Counts, InputDataConfig, InvocationJob, OutputDataConfig, Status};
use crate::{
    bedrock::listing::Listing,
    error::AwsError,
    operation::{Call, Nothing, Operation},
};

/// The job of an ARN or of its last part; a name finds nothing, as in AWS.
pub(in crate::bedrock) fn find(
    identifier: &str,
    call: &Call<'_>,
) -> Result<InvocationJob, AwsError> {
    let arn = if identifier.starts_with("arn:") {
        identifier.to_owned()
    } else {
        call.arn("bedrock", &format!("model-invocation-job/{identifier}"))
    };
    let missing = || AwsError::not_found("The specified model invocation job does not exist.");
    call.tx.get(&arn)?.ok_or_else(missing)
}

/// A job as `GetModelInvocationJob` describes it, and as a list shows it: the two have the same members.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    job_arn: String,
    job_name: String,
    model_id: String,
    client_request_token: Option<String>,
    role_arn: String,
    status: Status,
    message: Option<String>,
    submit_time: Timestamp,
    last_modified_time: Timestamp,
    end_time: Option<Timestamp>,
    input_data_config: InputDataConfig,
    output_data_config: OutputDataConfig,
    timeout_duration_in_hours: Option<i64>,
    job_expiration_time: Timestamp,
    model_invocation_type: Option<String>,
    #[serde(flatten)]
    counts: Counts,
}

impl From<InvocationJob> for Description {
    fn from(job: InvocationJob) -> Self {
        let request = job.request;
        Self {
            job_arn: job.arn,
            status: job.status,
            message: job.message,
            submit_time: job.submitted,
            last_modified_time: job.modified,
            end_time: job.ended,
            job_expiration_time: request.expires(job.submitted),
            counts: job.counts,
            job_name: request.job_name,
            model_id: request.model_id,
            client_request_token: request.client_request_token,
            role_arn: request.role_arn,
            input_data_config: request.input_data_config,
            output_data_config: request.output_data_config,
            timeout_duration_in_hours: request.timeout_duration_in_hours,
            model_invocation_type: request.model_invocation_type,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetModelInvocationJob {
    job_identifier: String,
}

impl Operation for GetModelInvocationJob {
    const NAME: &'static str = "GetModelInvocationJob";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        find(&self.job_identifier, call).map(Description::from)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListModelInvocationJobs {
    submit_time_after: Option<String>,
    submit_time_before: Option<String>,
    status_equals: Option<Status>,
    name_contains: Option<String>,
    max_results: Option<String>,
    next_token: Option<String>,
    #[serde(rename = "sortBy")]
    _sort_by: Option<String>,
    sort_order: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summaries {
    next_token: Option<String>,
    invocation_job_summaries: Vec<Description>,
}

impl Operation for ListModelInvocationJobs {
    const NAME: &'static str = "ListModelInvocationJobs";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut jobs = call.tx.all::<InvocationJob>()?;
        jobs.retain(|job| {
            self.status_equals.is_none_or(|status| job.status == status)
                && self
                    .name_contains
                    .as_ref()
                    .is_none_or(|part| job.request.job_name.contains(part))
        });
        let listing = Listing {
            after: self.submit_time_after.as_ref(),
            before: self.submit_time_before.as_ref(),
            max_results: self.max_results.as_ref(),
            next_token: self.next_token.as_ref(),
            sort_order: self.sort_order.as_ref(),
        };
        let (jobs, next_token) = listing.page(jobs, |job| &job.arn, |job| job.submitted)?;
        Ok(Summaries {
            next_token,
            invocation_job_summaries: jobs.into_iter().map(Description::from).collect(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StopModelInvocationJob {
    job_identifier: String,
}

impl Operation for StopModelInvocationJob {
    const NAME: &'static str = "StopModelInvocationJob";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let mut job = find(&self.job_identifier, call)?;
        if !job.runs() || job.status == Status::Stopping {
            return Err(AwsError::conflict(format!(
                "The job is {:?} and cannot be stopped.",
                job.status
            )));
        }
        job.status = Status::Stopping;
        job.modified = call.now;
        job.due = call.pace.deletion.end(call.now, 0, 100);
        call.tx.put(&job)?;
        job.announce(call)?;
        Ok(Nothing {})
    }
}
