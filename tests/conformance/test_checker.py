"""The checker itself: an answer that AWS's model forbids is noticed. A checker that is blind would pass everything."""

import json

import botocore.session
import pytest

import model

LOADER = botocore.session.get_session()


def check(service: str, operation: str, body, status: int = 200, headers=()):
    of = LOADER.get_service_model(service)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = {"status_code": status, "headers": dict(headers), "body": raw}
    model.check(of.operation_model(operation), of.resolved_protocol, response)


ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghwxyz"
MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghwxyz"
DEPLOYMENT = {
    "customModelDeploymentArn": ARN,
    "modelDeploymentName": "name",
    "modelArn": MODEL,
    "createdAt": "2026-11-21T10:00:00.123Z",
    "status": "Active",
}


def test_a_good_answer_passes():
    check("bedrock", "GetCustomModelDeployment", DEPLOYMENT)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"modelArn": None}, "null"),
        ({"extra": 1}, "'extra'"),
        ({"status": "Ready"}, "none of"),
        ({"createdAt": 1700000000}, "not a time"),
        ({"createdAt": "yesterday"}, "not a time"),
        ({"modelArn": "arn:aws:bedrock:us-east-1:1:custom-model/x"}, "pattern"),
        ({"updateDetails": {"modelArn": MODEL, "updateStatus": "Soon"}}, "none of"),
        ({"updateDetails": {"updateStatus": "Updating"}}, "lacks the required member modelArn"),
        ({"modelDeploymentName": "x" * 64}, "more than 63"),
        ({"modelDeploymentName": 7}, "not a string"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_member_is_noticed(wrong, said):
    with pytest.raises(model.Nonconforming, match=said):
        check("bedrock", "GetCustomModelDeployment", {**DEPLOYMENT, **wrong})


MODEL_ID = "amazon.nova-micro-v1:0"
FOUNDATION = f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL_ID}"


def converse(**more) -> dict:
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    message = {"role": "assistant", "content": [{"text": "a"}]}
    return {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}, **more}


