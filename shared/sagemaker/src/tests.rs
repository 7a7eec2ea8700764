//! What is sent, and how answers are read.

use super::*;
use aws_sdk_sagemaker::config::{BehaviorVersion, Region};
use perennial_aws_errors::replay::{Asked, Replay, Reply};
use perennial_ports::{
    ContainerJob, ContainerSpec, ObserveContainers, StartContainers, StopContainers, Tags,
    TrainingStatus,
};
use serde_json::{Value, json};

pub(crate) const ARN: &str = "arn:aws:sagemaker:us-east-1:123456789012:training-job/p-dev-t1";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/sagemaker-job";

fn client(replay: &Replay) -> Client {
    let config = aws_sdk_sagemaker::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Replay::credentials())
        .http_client(replay.http_client())
        .build();
    Client::from_conf(config)
}

pub(crate) fn sagemaker(replay: &Replay) -> SageMaker {
    let settings = Settings {
        bucket: "bucket".into(),
        job_role_arn: ROLE.into(),
    };
    SageMaker::new(client(replay), settings)
}

pub(crate) fn replay(bodies: impl IntoIterator<Item = Value>) -> Replay {
    Replay::new(bodies.into_iter().map(|body| Reply::ok(body.to_string())))
}

pub(crate) fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).expect("JSON")
}

pub(crate) fn tags() -> Tags {
    Tags::from([("perennial:run".to_owned(), "01j".to_owned())])
}

/// A `ValidationException`'s message stands in `message`, a declared error's in `Message`.
pub(crate) fn refusal(code: &str, message: &str) -> Reply {
    Reply::refusal(400, code, message)
}

fn spec() -> ContainerSpec {
    ContainerSpec {
        name: "p-dev-t1".into(),
        image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1".into(),
        recipe: None,
        role: None,
        training_prefix: "work/p/01j/train/".into(),
        model: None,
        output_prefix: "work/p/01j/output/".into(),
        checkpoint_prefix: None,
        hyperparameters: [("max_steps".to_owned(), "20".to_owned())].into(),
        instance_type: "ml.g5.12xlarge".into(),
        instance_count: 2,
        volume_gb: 100,
        subnets: Vec::new(),
        security_groups: Vec::new(),
        max_run_seconds: 86_400,
        spot_max_wait_seconds: None,
        tags: tags(),
    }
}

fn channel(name: &str, uri: &str) -> Value {
    json!({
        "ChannelName": name, "InputMode": "File",
        "DataSource": { "S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated",
        } },
    })
}

pub(crate) fn described(status: &str, secondary: &str, artifacts: Option<&str>) -> Value {
    let mut job = json!({
        "TrainingJobName": "p-dev-t1", "TrainingJobArn": ARN, "TrainingJobStatus": status, "SecondaryStatus": secondary,
        "CreationTime": 1_795_000_000.5,
    });
    if let Some(uri) = artifacts {
        job["ModelArtifacts"] = json!({ "S3ModelArtifacts": uri });
    }
    job
}

pub(crate) async fn seen(job: Value) -> ContainerJob {
    let tags = json!({ "Tags": [{ "Key": "perennial:run", "Value": "01j" }] });
    let found = sagemaker(&replay([job, tags]))
        .find_container("p-dev-t1")
        .await;
    found.expect("answered").expect("there")
}

#[tokio::test]
async fn a_job_bears_its_name_and_tags_and_leaves_its_weights_uncompressed() {
    let replay = replay([json!({ "TrainingJobArn": ARN })]);
    let arn = sagemaker(&replay).start_container(&spec()).await;
    assert_eq!(arn.as_deref(), Ok(ARN));
    let asked = &replay.asked()[0];
    assert_eq!(
        asked.header("x-amz-target"),
        Some("SageMaker.CreateTrainingJob")
    );
    assert_eq!(
        body(asked),
        json!({
            "TrainingJobName": "p-dev-t1", "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1", "TrainingInputMode": "File",
            },
            "InputDataConfig": [channel("train", "s3://bucket/work/p/01j/train/")],
            "OutputDataConfig": { "S3OutputPath": "s3://bucket/work/p/01j/output", "CompressionType": "NONE" },
            "ResourceConfig": { "InstanceType": "ml.g5.12xlarge", "InstanceCount": 2, "VolumeSizeInGB": 100 },
            "StoppingCondition": { "MaxRuntimeInSeconds": 86_400 },
            "EnableManagedSpotTraining": false, "EnableNetworkIsolation": false,
            "HyperParameters": { "max_steps": "20" },
            "Tags": [{ "Key": "perennial:run", "Value": "01j" }],
        })
    );
}

