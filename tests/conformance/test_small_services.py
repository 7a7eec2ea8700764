"""SSM, EventBridge, CloudWatch and STS."""

import datetime
import json
import time

import pytest
from botocore.exceptions import ClientError

from test_bedrock_serving import ASKED, MESSAGES

NAME = "/conformance/pipeline/model"


@pytest.fixture(scope="module")
def ssm(clients):
    return clients("ssm")


def test_a_parameter_is_written_read_and_deleted(ssm):
    put = ssm.put_parameter(
        Name=NAME, Value="one", Type="String", Description="d", Tags=[{"Key": "a", "Value": "b"}], Tier="Standard", DataType="text"
    )
    assert (put["Version"], put["Tier"]) == (1, "Standard")
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name=NAME, Value="two", Type="String")
    assert ssm.put_parameter(Name=NAME, Value="two", Overwrite=True)["Version"] == 2
    found = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]
    assert (found["Value"], found["Version"], found["Type"]) == ("two", 2, "String")
    assert ssm.get_parameter(Name=f"{NAME}:1")["Parameter"]["Selector"] == ":1"
    assert ssm.get_parameter(Name=found["ARN"])["Parameter"]["Value"] == "two"
    several = ssm.get_parameters(Names=[NAME, "/conformance/none"])
    assert several["InvalidParameters"] == ["/conformance/none"] and len(several["Parameters"]) == 1
    ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=NAME, Tags=[{"Key": "c", "Value": "d"}])
    with pytest.raises(ssm.exceptions.ParameterVersionNotFound):
        ssm.get_parameter(Name=f"{NAME}:9")
    ssm.delete_parameter(Name=NAME)
    for ask in (ssm.get_parameter, ssm.delete_parameter):
        with pytest.raises(ssm.exceptions.ParameterNotFound):
            ask(Name=NAME)


def test_what_no_parameter_can_be_is_refused(ssm):
    for name in ("a/b", "/a/", "/aws/x", "/a b", "ssm-x"):
        with pytest.raises(ClientError) as refused:
            ssm.put_parameter(Name=name, Value="x", Type="String")
        assert refused.value.response["Error"]["Code"] == "ValidationException", name
    with pytest.raises(ssm.exceptions.HierarchyLevelLimitExceededException):
        ssm.put_parameter(Name="/a" * 16, Value="x", Type="String")
    for wrong in ({"Value": "", "Type": "String"}, {"Value": "x" * 4097, "Type": "String"}, {"Value": "x"}):
        with pytest.raises(ClientError) as refused:
            ssm.put_parameter(Name="/conformance/x", **wrong)
        assert refused.value.response["Error"]["Code"] == "ValidationException", wrong
    with pytest.raises(ssm.exceptions.InvalidResourceId):
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/none", Tags=[])


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("put_parameter", {"Name": "/x", "Value": "x"}),
        ("get_parameter", {"Name": "/x"}),
        ("get_parameters", {"Names": ["/x"]}),
        ("delete_parameter", {"Name": "/x"}),
        ("add_tags_to_resource", {"ResourceType": "Parameter", "ResourceId": "/x", "Tags": []}),
    ],
)
def test_ssm_throttles_in_its_own_words(ssm, refuse, operation, ask):
    refuse(ssm.meta.method_to_api_mapping[operation], "ThrottlingException")
    with pytest.raises(ClientError) as refused:
        getattr(ssm, operation)(**ask)
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def entry(**more) -> dict:
    return {"Source": "conformance", "DetailType": "Tried", "Detail": json.dumps({"a": 1}), **more}


def test_events_are_taken_and_refused_one_by_one(clients):
    events = clients("events")
    whole = entry(
        Time=datetime.datetime(2026, 11, 21, tzinfo=datetime.timezone.utc),
        Resources=["arn:aws:s3:::bucket"],
        EventBusName="default",
        TraceHeader="Root=1-5759e988-bd862e3fe1be46a994272793",
    )
    entries = [
        whole,
        entry(Source="aws.s3"),
        entry(Detail="no JSON"),
        entry(Detail="[]"),
        entry(EventBusName="another"),
        {"Source": "conformance", "DetailType": "Tried"},
    ]
    answer = events.put_events(Entries=entries)
    codes = [one.get("ErrorCode") for one in answer["Entries"]]
    assert codes == [None, "NotAuthorizedForSource", "MalformedDetail", "MalformedDetail", "InvalidArgument", "InvalidArgument"]
    assert answer["FailedEntryCount"] == 5 and answer["Entries"][0]["EventId"]
    assert events.put_events(Entries=[whole])["FailedEntryCount"] == 0


def test_too_much_at_once_is_refused_whole(clients, refuse):
    events = clients("events")
    for entries in ([entry()] * 11, [entry(Detail=json.dumps({"a": "x" * 300_000}))]):
        with pytest.raises(ClientError) as refused:
            events.put_events(Entries=entries)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
    refuse("PutEvents", "InternalException")
    with pytest.raises(events.exceptions.InternalException):
        events.put_events(Entries=[entry()])


