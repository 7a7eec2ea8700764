//! Custom models: `GetCustomModel`, `ListCustomModels`, `DeleteCustomModel`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    customization::{
        CustomizationConfig, CustomizationJob, Metrics, OutputDataConfig, Technique,
        TrainingDataConfig, ValidationDataConfig,
    },
    deployments::Deployment,
    listing::Listing,
    provisioned::Throughput,
    register::Registration,
    tags::Tag,
};
use crate::{
    ACCOUNT_ID,
    error::AwsError,
    operation::{Call, Nothing, Operation},
    store::Document,
};

/// A model that a customization job made, or that was trained elsewhere and registered (`CreateCustomModel`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomModel {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) tags: Vec<Tag>,
    #[serde(default)]
    pub(crate) technique: Technique,
    #[serde(default)]
    pub(crate) customization_config: Option<CustomizationConfig>,
    pub(crate) job_arn: Option<String>,
    pub(crate) job_name: Option<String>,
    pub(crate) base_model_arn: String,
    /// The foundation model's id for customization.
    pub(crate) foundation: String,
    /// Whether all weights were trained, and not only an adapter.
    #[serde(default)]
    pub(crate) full_rank: bool,
    #[serde(default)]
    pub(crate) hyper_parameters: BTreeMap<String, String>,
    pub(crate) training_data_config: Option<TrainingDataConfig>,
    pub(crate) validation_data_config: Option<ValidationDataConfig>,
    pub(crate) output_data_config: Option<OutputDataConfig>,
    pub(crate) metrics: Option<Metrics>,
    /// Of a model that was trained elsewhere.
    #[serde(default)]
    pub(crate) registration: Option<Registration>,
    pub(crate) created: Timestamp,
}

impl Document for CustomModel {
    const KIND: &'static str = "custom-model";
    fn id(&self) -> &str {
        &self.arn
    }
    fn advances(&self) -> bool {
        self.status() == ModelStatus::Creating
    }
}

impl CustomModel {
    pub(crate) fn status(&self) -> ModelStatus {
        let registration = self.registration.as_ref();
        registration.map_or(ModelStatus::Active, |registration| registration.status)
    }

    /// # Errors
    /// `ValidationException` if it cannot be used (yet).
    pub(crate) fn check_active(&self) -> Result<(), AwsError> {
        match self.status() {
            ModelStatus::Active => Ok(()),
            status => Err(AwsError::validation(format!(
                "The custom model {} is {status:?} and cannot be used.",
                self.arn
            ))),
        }
    }

    /// The model of an ARN or a name.
    pub(crate) fn find(identifier: &str, call: &Call<'_>) -> Result<Option<Self>, AwsError> {
        match call.tx.get(identifier)? {
            Some(model) => Ok(Some(model)),
            None => Ok(call.tx.find(|model: &Self| model.name == identifier)?),
        }
    }

    pub(crate) fn existing(identifier: &str, call: &Call<'_>) -> Result<Self, AwsError> {
        let missing = || AwsError::not_found("The specified custom model does not exist.");
        Self::find(identifier, call)?.ok_or_else(missing)
    }
}

/// What a job makes is ready at once; what is registered takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ModelStatus {
    Active,
    Creating,
    Failed,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetCustomModel {
    model_identifier: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    model_arn: String,
    model_name: String,
    job_name: Option<String>,
    job_arn: Option<String>,
    base_model_arn: String,
    customization_type: Technique,
    hyper_parameters: BTreeMap<String, String>,
    training_data_config: Option<TrainingDataConfig>,
    validation_data_config: Option<ValidationDataConfig>,
    output_data_config: Option<OutputDataConfig>,
    training_metrics: Option<Metrics>,
    creation_time: Timestamp,
    customization_config: Option<CustomizationConfig>,
    model_status: ModelStatus,
    failure_message: Option<String>,
}