#[tokio::test]
async fn a_model_a_recipe_a_role_a_network_and_spare_capacity_are_sent_where_they_are_asked_for() {
    let replay = replay([json!({ "TrainingJobArn": ARN })]);
    let spec = ContainerSpec {
        recipe: Some("s3://recipes/nemo/llama.yaml".into()),
        model: Some("s3://bucket/work/p/01j/pretraining-1/j/output/model/".into()),
        role: Some("arn:aws:iam::123456789012:role/own".into()),
        checkpoint_prefix: Some("work/p/01j/checkpoints/".into()),
        subnets: vec!["subnet-1".into(), "subnet-2".into()],
        security_groups: vec!["sg-1".into()],
        spot_max_wait_seconds: Some(172_800),
        ..spec()
    };
    let started = sagemaker(&replay).start_container(&spec).await;
    started.expect("started");
    let sent = body(&replay.asked()[0]);
    let expected = [
        (
            "InputDataConfig",
            json!([
                channel("train", "s3://bucket/work/p/01j/train/"),
                channel(
                    "model",
                    "s3://bucket/work/p/01j/pretraining-1/j/output/model/"
                ),
                channel("recipe", "s3://recipes/nemo/llama.yaml"),
            ]),
        ),
        ("RoleArn", json!("arn:aws:iam::123456789012:role/own")),
        (
            "HyperParameters",
            json!({ "max_steps": "20", "sagemaker_recipe_local_path": "/opt/ml/input/data/recipe/llama.yaml" }),
        ),
        (
            "CheckpointConfig",
            json!({ "S3Uri": "s3://bucket/work/p/01j/checkpoints" }),
        ),
        (
            "VpcConfig",
            json!({ "Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"] }),
        ),
        (
            "StoppingCondition",
            json!({ "MaxRuntimeInSeconds": 86_400, "MaxWaitTimeInSeconds": 172_800 }),
        ),
        ("EnableManagedSpotTraining", json!(true)),
    ];
    for (member, value) in expected {
        assert_eq!(sent[member], value, "{member}");
    }
}

#[tokio::test]
async fn nothing_says_over_perennial_where_the_recipe_lies() {
    let replay = replay([json!({ "TrainingJobArn": ARN })]);
    let mut spec = ContainerSpec {
        recipe: Some("s3://recipes/llama.yaml".into()),
        ..spec()
    };
    let path = "sagemaker_recipe_local_path";
    spec.hyperparameters = [(path.to_owned(), "/elsewhere".to_owned())].into();
    sagemaker(&replay)
        .start_container(&spec)
        .await
        .expect("started");
    let sent = body(&replay.asked()[0]);
    assert_eq!(
        sent["HyperParameters"],
        json!({ path: "/opt/ml/input/data/recipe/llama.yaml" })
    );
}

#[tokio::test]
async fn refusals_to_start_are_told_apart() {
    let taken = format!(
        "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({ARN})"
    );
    for (code, message, kind) in [
        ("ResourceInUse", taken.as_str(), ErrorKind::Conflict),
        (
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.g5.12xlarge for training job usage' is 0 Instances",
            ErrorKind::Quota,
        ),
        (
            "ValidationException",
            "No S3 objects found under S3 URL",
            ErrorKind::Invalid,
        ),
        (
            "AccessDeniedException",
            "not authorized to perform: iam:PassRole",
            ErrorKind::Denied,
        ),
    ] {
        let replay = Replay::new([refusal(code, message)]);
        let error = sagemaker(&replay).start_container(&spec()).await;
        let error = error.expect_err(code);
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(error.operation, "sagemaker:CreateTrainingJob");
        assert!(
            error.message.contains("p-dev-t1") && error.message.contains(message),
            "{error}"
        );
    }
}

#[tokio::test]
async fn only_who_knows_the_role_starts_jobs() {
    let replay = Replay::new([]);
    let error = SageMaker::without_starting(client(&replay))
        .start_container(&spec())
        .await
        .expect_err("no role");
    assert_eq!(error.kind, ErrorKind::Invalid);
    let endless = ContainerSpec {
        max_run_seconds: u64::MAX,
        ..spec()
    };
    let error = sagemaker(&replay).start_container(&endless).await;
    let error = error.expect_err("too long");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("longest run"), "{error}");
    assert_eq!(replay.asked(), []);
}

#[tokio::test]
async fn a_job_is_found_by_name_with_its_tags_over_pages() {
    let replay = replay([
        described("InProgress", "Downloading", None),
        json!({ "Tags": [{ "Key": "a", "Value": "1" }], "NextToken": "next" }),
        json!({ "Tags": [{ "Key": "perennial:run", "Value": "01j" }] }),
    ]);
    let job = sagemaker(&replay).find_container("p-dev-t1").await;
    let job = job.expect("answered").expect("there");
    let mut expected = tags();
    expected.insert("a".into(), "1".into());
    assert_eq!(
        (job.arn.as_str(), job.status, job.tags),
        (ARN, TrainingStatus::InProgress, expected)
    );
    let asked = replay.asked();
    assert_eq!(body(&asked[0]), json!({ "TrainingJobName": "p-dev-t1" }));
    assert_eq!(
        body(&asked[2]),
        json!({ "ResourceArn": ARN, "NextToken": "next" })
    );
}

