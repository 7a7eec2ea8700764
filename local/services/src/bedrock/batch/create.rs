//! `CreateModelInvocationJob`.

use jiff::ToSpan;
use serde::{Deserialize, Serialize};

use super::job::{Counts, InputDataConfig, InvocationJob, OutputDataConfig, Status};
use crate::{
    bedrock::{
        models::CustomModel,
        tags::{self, Tag},
    },
    catalog::Foundation,
    error::AwsError,
    objects::split_uri,
    operation::{Call, Operation},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateModelInvocationJob {
    pub(super) job_name: String,
    pub(super) role_arn: String,
    pub(super) client_request_token: Option<String>,
    pub(super) model_id: String,
    pub(super) input_data_config: InputDataConfig,
    pub(super) output_data_config: OutputDataConfig,
    pub(super) timeout_duration_in_hours: Option<i64>,
    #[serde(default)]
    pub(super) tags: Vec<Tag>,
    pub(super) model_invocation_type: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    job_arn: String,
}

impl Operation for CreateModelInvocationJob {
    const NAME: &'static str = "CreateModelInvocationJob";
    type Answer = Created;

    fn perform(self, call: &mut Call<'_>) -> Result<Created, AwsError> {
        self.check_form()?;
        let jobs = call.tx.all::<InvocationJob>()?;
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
        self.check_model(call)?;
        if jobs.iter().any(|job| job.request.job_name == self.job_name) {
            return Err(AwsError::conflict(
                "The provided job name is already in use.",
            ));
        }
        let uri = &self.input_data_config.s3_input_data_config.s3_uri;
        if input_keys(uri, call)?.is_empty() {
            return Err(AwsError::validation(format!(
                "There is no .jsonl file at {uri}."
            )));
        }
        let job = InvocationJob {
            arn: call.arn(
                "bedrock",
                &format!("model-invocation-job/{}", call.tx.short_id()?),
            ),
            tags: self.tags.clone(),
            request: self,
            status: Status::Submitted,
            due: call.pace.batch.end(call.now, 0, 10),
            message: None,
            counts: Counts::default(),
            submitted: call.now,
            modified: call.now,
            ended: None,
        };
        call.tx.put(&job)?;
        job.announce(call)?;
        Ok(Created { job_arn: job.arn })
    }
}

impl CreateModelInvocationJob {
    /// What the form, which was looked at before, does not say.
    fn check_form(&self) -> Result<(), AwsError> {
        tags::check("tags", &self.tags)?;
        match self.model_invocation_type.as_deref() {
            Some("Converse") => Ok(()),
            _ => Err(AwsError::validation(
                "The local cloud takes batch records only with modelInvocationType Converse.",
            )),
        }
    }

    /// A foundation model that can be called, or a custom model whose base takes batches of custom models.
    fn check_model(&self, call: &Call<'_>) -> Result<(), AwsError> {
        let Some(model) = CustomModel::find(&self.model_id, call)? else {
            if self.model_id.contains(":custom-model/") {
                return Err(AwsError::not_found(
                    "The specified custom model does not exist.",
                ));
            }
            return Foundation::to_call(&self.model_id).map(|_| ());
        };
        model.check_active()?;
        let tuning =
            Foundation::find(&model.foundation).and_then(|foundation| foundation.tuning.as_ref());
        if tuning.is_some_and(|tuning| tuning.custom_batch) {
            return Ok(());
        }
        Err(AwsError::validation(format!(
            "Batch inference is not supported for custom models of {}.",
            model.foundation
        )))
    }

    /// When the job would expire; 24 hours if nothing is said.
    pub(super) fn expires(&self, submitted: jiff::Timestamp) -> jiff::Timestamp {
        let hours = self.timeout_duration_in_hours.unwrap_or(24);
        submitted
            .saturating_add(hours.hours())
            .unwrap_or(jiff::Timestamp::MAX)
    }
}

/// The input files: the one that the URI names, or those under it.
pub(super) fn input_keys(uri: &str, call: &Call<'_>) -> Result<Vec<String>, AwsError> {
    let (bucket, key) = split_uri(uri).unwrap_or_default();
    if key.ends_with(".jsonl") {
        let there = call
            .objects
            .exists(bucket, key)
            .map_err(AwsError::internal)?;
        return Ok(if there {
            vec![key.to_owned()]
        } else {
            Vec::new()
        });
    }
    let prefix = format!("{}/", key.trim_end_matches('/'));
    match call.objects.list(bucket, prefix.trim_start_matches('/')) {
        Ok(keys) => Ok(keys
            .into_iter()
            .filter(|key| key.ends_with(".jsonl"))
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(AwsError::internal(error)),
    }
}
