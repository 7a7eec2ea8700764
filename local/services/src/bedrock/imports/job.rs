//! `CreateModelImportJob`, `GetModelImportJob`, `ListModelImportJobs`, and how a job moves on in time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::model::ImportedModel;
use crate::{
    bedrock::{
        customization::VpcConfig,
        listing::Listing,
        register::ModelDataSource,
        tags::{self, Tag},
    },
    error::AwsError,
    faults,
    operation::{Call, Operation},
    sagemaker::read_folder,
    store::Document,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateModelImportJob {
    job_name: String,
    pub(super) imported_model_name: String,
    role_arn: String,
    pub(super) model_data_source: ModelDataSource,
    #[serde(default)]
    job_tags: Vec<Tag>,
    #[serde(default)]
    pub(super) imported_model_tags: Vec<Tag>,
    client_request_token: Option<String>,
    vpc_config: Option<VpcConfig>,
    imported_model_kms_key_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    InProgress,
    Completed,
    Failed,
}

/// An import job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportJob {
    pub(crate) arn: String,
    pub(crate) tags: Vec<Tag>,
    pub(super) request: CreateModelImportJob,
    /// The ARN that the model will have.
    pub(super) model_arn: String,
    status: Status,
    due: Timestamp,
    /// Whether it will fail, fixed when it began so that a restart does not change it.
    fails: bool,
    failure_message: Option<String>,
    created: Timestamp,
    modified: Timestamp,
    ended: Option<Timestamp>,
}

impl Document for ImportJob {
    const KIND: &'static str = "model-import-job";
    fn id(&self) -> &str {
        &self.arn
    }
    fn advances(&self) -> bool {
        self.status == Status::InProgress
    }
}

impl ImportJob {
    pub(super) fn name(&self) -> &str {
        &self.request.job_name
    }

    /// Reads the model's files; they are checked where they are read, at the job's end.
    fn end(&mut self, call: &mut Call<'_>) -> Result<(), AwsError> {
        let source = self.request.model_data_source.s3_data_source.as_ref();
        let uri = source.map_or("", |source| source.s3_uri.as_str());
        let read = match self.fails {
            true => Err("An internal error occurred. Please try again.".to_owned()),
            false => read_folder(call.objects, uri),
        };
        self.ended = Some(self.due);
        self.modified = self.due;
        match read {
            Ok(artifact) => {
                call.learners.keep(&self.model_arn, artifact.learner)?;
                call.tx.put(&ImportedModel::made_by(
                    self,
                    artifact.architecture,
                    self.due,
                ))?;
                self.status = Status::Completed;
            }
            Err(message) => {
                self.status = Status::Failed;
                self.failure_message = Some(message);
            }
        }
        Ok(())
    }
}

/// Moves every job on to the call's time.
pub(in crate::bedrock) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for mut job in call.tx.advancing::<ImportJob>()? {
        if job.due <= call.now {
            job.end(call)?;
            call.tx.put(&job)?;
        }
    }
    Ok(())
}

/// The job of an ARN or a name.
pub(in crate::bedrock) fn find(identifier: &str, call: &Call<'_>) -> Result<ImportJob, AwsError> {
    let found = match call.tx.get(identifier)? {
        Some(job) => Some(job),
        None => call
            .tx
            .find(|job: &ImportJob| job.request.job_name == identifier)?,
    };
    found.ok_or_else(|| AwsError::not_found("The specified model import job does not exist."))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    job_arn: String,
}

impl Operation for CreateModelImportJob {
    const NAME: &'static str = "CreateModelImportJob";
    const STATUS: u16 = 201;
    type Answer = Created;

