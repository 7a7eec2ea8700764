"""Deployments of custom models, batch inference, and the runtime."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_cloud import wait_for
from test_bedrock_training import BASE, ROLE, job, records

BUCKET = "conformance-serving"
ASKED = "amazon.nova-micro-v1:0"


@pytest.fixture(scope="module")
def bedrock(clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="train.jsonl", Body=records())
    lines = []
    for number in range(100):
        messages = [{"role": "user", "content": [{"text": f"question {number}"}]}]
        lines.append(json.dumps({"recordId": f"r{number}", "modelInput": {"messages": messages}}))
    s3.put_object(Bucket=BUCKET, Key="in/prompts.jsonl", Body="\n".join(lines).encode())
    return clients("bedrock")


@pytest.fixture(scope="module")
def models(cloud, bedrock):
    """Two custom models' ARNs."""
    arns = []
    for name in ("serve-a", "serve-b"):
        data = {"trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/train.jsonl"}, "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/out"}}
        bedrock.create_model_customization_job(**job(name, **data))

        def look():
            cloud.advance(5)
            return bedrock.get_model_customization_job(jobIdentifier=name)

        arns.append(wait_for(look, lambda seen: seen["status"] == "Completed")["outputModelArn"])
    return arns


def settled(cloud, bedrock, name):
    def look():
        cloud.advance(5)
        seen = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=name)
        return seen["status"], seen.get("updateDetails", {}).get("updateStatus")

    return wait_for(look, lambda seen: seen[0] != "Creating" and seen[1] != "Updating")


def test_a_deployment_is_made_answers_is_updated_and_deleted(cloud, clients, bedrock, models):
    runtime = clients("bedrock-runtime")
    request = {
        "modelDeploymentName": "serving",
        "modelArn": models[0],
        "description": "made by the suite",
        "tags": [{"key": "team", "value": "conformance"}],
        "clientRequestToken": "token-deployment",
    }
    arn = bedrock.create_custom_model_deployment(**request)["customModelDeploymentArn"]
    assert bedrock.create_custom_model_deployment(**request)["customModelDeploymentArn"] == arn
    messages = [{"role": "user", "content": [{"text": "question number 3"}]}]
    with pytest.raises(runtime.exceptions.ModelNotReadyException):
        runtime.converse(modelId=arn, messages=messages)
    with pytest.raises(ClientError):
        bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert settled(cloud, bedrock, "serving") == ("Active", None)
    answer = runtime.converse(
        modelId=arn,
        messages=messages,
        system=[{"text": "Answer with a label."}],
        inferenceConfig={"maxTokens": 50, "temperature": 0.0, "topP": 0.9, "stopSequences": ["\n"]},
    )
    assert answer["output"]["message"]["content"][0]["text"] == "label-3"
    assert answer["stopReason"] == "end_turn"

    bedrock.update_custom_model_deployment(customModelDeploymentIdentifier="serving", modelArn=models[1])
    seen = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert seen["updateDetails"] == {"modelArn": models[1], "updateStatus": "Updating"}
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=models[0])
    assert settled(cloud, bedrock, arn) == ("Active", "UpdateCompleted")
    assert bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["modelArn"] == models[1]
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.delete_custom_model(modelIdentifier=models[1])
    tags = bedrock.list_tags_for_resource(resourceARN=arn)["tags"]
    assert tags == [{"key": "team", "value": "conformance"}]

    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)

    def gone():
        cloud.advance(5)
        try:
            return bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        except bedrock.exceptions.ResourceNotFoundException:
            return None

    wait_for(gone, lambda seen: seen is None)


def test_pages_and_filters_of_deployments(cloud, bedrock, models):
    for name in ("page-a", "page-b"):
        bedrock.create_custom_model_deployment(modelDeploymentName=name, modelArn=models[0])
        settled(cloud, bedrock, name)
    pages = list(bedrock.get_paginator("list_custom_model_deployments").paginate(PaginationConfig={"PageSize": 1}))
    names = [one["customModelDeploymentName"] for page in pages for one in page["modelDeploymentSummaries"]]
    assert names == ["page-b", "page-a"] and len(pages) >= 2
    found = bedrock.list_custom_model_deployments(
        createdAfter=time.time() - 3600,
        createdBefore=time.time() + 365 * 86400,
        nameContains="page-a",
        statusEquals="Active",
        modelArnEquals=models[0],
        sortBy="CreationTime",
        sortOrder="Ascending",
    )
    assert [one["customModelDeploymentName"] for one in found["modelDeploymentSummaries"]] == ["page-a"]


