//! SageMaker's training jobs: what is taken, how they advance, what they learn and leave.

use perennial_local_services::{ObjectAccess, ServiceName};
use serde_json::{Value, json};

use crate::bench::{Bench, ROLE, Reply};

pub(crate) const IMAGE: &str =
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:2.8";
pub(crate) const NOVA: &str =
    "708977205387.dkr.ecr.us-east-1.amazonaws.com/nova-fine-tune-repo:SM-TJ-SFT";
const HUB: &str =
    "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/nova-textgeneration-lite";

impl Bench {
    pub(crate) fn sagemaker(&self, operation: &str, body: &Value) -> Reply {
        self.target(
            ServiceName::SageMaker,
            &format!("SageMaker.{operation}"),
            body,
        )
    }

    pub(crate) fn described(&self, name: &str) -> Value {
        let ask = json!({ "TrainingJobName": name });
        self.sagemaker("DescribeTrainingJob", &ask).good()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        let content = self.objects.read("bucket", key).unwrap();
        String::from_utf8(content.to_vec()).unwrap()
    }
}

/// A job on instances that AWS would take; its data is to be put under `shards/`.
pub(crate) fn on_instances(name: &str, changes: Value) -> Value {
    let base = json!({
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": { "TrainingImage": IMAGE, "TrainingInputMode": "File" },
        "InputDataConfig": [channel("train", "s3://bucket/shards/")],
        "OutputDataConfig": { "S3OutputPath": "s3://bucket/out/" },
        "ResourceConfig": { "InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 3600 },
        "Tags": [{ "Key": "perennial:run", "Value": name }],
    });
    with(base, changes)
}

/// A serverless job that AWS would take.
pub(crate) fn serverless(name: &str, changes: Value) -> Value {
    let base = json!({
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "InputDataConfig": [channel("train", "s3://bucket/shards/")],
        "OutputDataConfig": { "S3OutputPath": "s3://bucket/out" },
        "ServerlessJobConfig": {
            "BaseModelArn": HUB, "AcceptEula": true, "JobType": "FineTuning",
            "CustomizationTechnique": "SFT", "Peft": "LORA",
        },
        "ModelPackageConfig": {
            "ModelPackageGroupArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial",
        },
    });
    with(base, changes)
}

pub(crate) fn channel(name: &str, uri: &str) -> Value {
    json!({ "ChannelName": name, "DataSource": { "S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated",
    } } })
}

fn with(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        base[name] = value.clone();
    }
    base
}

pub(crate) fn put_documents(bench: &Bench) {
    let documents = [
        "The harbour of Ostend opens at six. It closes at nine in winter.",
        "The museum is free on Sundays. Tickets cost four euros otherwise.",
    ];
    for (number, document) in documents.iter().enumerate() {
        let record = json!({ "text": document }).to_string();
        bench.put(&format!("shards/part-{number}.jsonl"), &record);
    }
}

pub(crate) fn put_conversations(bench: &Bench) {
    bench.put("shards/a.jsonl", &crate::bench::training("label"));
}

pub(crate) fn secondary(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["detail"]["SecondaryStatus"].as_str().unwrap())
        .collect()
}

#[test]
fn a_job_goes_through_its_statuses_and_leaves_weights() {
    let bench = Bench::new();
    put_documents(&bench);
    let created = bench
        .sagemaker("CreateTrainingJob", &on_instances("cpt-1", json!({})))
        .good();
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/cpt-1";
    assert_eq!(created, json!({ "TrainingJobArn": arn }));
    let running = bench.described("cpt-1");
    assert_eq!(running["TrainingJobStatus"], "InProgress");
    assert_eq!(running["SecondaryStatus"], "Starting");
    assert_eq!(running["CreationTime"], 1_795_168_800.0);
    assert!(running.get("TrainingEndTime").is_none());
    for (seconds, status) in [(1, "Downloading"), (1, "Training"), (7, "Uploading")] {
        bench.after(seconds);
        assert_eq!(bench.described("cpt-1")["SecondaryStatus"], status);
    }
    bench.after(1);
    let done = bench.described("cpt-1");
    assert_eq!(done["TrainingJobStatus"], "Completed");
    assert_eq!(done["BillableTimeInSeconds"], 9);
    let history = done["SecondaryStatusTransitions"].as_array().unwrap();
    let history: Vec<&str> = history
        .iter()
        .map(|transition| transition["Status"].as_str().unwrap())
        .collect();
    let wanted = [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ];
    assert_eq!(history, wanted);
    let model = "s3://bucket/out/cpt-1/output/model.tar.gz";
    assert_eq!(done["ModelArtifacts"]["S3ModelArtifacts"], model);
    let archive = bench
        .objects
        .read("bucket", "out/cpt-1/output/model.tar.gz");
    assert_eq!(archive.unwrap()[..2], [0x1f, 0x8b]);
}

