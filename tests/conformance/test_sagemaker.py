"""SageMaker's training jobs."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_cloud import wait_for
from test_bedrock_training import ROLE

BUCKET = "conformance-sagemaker"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:2.8"
HUB = "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/nova-textgeneration-lite"
GROUP = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/conformance"


def channel(prefix: str) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}", "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": "train", "DataSource": {"S3DataSource": source}, "ContentType": "application/jsonlines", "InputMode": "File"}


def on_instances(name: str, **more) -> dict:
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [channel("documents/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out/", "CompressionType": "NONE"},
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **more,
    }


def serverless(name: str, **more) -> dict:
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "InputDataConfig": [channel("conversations/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ServerlessJobConfig": {
            "BaseModelArn": HUB,
            "AcceptEula": True,
            "JobType": "FineTuning",
            "CustomizationTechnique": "SFT",
            "Peft": "LORA",
        },
        "ModelPackageConfig": {"ModelPackageGroupArn": GROUP},
        **more,
    }


@pytest.fixture(scope="module")
def sagemaker(clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket=BUCKET)
    for number, text in enumerate(("The museum is free on Sundays.", "The harbour opens at six.")):
        s3.put_object(Bucket=BUCKET, Key=f"documents/{number}.jsonl", Body=json.dumps({"text": text}).encode())
    record = {"prompt": "question", "completion": "answer"}
    s3.put_object(Bucket=BUCKET, Key="conversations/a.jsonl", Body=json.dumps(record).encode())
    return clients("sagemaker")


def ends(cloud, sagemaker, name) -> dict:
    def look():
        cloud.advance(5)
        return sagemaker.describe_training_job(TrainingJobName=name)

    return wait_for(look, lambda seen: seen["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"))


def test_a_job_on_instances_leaves_its_weights(cloud, clients, sagemaker):
    request = on_instances(
        "whole",
        HyperParameters={"epochs": "2"},
        Tags=[{"Key": "team", "Value": "conformance"}],
        VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/", "LocalPath": "/opt/ml/checkpoints"},
        EnableNetworkIsolation=False,
        EnableInterContainerTrafficEncryption=True,
        Environment={"LOG": "info"},
        RetryStrategy={"MaximumRetryAttempts": 2},
    )
    arn = sagemaker.create_training_job(**request)["TrainingJobArn"]
    running = sagemaker.describe_training_job(TrainingJobName="whole")
    assert running["TrainingJobStatus"] == "InProgress" and "TrainingEndTime" not in running
    done = ends(cloud, sagemaker, "whole")
    assert done["TrainingJobStatus"] == "Completed" and done["TrainingJobArn"] == arn
    assert done["TrainingEndTime"] >= done["TrainingStartTime"] >= done["CreationTime"]
    artifacts = done["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifacts == f"s3://{BUCKET}/out/whole/output/model/"
    keys = clients("s3").list_objects_v2(Bucket=BUCKET, Prefix="out/whole/")["Contents"]
    assert {key["Key"].rsplit("/", 1)[1] for key in keys} >= {"config.json", "model.safetensors", "tokenizer.json"}
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_training_job(**request)


def test_a_serverless_job_leaves_a_pointer_to_its_checkpoint(cloud, clients, sagemaker):
    sagemaker.create_training_job(**serverless("serverless"))
    done = ends(cloud, sagemaker, "serverless")
    assert done["OutputModelPackageArn"].endswith(":model-package/conformance/1") and done["BillableTokenCount"] > 0
    manifest = clients("s3").get_object(Bucket=BUCKET, Key="out/serverless/output/output/manifest.json")["Body"].read()
    assert json.loads(manifest)["checkpoint_s3_bucket"].startswith("s3://")


def test_an_interrupted_job_goes_on(cloud, sagemaker):
    cloud.control("PUT", "faults", {"interruptTrainingJobs": 1})
    spot = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}}
    sagemaker.create_training_job(**on_instances("spot", **spot))
    done = ends(cloud, sagemaker, "spot")
    assert "Interrupted" in [one["Status"] for one in done["SecondaryStatusTransitions"]]
    assert done["TrainingJobStatus"] == "Completed" and done["BillableTimeInSeconds"] <= done["TrainingTimeInSeconds"]


def test_a_failed_and_a_stopped_job(cloud, sagemaker):
    cloud.control("PUT", "faults", {"failTrainingJobs": 1, "trainingFailureMessage": "AlgorithmError: as asked"})
    sagemaker.create_training_job(**on_instances("failing"))
    failed = ends(cloud, sagemaker, "failing")
    assert (failed["TrainingJobStatus"], failed["FailureReason"]) == ("Failed", "AlgorithmError: as asked")
    cloud.control("PUT", "faults", {"hangTrainingJobs": 1, "hangInStatus": "Starting"})
    sagemaker.create_training_job(**on_instances("stopped"))
    sagemaker.stop_training_job(TrainingJobName="stopped")
    assert ends(cloud, sagemaker, "stopped")["SecondaryStatus"] == "Stopped"
    with pytest.raises(ClientError) as refused:
        sagemaker.stop_training_job(TrainingJobName="stopped")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    "changed",
    [
        {"ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1}},
        {"InputDataConfig": [channel("nothing/")]},
        {"EnableManagedSpotTraining": True},
        {"AlgorithmSpecification": {"TrainingInputMode": "File"}},
        {"Tags": [{"Key": "aws:mine", "Value": "no"}]},
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused(sagemaker, changed):
    with pytest.raises(ClientError) as refused:
        sagemaker.create_training_job(**on_instances("refused", **changed))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_quota_of_instances_is_kept(sagemaker, settings):
    settings(quotas={"trainingInstances": {"ml.g5.2xlarge": 0}})
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded):
        sagemaker.create_training_job(**on_instances("over-quota"))


def test_what_is_not_there_is_answered_as_aws_does(sagemaker):
    for ask in (sagemaker.describe_training_job, sagemaker.stop_training_job):
        with pytest.raises(ClientError) as refused:
            ask(TrainingJobName="nobody")
        error = refused.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("ValidationException", "Requested resource not found.")


def test_pages_and_filters_of_jobs(sagemaker):
    pages = list(sagemaker.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 2}))
    names = [one["TrainingJobName"] for page in pages for one in page["TrainingJobSummaries"]]
    assert names == ["stopped", "failing", "spot", "serverless", "whole"] and len(pages) == 3
    found = sagemaker.list_training_jobs(
        NameContains="who",
        StatusEquals="Completed",
        CreationTimeAfter=time.time() - 3600,
        CreationTimeBefore=time.time() + 365 * 86400,
        LastModifiedTimeAfter=time.time() - 3600,
        SortBy="Name",
        SortOrder="Ascending",
        MaxResults=100,
    )
    assert [one["TrainingJobName"] for one in found["TrainingJobSummaries"]] == ["whole"]
    with pytest.raises(ClientError):
        sagemaker.list_training_jobs(NextToken="made-up")


def test_tags_are_added_and_listed(sagemaker):
    arn = sagemaker.describe_training_job(TrainingJobName="whole")["TrainingJobArn"]
    added = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "run", "Value": "ünï"}])["Tags"]
    assert sagemaker.list_tags(ResourceArn=arn, MaxResults=50)["Tags"] == added and len(added) == 2
    gone = arn.replace("whole", "nobody")
    for ask in (lambda: sagemaker.add_tags(ResourceArn=gone, Tags=[]), lambda: sagemaker.list_tags(ResourceArn=gone)):
        with pytest.raises(ClientError) as refused:
            ask()
        assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("create_training_job", on_instances("throttled")),
        ("describe_training_job", {"TrainingJobName": "whole"}),
        ("stop_training_job", {"TrainingJobName": "whole"}),
        ("list_training_jobs", {}),
    ],
)
def test_sagemaker_throttles(sagemaker, refuse, operation, ask):
    refuse(sagemaker.meta.method_to_api_mapping[operation], "ThrottlingException")
    with pytest.raises(ClientError) as refused:
        getattr(sagemaker, operation)(**ask)
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