# botocore prefers JSON, the SDK for Rust speaks CBOR: the same answers in both.
@pytest.fixture(params=["json", "smithy-rpc-v2-cbor"])
def cloudwatch(request, clients):
    return clients("cloudwatch", protocol=request.param)


def metric(name="Invocations", model=ASKED) -> dict:
    return {"Namespace": "AWS/Bedrock", "MetricName": name, "Dimensions": [{"Name": "ModelId", "Value": model}]}


def window(**more) -> dict:
    return {"StartTime": time.time() - 7200, "EndTime": time.time() + 400 * 86400, **more}


def test_counts_of_calls_are_read(clients, cloudwatch):
    clients("bedrock-runtime").converse(modelId=ASKED, messages=MESSAGES)
    statistics = cloudwatch.get_metric_statistics(
        **metric(), **window(Period=86400 * 30, Statistics=["Sum", "SampleCount", "Average", "Minimum", "Maximum"], Unit="Count")
    )
    assert sum(point["Sum"] for point in statistics["Datapoints"]) >= 1
    queries = [
        {"Id": "used", "Label": "calls", "ReturnData": True, "MetricStat": {"Metric": metric(), "Period": 3600, "Stat": "Sum"}},
        {"Id": "hidden", "ReturnData": False, "MetricStat": {"Metric": metric(), "Period": 3600, "Stat": "Sum"}},
        {"Id": "never", "MetricStat": {"Metric": metric(model="nobody"), "Period": 60, "Stat": "Sum", "Unit": "Count"}},
    ]
    found = cloudwatch.get_metric_data(MetricDataQueries=queries, ScanBy="TimestampAscending", **window())
    results = {one["Id"]: one for one in found["MetricDataResults"]}
    assert set(results) == {"used", "never"} and results["used"]["Label"] == "calls"
    assert sum(results["used"]["Values"]) >= 1 and results["never"]["Values"] == []
    assert isinstance(results["used"]["Timestamps"][0], datetime.datetime)


def test_metrics_are_taken(cloudwatch):
    data = [{"MetricName": "Tried", "Value": 1.0, "Unit": "Count", "Timestamp": time.time(), "Dimensions": [{"Name": "a", "Value": "b"}]}]
    cloudwatch.put_metric_data(Namespace="Perennial/Conformance", MetricData=data)


def test_what_cloudwatch_refuses(cloudwatch):
    for ask in (
        lambda: cloudwatch.get_metric_statistics(**metric(), **window(Period=61, Statistics=["Sum"])),
        lambda: cloudwatch.get_metric_statistics(**metric(), StartTime=2000, EndTime=1000, Period=60, Statistics=["Sum"]),
        lambda: cloudwatch.get_metric_statistics(**metric(), **window(Period=60, Statistics=["Sum"])),
    ):
        with pytest.raises(ClientError) as refused:
            ask()
        assert refused.value.response["Error"]["Code"] in ("InvalidParameterValue", "InvalidParameterCombination")
    with pytest.raises(ClientError):
        cloudwatch.get_metric_statistics(**metric(), **window(Period=86400))
    with pytest.raises(ClientError) as refused:
        query = {"Id": "a", "MetricStat": {"Metric": metric(), "Period": 60, "Stat": "Sum"}}
        cloudwatch.get_metric_data(MetricDataQueries=[query], NextToken="made-up", **window())
    assert refused.value.response["Error"]["Code"] == "InvalidNextToken"
    for queries in ([query, query], [{**query, "Id": "Upper"}], [{"Id": "a"}]):
        with pytest.raises(ClientError) as refused:
            cloudwatch.get_metric_data(MetricDataQueries=queries, **window())
        assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("operation", ["get_metric_data", "get_metric_statistics", "put_metric_data"])
def test_cloudwatch_throttles(cloudwatch, refuse, operation):
    ask = {
        "get_metric_data": {"MetricDataQueries": [], **window()},
        "get_metric_statistics": {**metric(), **window(Period=60, Statistics=["Sum"])},
        "put_metric_data": {"Namespace": "a", "MetricData": []},
    }
    refuse(cloudwatch.meta.method_to_api_mapping[operation], "ThrottlingException")
    with pytest.raises(ClientError) as refused:
        getattr(cloudwatch, operation)(**ask[operation])
    assert "Throttling" in refused.value.response["Error"]["Code"]


def test_sts_says_who_calls(clients, refuse):
    sts = clients("sts")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    refuse("GetCallerIdentity", "ThrottlingException")
    with pytest.raises(ClientError) as refused:
        sts.get_caller_identity()
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"


def test_what_is_not_simulated_is_refused_by_name(clients):
    for service, ask in (
        ("bedrock", lambda client: client.list_guardrails()),
        ("ssm", lambda client: client.describe_parameters()),
        ("events", lambda client: client.list_rules()),
        ("sts", lambda client: client.get_session_token()),
        ("cloudwatch", lambda client: client.list_dashboards()),
        ("dynamodb", lambda client: client.list_backups()),
    ):
        with pytest.raises(ClientError) as refused:
            ask(clients(service))
        assert "does not simulate" in refused.value.response["Error"]["Message"], service
