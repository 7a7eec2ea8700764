"""Customization jobs and the models that they make."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_cloud import wait_for

BUCKET = "conformance-training"
BASE = "amazon.nova-micro-v1:0:128k"
ROLE = "arn:aws:iam::123456789012:role/conformance-jobs"


def records(count: int = 12) -> bytes:
    lines = []
    for number in range(count):
        turn = lambda role, text: {"role": role, "content": [{"text": text}]}
        messages = [turn("user", f"question number {number}"), turn("assistant", f"label-{number}")]
        lines.append(json.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": messages}))
    return "\n".join(lines).encode()


def job(name: str, **more) -> dict:
    return {
        "jobName": name,
        "customModelName": name,
        "roleArn": ROLE,
        "baseModelIdentifier": BASE,
        "trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/train.jsonl"},
        "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/out/"},
        **more,
    }


@pytest.fixture(scope="module")
def bedrock(clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="train.jsonl", Body=records())
    s3.put_object(Bucket=BUCKET, Key="bad.jsonl", Body=b"no record\n")
    return clients("bedrock")


def own(names) -> list[str]:
    """Without those of `test_bedrock_serving.py`."""
    return [name for name in names if not name.startswith("serve-")]


def status(bedrock, name):
    return lambda: bedrock.get_model_customization_job(jobIdentifier=name)["status"]


def ends(cloud, bedrock, name) -> dict:
    look = status(bedrock, name)

    def ended():
        cloud.advance(5)
        return look()

    wait_for(ended, lambda seen: seen in ("Completed", "Failed", "Stopped"))
    return bedrock.get_model_customization_job(jobIdentifier=name)


def test_a_job_trains_a_model(cloud, bedrock):
    created = bedrock.create_model_customization_job(
        **job(
            "whole",
            clientRequestToken="token-whole",
            customizationType="FINE_TUNING",
            jobTags=[{"key": "team", "value": "conformance"}],
            customModelTags=[{"key": "team", "value": "models"}],
            validationDataConfig={"validators": [{"s3Uri": f"s3://{BUCKET}/train.jsonl"}]},
            hyperParameters={"epochCount": "2", "learningRate": "0.00001"},
            vpcConfig={"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
        )
    )
    running = bedrock.get_model_customization_job(jobIdentifier=created["jobArn"])
    assert running["status"] == "InProgress" and "outputModelArn" not in running
    done = ends(cloud, bedrock, "whole")
    assert done["status"] == "Completed", done
    assert done["statusDetails"]["trainingDetails"]["status"] == "Completed"
    assert done["jobArn"] == created["jobArn"] and done["endTime"] >= done["creationTime"]
    found = bedrock.get_custom_model(modelIdentifier=done["outputModelArn"])
    assert found["jobArn"] == created["jobArn"] and found["modelStatus"] == "Active"
    assert bedrock.get_custom_model(modelIdentifier="whole")["modelArn"] == done["outputModelArn"]
    tags = bedrock.list_tags_for_resource(resourceARN=found["modelArn"])["tags"]
    assert tags == [{"key": "team", "value": "models"}]


def test_the_same_request_again_is_the_same_job(bedrock):
    request = job("again", clientRequestToken="token-again")
    first = bedrock.create_model_customization_job(**request)
    assert bedrock.create_model_customization_job(**request)["jobArn"] == first["jobArn"]
    for changed in ({"customModelName": "other"}, {"clientRequestToken": "token-new"}):
        with pytest.raises(ClientError) as refused:
            bedrock.create_model_customization_job(**{**request, **changed})
        assert refused.value.response["Error"]["Code"] == "ConflictException"
    bedrock.stop_model_customization_job(jobIdentifier="again")


def test_a_stopped_job_makes_no_model_and_is_stopped_once(cloud, bedrock):
    bedrock.create_model_customization_job(**job("stopped"))
    bedrock.stop_model_customization_job(jobIdentifier="stopped")
    assert status(bedrock, "stopped")() in ("Stopping", "Stopped")
    assert ends(cloud, bedrock, "stopped")["status"] == "Stopped"
    with pytest.raises(ClientError) as refused:
        bedrock.stop_model_customization_job(jobIdentifier="stopped")
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_custom_model(modelIdentifier="stopped")


def test_a_job_on_bad_data_fails_and_says_why(cloud, bedrock):
    bad = {"trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/bad.jsonl"}}
    bedrock.create_model_customization_job(**job("bad-data", **bad))
    failed = ends(cloud, bedrock, "bad-data")
    assert failed["status"] == "Failed" and failed["failureMessage"]


def test_a_name_is_taken_for_ever(bedrock):
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.create_model_customization_job(**job("stopped"))
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.create_model_customization_job(**job("new-name", customModelName="whole"))


@pytest.mark.parametrize(
    "changed",
    [
        {"baseModelIdentifier": "amazon.nova-micro-v1:0"},
        {"baseModelIdentifier": "meta.llama3-1-8b-instruct-v1:0:128k"},
        {"trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/none.jsonl"}},
        {"hyperParameters": {"epochCount": "9"}},
        {"customizationType": "CONTINUED_PRE_TRAINING"},
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused(bedrock, changed):
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.create_model_customization_job(**job("refused", **changed))


def test_what_is_not_there_is_not_found(bedrock):
    for ask in (bedrock.get_model_customization_job, bedrock.stop_model_customization_job):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask(jobIdentifier="nobody")
    for ask in (bedrock.get_custom_model, bedrock.delete_custom_model):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask(modelIdentifier="nobody")


def test_pages_of_jobs_hold_each_job_once_newest_first(bedrock):
    paginator = bedrock.get_paginator("list_model_customization_jobs")
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 1}, sortBy="CreationTime", sortOrder="Descending"))
    names = own(one["jobName"] for page in pages for one in page["modelCustomizationJobSummaries"])
    assert names == ["bad-data", "stopped", "again", "whole"]
    assert all(len(page["modelCustomizationJobSummaries"]) == 1 for page in pages)
    found = bedrock.list_model_customization_jobs(statusEquals="Failed", nameContains="bad")
    assert [one["jobName"] for one in found["modelCustomizationJobSummaries"]] == ["bad-data"]
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.list_model_customization_jobs(nextToken="made-up")


def test_pages_of_models_and_their_filters(cloud, bedrock):
    bedrock.create_model_customization_job(**job("second"))
    ends(cloud, bedrock, "second")
    pages = bedrock.get_paginator("list_custom_models").paginate(PaginationConfig={"PageSize": 1})
    models = [one for page in pages for one in page["modelSummaries"]]
    assert own(one["modelName"] for one in models) == ["second", "whole"]
    models = [one for one in models if one["modelName"] in ("second", "whole")]
    filters = {
        "nameContains": "who",
        "baseModelArnEquals": models[1]["baseModelArn"],
        "isOwned": True,
        "modelStatus": "Active",
        "creationTimeAfter": time.time() - 3600,
        "creationTimeBefore": time.time() + 365 * 86400,
        "foundationModelArnEquals": models[1]["baseModelArn"],
    }
    for name, value in filters.items():
        found = bedrock.list_custom_models(**{name: value})["modelSummaries"]
        assert "whole" in [one["modelName"] for one in found], name
    assert bedrock.list_custom_models(isOwned=False)["modelSummaries"] == []
    assert bedrock.list_custom_models(modelStatus="Creating")["modelSummaries"] == []


def test_a_job_may_train_on_from_a_custom_model(cloud, bedrock):
    base = bedrock.get_custom_model(modelIdentifier="whole")["modelArn"]
    bedrock.create_model_customization_job(**job("further", baseModelIdentifier=base))
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.delete_custom_model(modelIdentifier=base)
    done = ends(cloud, bedrock, "further")
    # Only the list tells of the custom model.
    assert done["baseModelArn"].endswith(f"::foundation-model/{BASE}")
    listed = bedrock.list_model_customization_jobs(nameContains="further")["modelCustomizationJobSummaries"]
    assert listed[0]["baseModelArn"] == base
    bedrock.delete_custom_model(modelIdentifier=done["outputModelArn"])


def test_a_deleted_model_is_gone(bedrock):
    bedrock.delete_custom_model(modelIdentifier="second")
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_custom_model(modelIdentifier="second")


def test_tags_are_added_and_replaced(bedrock):
    arn = bedrock.get_model_customization_job(jobIdentifier="whole")["jobArn"]
    bedrock.tag_resource(resourceARN=arn, tags=[{"key": "team", "value": "new"}, {"key": "run", "value": ""}])
    tags = bedrock.list_tags_for_resource(resourceARN=arn)["tags"]
    assert sorted((tag["key"], tag["value"]) for tag in tags) == [("run", ""), ("team", "new")]
    many = [{"key": f"key-{number}", "value": "x"} for number in range(200)]
    with pytest.raises(bedrock.exceptions.TooManyTagsException):
        bedrock.tag_resource(resourceARN=arn, tags=many)
    gone = arn[:-12] + "000000000000"
    for ask in (lambda: bedrock.tag_resource(resourceARN=gone, tags=[]), lambda: bedrock.list_tags_for_resource(resourceARN=gone)):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask()


def test_a_quota_is_kept(bedrock, settings):
    settings(quotas={"customizationJobs": 0})
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException):
        bedrock.create_model_customization_job(**job("over-quota"))


def test_foundation_models(bedrock):
    listed = bedrock.list_foundation_models(
        byProvider="Amazon", byCustomizationType="FINE_TUNING", byOutputModality="TEXT"
    )["modelSummaries"]
    assert BASE in [one["modelId"] for one in listed]
    on_demand = bedrock.list_foundation_models(byInferenceType="ON_DEMAND")["modelSummaries"]
    assert all("ON_DEMAND" in one["inferenceTypesSupported"] for one in on_demand) and on_demand
    found = bedrock.get_foundation_model(modelIdentifier=BASE)["modelDetails"]
    assert bedrock.get_foundation_model(modelIdentifier=found["modelArn"])["modelDetails"] == found
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_foundation_model(modelIdentifier="nobody.nothing-v1")


@pytest.mark.parametrize(
    "operation",
    [
        "create_model_customization_job",
        "get_model_customization_job",
        "list_model_customization_jobs",
        "stop_model_customization_job",
        "get_custom_model",
        "list_custom_models",
        "delete_custom_model",
        "get_foundation_model",
        "list_foundation_models",
        "tag_resource",
        "list_tags_for_resource",
    ],
)
def test_a_throttle_is_read_as_one(bedrock, refuse, operation):
    asks = {
        "create_model_customization_job": job("throttled"),
        "get_model_customization_job": {"jobIdentifier": "whole"},
        "stop_model_customization_job": {"jobIdentifier": "whole"},
        "get_custom_model": {"modelIdentifier": "whole"},
        "delete_custom_model": {"modelIdentifier": "whole"},
        "get_foundation_model": {"modelIdentifier": BASE},
        "tag_resource": {"resourceARN": "arn:aws:bedrock:us-east-1:123456789012:custom-model/x", "tags": []},
        "list_tags_for_resource": {"resourceARN": "arn:aws:bedrock:us-east-1:123456789012:custom-model/x"},
    }
    refuse(bedrock.meta.method_to_api_mapping[operation], "ThrottlingException")
    with pytest.raises(ClientError) as refused:
        getattr(bedrock, operation)(**asks.get(operation, {}))
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
