//! `CreateCustomModel`: a Nova model that SageMaker trained becomes a custom model, from its checkpoint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    customization::{CustomizationJob, Technique},
    foundation::foundation_arn,
    models::{CustomModel, ModelStatus},
    tags::{self, Tag},
};
use crate::{
    catalog::Foundation,
    error::AwsError,
    faults,
    operation::{Call, Operation},
    sagemaker::{Checkpoint, TrainingJob},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateCustomModel {
    model_name: String,
    model_source_config: Option<ModelDataSource>,
    custom_model_data_source: Option<CustomModelDataSource>,
    model_kms_key_arn: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    model_tags: Vec<Tag>,
    client_request_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ModelDataSource {
    pub(super) s3_data_source: Option<S3DataSource>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct S3DataSource {
    pub(super) s3_uri: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CustomModelDataSource {
    model_package_arn_data_source: Option<ModelPackage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ModelPackage {
    model_package_arn: String,
}

/// How a model that was trained elsewhere came here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    request: CreateCustomModel,
    pub(super) status: ModelStatus,
    due: Timestamp,
    /// Why it will fail, known from the beginning so that a restart does not change it.
    fails: Option<String>,
    pub(super) failure_message: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    model_arn: String,
}

/// Moves every registration on to the call's time.
pub(super) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for mut model in call.tx.advancing::<CustomModel>()? {
        let Some(registration) = model.registration.as_mut() else {
            continue;
        };
        if registration.due <= call.now {
            registration.failure_message = registration.fails.take();
            registration.status = match registration.failure_message {
                None => ModelStatus::Active,
                Some(_) => ModelStatus::Failed,
            };
            call.tx.put(&model)?;
        }
    }
    Ok(())
}

impl Operation for CreateCustomModel {
    const NAME: &'static str = "CreateCustomModel";
    const STATUS: u16 = 202;
    type Answer = Created;

    fn perform(self, call: &mut Call<'_>) -> Result<Created, AwsError> {
        tags::check("modelTags", &self.model_tags)?;
        let models = call.tx.all::<CustomModel>()?;
        if let Some(token) = &self.client_request_token {
            let asked = models
                .iter()
                .filter_map(|model| Some((model, &model.registration.as_ref()?.request)))
                .find(|(_, request)| request.client_request_token.as_ref() == Some(token));
            if let Some((model, request)) = asked {
                if *request == self {
                    return Ok(Created {
                        model_arn: model.arn.clone(),
                    });
                }
                return Err(AwsError::conflict(
                    "The client request token was already used with other parameters.",
                ));
            }
        }
        let checkpoint = self.checkpoint(call)?;
        let job_keeps = call
            .tx
            .find(|job: &CustomizationJob| job.will_make(&self.model_name))?;
        if job_keeps.is_some() || models.iter().any(|model| model.name == self.model_name) {
            return Err(AwsError::conflict(
                "The provided custom model name is already in use.",
            ));
        }
        if models.len() >= call.settings.quotas.custom_models {
            return Err(AwsError::quota(
                "You have reached the number of custom models of this account.",
            ));
        }
        let model = self.into_model(checkpoint, call)?;
        call.tx.put(&model)?;
        Ok(Created {
            model_arn: model.arn,
        })
    }
}

impl CreateCustomModel {
    /// What the request names, by its URI or by its package; an error if it names both or neither.
    fn checkpoint(&self, call: &Call<'_>) -> Result<Result<Checkpoint, String>, AwsError> {
        let source = self.model_source_config.as_ref();
        let uri = source.and_then(|source| source.s3_data_source.as_ref());
        let package = self.custom_model_data_source.as_ref();
        let package = package.and_then(|source| source.model_package_arn_data_source.as_ref());
        let uri = match (uri, package) {
            (Some(source), None) => {
                if self.role_arn.is_none() {
                    return Err(AwsError::validation("roleArn is required."));
                }
                source.s3_uri.clone()
            }
            (None, Some(package)) => {
                let arn = &package.model_package_arn;
                let job = call.tx.find(|job: &TrainingJob| job.made_package(arn))?;
                let uri = job.as_ref().and_then(TrainingJob::checkpoint);
                let missing =
                    || AwsError::not_found(format!("The model package {arn} does not exist."));
                uri.ok_or_else(missing)?.to_owned()
            }
            _ => {
                return Err(AwsError::validation(
                    "Either modelSourceConfig or customModelDataSource is required.",
                ));
            }
        };
        let missing = || {
            format!(
                "No Amazon Nova checkpoint was found at {uri}. Only what SageMaker wrote to a bucket that Amazon manages can be registered."
            )
        };
        Ok(Checkpoint::at(&uri, call)?.ok_or_else(missing))
    }

    fn into_model(
        self,
        checkpoint: Result<Checkpoint, String>,
        call: &mut Call<'_>,
    ) -> Result<CustomModel, AwsError> {
        let id = format!("custom-model/imported/{}", call.tx.short_id()?);
        let arn = call.arn("bedrock", &id);
        let (base, full_rank, mut fails) = match checkpoint {
            Ok(checkpoint) => {
                let learner = call.learners.of(&checkpoint.learner)?;
                call.learners.keep(&arn, learner.as_ref().clone())?;
                (checkpoint.base, checkpoint.full_rank, None)
            }
            // Nobody knows of what base it would have been.
            Err(why) => ("amazon.nova-micro-v1:0".to_owned(), false, Some(why)),
        };
        if faults::take(&mut call.faults.fail_imports) {
            fails = Some("An internal error occurred. Please try again.".to_owned());
        }
        let foundation = Foundation::find(&base).and_then(Foundation::customization_id);
        Ok(CustomModel {
            arn,
            name: self.model_name.clone(),
            tags: self.model_tags.clone(),
            technique: Technique::Imported,
            customization_config: None,
            job_arn: None,
            job_name: None,
            base_model_arn: foundation_arn(&base, &call.settings.region),
            foundation: foundation.unwrap_or(base),
            full_rank,
            hyper_parameters: std::collections::BTreeMap::new(),
            training_data_config: None,
            validation_data_config: None,
            output_data_config: None,
            metrics: None,
            registration: Some(Registration {
                request: self,
                status: ModelStatus::Creating,
                due: call.pace.deployment.end(call.now, 0, 100),
                fails,
                failure_message: None,
            }),
            created: call.now,
        })
    }
}