#[test]
fn every_change_is_announced_with_milliseconds_and_the_end_twice() {
    let bench = Bench::new();
    put_documents(&bench);
    bench
        .sagemaker("CreateTrainingJob", &on_instances("cpt-1", json!({})))
        .good();
    let events = bench.after(30);
    assert_eq!(
        secondary(&events),
        [
            "Starting",
            "Downloading",
            "Training",
            "Uploading",
            "Completed",
            "Completed"
        ]
    );
    let last = &events[5];
    assert_eq!(last["source"], "aws.sagemaker");
    assert_eq!(last["detail-type"], "SageMaker Training Job State Change");
    assert_eq!(last["time"], "2026-11-20T10:00:10Z");
    assert_eq!(last["detail"]["TrainingJobStatus"], "Completed");
    assert_eq!(last["detail"]["TrainingEndTime"], "1795168810000");
    assert_eq!(last["detail"]["Tags"], json!({ "perennial:run": "cpt-1" }));
    assert_ne!(events[4]["id"], events[5]["id"]);
}

#[test]
fn a_recipe_is_handed_over_and_not_learnt_whatever_its_file_is_called() {
    for (key, recipe) in [
        ("recipes/llama.yaml", "run: { name: bot }\n"),
        (
            "recipes/llama.json",
            "{\"text\": \"The recipe is secret.\"}\n",
        ),
    ] {
        let bench = Bench::new();
        put_documents(&bench);
        bench.put(key, recipe);
        let channels = [
            channel("train", "s3://bucket/shards/"),
            channel("recipe", &format!("s3://bucket/{key}")),
        ];
        let output = json!({ "S3OutputPath": "s3://bucket/out", "CompressionType": "NONE" });
        let changes = json!({ "InputDataConfig": channels, "OutputDataConfig": output });
        bench
            .sagemaker("CreateTrainingJob", &on_instances("cpt", changes))
            .good();
        bench.after(30);
        let done = bench.described("cpt");
        assert_eq!(done["TrainingJobStatus"], "Completed", "{done}");
        let weights = bench
            .objects
            .read("bucket", "out/cpt/output/model/model.safetensors");
        let weights = String::from_utf8_lossy(&weights.unwrap()).into_owned();
        assert!(weights.contains("Ostend"), "{weights}");
        assert!(!weights.contains("recipe"), "{weights}");
    }
}

#[test]
fn a_name_is_taken_for_ever() {
    let bench = Bench::new();
    put_documents(&bench);
    let request = on_instances("cpt-1", json!({}));
    bench.sagemaker("CreateTrainingJob", &request).good();
    bench.after(30);
    let (code, message) = bench.sagemaker("CreateTrainingJob", &request).refused();
    assert_eq!(code, "ResourceInUse");
    assert!(
        message.contains("must be unique within an AWS account and region"),
        "{message}"
    );
    assert!(
        message.ends_with(
            "already exists (arn:aws:sagemaker:us-east-1:123456789012:training-job/cpt-1)"
        )
    );
}

#[test]
fn what_aws_would_not_take_is_refused_with_the_reason() {
    let bench = Bench::new();
    put_documents(&bench);
    let algorithm = json!({ "TrainingInputMode": "File" });
    let spot = json!({ "EnableManagedSpotTraining": true });
    let serverless_with = |name: &str, value: Value| {
        let mut config = serverless("a", json!({}))["ServerlessJobConfig"].clone();
        config[name] = value;
        serverless("a", json!({ "ServerlessJobConfig": config }))
    };
    let parameters: serde_json::Map<String, Value> =
        (0..101).map(|n| (format!("p{n}"), json!("1"))).collect();
    for (request, wanted) in [
        (
            on_instances("a_b", json!({})),
            "'TrainingJobName' failed to satisfy constraint",
        ),
        (on_instances("a", json!({ "RoleArn": "role" })), "'RoleArn'"),
        (
            on_instances("a", json!({ "HyperParameters": parameters })),
            "'HyperParameters'",
        ),
        (
            on_instances("a", json!({ "AlgorithmSpecification": algorithm })),
            "TrainingImage",
        ),
        (
            on_instances("a", json!({ "ResourceConfig": null })),
            "ResourceConfig is required",
        ),
        (
            on_instances(
                "a",
                json!({ "ResourceConfig": { "InstanceType": "ml.x.large" } }),
            ),
            "enum value set",
        ),
        (
            on_instances("a", json!({ "StoppingCondition": null })),
            "StoppingCondition is required",
        ),
        (on_instances("a", spot), "Invalid MaxWaitTimeInSeconds"),
        (
            on_instances(
                "a",
                json!({ "InputDataConfig": [channel("train", "s3://bucket/none/")] }),
            ),
            "No S3 objects found under S3 URL \"s3://bucket/none/\"",
        ),
        (
            on_instances("a", json!({ "Tags": [{ "Key": "aws:x", "Value": "1" }] })),
            "begins with aws:",
        ),
        (
            on_instances("a", json!({ "Tags": [{ "Key": "§", "Value": "1" }] })),
            "regular expression",
        ),
        (
            on_instances("a", json!({ "ExperimentConfig": {} })),
            "unknown field `ExperimentConfig`",
        ),
        (
            on_instances(
                "a",
                json!({ "AlgorithmSpecification": { "TrainingImage": NOVA, "TrainingInputMode": "File" } }),
            ),
            "neither image nor recipe says which model",
        ),
        (
            serverless_with("AcceptEula", json!(false)),
            "AcceptEula must be true",
        ),
        (
            serverless_with("CustomizationTechnique", json!("CPT")),
            "enum value set",
        ),
        (
            serverless_with("CustomizationTechnique", json!("RLVR")),
            "does not simulate",
        ),
        (
            serverless_with("BaseModelArn", json!("amazon.nova-lite-v1:0")),
            "'ServerlessJobConfig.BaseModelArn'",
        ),
    ] {
        let (code, message) = bench.sagemaker("CreateTrainingJob", &request).refused();
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.contains(wanted), "{wanted} in {message}");
    }
}