def test_a_deployment_that_fails_says_so(cloud, bedrock, models):
    cloud.control("PUT", "faults", {"failDeployments": 1})
    bedrock.create_custom_model_deployment(modelDeploymentName="failing", modelArn=models[0])
    assert settled(cloud, bedrock, "failing")[0] == "Failed"
    assert bedrock.get_custom_model_deployment(customModelDeploymentIdentifier="failing")["failureMessage"]
    cloud.control("PUT", "faults", {"failDeploymentUpdates": 1})
    bedrock.update_custom_model_deployment(customModelDeploymentIdentifier="page-a", modelArn=models[1])
    assert settled(cloud, bedrock, "page-a") == ("Active", "UpdateFailed")


def test_what_cannot_be_deployed_is_refused_as_declared(bedrock, models, settings):
    nowhere = {"customModelDeploymentIdentifier": "nobody"}
    missing = models[0][:-12] + "000000000000"
    for ask in (
        lambda: bedrock.create_custom_model_deployment(modelDeploymentName="none", modelArn=missing),
        lambda: bedrock.get_custom_model_deployment(**nowhere),
        lambda: bedrock.update_custom_model_deployment(modelArn=models[0], **nowhere),
        lambda: bedrock.delete_custom_model_deployment(**nowhere),
    ):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask()
    # The operation declares no ConflictException: a name or a token that is taken is a ValidationException.
    with pytest.raises(bedrock.exceptions.ValidationException):
        bedrock.create_custom_model_deployment(modelDeploymentName="page-a", modelArn=models[0])
    settings(quotas={"deployments": 1})
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException):
        bedrock.create_custom_model_deployment(modelDeploymentName="too-many", modelArn=models[0])


def batch(name: str, **more) -> dict:
    return {
        "jobName": name,
        "roleArn": ROLE,
        "modelId": ASKED,
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": f"s3://{BUCKET}/in/prompts.jsonl", "s3InputFormat": "JSONL"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"s3://{BUCKET}/batch/"}},
        **more,
    }


def ended(cloud, bedrock, arn):
    def look():
        cloud.advance(5)
        return bedrock.get_model_invocation_job(jobIdentifier=arn)

    done = ("Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired")
    return wait_for(look, lambda seen: seen["status"] in done)


def test_a_batch_answers_every_prompt(cloud, clients, bedrock):
    request = batch("all", clientRequestToken="token-batch", timeoutDurationInHours=24, tags=[{"key": "a", "value": "b"}])
    arn = bedrock.create_model_invocation_job(**request)["jobArn"]
    assert bedrock.create_model_invocation_job(**request)["jobArn"] == arn
    assert bedrock.get_model_invocation_job(jobIdentifier=arn)["status"] in ("Submitted", "Validating", "InProgress")
    done = ended(cloud, bedrock, arn)
    assert done["status"] == "Completed", done
    written = clients("s3").list_objects_v2(Bucket=BUCKET, Prefix="batch/")["Contents"]
    assert any(one["Key"].endswith("prompts.jsonl.out") for one in written), written
    assert bedrock.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "a", "value": "b"}]


def test_a_batch_is_stopped_once(cloud, bedrock):
    arn = bedrock.create_model_invocation_job(**batch("stop"))["jobArn"]
    bedrock.stop_model_invocation_job(jobIdentifier=arn)
    assert ended(cloud, bedrock, arn)["status"] == "Stopped"
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.stop_model_invocation_job(jobIdentifier=arn)


