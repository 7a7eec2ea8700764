//! Amazon Bedrock, control plane and runtime; both sign as `bedrock` and have the prefix `bedrock:`.
//!
//! Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>; that a create
//! with tags needs `bedrock:TagResource` as well, the table of operations in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_bedrock.html>; for batch jobs, "Required
//! permissions for batch inference" (<https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-permissions.html>);
//! for inference profiles, "Prerequisites for inference profiles"
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html>); that `Converse` needs
//! `bedrock:InvokeModel`, its API reference.
//!
//! What a create makes has no id yet: `*` stands for it, so that only a pattern that leaves the id open allows it.

use super::{Kind, NeedError, Reader, imported, request};
use crate::Request;

/// Where inference profiles of the United States may send a request from us-east-1, us-east-2 or us-west-2
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>).
const UNITED_STATES: [&str; 3] = ["us-east-1", "us-east-2", "us-west-2"];

pub(super) fn needs(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let on = |kind: Kind, member: &str| -> Result<Vec<Request>, NeedError> {
        Ok(vec![on_one(reader, kind, reader.text(member)?)?])
    };
    let all = || Ok(vec![request(&action(reader), "*")]);
    match reader.call.operation {
        "CreateModelCustomizationJob" => create_customization(reader),
        "GetModelCustomizationJob" | "StopModelCustomizationJob" => {
            on(Kind::CustomizationJob, "jobIdentifier")
        }
        "ListModelCustomizationJobs" => all(),
        "CreateModelInvocationJob" => create_batch(reader),
        "GetModelInvocationJob" | "StopModelInvocationJob" => {
            on(Kind::InvocationJob, "jobIdentifier")
        }
        "ListModelInvocationJobs" => all(),
        "GetCustomModel" | "DeleteCustomModel" => on(Kind::CustomModel, "modelIdentifier"),
        "ListCustomModels" => all(),
        "CreateCustomModelDeployment" => create_deployment(reader),
        "GetCustomModelDeployment" | "DeleteCustomModelDeployment" => {
            on(Kind::Deployment, "customModelDeploymentIdentifier")
        }
        // Both resource types are marked as required.
        "UpdateCustomModelDeployment" => Ok([
            on(Kind::Deployment, "customModelDeploymentIdentifier")?,
            on(Kind::CustomModel, "modelArn")?,
        ]
        .concat()),
        "ListCustomModelDeployments" => all(),
        "ListTagsForResource" | "TagResource" => {
            let arn = reader.text("resourceARN")?;
            let Some(kind) = Kind::of_arn(arn) else {
                return Err(reader.unclear(format!("{arn} is of no kind that has tags")));
            };
            let needed = on_one(reader, kind, arn)?;
            Ok(vec![needed.asking_for(reader, &tags(reader, "tags")?)?])
        }
        "GetFoundationModel" => {
            let model = foundation(reader, reader.text("modelIdentifier")?)?;
            Ok(vec![request(&action(reader), model)])
        }
        "ListFoundationModels" => all(),
        "Converse" => converse(reader),
        _ => imported::needs(reader).unwrap_or_else(|| Err(reader.no_row())),
    }
}

pub(super) fn action(reader: &Reader<'_>) -> String {
    format!("bedrock:{}", reader.call.operation)
}

/// The operation's own action on a resource by name or ARN.
pub(super) fn on_one(
    reader: &Reader<'_>,
    kind: Kind,
    identifier: &str,
) -> Result<Request, NeedError> {
    on_resource(reader, &action(reader), kind, identifier)
}

/// Of what is not there, the ARN is made of what was asked for, and it has no tags.
fn on_resource(
    reader: &Reader<'_>,
    action: &str,
    kind: Kind,
    identifier: &str,
) -> Result<Request, NeedError> {
    if let Some(found) = reader.find(kind, identifier)? {
        return request(action, found.arn).tagged(reader, "aws:ResourceTag", &found.tags);
    }
    let arn = if identifier.starts_with("arn:") {
        identifier.to_owned()
    } else {
        reader.arn("bedrock", &format!("{}/{identifier}", kind.word()))
    };
    Ok(Request {
        is_missing: true,
        ..request(action, arn)
    })
}

