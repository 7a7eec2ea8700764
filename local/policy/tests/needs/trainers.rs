//! What the operations of the other trainers need: SageMaker's training jobs.

use serde_json::json;

use crate::{ROLE, asked, words};

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