    fn perform(self, call: &mut Call<'_>) -> Result<Created, AwsError> {
        tags::check("jobTags", &self.job_tags)?;
        tags::check("importedModelTags", &self.imported_model_tags)?;
        if self.model_data_source.s3_data_source.is_none() {
            return Err(AwsError::validation(
                "The modelDataSource needs an s3DataSource.",
            ));
        }
        let jobs = call.tx.all::<ImportJob>()?;
        if let Some(earlier) = self.client_request_token.as_ref().and_then(|token| {
            jobs.iter()
                .find(|job| job.request.client_request_token.as_ref() == Some(token))
        }) {
            if earlier.request == self {
                return Ok(Created {
                    job_arn: earlier.arn.clone(),
                });
            }
            return Err(AwsError::conflict(
                "The client request token was already used with other parameters.",
            ));
        }
        if jobs.iter().any(|job| job.request.job_name == self.job_name) {
            return Err(AwsError::conflict(
                "The provided job name is already in use.",
            ));
        }
        let models = call.tx.all::<ImportedModel>()?;
        let running: Vec<&ImportJob> = jobs.iter().filter(|job| job.advances()).collect();
        let name = &self.imported_model_name;
        let kept = |job: &&ImportJob| job.request.imported_model_name == *name;
        if models.iter().any(|model| model.name == *name) || running.iter().any(kept) {
            return Err(AwsError::conflict(
                "The provided imported model name is already in use.",
            ));
        }
        if models.len() + running.len() >= call.settings.quotas.imported_models {
            return Err(AwsError::quota(
                "You have reached the number of imported models of this account.",
            ));
        }
        let job = ImportJob {
            arn: call.arn(
                "bedrock",
                &format!("model-import-job/{}", call.tx.short_id()?),
            ),
            model_arn: call.arn(
                "bedrock",
                &format!("imported-model/{}", call.tx.short_id()?),
            ),
            tags: self.job_tags.clone(),
            request: self,
            status: Status::InProgress,
            due: call.pace.deployment.end(call.now, 0, 100),
            fails: faults::take(&mut call.faults.fail_imports),
            failure_message: None,
            created: call.now,
            modified: call.now,
            ended: None,
        };
        call.tx.put(&job)?;
        Ok(Created { job_arn: job.arn })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetModelImportJob {
    job_identifier: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    job_arn: String,
    job_name: String,
    imported_model_name: String,
    imported_model_arn: Option<String>,
    role_arn: String,
    model_data_source: ModelDataSource,
    status: Status,
    failure_message: Option<String>,
    creation_time: Timestamp,
    last_modified_time: Timestamp,
    end_time: Option<Timestamp>,
    vpc_config: Option<VpcConfig>,
}

impl Operation for GetModelImportJob {
    const NAME: &'static str = "GetModelImportJob";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let job = find(&self.job_identifier, call)?;
        let completed = job.status == Status::Completed;
        Ok(Description {
            job_arn: job.arn,
            job_name: job.request.job_name,
            imported_model_name: job.request.imported_model_name,
            imported_model_arn: completed.then_some(job.model_arn),
            role_arn: job.request.role_arn,
            model_data_source: job.request.model_data_source,
            status: job.status,
            failure_message: job.failure_message,
            creation_time: job.created,
            last_modified_time: job.modified,
            end_time: job.ended,
            vpc_config: job.request.vpc_config,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListModelImportJobs {
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
    model_import_job_summaries: Vec<Summary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    job_arn: String,
    job_name: String,
    status: Status,
    last_modified_time: Timestamp,
    creation_time: Timestamp,
    end_time: Option<Timestamp>,
    imported_model_arn: Option<String>,
    imported_model_name: String,
}

impl Operation for ListModelImportJobs {
    const NAME: &'static str = "ListModelImportJobs";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut jobs = call.tx.all::<ImportJob>()?;
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
        let summary = |job: ImportJob| Summary {
            imported_model_arn: (job.status == Status::Completed).then_some(job.model_arn),
            job_arn: job.arn,
            job_name: job.request.job_name,
            status: job.status,
            last_modified_time: job.modified,
            creation_time: job.created,
            end_time: job.ended,
            imported_model_name: job.request.imported_model_name,
        };
        Ok(Summaries {
            next_token,
            model_import_job_summaries: jobs.into_iter().map(summary).collect(),
        })
    }
}