/// The tags of a request, by the member that holds them.
pub(super) fn tags(reader: &Reader<'_>, member: &str) -> Result<Vec<(String, String)>, NeedError> {
    reader.tags(member, ("key", "value"))
}

/// Tagging what a create makes.
pub(super) fn tag_new(
    reader: &Reader<'_>,
    kind: Kind,
    tags: &[(String, String)],
) -> Result<Option<Request>, NeedError> {
    if tags.is_empty() {
        return Ok(None);
    }
    let tag = request("bedrock:TagResource", new(reader, kind));
    tag.asking_for(reader, tags).map(Some)
}

pub(super) fn new(reader: &Reader<'_>, kind: Kind) -> String {
    reader.arn("bedrock", &format!("{}/*", kind.word()))
}

/// Source: "Grant a user permissions to pass a role to an AWS service" (IAM User Guide), and each job's own page.
pub(super) fn pass_role(reader: &Reader<'_>) -> Result<Request, NeedError> {
    let role = request("iam:PassRole", reader.text("roleArn")?);
    Ok(role.having("iam:PassedToService", ["bedrock.amazonaws.com"]))
}

/// A foundation model by its id, or by its ARN as AWS forms it in this region. An ARN of anything else (an imported model, a
/// prompt, provisioned throughput) is a resource of another type, which a permission on foundation models does not cover
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html#amazonbedrock-resources-for-iam-policies>).
fn foundation(reader: &Reader<'_>, identifier: &str) -> Result<String, NeedError> {
    let region = reader.account.region;
    let own = format!("arn:aws:bedrock:{region}::foundation-model/");
    let id = identifier.strip_prefix(&own).unwrap_or(identifier);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if id.is_empty() || id.starts_with("arn:") || !id.chars().all(fits) {
        return Err(reader.unclear(format!(
            "{identifier:?} is neither the id of a foundation model nor an ARN {own}…, and no other model of this account"
        )));
    }
    Ok(foundation_in(region, id))
}

/// The region in which a foundation model is asked, where its ARN says so: a profile asks it in others than the caller's, and
/// `aws:RequestedRegion` is then theirs, or `unspecified` for a global profile
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>).
pub(super) fn region_of(resource: &str) -> Option<&str> {
    let (region, _) = resource
        .strip_prefix("arn:aws:bedrock:")?
        .split_once("::foundation-model/")?;
    Some(if region.is_empty() {
        "unspecified"
    } else {
        region
    })
}

fn foundation_in(region: &str, id: &str) -> String {
    format!("arn:aws:bedrock:{region}::foundation-model/{id}")
}

/// The ARN of a custom model or a foundation model.
pub(super) fn model(reader: &Reader<'_>, identifier: &str) -> Result<String, NeedError> {
    match reader.find(Kind::CustomModel, identifier)? {
        Some(found) => Ok(found.arn),
        None if is_arn_of(Kind::CustomModel, identifier) => Ok(identifier.to_owned()),
        None => foundation(reader, identifier),
    }
}

/// Whether it is the ARN of such a resource of Bedrock, in whatever account.
fn is_arn_of(kind: Kind, identifier: &str) -> bool {
    identifier.starts_with("arn:aws:bedrock:") && Kind::of_arn(identifier) == Some(kind)
}

/// On the base model and on the model that is made: both types are marked as required. The reference gives this action
/// no `aws:ResourceTag`.
fn create_customization(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let job_tags = tags(reader, "jobTags")?;
    let model_tags = tags(reader, "customModelTags")?;
    let both = [job_tags.clone(), model_tags.clone()].concat();
    let base = model(reader, reader.text("baseModelIdentifier")?)?;
    let create = |resource: String| request(&action(reader), resource).asking_for(reader, &both);
    let mut needed = vec![
        create(base)?,
        create(new(reader, Kind::CustomModel))?,
        pass_role(reader)?,
    ];
    needed.extend(tag_new(reader, Kind::CustomizationJob, &job_tags)?);
    needed.extend(tag_new(reader, Kind::CustomModel, &model_tags)?);
    Ok(needed)
}

