//! `GetModelCustomizationJob`, `ListModelCustomizationJobs`, `StopModelCustomizationJob`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    job::{
        CustomizationJob, Metrics, OutputDataConfig, Status, StatusDetails, StepStatus,
        TrainingDataConfig, ValidationDataConfig, VpcConfig,
    },
    technique::{CustomizationConfig, Technique},
};
use crate::{
    bedrock::{foundation::foundation_arn, listing::Listing},
    error::AwsError,
    operation::{Call, Nothing, Operation},
};

/// The job of an ARN or a name.
pub(in crate::bedrock) fn find(
    identifier: &str,
    call: &Call<'_>,
) -> Result<CustomizationJob, AwsError> {
    let found = match call.tx.get(identifier)? {
        Some(job) => Some(job),
        None => call
            .tx
            .find(|job: &CustomizationJob| job.request.job_name == identifier)?,
    };
    found
        .ok_or_else(|| AwsError::not_found("The specified model customization job does not exist."))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetModelCustomizationJob {
    job_identifier: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    job_arn: String,
    job_name: String,
    output_model_name: String,
    output_model_arn: Option<String>,
    client_request_token: Option<String>,
    role_arn: String,
    status: Status,
    status_details: StatusDetails,
    failure_message: Option<String>,
    creation_time: Timestamp,
    last_modified_time: Timestamp,
    end_time: Option<Timestamp>,
    base_model_arn: String,
    hyper_parameters: BTreeMap<String, String>,
    training_data_config: TrainingDataConfig,
    validation_data_config: ValidationDataConfig,
    output_data_config: OutputDataConfig,
    customization_type: Technique,
    customization_config: Option<CustomizationConfig>,
    training_metrics: Option<Metrics>,
    vpc_config: Option<VpcConfig>,
}

impl Operation for GetModelCustomizationJob {
    const NAME: &'static str = "GetModelCustomizationJob";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let job = find(&self.job_identifier, call)?;
        let completed = job.status == Status::Completed;
        let metrics = completed.then(|| job.metrics());
        let request = job.request;
        Ok(Description {
            job_arn: job.arn,
            job_name: request.job_name,
            output_model_name: request.custom_model_name,
            output_model_arn: completed.then_some(job.model_arn),
            client_request_token: request.client_request_token,
            role_arn: request.role_arn,
            status: job.status,
            status_details: job.details,
            failure_message: job.failure_message,
            creation_time: job.created,
            last_modified_time: job.modified,
            end_time: job.ended,
            // Only the list tells of a custom model that the job trains on from.
            base_model_arn: foundation_arn(&job.foundation, &call.settings.region),
            hyper_parameters: request.hyper_parameters,
            training_data_config: request.training_data_config,
            validation_data_config: request.validation_data_config.unwrap_or_default(),
            output_data_config: request.output_data_config,
            customization_type: job.technique,
            customization_config: request.customization_config,
            training_metrics: metrics,
            vpc_config: request.vpc_config,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListModelCustomizationJobs {
    creation_time_after: Option<String>,
    creation_time_before: Option<String>,
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
    model_customization_job_summaries: Vec<Summary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    job_arn: String,
    base_model_arn: String,
    job_name: String,
    status: Status,
    status_details: StatusDetails,
    last_modified_time: Timestamp,
    creation_time: Timestamp,
    end_time: Option<Timestamp>,
    custom_model_arn: Option<String>,
    custom_model_name: String,
    customization_type: Technique,
}

impl Operation for ListModelCustomizationJobs {
    const NAME: &'static str = "ListModelCustomizationJobs";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut jobs = call.tx.all::<CustomizationJob>()?;
        jobs.retain(|job| {
            self.status_equals.is_none_or(|status| job.status == status)
                && self
                    .name_contains
                    .as_ref()
                    .is_none_or(|part| job.request.job_name.contains(part))
        });
        let listing = Listing {
            after: self.creation_time_after.as_ref(),
            before: self.creation_time_before.as_ref(),
            max_results: self.max_results.as_ref(),
            next_token: self.next_token.as_ref(),
            sort_order: self.sort_order.as_ref(),
        };
        let (jobs, next_token) = listing.page(jobs, |job| &job.arn, |job| job.created)?;
        let summary = |job: CustomizationJob| Summary {
            job_arn: job.arn,
            base_model_arn: job.base_model_arn,
            job_name: job.request.job_name,
            status: job.status,
            status_details: job.details,
            last_modified_time: job.modified,
            creation_time: job.created,
            end_time: job.ended,
            custom_model_arn: (job.status == Status::Completed).then_some(job.model_arn),
            custom_model_name: job.request.custom_model_name,
            customization_type: job.technique,
        };
        Ok(Summaries {
            next_token,
            model_customization_job_summaries: jobs.into_iter().map(summary).collect(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StopModelCustomizationJob {
    job_identifier: String,
}

impl Operation for StopModelCustomizationJob {
    const NAME: &'static str = "StopModelCustomizationJob";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let mut job = find(&self.job_identifier, call)?;
        if job.status != Status::InProgress {
            return Err(AwsError::conflict(format!(
                "The job is {:?} and cannot be stopped.",
                job.status
            )));
        }
        job.status = Status::Stopping;
        job.details
            .turn(StepStatus::InProgress, StepStatus::Stopping, call.now);
        job.modified = call.now;
        job.due = call.pace.deletion.end(call.now, 0, 100);
        call.tx.put(&job)?;
        job.announce(call)?;
        Ok(Nothing {})
    }
}
