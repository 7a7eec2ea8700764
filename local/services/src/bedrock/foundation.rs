//! Foundation models: what there is, and what can be fine-tuned here.

use serde::{Deserialize, Serialize};

use crate::{
    catalog::Foundation,
    error::AwsError,
    operation::{Call, Operation},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    model_arn: String,
    model_id: String,
    model_name: &'static str,
    provider_name: &'static str,
    input_modalities: [&'static str; 1],
    output_modalities: [&'static str; 1],
    response_streaming_supported: bool,
    customizations_supported: Vec<&'static str>,
    inference_types_supported: Vec<&'static str>,
    model_lifecycle: Lifecycle,
}

#[derive(Debug, Serialize)]
struct Lifecycle {
    status: &'static str,
}

impl Details {
    fn of(model: &Foundation, id: String, call: &Call<'_>) -> Self {
        let images = model.makes_images();
        let for_customization = id != model.id || images;
        let on_demand = (id == model.id) && !model.profile_only;
        Self {
            model_arn: foundation_arn(&id, &call.settings.region),
            model_id: id,
            model_name: model.name,
            provider_name: model.provider,
            input_modalities: ["TEXT"],
            output_modalities: [if images { "IMAGE" } else { "TEXT" }],
            response_streaming_supported: !images,
            customizations_supported: if for_customization {
                vec!["FINE_TUNING"]
            } else {
                Vec::new()
            },
            inference_types_supported: if on_demand {
                vec!["ON_DEMAND"]
            } else {
                Vec::new()
            },
            model_lifecycle: Lifecycle { status: "ACTIVE" },
        }
    }
}

/// The ARN of a foundation model; it names no account.
pub(crate) fn foundation_arn(id: &str, region: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{id}")
}

/// Both ids of a model, as far as the region has them.
fn ids<'m>(model: &'m Foundation, region: &str) -> impl Iterator<Item = String> + use<'m> {
    let here = model
        .tuning
        .as_ref()
        .is_some_and(|tuning| tuning.regions.contains(&region));
    let tunable = model.customization_id().filter(|id| here && id != model.id);
    std::iter::once(model.id.to_owned()).chain(tunable)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListFoundationModels {
    by_provider: Option<String>,
    by_customization_type: Option<String>,
    by_output_modality: Option<String>,
    by_inference_type: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summaries {
    model_summaries: Vec<Details>,
}

impl Operation for ListFoundationModels {
    const NAME: &'static str = "ListFoundationModels";
    type Answer = Summaries;

    fn perform(self, call: &mut Call<'_>) -> Result<Summaries, AwsError> {
        let has = |wanted: &Option<String>, values: &[&str]| {
            wanted.as_ref().is_none_or(|wanted| {
                values
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case(wanted))
            })
        };
        let all = Foundation::all()
            .flat_map(|model| ids(model, &call.settings.region).map(move |id| (model, id)))
            .map(|(model, id)| Details::of(model, id, call));
        let model_summaries = all
            .filter(|details| {
                has(&self.by_provider, &[details.provider_name])
                    && has(
                        &self.by_customization_type,
                        &details.customizations_supported,
                    )
                    && has(&self.by_output_modality, &details.output_modalities)
                    && has(&self.by_inference_type, &details.inference_types_supported)
            })
            .collect();
        Ok(Summaries { model_summaries })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetFoundationModel {
    model_identifier: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    model_details: Details,
}

impl Operation for GetFoundationModel {
    const NAME: &'static str = "GetFoundationModel";
    type Answer = Found;

    fn perform(self, call: &mut Call<'_>) -> Result<Found, AwsError> {
        let wanted = self.model_identifier.rsplit('/').next().unwrap_or_default();
        let found = Foundation::all()
            .flat_map(|model| ids(model, &call.settings.region).map(move |id| (model, id)))
            .find(|(_, id)| id == wanted);
        let (model, id) = found.ok_or_else(|| {
            AwsError::not_found("The specified foundation model does not exist in this region.")
        })?;
        Ok(Found {
            model_details: Details::of(model, id, call),
        })
    }
}