/// On the model and on the job that is made. For an inference profile AWS documents no row; it is asked for on the
/// profile and on its model, as for `InvokeModel`.
fn create_batch(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let tags = tags(reader, "tags")?;
    let identifier = reader.text("modelId")?;
    let models = match profile(reader, identifier)? {
        Some(profile) => profile.resources,
        None => vec![model(reader, identifier)?],
    };
    let on = models.into_iter().chain([new(reader, Kind::InvocationJob)]);
    let mut needed = on
        .map(|resource| request(&action(reader), resource).asking_for(reader, &tags))
        .collect::<Result<Vec<_>, _>>()?;
    needed.push(pass_role(reader)?);
    needed.extend(tag_new(reader, Kind::InvocationJob, &tags)?);
    Ok(needed)
}

fn create_deployment(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let tags = tags(reader, "tags")?;
    let model = on_one(reader, Kind::CustomModel, reader.text("modelArn")?)?;
    let mut needed = vec![model.asking_for(reader, &tags)?];
    needed.extend(tag_new(reader, Kind::Deployment, &tags)?);
    Ok(needed)
}

fn converse(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    const ACTION: &str = "bedrock:InvokeModel";
    let identifier = reader.text("modelId")?;
    if let Some(Profile { arn, resources }) = profile(reader, identifier)? {
        let on = |resource: String| {
            let of_model = resource != arn;
            let needed = request(ACTION, resource);
            if of_model {
                needed.having("bedrock:InferenceProfileArn", [arn.clone()])
            } else {
                needed
            }
        };
        return Ok(resources.into_iter().map(on).collect());
    }
    let answering = [Kind::Deployment, Kind::ImportedModel, Kind::Throughput];
    if let Some(kind) = answering
        .into_iter()
        .find(|kind| is_arn_of(*kind, identifier))
    {
        return Ok(vec![on_resource(reader, ACTION, kind, identifier)?]);
    }
    Ok(vec![request(ACTION, foundation(reader, identifier)?)])
}

struct Profile {
    arn: String,
    /// The profile, and its model in each region that a request may be sent to.
    resources: Vec<String>,
}

/// A cross-region inference profile of this region and account; `None` if the identifier names none.
fn profile(reader: &Reader<'_>, identifier: &str) -> Result<Option<Profile>, NeedError> {
    let own = reader.arn("bedrock", "inference-profile/");
    let id = identifier.strip_prefix(&own).unwrap_or(identifier);
    if id.starts_with("arn:") {
        return Ok(None);
    }
    let Some((geography, model)) = id.split_once('.').filter(|(geography, rest)| {
        matches!(
            *geography,
            "us" | "global" | "eu" | "apac" | "jp" | "au" | "ca"
        ) && rest.contains('.')
    }) else {
        return Ok(None);
    };
    let regions: Vec<&str> = match geography {
        "us" if UNITED_STATES.contains(&reader.account.region) => UNITED_STATES.to_vec(),
        // The model's ARN without a region stands for all of them.
        "global" => vec![reader.account.region, ""],
        _ => {
            return Err(reader.unclear(format!(
                "it is not known where the inference profile {id} sends requests from {}",
                reader.account.region
            )));
        }
    };
    let arn = reader.arn("bedrock", &format!("inference-profile/{id}"));
    // What stands behind the geography must be the id of a model.
    foundation(reader, model)?;
    let models = regions
        .into_iter()
        .map(|region| foundation_in(region, model));
    let resources = [arn.clone()].into_iter().chain(models).collect();
    Ok(Some(Profile { arn, resources }))
}
