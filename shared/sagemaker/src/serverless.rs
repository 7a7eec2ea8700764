//! From a spec to `CreateTrainingJob` with `ServerlessJobConfig`.
//!
//! The request is what AWS's own SDK sends for Amazon Nova (aws/sagemaker-python-sdk, `sagemaker-train/src/sagemaker/train/sft_trainer.py`
//! and `common_utils/finetune_utils.py`, read at a248126, 2026-08-21).

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_sagemaker::types::{
    Channel, CustomizationTechnique, DataSource, ModelPackageConfig, OutputDataConfig,
    Peft as SdkPeft, S3DataDistribution, S3DataSource, S3DataType, ServerlessJobConfig,
    ServerlessJobType, StoppingCondition, Tag,
};
use perennial_aws_errors::port_error;
use perennial_core::config::{Peft, ServerlessTechnique};
use perennial_ports::{ErrorKind, PortError, PortResult, ServerlessSpec, StartServerless};

use crate::{SageMaker, about};

const CREATE: &str = "sagemaker:CreateTrainingJob";

#[async_trait]
impl StartServerless for SageMaker {
    async fn start_serverless(&self, spec: &ServerlessSpec) -> PortResult<String> {
        let settings = self.settings(CREATE)?;
        let role = spec.role.as_ref().unwrap_or(&settings.job_role_arn);
        let output = settings.uri(&spec.output_prefix);
        let output = OutputDataConfig::builder()
            .s3_output_path(output.trim_end_matches('/'))
            .build();
        let group = ModelPackageConfig::builder()
            .model_package_group_arn(&spec.model_package_group)
            .build()
            .map_err(|error| invalid(spec, error))?;
        let hyperparameters: HashMap<_, _> = spec.hyperparameters.clone().into_iter().collect();
        let tags = spec
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build());
        let answer = self
            .client
            .create_training_job()
            .training_job_name(&spec.name)
            .role_arn(role)
            .input_data_config(channel(&settings.uri(&spec.training_key)))
            .output_data_config(output)
            .serverless_job_config(job(spec)?)
            .model_package_config(group)
            .set_hyper_parameters(Some(hyperparameters))
            .stopping_condition(limit(spec)?)
            .set_tags(Some(tags.collect()))
            .send()
            .await
            .map_err(|error| about(&spec.name, port_error(CREATE, error)))?;
        answer.training_job_arn.ok_or_else(|| {
            PortError::new(
                CREATE,
                ErrorKind::Unanswered,
                format!("{}: the answer names no ARN", spec.name),
            )
        })
    }
}

fn job(spec: &ServerlessSpec) -> PortResult<ServerlessJobConfig> {
    let technique = match spec.technique {
        ServerlessTechnique::Sft => CustomizationTechnique::Sft,
        ServerlessTechnique::Dpo => CustomizationTechnique::Dpo,
    };
    let peft = match spec.peft {
        Peft::Lora => Some(SdkPeft::Lora),
        Peft::Full => None,
    };
    ServerlessJobConfig::builder()
        .base_model_arn(&spec.base_model_arn)
        .accept_eula(spec.accept_eula)
        .job_type(ServerlessJobType::FineTuning)
        .customization_technique(technique)
        .set_peft(peft)
        .build()
        .map_err(|error| invalid(spec, error))
}

fn invalid(spec: &ServerlessSpec, why: impl std::fmt::Display) -> PortError {
    PortError::new(CREATE, ErrorKind::Invalid, format!("{}: {why}", spec.name))
}

/// Conversations of Nova's have a type of their own, by which SageMaker also fetches the media that they name.
fn channel(uri: &str) -> Channel {
    let source = S3DataSource::builder()
        .s3_data_type(S3DataType::Converse)
        .s3_uri(uri)
        .s3_data_distribution_type(S3DataDistribution::FullyReplicated)
        .build();
    Channel::builder()
        .channel_name("train")
        .data_source(DataSource::builder().s3_data_source(source).build())
        .build()
}

fn limit(spec: &ServerlessSpec) -> PortResult<StoppingCondition> {
    let seconds = spec.max_run_seconds;
    let seconds = i32::try_from(seconds).map_err(|_| {
        let words = format!("a longest run of {seconds} seconds is more than SageMaker takes");
        invalid(spec, words)
    })?;
    Ok(StoppingCondition::builder()
        .max_runtime_in_seconds(seconds)
        .build())
}

#[cfg(test)]
mod tests {
    use perennial_aws_errors::replay::Reply;
    use perennial_ports::{ObserveContainers, TrainingStatus};
    use serde_json::{Value, json};

