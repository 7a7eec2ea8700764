//! Amazon SageMaker AI's training jobs.
//!
//! Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html>; that tags need
//! `sagemaker:AddTags` as well and a job role `iam:PassRole`, "CreateTrainingJob API: Execution Role Permissions"
//! (<https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html>). A training job's ARN is made of its name, so
//! that a permission may name it before it is there.

use super::{Kind, NeedError, Reader, request};
use crate::Request;

pub(super) fn needs(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    match reader.call.operation {
        "CreateTrainingJob" => create(reader),
        "DescribeTrainingJob" | "StopTrainingJob" => {
            let arn = new(reader, reader.text("TrainingJobName")?);
            Ok(vec![on(reader, &arn)?])
        }
        "ListTrainingJobs" => Ok(vec![request("sagemaker:ListTrainingJobs", "*")]),
        "AddTags" | "ListTags" => {
            let arn = reader.text("ResourceArn")?;
            if Kind::of_arn(arn) != Some(Kind::TrainingJob) {
                return Err(reader.unclear(format!("{arn} is not the ARN of a training job")));
            }
            let tags = reader.tags("Tags", ("Key", "Value"))?;
            Ok(vec![on(reader, arn)?.asking_for(reader, &tags)?])
        }
        _ => Err(reader.no_row()),
    }
}

fn new(reader: &Reader<'_>, name: &str) -> String {
    reader.arn("sagemaker", &format!("training-job/{name}"))
}

/// The operation's own action on a job; what is not there has no tags.
fn on(reader: &Reader<'_>, arn: &str) -> Result<Request, NeedError> {
    let action = format!("sagemaker:{}", reader.call.operation);
    match reader.find(Kind::TrainingJob, arn)? {
        Some(found) => request(&action, found.arn).tagged(reader, "aws:ResourceTag", &found.tags),
        None => Ok(Request {
            is_missing: true,
            ..request(&action, arn)
        }),
    }
}

fn create(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let tags = reader.tags("Tags", ("Key", "Value"))?;
    let arn = new(reader, reader.text("TrainingJobName")?);
    let create = request("sagemaker:CreateTrainingJob", arn.clone());
    let role = request("iam:PassRole", reader.text("RoleArn")?);
    let mut needed = vec![
        create.asking_for(reader, &tags)?,
        role.having("iam:PassedToService", ["sagemaker.amazonaws.com"]),
    ];
    if !tags.is_empty() {
        needed.push(request("sagemaker:AddTags", arn).asking_for(reader, &tags)?);
    }
    Ok(needed)
}
