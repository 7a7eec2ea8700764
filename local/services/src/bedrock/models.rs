//! Custom models: `GetCustomModel`, `ListCustomModels`, `DeleteCustomModel`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    customization::{
        CustomizationJob, Metrics, OutputDataConfig, TrainingDataConfig, ValidationDataConfig,
    },
    deployments::Deployment,
    listing::Listing,
    tags::Tag,
};
use crate::{
    ACCOUNT_ID,
    error::AwsError,
    operation::{Call, Nothing, Operation},
    store::Document,
};

/// A model that a customization job made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomModel {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) tags: Vec<Tag>,
    pub(crate) job_arn: String,
    pub(crate) job_name: String,
    pub(crate) base_model_arn: String,
    /// The foundation model's id for customization.
    pub(crate) foundation: String,
    pub(crate) hyper_parameters: BTreeMap<String, String>,
    pub(crate) training_data_config: TrainingDataConfig,
    pub(crate) validation_data_config: ValidationDataConfig,
    pub(crate) output_data_config: OutputDataConfig,
    pub(crate) metrics: Metrics,
    pub(crate) created: Timestamp,
}

impl Document for CustomModel {
    const KIND: &'static str = "custom-model";
    fn id(&self) -> &str {
        &self.arn
    }
}

impl CustomModel {
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

/// Every model here is ready: a job makes it when it completes, and imports are not simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ModelStatus {
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
    job_name: String,
    job_arn: String,
    base_model_arn: String,
    customization_type: &'static str,
    hyper_parameters: BTreeMap<String, String>,
    training_data_config: TrainingDataConfig,
    validation_data_config: ValidationDataConfig,
    output_data_config: OutputDataConfig,
    training_metrics: Metrics,
    creation_time: Timestamp,
    model_status: ModelStatus,
}

impl Operation for GetCustomModel {
    const NAME: &'static str = "GetCustomModel";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let model = CustomModel::existing(&self.model_identifier, call)?;
        Ok(Description {
            model_arn: model.arn,
            model_name: model.name,
            job_name: model.job_name,
            job_arn: model.job_arn,
            base_model_arn: model.base_model_arn,
            customization_type: "FINE_TUNING",
            hyper_parameters: model.hyper_parameters,
            training_data_config: model.training_data_config,
            validation_data_config: model.validation_data_config,
            output_data_config: model.output_data_config,
            training_metrics: model.metrics,
            creation_time: model.created,
            model_status: ModelStatus::Active,
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
    customization_type: &'static str,
    owner_account_id: &'static str,
    model_status: ModelStatus,
}

impl Operation for ListCustomModels {
    const NAME: &'static str = "ListCustomModels";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let none = self.is_owned.as_deref() == Some("false")
            || self.model_status.is_some_and(|s| s != ModelStatus::Active);
        let mut models = if none {
            Vec::new()
        } else {
            call.tx.all::<CustomModel>()?
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
            customization_type: "FINE_TUNING",
            owner_account_id: ACCOUNT_ID,
            model_status: ModelStatus::Active,
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