#[tokio::test]
async fn a_job_that_is_not_there_is_none_however_sagemaker_says_so() {
    for (code, message) in [
        ("ValidationException", "Requested resource not found."),
        ("ResourceNotFound", "Requested resource not found."),
    ] {
        let replay = Replay::new([refusal(code, message)]);
        assert_eq!(
            sagemaker(&replay).find_container("p-dev-t1").await,
            Ok(None),
            "{code}"
        );
    }
    let replay = Replay::new([refusal(
        "ValidationException",
        "1 validation error detected",
    )]);
    let error = sagemaker(&replay).find_container("p-dev-t1").await;
    assert_eq!(error.expect_err("refused").kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn a_completed_job_says_where_its_weights_are() {
    for uri in [
        "s3://bucket/work/out/p-dev-t1/output/model/",
        "s3://bucket/work/out/p-dev-t1/output/model",
    ] {
        let job = seen(described("Completed", "Completed", Some(uri))).await;
        assert_eq!(job.status, TrainingStatus::Completed);
        assert_eq!(
            job.weights.as_deref(),
            Some("s3://bucket/work/out/p-dev-t1/output/model/")
        );
        assert_eq!(job.tags, tags());
    }
}

#[tokio::test]
async fn compressed_weights_are_a_failure_that_says_so() {
    let uri = "s3://bucket/out/p-dev-t1/output/model.tar.gz";
    let job = seen(described("Completed", "Completed", Some(uri))).await;
    assert_eq!((job.status, job.weights), (TrainingStatus::Failed, None));
    let message = job.message.expect("a reason");
    assert!(
        message.contains(uri) && message.contains("compressed"),
        "{message}"
    );
}

#[tokio::test]
async fn a_failed_job_says_why() {
    let mut failed = described("Failed", "Failed", None);
    failed["FailureReason"] = json!("AlgorithmError: CUDA out of memory, exit code: 1");
    let job = seen(failed).await;
    assert_eq!(
        (job.status, job.message.as_deref()),
        (
            TrainingStatus::Failed,
            Some("AlgorithmError: CUDA out of memory, exit code: 1")
        )
    );
}

#[tokio::test]
async fn a_job_that_ran_into_a_limit_is_stopped_and_says_which() {
    // What it saved in its last two minutes is no finished model.
    let uri = Some("s3://bucket/out/p-dev-t1/output/model/");
    for limit in ["MaxRuntimeExceeded", "MaxWaitTimeExceeded"] {
        let job = seen(described("Stopped", limit, uri)).await;
        assert_eq!((job.status, job.weights), (TrainingStatus::Stopped, None));
        let message = job.message.expect("a reason");
        assert!(message.contains(limit), "{message}");
    }
    let job = seen(described("Stopped", "Stopped", None)).await;
    assert_eq!((job.status, job.message), (TrainingStatus::Stopped, None));
}

#[tokio::test]
async fn nothing_is_decided_on_a_status_that_is_not_known() {
    let replay = replay([described("Paused", "Paused", None)]);
    let error = sagemaker(&replay).find_container("p-dev-t1").await;
    let error = error.expect_err("unknown");
    assert_eq!(error.kind, ErrorKind::Unanswered);
    assert!(error.message.contains("Paused"), "{error}");
}

#[tokio::test]
async fn stopping_an_ended_job_is_no_error() {
    let refused = || {
        refusal(
            "ValidationException",
            "The request was rejected because the training job is in status Stopped.",
        )
    };
    let look = |status| Reply::ok(described(status, status, None).to_string());
    let stopped = Replay::new([Reply::ok("{}")]);
    assert_eq!(sagemaker(&stopped).stop_container("p-dev-t1").await, Ok(()));
    let ended = Replay::new([refused(), look("Stopped")]);
    assert_eq!(sagemaker(&ended).stop_container("p-dev-t1").await, Ok(()));
    let running = Replay::new([refused(), look("InProgress")]);
    let error = sagemaker(&running).stop_container("p-dev-t1").await;
    let error = error.expect_err("not stopped");
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.message.contains("is in status Stopped"), "{error}");
    let missing = Replay::new([refusal(
        "ValidationException",
        "Requested resource not found.",
    )]);
    let error = sagemaker(&missing).stop_container("p-dev-t1").await;
    assert_eq!(error.expect_err("not there").kind, ErrorKind::NotFound);
}