@pytest.mark.parametrize(
    ("service", "operation", "body", "said"),
    [
        ("bedrock", "ListCustomModels", {"modelSummaries": {}}, "not a list"),
        ("bedrock", "ListCustomModels", {"modelSummaries": [7]}, "not a structure"),
        ("dynamodb", "GetItem", {"Item": []}, "not a map"),
        ("dynamodb", "GetItem", {"Item": {"a": {"B": "%"}}}, "no base64"),
        ("bedrock-runtime", "Converse", converse(metrics={"latencyMs": "1"}), "not a whole number"),
        ("bedrock-runtime", "Converse", converse(metrics={"latencyMs": True}), "not a whole number"),
        ("bedrock-runtime", "Converse", converse(output={"message": {"role": "assistant", "content": [{}]}}), "is a union"),
        (
            "bedrock",
            "GetFoundationModel",
            {"modelDetails": {"modelArn": FOUNDATION, "modelId": MODEL_ID, "responseStreamingSupported": "yes"}},
            "not a boolean",
        ),
        ("cloudwatch", "GetMetricData", {"MetricDataResults": [{"Values": ["1"]}]}, "not a number"),
        ("cloudwatch", "GetMetricData", {"MetricDataResults": [{"Timestamps": ["2026-11-21T10:00:00Z"]}]}, "not a time"),
        ("cloudwatch", "PutMetricData", {"a": 1}, "answers nothing"),
        ("s3", "PutObject", b"<a/>", "all of its members are headers"),
        ("s3", "ListBuckets", b"<ListAllMyBucketsResult><Buckets><Bukket/></Buckets></ListAllMyBucketsResult>", "not 'Bucket'"),
        (
            "s3",
            "ListObjectsV2",
            b"<ListBucketResult><IsTruncated>yes</IsTruncated></ListBucketResult>",
            "not a boolean",
        ),
        ("sts", "GetCallerIdentity", b"<Identity/>", "not GetCallerIdentityResponse"),
        ("sts", "GetCallerIdentity", b"<GetCallerIdentityResponse><Other/></GetCallerIdentityResponse>", "not its result"),
        (
            "sts",
            "GetCallerIdentity",
            b"<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>",
            "lacks ResponseMetadata",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_no_answer_can_be_is_noticed(service, operation, body, said):
    with pytest.raises(model.Nonconforming, match=said):
        check(service, operation, body)


def test_a_missing_member_is_noticed():
    with pytest.raises(model.Nonconforming, match="lacks the required member status"):
        check("bedrock", "GetCustomModelDeployment", {name: value for name, value in DEPLOYMENT.items() if name != "status"})


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("ConflictException", 400, "does not declare"),
        ("ResourceNotFoundException", 400, "and not 404"),
        ("", 400, "without a code"),
    ],
)
def test_a_wrong_error_is_noticed(code, status, said):
    # CreateCustomModelDeployment declares no ConflictException.
    with pytest.raises(model.Nonconforming, match=said):
        check("bedrock", "CreateCustomModelDeployment", {"message": "m"}, status, {"x-amzn-errortype": code})


def test_a_wrong_status_of_a_success_is_noticed():
    with pytest.raises(model.Nonconforming, match="status 200 and not 202"):
        check("bedrock", "CreateCustomModelDeployment", {"customModelDeploymentArn": ARN})


LISTING = b"""<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><KeyCount>1</KeyCount>
<Contents><Key>k</Key><LastModified>%s</LastModified><Size>%s</Size>%s</Contents></ListBucketResult>"""


@pytest.mark.parametrize(
    ("time", "size", "more", "said"),
    [
        (b"2026-11-21T10:00:00.000Z", b"1", b"", None),
        (b"Fri, 21 Nov 2026", b"1", b"", "not a time"),
        (b"2026-11-21T10:00:00.000Z", b"one", b"", "not a whole number"),
        (b"2026-11-21T10:00:00.000Z", b"1", b"<Colour>red</Colour>", "Colour"),
        (b"2026-11-21T10:00:00.000Z", b"1", b"<StorageClass>COLD</StorageClass>", "none of"),
        (b"2026-11-21T10:00:00.000Z", b"1", b"<Key>again</Key>", "2 times"),
    ],
)
def test_xml_is_checked_as_json_is(time, size, more, said):
    body = LISTING % (time, size, more)
    if said is None:
        return check("s3", "ListObjectsV2", body)
    with pytest.raises(model.Nonconforming, match=said):
        check("s3", "ListObjectsV2", body)


def test_a_header_that_s3_does_not_have_is_noticed():
    with pytest.raises(model.Nonconforming, match="x-amz-colour"):
        check("s3", "PutObject", b"", headers={"x-amz-colour": "red"})


def test_a_header_of_another_form_is_noticed():
    check("s3", "HeadObject", b"", headers={"last-modified": "Sat, 21 Nov 2026 10:00:00 GMT"})
    with pytest.raises(model.Nonconforming, match="not a time in the form rfc822"):
        check("s3", "HeadObject", b"", headers={"last-modified": "2026-11-21T10:00:00Z"})


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "without the header x-amzn-query-error"),
        ({"x-amzn-query-error": "Colour;Sender"}, "of which x-amzn-query-error says"),
        ({"x-amzn-query-error": "InvalidParameterValue;Receiver"}, "of which x-amzn-query-error says"),
    ],
)
def test_an_error_tells_its_older_name(headers, said):
    body = {"__type": "InvalidParameterValueException", "message": "m"}
    check("cloudwatch", "GetMetricStatistics", body, 400, {"x-amzn-query-error": "InvalidParameterValue;Sender"})
    with pytest.raises(model.Nonconforming, match=said):
        check("cloudwatch", "GetMetricStatistics", body, 400, headers)


def test_a_member_that_the_error_does_not_have_is_noticed():
    with pytest.raises(model.Nonconforming, match="with a member 'colour'"):
        body = {"message": "m", "colour": "red"}
        check("bedrock", "CreateCustomModelDeployment", body, 400, {"x-amzn-errortype": "ValidationException"})


def test_an_s3_error_has_the_status_of_the_reference():
    with pytest.raises(model.Nonconforming, match="NoSuchKey with the status 400"):
        check("s3", "GetObject", b"<Error><Code>NoSuchKey</Code></Error>", 400)
