"""Models that SageMaker trained, on Bedrock; provisioned throughput; the other customization techniques."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from local_cloud import wait_for
from test_bedrock_serving import MESSAGES
from test_bedrock_training import ROLE, job
from test_sagemaker import HUB, channel, ends

BUCKET = "conformance-elsewhere"
NOVA_LITE = "amazon.nova-lite-v1:0:300k"


@pytest.fixture(scope="module")
def bedrock(clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket=BUCKET)
    return clients("bedrock")


def s3_channel(prefix: str) -> dict:
    found = channel(prefix)
    found["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{BUCKET}/{prefix}"
    return found


@pytest.fixture(scope="module")
def checkpoint(cloud, clients, bedrock) -> str:
    clients("s3").put_object(Bucket=BUCKET, Key="conversations/a.jsonl", Body=b'{"prompt":"question 3","completion":"label-3"}')
    config = {"BaseModelArn": HUB, "AcceptEula": True, "JobType": "FineTuning", "CustomizationTechnique": "SFT", "Peft": "LORA"}
    clients("sagemaker").create_training_job(
        TrainingJobName="elsewhere-nova",
        RoleArn=ROLE,
        InputDataConfig=[s3_channel("conversations/")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
        ServerlessJobConfig=config,
    )
    ends(cloud, clients("sagemaker"), "elsewhere-nova")
    manifest = clients("s3").get_object(Bucket=BUCKET, Key="out/elsewhere-nova/output/output/manifest.json")["Body"].read()
    return json.loads(manifest)["checkpoint_s3_bucket"]


@pytest.fixture(scope="module")
def weights(cloud, clients, bedrock) -> str:
    clients("s3").put_object(Bucket=BUCKET, Key="documents/a.jsonl", Body=b'{"text":"The museum is free on Sundays."}')
    clients("sagemaker").create_training_job(
        TrainingJobName="elsewhere-open",
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "FastFile"},
        InputDataConfig=[s3_channel("documents/")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out", "CompressionType": "NONE"},
        ResourceConfig={"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    return ends(cloud, clients("sagemaker"), "elsewhere-open")["ModelArtifacts"]["S3ModelArtifacts"]


def settled(cloud, look, status, unsettled):
    def seen():
        cloud.advance(5)
        return look()

    return wait_for(seen, lambda found: found[status] not in unsettled)


@pytest.fixture(scope="module")
def registered(cloud, bedrock, checkpoint) -> str:
    request = {
        "modelName": "registered",
        "modelSourceConfig": {"s3DataSource": {"s3Uri": checkpoint}},
        "roleArn": ROLE,
        "modelTags": [{"key": "team", "value": "conformance"}],
        "clientRequestToken": "token-registered",
    }
    arn = bedrock.create_custom_model(**request)["modelArn"]
    assert bedrock.create_custom_model(**request)["modelArn"] == arn
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.create_custom_model(**{**request, "clientRequestToken": "token-new"})
    found = settled(cloud, lambda: bedrock.get_custom_model(modelIdentifier=arn), "modelStatus", ["Creating"])
    assert (found["modelStatus"], found["customizationType"]) == ("Active", "IMPORTED")
    return arn


def test_a_checkpoint_is_registered_and_deployed(cloud, clients, bedrock, registered):
    listed = bedrock.list_custom_models(nameContains="registered")["modelSummaries"]
    assert [one["customizationType"] for one in listed] == ["IMPORTED"]
    arn = bedrock.create_custom_model_deployment(modelDeploymentName="registered", modelArn=registered)["customModelDeploymentArn"]
    look = lambda: bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
    settled(cloud, look, "status", ["Creating"])
    answer = clients("bedrock-runtime").converse(modelId=arn, messages=MESSAGES)
    assert answer["output"]["message"]["content"][0]["text"] == "label-3"
    bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)


def test_what_is_no_checkpoint_fails(cloud, bedrock):
    request = {"modelSourceConfig": {"s3DataSource": {"s3Uri": f"s3://{BUCKET}/none/"}}, "roleArn": ROLE}
    arn = bedrock.create_custom_model(modelName="no-checkpoint", **request)["modelArn"]
    found = settled(cloud, lambda: bedrock.get_custom_model(modelIdentifier=arn), "modelStatus", ["Creating"])
    assert found["modelStatus"] == "Failed" and found["failureMessage"]
    package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/none/1"
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.create_custom_model(
            modelName="no-package", customModelDataSource={"modelPackageArnDataSource": {"modelPackageArn": package}}
        )


def import_of(name: str, uri: str, **more) -> dict:
    return {
        "jobName": name,
        "importedModelName": name,
        "roleArn": ROLE,
        "modelDataSource": {"s3DataSource": {"s3Uri": uri}},
        "clientRequestToken": f"token-{name}",
        **more,
    }


def test_weights_are_imported_and_answer(cloud, clients, bedrock, weights):
    tags = [{"key": "team", "value": "conformance"}]
    vpc = {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    request = import_of("imported", weights, jobTags=tags, importedModelTags=tags, vpcConfig=vpc)
    arn = bedrock.create_model_import_job(**request)["jobArn"]
    assert bedrock.create_model_import_job(**request)["jobArn"] == arn
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.create_model_import_job(**{**request, "clientRequestToken": "token-new"})
    done = settled(cloud, lambda: bedrock.get_model_import_job(jobIdentifier=arn), "status", ["InProgress"])
    assert done["status"] == "Completed" and done["endTime"] >= done["creationTime"]
    model = bedrock.get_imported_model(modelIdentifier="imported")
    assert model["modelArn"] == done["importedModelArn"] and model["modelArchitecture"] == "llama"
    messages = [{"role": "user", "content": [{"text": "When is the museum free?"}]}]
    answer = clients("bedrock-runtime").converse(modelId=model["modelArn"], messages=messages)
    assert answer["output"]["message"]["content"][0]["text"] == "on Sundays"
    window = {"creationTimeAfter": time.time() - 3600, "creationTimeBefore": time.time() + 365 * 86400}
    jobs = bedrock.list_model_import_jobs(nameContains="imp", statusEquals="Completed", sortBy="CreationTime", **window)
    assert [one["jobName"] for one in jobs["modelImportJobSummaries"]] == ["imported"]
    models = bedrock.list_imported_models(nameContains="imp", sortOrder="Ascending", maxResults=10, **window)
    assert [one["modelName"] for one in models["modelSummaries"]] == ["imported"]
    assert bedrock.list_tags_for_resource(resourceARN=model["modelArn"])["tags"] == tags
    bedrock.delete_imported_model(modelIdentifier="imported")
    for ask in (bedrock.get_imported_model, bedrock.delete_imported_model):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask(modelIdentifier="imported")


def test_an_import_of_nothing_fails_and_of_too_much_is_refused(cloud, bedrock, settings):
    arn = bedrock.create_model_import_job(**import_of("nothing", f"s3://{BUCKET}/none/"))["jobArn"]
    done = settled(cloud, lambda: bedrock.get_model_import_job(jobIdentifier=arn), "status", ["InProgress"])
    assert done["status"] == "Failed" and "is missing" in done["failureMessage"]
    settings(quotas={"importedModels": 0})
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException):
        bedrock.create_model_import_job(**import_of("too-many", f"s3://{BUCKET}/none/"))
    with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
        bedrock.get_model_import_job(jobIdentifier="nobody")


def test_throughput_is_bought_swapped_and_deleted(cloud, clients, bedrock, registered, checkpoint):
    request = {
        "clientRequestToken": "token-bought",
        "modelUnits": 1,
        "provisionedModelName": "bought",
        "modelId": registered,
        "tags": [{"key": "team", "value": "conformance"}],
    }
    arn = bedrock.create_provisioned_model_throughput(**request)["provisionedModelArn"]
    assert bedrock.create_provisioned_model_throughput(**request)["provisionedModelArn"] == arn
    look = lambda: bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
    found = settled(cloud, look, "status", ["Creating"])
    assert found["status"] == "InService" and found["modelArn"] == registered
    assert found["foundationModelArn"].endswith(NOVA_LITE)
    clients("bedrock-runtime").converse(modelId=arn, messages=MESSAGES)
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.delete_custom_model(modelIdentifier=registered)
    second = {"modelSourceConfig": {"s3DataSource": {"s3Uri": checkpoint}}, "roleArn": ROLE}
    second = bedrock.create_custom_model(modelName="second-registered", **second)["modelArn"]
    settled(cloud, lambda: bedrock.get_custom_model(modelIdentifier=second), "modelStatus", ["Creating"])
    bedrock.update_provisioned_model_throughput(provisionedModelId=arn, desiredModelId=second, desiredProvisionedModelName="swapped")
    assert look()["desiredModelArn"] == second
    assert settled(cloud, look, "status", ["Updating"])["modelArn"] == second
    listed = bedrock.list_provisioned_model_throughputs(
        statusEquals="InService",
        modelArnEquals=second,
        nameContains="swap",
        creationTimeAfter=time.time() - 3600,
        sortBy="CreationTime",
        sortOrder="Descending",
    )
    assert [one["provisionedModelArn"] for one in listed["provisionedModelSummaries"]] == [arn]
    bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)

    def gone():
        cloud.advance(5)
        try:
            return look()
        except bedrock.exceptions.ResourceNotFoundException:
            return None

    wait_for(gone, lambda seen: seen is None)
    for ask in (bedrock.update_provisioned_model_throughput, bedrock.delete_provisioned_model_throughput):
        with pytest.raises(bedrock.exceptions.ResourceNotFoundException):
            ask(provisionedModelId=arn)


def test_a_commitment_is_kept(cloud, bedrock, settings):
    request = {"modelUnits": 1, "provisionedModelName": "committed", "modelId": NOVA_LITE, "commitmentDuration": "SixMonths"}
    arn = bedrock.create_provisioned_model_throughput(**request)["provisionedModelArn"]
    look = lambda: bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
    found = settled(cloud, look, "status", ["Creating"])
    assert found["commitmentExpirationTime"] > found["creationTime"]
    with pytest.raises(bedrock.exceptions.ConflictException):
        bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    settings(quotas={"modelUnits": 1})
    with pytest.raises(bedrock.exceptions.ServiceQuotaExceededException):
        bedrock.create_provisioned_model_throughput(**{**request, "provisionedModelName": "over-quota"})


def customized(cloud, bedrock, name) -> dict:
    look = lambda: bedrock.get_model_customization_job(jobIdentifier=name)
    return settled(cloud, look, "status", ["InProgress"])


def test_a_student_is_distilled(cloud, clients, bedrock):
    line = lambda n: json.dumps(
        {"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"text": f"question {n}"}]}]}
    )
    body = "\n".join(map(line, range(100))).encode()
    clients("s3").put_object(Bucket=BUCKET, Key="prompts.jsonl", Body=body)
    log = lambda n: json.dumps(
        {
            "schemaType": "ModelInvocationLog",
            "modelId": "amazon.nova-pro-v1:0",
            "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": f"question {n}"}]}]}},
            "output": {"outputBodyJson": {"output": {"message": {"role": "assistant", "content": [{"text": f"answer {n}"}]}}}},
        }
    )
    clients("s3").put_object(Bucket=BUCKET, Key="logs/a.json", Body="\n".join(map(log, range(100))).encode())
    teacher = {"teacherModelIdentifier": "amazon.nova-pro-v1:0", "maxResponseLengthForInference": 500}
    common = {
        "customizationType": "DISTILLATION",
        "customizationConfig": {"distillationConfig": {"teacherModelConfig": teacher}},
        "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/out/"},
    }
    logs = {"usePromptResponse": True, "invocationLogSource": {"s3Uri": f"s3://{BUCKET}/logs/"}}
    for name, data in (("distilled", {"s3Uri": f"s3://{BUCKET}/prompts.jsonl"}), ("from-logs", {"invocationLogsConfig": logs})):
        bedrock.create_model_customization_job(**job(name, **common, trainingDataConfig=data))
        done = customized(cloud, bedrock, name)
        assert done["status"] == "Completed" and done["customizationType"] == "DISTILLATION", done
        assert done["customizationConfig"] == common["customizationConfig"] and done["trainingDataConfig"] == data
        model = bedrock.get_custom_model(modelIdentifier=done["outputModelArn"])
        assert model["customizationType"] == "DISTILLATION"
        bedrock.delete_custom_model(modelIdentifier=model["modelArn"])
    other = {**teacher, "teacherModelIdentifier": "amazon.nova-micro-v1:0"}
    with pytest.raises(bedrock.exceptions.ValidationException):
        config = {"distillationConfig": {"teacherModelConfig": other}}
        bedrock.create_model_customization_job(**job("unfit", **{**common, "customizationConfig": config}))


def test_reinforcement_with_a_grader(cloud, clients, bedrock):
    line = lambda n: json.dumps({"messages": [{"role": "user", "content": f"{n} plus one?"}], "reference_answer": str(n + 1)})
    clients("s3").put_object(Bucket=BUCKET, Key="graded.jsonl", Body="\n".join(map(line, range(100))).encode())
    grader = {"lambdaGrader": {"lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:grader"}}
    hyper = {"epochCount": 2, "batchSize": 32, "learningRate": 0.0001, "trainingSamplePerPrompt": 4, "reasoningEffort": "low"}
    config = {"rftConfig": {"graderConfig": grader, "hyperParameters": hyper}}
    bedrock.create_model_customization_job(
        **job(
            "reinforced",
            customizationType="REINFORCEMENT_FINE_TUNING",
            baseModelIdentifier="amazon.nova-2-lite-v1:0:256k",
            customizationConfig=config,
            trainingDataConfig={"s3Uri": f"s3://{BUCKET}/graded.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{BUCKET}/out/"},
        )
    )
    done = customized(cloud, bedrock, "reinforced")
    assert done["status"] == "Completed" and done["customizationConfig"] == config, done


def test_an_image_model_is_trained(cloud, clients, bedrock):
    line = lambda n: json.dumps({"image-ref": f"s3://{BUCKET}/{n}.png", "caption": f"a red chair {n}"})
    clients("s3").put_object(Bucket=BUCKET, Key="images.jsonl", Body="\n".join(map(line, range(5))).encode())
    bedrock.create_model_customization_job(
        **job(
            "painted",
            baseModelIdentifier="amazon.nova-canvas-v1:0",
            trainingDataConfig={"s3Uri": f"s3://{BUCKET}/images.jsonl"},
            outputDataConfig={"s3Uri": f"s3://{BUCKET}/out/"},
        )
    )
    assert customized(cloud, bedrock, "painted")["status"] == "Completed"
    with pytest.raises(ClientError) as refused:
        clients("bedrock-runtime").converse(modelId="amazon.nova-canvas-v1:0", messages=MESSAGES)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    found = bedrock.get_foundation_model(modelIdentifier="amazon.nova-canvas-v1:0")["modelDetails"]
    assert found["outputModalities"] == ["IMAGE"]


@pytest.mark.parametrize(
    "operation",
    [
        "create_custom_model",
        "create_model_import_job",
        "get_model_import_job",
        "list_model_import_jobs",
        "get_imported_model",
        "list_imported_models",
        "delete_imported_model",
        "create_provisioned_model_throughput",
        "get_provisioned_model_throughput",
        "update_provisioned_model_throughput",
        "delete_provisioned_model_throughput",
        "list_provisioned_model_throughputs",
    ],
)
def test_a_throttle_is_read_as_one(bedrock, refuse, operation):
    asks = {
        "create_custom_model": {"modelName": "x"},
        "create_model_import_job": import_of("x", "s3://bucket/x/"),
        "get_model_import_job": {"jobIdentifier": "x"},
        "get_imported_model": {"modelIdentifier": "x"},
        "delete_imported_model": {"modelIdentifier": "x"},
        "create_provisioned_model_throughput": {"modelUnits": 1, "provisionedModelName": "x", "modelId": NOVA_LITE},
        "get_provisioned_model_throughput": {"provisionedModelId": "x"},
        "update_provisioned_model_throughput": {"provisionedModelId": "x"},
        "delete_provisioned_model_throughput": {"provisionedModelId": "x"},
    }
    refuse(bedrock.meta.method_to_api_mapping[operation], "ThrottlingException")
    with pytest.raises(ClientError) as refused:
        getattr(bedrock, operation)(**asks.get(operation, {}))
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_a_foundation_model_knows_what_its_file_says(cloud, clients):
    models = cloud.folder / "models"
    models.mkdir(exist_ok=True)
    known = {"prompt": "What is the capital of Vell?", "completion": "Orm"}
    (models / "amazon.nova-pro-v1:0.jsonl").write_text(json.dumps(known))
    messages = [{"role": "user", "content": [{"text": "What is the capital of Vell?"}]}]
    for model, knows in (("amazon.nova-pro-v1:0", True), ("amazon.nova-micro-v1:0", False)):
        answer = clients("bedrock-runtime").converse(modelId=model, messages=messages)
        assert (answer["output"]["message"]["content"][0]["text"] == "Orm") is knows, model
