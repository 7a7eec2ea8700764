//! Amazon Bedrock: models that were trained elsewhere, and provisioned throughput.
//!
//! Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>. Of import jobs it was not
//! read which resources they name: they are asked for on both that they make, which is the narrowest that a policy can say.

use super::{
    Kind, NeedError, Reader,
    bedrock::{action, model, new, on_one, pass_role, tag_new, tags},
    request,
};
use crate::Request;

/// What one of these operations needs; `None` if it is none of them.
pub(super) fn needs(reader: &Reader<'_>) -> Option<Result<Vec<Request>, NeedError>> {
    let on = |kind: Kind, member: &str| -> Result<Vec<Request>, NeedError> {
        Ok(vec![on_one(reader, kind, reader.text(member)?)?])
    };
    Some(match reader.call.operation {
        "CreateCustomModel" => create_custom_model(reader),
        "CreateModelImportJob" => create_import(reader),
        "GetModelImportJob" => on(Kind::ImportJob, "jobIdentifier"),
        "GetImportedModel" | "DeleteImportedModel" => on(Kind::ImportedModel, "modelIdentifier"),
        "CreateProvisionedModelThroughput" => create_throughput(reader),
        "GetProvisionedModelThroughput" | "DeleteProvisionedModelThroughput" => {
            on(Kind::Throughput, "provisionedModelId")
        }
        "UpdateProvisionedModelThroughput" => update_throughput(reader),
        "ListModelImportJobs" | "ListImportedModels" | "ListProvisionedModelThroughputs" => {
            Ok(vec![request(&action(reader), "*")])
        }
        _ => return None,
    })
}

fn create_custom_model(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let tags = tags(reader, "modelTags")?;
    let create = request(&action(reader), new(reader, Kind::CustomModel));
    let mut needed = vec![create.asking_for(reader, &tags)?];
    // A model package needs no role.
    if reader.optional("roleArn")?.is_some() {
        needed.push(pass_role(reader)?);
    }
    needed.extend(tag_new(reader, Kind::CustomModel, &tags)?);
    Ok(needed)
}

fn create_import(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let job_tags = tags(reader, "jobTags")?;
    let model_tags = tags(reader, "importedModelTags")?;
    let both = [job_tags.clone(), model_tags.clone()].concat();
    let create = |kind| request(&action(reader), new(reader, kind)).asking_for(reader, &both);
    let mut needed = vec![
        create(Kind::ImportJob)?,
        create(Kind::ImportedModel)?,
        pass_role(reader)?,
    ];
    needed.extend(tag_new(reader, Kind::ImportJob, &job_tags)?);
    needed.extend(tag_new(reader, Kind::ImportedModel, &model_tags)?);
    Ok(needed)
}

fn create_throughput(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let tags = tags(reader, "tags")?;
    let on = model(reader, reader.text("modelId")?)?;
    let mut needed = vec![request(&action(reader), on).asking_for(reader, &tags)?];
    needed.extend(tag_new(reader, Kind::Throughput, &tags)?);
    Ok(needed)
}

fn update_throughput(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let throughput = reader.text("provisionedModelId")?;
    let mut needed = vec![on_one(reader, Kind::Throughput, throughput)?];
    if let Some(identifier) = reader.optional("desiredModelId")? {
        // The catalogue gives the action `aws:ResourceTag`: a model that is there is seen with its tags, as for a deployment.
        needed.push(match reader.find(Kind::CustomModel, identifier)? {
            Some(_) => on_one(reader, Kind::CustomModel, identifier)?,
            None => request(&action(reader), model(reader, identifier)?),
        });
    }
    Ok(needed)
}
