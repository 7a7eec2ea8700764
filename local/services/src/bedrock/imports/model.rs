//! Imported models: `GetImportedModel`, `ListImportedModels`, `DeleteImportedModel`. They answer by their own ARN.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::job::ImportJob;
use crate::{
    bedrock::{listing::Listing, register::ModelDataSource, tags::Tag},
    error::AwsError,
    operation::{Call, Nothing, Operation},
    store::Document,
};

/// A model that an import made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportedModel {
    pub(crate) arn: String,
    pub(super) name: String,
    pub(crate) tags: Vec<Tag>,
    job_arn: String,
    job_name: String,
    model_data_source: ModelDataSource,
    architecture: String,
    created: Timestamp,
}

impl Document for ImportedModel {
    const KIND: &'static str = "imported-model";
    fn id(&self) -> &str {
        &self.arn
    }
}

impl ImportedModel {
    pub(super) fn made_by(job: &ImportJob, architecture: String, at: Timestamp) -> Self {
        Self {
            arn: job.model_arn.clone(),
            name: job.request.imported_model_name.clone(),
            tags: job.request.imported_model_tags.clone(),
            job_arn: job.arn.clone(),
            job_name: job.name().to_owned(),
            model_data_source: job.request.model_data_source.clone(),
            architecture,
            created: at,
        }
    }

    /// The model of an ARN or a name.
    pub(crate) fn existing(identifier: &str, call: &Call<'_>) -> Result<Self, AwsError> {
        let found = match call.tx.get(identifier)? {
            Some(model) => Some(model),
            None => call.tx.find(|model: &Self| model.name == identifier)?,
        };
        found.ok_or_else(|| AwsError::not_found("The specified imported model does not exist."))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetImportedModel {
    model_identifier: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Description {
    model_arn: String,
    model_name: String,
    job_name: String,
    job_arn: String,
    model_data_source: ModelDataSource,
    creation_time: Timestamp,
    model_architecture: String,
    instruct_supported: bool,
    custom_model_units: Units,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Units {
    custom_model_units_per_model_copy: u32,
    custom_model_units_version: &'static str,
}

impl Operation for GetImportedModel {
    const NAME: &'static str = "GetImportedModel";
    type Answer = Description;

    fn perform(self, call: &mut Call<'_>) -> Result<Description, AwsError> {
        let model = ImportedModel::existing(&self.model_identifier, call)?;
        Ok(Description {
            model_arn: model.arn,
            model_name: model.name,
            job_name: model.job_name,
            job_arn: model.job_arn,
            model_data_source: model.model_data_source,
            creation_time: model.created,
            model_architecture: model.architecture,
            instruct_supported: true,
            // Two for a model of 8B parameters with 128k of context.
            custom_model_units: Units {
                custom_model_units_per_model_copy: 2,
                custom_model_units_version: "v1.0",
            },
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListImportedModels {
    creation_time_after: Option<String>,
    creation_time_before: Option<String>,
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
    model_summaries: Vec<Summary>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    model_arn: String,
    model_name: String,
    creation_time: Timestamp,
    instruct_supported: bool,
    model_architecture: String,
}

impl Operation for ListImportedModels {
    const NAME: &'static str = "ListImportedModels";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let mut models = call.tx.all::<ImportedModel>()?;
        models.retain(|model| {
            let part = self.name_contains.as_ref();
            part.is_none_or(|part| model.name.contains(part))
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
        let summary = |model: ImportedModel| Summary {
            model_arn: model.arn,
            model_name: model.name,
            creation_time: model.created,
            instruct_supported: true,
            model_architecture: model.architecture,
        };
        Ok(Summaries {
            next_token,
            model_summaries: models.into_iter().map(summary).collect(),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteImportedModel {
    model_identifier: String,
}

impl Operation for DeleteImportedModel {
    const NAME: &'static str = "DeleteImportedModel";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let model = ImportedModel::existing(&self.model_identifier, call)?;
        call.tx.delete::<ImportedModel>(&model.arn)?;
        call.learners.forget(&model.arn)?;
        Ok(Nothing {})
    }
}