def test_pages_and_filters_of_batches(bedrock):
    pages = list(bedrock.get_paginator("list_model_invocation_jobs").paginate(PaginationConfig={"PageSize": 1}))
    assert [one["jobName"] for page in pages for one in page["invocationJobSummaries"]] == ["stop", "all"]
    found = bedrock.list_model_invocation_jobs(
        submitTimeAfter=time.time() - 3600,
        submitTimeBefore=time.time() + 365 * 86400,
        statusEquals="Completed",
        nameContains="all",
        sortBy="CreationTime",
        sortOrder="Ascending",
    )
    assert [one["jobName"] for one in found["invocationJobSummaries"]] == ["all"]


def test_what_no_batch_can_do_is_refused(bedrock, models):
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.create_model_invocation_job(**batch("all"))
    for changed in ({"modelId": models[0]}, {"modelId": BASE}, {"modelId": "nobody.nothing-v1"}):
        with pytest.raises(bedrock.exceptions.ValidationException):
            bedrock.create_model_invocation_job(**batch("no", **changed))
    nobody = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/000000000000"
    for ask in (bedrock.get_model_invocation_job, bedrock.stop_model_invocation_job):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask(jobIdentifier=nobody)


MESSAGES = [{"role": "user", "content": [{"text": "Hello?"}]}]


def test_a_base_model_answers(clients):
    runtime = clients("bedrock-runtime")
    for model in (ASKED, f"us.{ASKED}", f"arn:aws:bedrock:us-east-1::foundation-model/{ASKED}"):
        assert runtime.converse(modelId=model, messages=MESSAGES)["output"]["message"]["content"][0]["text"]
    cut = runtime.converse(modelId=ASKED, messages=MESSAGES, inferenceConfig={"maxTokens": 1})
    assert cut["stopReason"] == "max_tokens" and cut["usage"]["outputTokens"] == 1


def test_what_no_model_answers_is_refused(clients, models):
    runtime = clients("bedrock-runtime")
    assistant = [{"role": "assistant", "content": [{"text": "Hello."}]}]
    for changed in (
        {"modelId": BASE},
        {"modelId": models[0]},
        {"modelId": "amazon.nova-2-lite-v1:0"},
        {"messages": []},
        {"messages": assistant},
        {"messages": MESSAGES + assistant},
        {"inferenceConfig": {"temperature": 2.0}},
        {"system": [{"text": ""}]},
    ):
        with pytest.raises(ClientError) as refused:
            clients("bedrock-runtime", validate=False).converse(**{"modelId": ASKED, "messages": MESSAGES, **changed})
        assert refused.value.response["Error"]["Code"] == "ValidationException", changed
    with pytest.raises(runtime.exceptions.ResourceNotFoundException):
        nobody = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/000000000000"
        runtime.converse(modelId=nobody, messages=MESSAGES)


def test_a_quota_of_requests_a_minute_throttles(clients, settings):
    settings(quotas={"conversePerMinute": {f"us.{ASKED}": 0}})
    runtime = clients("bedrock-runtime")
    with pytest.raises(runtime.exceptions.ThrottlingException) as refused:
        runtime.converse(modelId=f"us.{ASKED}", messages=MESSAGES)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("CreateCustomModelDeployment", {"modelDeploymentName": "x", "modelArn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/a.b/000000000000"}),
        ("GetCustomModelDeployment", {"customModelDeploymentIdentifier": "x"}),
        ("UpdateCustomModelDeployment", {"customModelDeploymentIdentifier": "x", "modelArn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/a.b/000000000000"}),
        ("DeleteCustomModelDeployment", {"customModelDeploymentIdentifier": "x"}),
        ("ListCustomModelDeployments", {}),
        ("CreateModelInvocationJob", batch("throttled")),
        ("GetModelInvocationJob", {"jobIdentifier": "000000000000"}),
        ("ListModelInvocationJobs", {}),
        ("StopModelInvocationJob", {"jobIdentifier": "000000000000"}),
    ],
)
def test_a_throttle_is_read_as_one(bedrock, refuse, operation, ask):
    refuse(operation, "ThrottlingException")
    methods = {name: method for method, name in bedrock.meta.method_to_api_mapping.items()}
    with pytest.raises(bedrock.exceptions.ThrottlingException):
        getattr(bedrock, methods[operation])(**ask)
