//! `CreateModelCustomizationJob`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    job::{
        CustomizationJob, Fate, OutputDataConfig, Status, StatusDetails, StepName,
        TrainingDataConfig, ValidationDataConfig, VpcConfig,
    },
    technique::{CustomizationConfig, Technique},
};
use crate::{
    bedrock::{
        foundation::foundation_arn,
        models::CustomModel,
        tags::{self, Tag},
    },
    catalog::{Foundation, Tuning},
    error::AwsError,
    faults,
    objects::split_uri,
    operation::{Call, Operation},
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateModelCustomizationJob {
    pub(super) job_name: String,
    pub(super) custom_model_name: String,
    pub(super) role_arn: String,
    pub(super) client_request_token: Option<String>,
    pub(super) base_model_identifier: String,
    pub(super) customization_type: Option<String>,
    pub(super) custom_model_kms_key_id: Option<String>,
    #[serde(default)]
    pub(super) job_tags: Vec<Tag>,
    #[serde(default)]
    pub(super) custom_model_tags: Vec<Tag>,
    pub(super) training_data_config: TrainingDataConfig,
    pub(super) validation_data_config: Option<ValidationDataConfig>,
    pub(super) output_data_config: OutputDataConfig,
    #[serde(default)]
    pub(super) hyper_parameters: BTreeMap<String, String>,
    pub(super) vpc_config: Option<VpcConfig>,
    /// Only distillation and reinforcement fine-tuning have one.
    pub(super) customization_config: Option<CustomizationConfig>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    job_arn: String,
}

impl Operation for CreateModelCustomizationJob {
    const NAME: &'static str = "CreateModelCustomizationJob";
    const STATUS: u16 = 201;
    type Answer = Created;

    fn perform(self, call: &mut Call<'_>) -> Result<Created, AwsError> {
        tags::check("jobTags", &self.job_tags)?;
        tags::check("customModelTags", &self.custom_model_tags)?;
        let technique = self.technique()?;
        let jobs = call.tx.all::<CustomizationJob>()?;
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
        let base = self.base(call)?;
        self.check_base(technique, base.foundation)?;
        self.check_hyper_parameters(technique, base.foundation)?;
        if jobs.iter().any(|job| job.request.job_name == self.job_name) {
            return Err(AwsError::conflict(
                "The provided job name is already in use.",
            ));
        }
        let name_is_kept = |job: &CustomizationJob| job.will_make(&self.custom_model_name);
        let same_name = |model: &CustomModel| model.name == self.custom_model_name;
        if jobs.iter().any(name_is_kept) || call.tx.find(same_name)?.is_some() {
            return Err(AwsError::conflict(
                "The provided custom model name is already in use.",
            ));
        }
        self.check_objects(base.tuning, call)?;
        let quotas = &call.settings.quotas;
        if jobs.iter().filter(|job| job.runs()).count() >= quotas.customization_jobs {
            return Err(AwsError::quota(
                "You have reached the number of scheduled customization jobs of this account.",
            ));
        }
        if call.tx.all::<CustomModel>()?.len() >= quotas.custom_models {
            return Err(AwsError::quota(
                "You have reached the number of custom models of this account.",
            ));
        }
        let job = self.into_job(technique, &base, call)?;
        call.tx.put(&job)?;
        job.announce(call)?;
        Ok(Created { job_arn: job.arn })
    }
}

/// What a job trains: a foundation model, or a custom model made of it.
struct Base {
    arn: String,
    foundation: &'static Foundation,
    tuning: &'static Tuning,
}

impl CreateModelCustomizationJob {
    fn base(&self, call: &Call<'_>) -> Result<Base, AwsError> {
        let region = &call.settings.region;
        let identifier = &self.base_model_identifier;
        let custom = CustomModel::find(identifier, call)?;
        if custom.is_none() && identifier.contains(":custom-model/") {
            return Err(AwsError::validation(format!(
                "The custom model {identifier} does not exist."
            )));
        }
        if let Some(model) = &custom {
            model.check_active()?;
        }
        let of = custom
            .as_ref()
            .map_or(identifier, |model| &model.foundation);
        let (foundation, tuning) = Foundation::to_tune(of, region)?;
        let id = foundation.customization_id().unwrap_or_default();
        let arn = custom.map_or_else(|| foundation_arn(&id, region), |model| model.arn);
        Ok(Base {
            arn,
            foundation,
            tuning,
        })
    }

    fn check_objects(&self, tuning: &Tuning, call: &Call<'_>) -> Result<(), AwsError> {
        let validators = self
            .validation_data_config
            .as_ref()
            .map_or(&[][..], |config| &config.validators);
        if !validators.is_empty() && !tuning.takes_validation_set {
            return Err(AwsError::validation(
                "This base model takes no validation data.",
            ));
        }
        let uris = validators.iter().map(|validator| &validator.s3_uri);
        for uri in self.training_data_config.s3_uri.iter().chain(uris) {
            let (bucket, key) = split_uri(uri).unwrap_or_default();
            if !key.ends_with(".jsonl") {
                return Err(AwsError::validation(format!(
                    "The data at {uri} must be a .jsonl file."
                )));
            }
            if !call
                .objects
                .exists(bucket, key)
                .map_err(AwsError::internal)?
            {
                return Err(AwsError::validation(format!(
                    "Could not find or read the object at {uri}."
                )));
            }
        }
        self.check_logs(call)
    }

    /// Invocation logs are a prefix with something under it.
    fn check_logs(&self, call: &Call<'_>) -> Result<(), AwsError> {
        let logs = self.training_data_config.invocation_logs_config.as_ref();
        let Some(uri) = logs.and_then(|logs| logs.invocation_log_source.s3_uri.as_ref()) else {
            return Ok(());
        };
        let (bucket, prefix) = split_uri(uri).unwrap_or_default();
        if call
            .objects
            .list(bucket, prefix)
            .is_ok_and(|keys| !keys.is_empty())
        {
            return Ok(());
        }
        Err(AwsError::validation(format!(
            "Could not find or read the invocation logs at {uri}."
        )))
    }

    fn into_job(
        self,
        technique: Technique,
        base: &Base,
        call: &mut Call<'_>,
    ) -> Result<CustomizationJob, AwsError> {
        let id = base.foundation.customization_id().unwrap_or_default();
        let arn = call.arn(
            "bedrock",
            &format!("model-customization-job/{id}/{}", call.tx.short_id()?),
        );
        let model_arn = call.arn(
            "bedrock",
            &format!("custom-model/{id}/{}", call.tx.short_id()?),
        );
        let fate =
            if faults::take(&mut call.faults.fail_training_jobs) {
                let message = call.faults.training_failure_message.clone();
                Fate::Fail(message.unwrap_or_else(|| {
                    "Internal error during training. Please try again.".to_owned()
                }))
            } else if faults::take(&mut call.faults.hang_training_jobs) {
                Fate::Hang
            } else {
                Fate::Train
            };
        Ok(CustomizationJob {
            arn,
            tags: self.job_tags.clone(),
            request: self,
            technique,
            base_model_arn: base.arn.clone(),
            foundation: id,
            model_arn,
            status: Status::InProgress,
            details: StatusDetails::begin(call.now),
            step: StepName::Validation,
            due: call.pace.training.end(call.now, 0, 10),
            records: 0,
            fate,
            failure_message: None,
            created: call.now,
            modified: call.now,
            ended: None,
        })
    }
}