    use super::*;
    use crate::tests::{ARN, ROLE, body, described, refusal, replay, sagemaker, seen, tags};

    const HUB: &str = "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/nova-textgeneration-micro";
    const GROUP: &str = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial";

    fn spec() -> ServerlessSpec {
        ServerlessSpec {
            name: "p-dev-t1".into(),
            base_model_arn: HUB.into(),
            technique: ServerlessTechnique::Sft,
            peft: Peft::Lora,
            accept_eula: true,
            model_package_group: GROUP.into(),
            role: None,
            training_key: "work/p/01j/train.jsonl".into(),
            output_prefix: "work/p/01j/training-1/".into(),
            hyperparameters: [("max_epochs".to_owned(), "2".to_owned())].into(),
            max_run_seconds: 259_200,
            tags: tags(),
        }
    }

    #[tokio::test]
    async fn a_serverless_job_names_model_licence_and_group_and_no_machines() {
        let replay = replay([json!({ "TrainingJobArn": ARN })]);
        let arn = sagemaker(&replay).start_serverless(&spec()).await;
        assert_eq!(arn.as_deref(), Ok(ARN));
        assert_eq!(
            body(&replay.asked()[0]),
            json!({
                "TrainingJobName": "p-dev-t1", "RoleArn": ROLE,
                "InputDataConfig": [{
                    "ChannelName": "train",
                    "DataSource": { "S3DataSource": {
                        "S3DataType": "Converse", "S3Uri": "s3://bucket/work/p/01j/train.jsonl",
                        "S3DataDistributionType": "FullyReplicated",
                    } },
                }],
                "OutputDataConfig": { "S3OutputPath": "s3://bucket/work/p/01j/training-1" },
                "ServerlessJobConfig": {
                    "BaseModelArn": HUB, "AcceptEula": true, "JobType": "FineTuning",
                    "CustomizationTechnique": "SFT", "Peft": "LORA",
                },
                "ModelPackageConfig": { "ModelPackageGroupArn": GROUP },
                "HyperParameters": { "max_epochs": "2" },
                "StoppingCondition": { "MaxRuntimeInSeconds": 259_200 },
                "Tags": [{ "Key": "perennial:run", "Value": "01j" }],
            })
        );
    }

    #[tokio::test]
    async fn a_role_of_ones_own_and_all_weights_are_said() {
        let replay = replay([json!({ "TrainingJobArn": ARN })]);
        let spec = ServerlessSpec {
            role: Some("arn:aws:iam::123456789012:role/mine".into()),
            peft: Peft::Full,
            ..spec()
        };
        sagemaker(&replay)
            .start_serverless(&spec)
            .await
            .expect("started");
        let asked = body(&replay.asked()[0]);
        assert_eq!(asked["RoleArn"], "arn:aws:iam::123456789012:role/mine");
        assert_eq!(asked["ServerlessJobConfig"].get("Peft"), None);
    }

    #[tokio::test]
    async fn a_name_that_is_taken_is_a_conflict() {
        let taken = refusal(
            "ResourceInUse",
            "a training job with this name already exists",
        );
        let replay = perennial_aws_errors::replay::Replay::new([taken]);
        let error = sagemaker(&replay).start_serverless(&spec()).await;
        assert_eq!(error.expect_err("refused").kind, ErrorKind::Conflict);
    }

    #[tokio::test]
    async fn a_serverless_job_has_no_weights_whatever_stands_in_its_artifacts() {
        for artifacts in [
            None,
            Some("s3://bucket/x/output/model.tar.gz"),
            Some("s3://bucket/x/"),
        ] {
            let mut job = described("Completed", "Completed", artifacts);
            job["ServerlessJobConfig"] = json!({ "BaseModelArn": HUB, "JobType": "FineTuning" });
            let job = seen(job).await;
            assert_eq!((job.status, job.weights), (TrainingStatus::Completed, None));
        }
    }

    #[tokio::test]
    async fn a_failure_keeps_its_reason() {
        let mut job: Value = described("Failed", "Failed", None);
        job["ServerlessJobConfig"] = json!({ "BaseModelArn": HUB, "JobType": "FineTuning" });
        job["FailureReason"] = json!(
            "ClientError: Invalid input error: Number of samples 5 out of bounds between 32 and inf"
        );
        let replies = [
            Reply::ok(job.to_string()),
            Reply::ok(json!({ "Tags": [] }).to_string()),
        ];
        let replay = perennial_aws_errors::replay::Replay::new(replies);
        let found = sagemaker(&replay).find_container("p-dev-t1").await;
        let job = found.expect("answered").expect("there");
        assert!(
            job.message
                .is_some_and(|words| words.contains("out of bounds"))
        );
    }
}
