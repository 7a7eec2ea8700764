//! What the operations of the other trainers need: SageMaker's training jobs, imports, provisioned throughput.

use serde_json::json;

use crate::{MODEL, ROLE, asked, words};

const JOB: &str = "arn:aws:sagemaker:us-east-1:123456789012:training-job/j";

#[test]
fn a_training_job_needs_itself_its_role_and_its_tags() {
    let request =
        json!({ "TrainingJobName": "j", "RoleArn": ROLE, "Tags": [{ "Key": "a", "Value": "1" }] });
    assert_eq!(
        words("sagemaker", "CreateTrainingJob", request),
        [
            format!("sagemaker:CreateTrainingJob {JOB} aws:RequestTag/a=1 aws:TagKeys=a"),
            format!("iam:PassRole {ROLE} iam:PassedToService=sagemaker.amazonaws.com"),
            format!("sagemaker:AddTags {JOB} aws:RequestTag/a=1 aws:TagKeys=a"),
        ]
    );
    for operation in ["DescribeTrainingJob", "StopTrainingJob"] {
        assert_eq!(
            words("sagemaker", operation, json!({ "TrainingJobName": "j" })),
            [format!("sagemaker:{operation} {JOB}")]
        );
    }
    assert_eq!(
        words("sagemaker", "ListTrainingJobs", json!({})),
        ["sagemaker:ListTrainingJobs *"]
    );
    assert_eq!(
        words("sagemaker", "ListTags", json!({ "ResourceArn": JOB })),
        [format!("sagemaker:ListTags {JOB}")]
    );
}

#[test]
fn another_resource_of_sagemaker_is_not_taken_for_a_training_job() {
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e";
    assert!(
        asked(
            "sagemaker",
            "AddTags",
            &json!({ "ResourceArn": arn, "Tags": [] })
        )
        .is_err()
    );
    assert!(asked("sagemaker", "CreateEndpoint", &json!({})).is_err());
}

#[test]
fn what_is_registered_and_imported_needs_what_it_makes_and_its_role() {
    let arn = |kind| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/*");
    let request =
        json!({ "modelName": "m", "roleArn": ROLE, "modelTags": [{ "key": "a", "value": "1" }] });
    let tagged = "aws:RequestTag/a=1 aws:TagKeys=a";
    let pass = format!("iam:PassRole {ROLE} iam:PassedToService=bedrock.amazonaws.com");
    assert_eq!(
        words("bedrock", "CreateCustomModel", request),
        [
            format!("bedrock:CreateCustomModel {} {tagged}", arn("custom-model")),
            pass.clone(),
            format!("bedrock:TagResource {} {tagged}", arn("custom-model")),
        ]
    );
    let request = json!({ "jobName": "j", "importedModelName": "m", "roleArn": ROLE });
    assert_eq!(
        words("bedrock", "CreateModelImportJob", request),
        [
            format!("bedrock:CreateModelImportJob {}", arn("model-import-job")),
            format!("bedrock:CreateModelImportJob {}", arn("imported-model")),
            pass,
        ]
    );
}

#[test]
fn throughput_is_bought_on_a_model_and_answers_by_itself() {
    let throughput = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl";
    let imported = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl";
    let buy = json!({ "modelId": MODEL, "modelUnits": 1, "provisionedModelName": "p" });
    assert_eq!(
        words("bedrock", "CreateProvisionedModelThroughput", buy),
        [format!("bedrock:CreateProvisionedModelThroughput {MODEL}")]
    );
    let swap = json!({ "provisionedModelId": throughput, "desiredModelId": MODEL });
    assert_eq!(
        words("bedrock", "UpdateProvisionedModelThroughput", swap),
        [
            format!("bedrock:UpdateProvisionedModelThroughput {throughput}"),
            format!(
                "bedrock:UpdateProvisionedModelThroughput {MODEL} aws:ResourceTag/perennial:installation=local"
            ),
        ]
    );
    for arn in [throughput, imported] {
        assert_eq!(
            words("bedrock", "Converse", json!({ "modelId": arn })),
            [format!("bedrock:InvokeModel {arn}")]
        );
    }
}