impl Operation for GetCustomModel {
    const NAME: &'static str = "GetCustomModel";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let model = CustomModel::existing(&self.model_identifier, call)?;
        let model_status = model.status();
        Ok(Description {
            model_arn: model.arn,
            model_name: model.name,
            job_name: model.job_name,
            job_arn: model.job_arn,
            base_model_arn: model.base_model_arn,
            customization_type: model.technique,
            hyper_parameters: model.hyper_parameters,
            training_data_config: model.training_data_config,
            validation_data_config: model.validation_data_config,
            output_data_config: model.output_data_config,
            training_metrics: model.metrics,
            creation_time: model.created,
            customization_config: model.customization_config,
            model_status,
            failure_message: model.registration.and_then(|of| of.failure_message),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListCustomModels {
    creation_time_after: Option<String>,
    creation_time_before: Option<String>,
    name_contains: Option<String>,
    base_model_arn_equals: Option<String>,
    foundation_model_arn_equals: Option<String>,
    /// Everything here is owned by the account.
    is_owned: Option<String>,
    model_status: Option<ModelStatus>,
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
    model_summaries: Vec<Summary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    model_arn: String,
    model_name: String,
    creation_time: Timestamp,
    base_model_arn: String,
    base_model_name: String,
    customization_type: Technique,
    owner_account_id: &'static str,
    model_status: ModelStatus,
}

impl Operation for ListCustomModels {
    const NAME: &'static str = "ListCustomModels";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut models = match self.is_owned.as_deref() {
            Some("false") => Vec::new(),
            _ => call.tx.all::<CustomModel>()?,
        };
        models.retain(|model| {
            let foundation_is =
                |arn: &String| arn.rsplit('/').next() == Some(model.foundation.as_str());
            self.name_contains
                .as_ref()
                .is_none_or(|part| model.name.contains(part))
                && self
                    .base_model_arn_equals
                    .as_ref()
                    .is_none_or(|arn| model.base_model_arn == *arn)
                && self
                    .foundation_model_arn_equals
                    .as_ref()
                    .is_none_or(foundation_is)
                && self
                    .model_status
                    .is_none_or(|status| model.status() == status)
        });
        let listing = Listing {
            after: self.creation_time_after.as_ref(),
            before: self.creation_time_before.as_ref(),
            max_results: self.max_results.as_ref(),
            next_token: self.next_token.as_ref(),
            sort_order: self.sort_order.as_ref(),
        };
        let (models, next_token) =
            listing.page(models, |model| &model.arn, |model| model.created)?;
        let summary = |model: CustomModel| Summary {
            model_status: model.status(),
            model_arn: model.arn,
            model_name: model.name,
            creation_time: model.created,
            base_model_name: model
                .foundation
                .split(':')
                .next()
                .unwrap_or_default()
                .to_owned(),
            base_model_arn: model.base_model_arn,
            customization_type: model.technique,
            owner_account_id: ACCOUNT_ID,
        };
        Ok(Summaries {
            next_token,
            model_summaries: models.into_iter().map(summary).collect(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteCustomModel {
    model_identifier: String,
}

impl Operation for DeleteCustomModel {
    const NAME: &'static str = "DeleteCustomModel";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let model = CustomModel::existing(&self.model_identifier, call)?;
        if let Some(user) = call
            .tx
            .find(|deployment: &Deployment| deployment.uses(&model.arn))?
        {
            return Err(AwsError::conflict(format!(
                "The custom model is in use by the deployment {}.",
                user.arn
            )));
        }
        if let Some(user) = call
            .tx
            .find(|throughput: &Throughput| throughput.uses(&model.arn))?
        {
            return Err(AwsError::conflict(format!(
                "The custom model is in use by the provisioned throughput {}.",
                user.arn
            )));
        }
        if let Some(user) = call
            .tx
            .find(|job: &CustomizationJob| job.uses(&model.arn))?
        {
            return Err(AwsError::conflict(format!(
                "The custom model is in use by the customization job {}.",
                user.arn
            )));
        }
        call.tx.delete::<CustomModel>(&model.arn)?;
        call.learners.forget(&model.arn)?;
        Ok(Nothing {})
    }
}