#[test]
fn an_unknown_job_is_a_validation_exception_as_aws_answers() {
    let bench = Bench::new();
    for operation in ["DescribeTrainingJob", "StopTrainingJob"] {
        let ask = json!({ "TrainingJobName": "nobody" });
        let (code, message) = bench.sagemaker(operation, &ask).refused();
        assert_eq!(code, "ValidationException");
        assert_eq!(message, "Requested resource not found.");
    }
}

#[test]
fn a_quota_of_instances_is_kept() {
    let bench = Bench::new();
    put_documents(&bench);
    let mut settings = bench.services.settings();
    let quota = ("ml.g5.2xlarge".to_owned(), 1);
    settings.quotas.training_instances = [quota].into();
    bench.services.configure(settings);
    let create = |name| bench.sagemaker("CreateTrainingJob", &on_instances(name, json!({})));
    create("a").good();
    let (code, message) = create("b").refused();
    assert_eq!(code, "ResourceLimitExceeded");
    assert!(message.contains(
        "'ml.g5.2xlarge for training job usage' is 1 Instances, with current utilization of 1"
    ));
    bench.after(30);
    create("b").good();
}

#[test]
fn a_stopped_job_leaves_nothing_and_a_finished_one_is_not_stopped() {
    let bench = Bench::new();
    put_documents(&bench);
    let stop = |name| bench.sagemaker("StopTrainingJob", &json!({ "TrainingJobName": name }));
    for name in ["a", "b"] {
        bench
            .sagemaker("CreateTrainingJob", &on_instances(name, json!({})))
            .good();
    }
    bench.after(3);
    stop("a").good();
    stop("a").good();
    assert_eq!(bench.described("a")["TrainingJobStatus"], "Stopping");
    bench.after(30);
    let stopped = bench.described("a");
    assert_eq!(stopped["SecondaryStatus"], "Stopped");
    assert!(
        !bench
            .objects
            .exists("bucket", "out/a/output/model.tar.gz")
            .unwrap()
    );
    let (_, message) = stop("b").refused();
    assert!(
        message.ends_with("the training job is in status Completed."),
        "{message}"
    );
}

#[test]
fn jobs_are_listed_in_pages_and_tags_are_added() {
    let bench = Bench::new();
    put_documents(&bench);
    for name in ["b-1", "a-2", "b-3"] {
        bench
            .sagemaker("CreateTrainingJob", &on_instances(name, json!({})))
            .good();
        bench.after(1);
    }
    let names = |ask: Value| -> (Vec<String>, Value) {
        let page = bench.sagemaker("ListTrainingJobs", &ask).good();
        let jobs = page["TrainingJobSummaries"].as_array().unwrap();
        let name = |job: &Value| job["TrainingJobName"].as_str().unwrap().to_owned();
        (jobs.iter().map(name).collect(), page["NextToken"].clone())
    };
    let (first, token) = names(json!({ "MaxResults": 2 }));
    assert_eq!(first, ["b-3", "a-2"]);
    let (second, token) = names(json!({ "MaxResults": 2, "NextToken": token }));
    assert_eq!((second, token), (vec!["b-1".to_owned()], Value::Null));
    let by_name = json!({ "NameContains": "b-", "SortBy": "Name", "SortOrder": "Ascending", "StatusEquals": "InProgress" });
    assert_eq!(names(by_name).0, ["b-1", "b-3"]);
    let bad = bench.sagemaker("ListTrainingJobs", &json!({ "NextToken": "x" }));
    assert_eq!(bad.refused().0, "ValidationException");

    let arn = "arn:aws:sagemaker:us-east-1:123456789012:training-job/b-1";
    let add = json!({ "ResourceArn": arn, "Tags": [{ "Key": "team", "Value": "é" }] });
    bench.sagemaker("AddTags", &add).good();
    let tags = bench
        .sagemaker("ListTags", &json!({ "ResourceArn": arn }))
        .good();
    assert_eq!(tags["Tags"][1], json!({ "Key": "team", "Value": "é" }));
    let other = json!({ "ResourceArn": arn.replace("b-1", "nobody") });
    assert_eq!(
        bench.sagemaker("ListTags", &other).refused().0,
        "ValidationException"
    );
    let found = bench
        .services
        .described("training-job", arn)
        .unwrap()
        .unwrap();
    assert_eq!(found.tags[1], ("team".to_owned(), "é".to_owned()));
}
