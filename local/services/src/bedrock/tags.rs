//! Tags of jobs, models, deployments and provisioned throughput.

use serde::{Deserialize, Serialize};

use super::{
    batch::{self, InvocationJob},
    customization::{self, CustomizationJob},
    deployments::Deployment,
    imports::{self, ImportJob, ImportedModel},
    models::CustomModel,
    provisioned::Throughput,
};
use crate::{
    error::AwsError,
    operation::{Call, Nothing, Operation},
    services::Described,
    store::Document,
};

/// The most tags of one resource (botocore's model).
const MOST_TAGS: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// # Errors
/// `ValidationException` for a key that is AWS's, `TooManyTagsException` for too many tags. The form was looked at before.
pub(crate) fn check(member: &str, tags: &[Tag]) -> Result<(), AwsError> {
    if tags.len() > MOST_TAGS {
        return Err(AwsError::new(
            "TooManyTagsException",
            format!("At most {MOST_TAGS} tags may stand in '{member}'."),
        ));
    }
    for tag in tags {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(AwsError::validation(format!(
                "The tag key '{}' begins with aws:, which is AWS's.",
                tag.key
            )));
        }
    }
    Ok(())
}

/// Something that has tags.
trait Tagged: Document {
    fn tags(&mut self) -> &mut Vec<Tag>;
}

macro_rules! tagged {
    ($($document:ty),*) => {
        $(impl Tagged for $document {
            fn tags(&mut self) -> &mut Vec<Tag> {
                &mut self.tags
            }
        })*
    };
}
tagged!(
    CustomizationJob,
    InvocationJob,
    CustomModel,
    Deployment,
    ImportJob,
    ImportedModel,
    Throughput
);

/// Does something with the tags of the resource and keeps the result.
fn with_tags<T>(
    arn: &str,
    call: &Call<'_>,
    work: impl FnOnce(&mut Vec<Tag>) -> Result<T, AwsError>,
) -> Result<T, AwsError> {
    fn of<D: Tagged, T>(
        arn: &str,
        call: &Call<'_>,
        work: impl FnOnce(&mut Vec<Tag>) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let missing = || AwsError::not_found(format!("The resource {arn} does not exist."));
        let mut document: D = call.tx.get(arn)?.ok_or_else(missing)?;
        let done = work(document.tags())?;
        call.tx.put(&document)?;
        Ok(done)
    }
    match arn
        .split(':')
        .nth(5)
        .and_then(|resource| resource.split('/').next())
    {
        Some("model-customization-job") => of::<CustomizationJob, T>(arn, call, work),
        Some("model-invocation-job") => of::<InvocationJob, T>(arn, call, work),
        Some("custom-model") => of::<CustomModel, T>(arn, call, work),
        Some("custom-model-deployment") => of::<Deployment, T>(arn, call, work),
        Some("model-import-job") => of::<ImportJob, T>(arn, call, work),
        Some("imported-model") => of::<ImportedModel, T>(arn, call, work),
        Some("provisioned-model") => of::<Throughput, T>(arn, call, work),
        _ => Err(AwsError::validation(format!(
            "'{arn}' at 'resourceARN' is not the ARN of a resource with tags."
        ))),
    }
}

/// The ARN and the tags of what a name or an ARN stands for; `None` if nothing does.
pub(crate) fn described(
    kind: &str,
    identifier: &str,
    call: &Call<'_>,
) -> Result<Option<Described>, AwsError> {
    let found = match kind {
        "model-customization-job" => {
            customization::find(identifier, call).map(|job| (job.arn, job.tags))
        }
        "model-invocation-job" => batch::find(identifier, call).map(|job| (job.arn, job.tags)),
        "custom-model" => {
            CustomModel::existing(identifier, call).map(|model| (model.arn, model.tags))
        }
        "custom-model-deployment" => Deployment::existing(identifier, call)
            .map(|deployment| (deployment.arn, deployment.tags)),
        "model-import-job" => imports::find(identifier, call).map(|job| (job.arn, job.tags)),
        "imported-model" => {
            ImportedModel::existing(identifier, call).map(|model| (model.arn, model.tags))
        }
        "provisioned-model" => Throughput::existing(identifier, call)
            .map(|throughput| (throughput.arn, throughput.tags)),
        _ => return Ok(None),
    };
    match found {
        Ok((arn, tags)) => Ok(Some(Described {
            arn,
            tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        })),
        Err(error) if error.code == "ResourceNotFoundException" => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagResource {
    #[serde(rename = "resourceARN")]
    resource_arn: String,
    tags: Vec<Tag>,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        check("tags", &self.tags)?;
        with_tags(&self.resource_arn, call, |tags| {
            for tag in self.tags {
                tags.retain(|other| other.key != tag.key);
                tags.push(tag);
            }
            check("tags", tags)
        })?;
        Ok(Nothing {})
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTagsForResource {
    #[serde(rename = "resourceARN")]
    resource_arn: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Tags {
    tags: Vec<Tag>,
}

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Answer = Tags;

    fn perform(self, call: &mut Call<'_>) -> Result<Tags, AwsError> {
        with_tags(&self.resource_arn, call, |tags| Ok(tags.clone())).map(|tags| Tags { tags })
    }
}
