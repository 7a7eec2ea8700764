"""What `reconcile` does at a tick, in Python with boto3: the other side of docs/performance.md. Nothing else uses it.

As small as an honest one can be: three clients made at start, as AWS advises; the two that a tick needs only for pipelines that
serve a model are made when one does. The Rust function makes all five at start.
"""

import json
import os
import time

import boto3

TABLE = os.environ["PERENNIAL_TABLE"]
BUS = os.environ.get("PERENNIAL_BUS", "default")
INSTALLATION = os.environ["PERENNIAL_INSTALLATION"]
MOST = 500
OWNERS = {
    **dict.fromkeys(("collecting", "preparing", "starting"), "train"),
    **dict.fromkeys(("training", "evaluating"), "evaluate"),
}

dynamodb = boto3.client("dynamodb")
events = boto3.client("events")
ssm = boto3.client("ssm")


def due(kind, now):
    """The keys of what is due, the oldest first."""
    ask = {
        "TableName": TABLE,
        "IndexName": "due",
        "KeyConditionExpression": "#kind = :kind AND #at <= :now",
        "ExpressionAttributeNames": {"#kind": "due_kind", "#at": "due_at"},
        "ExpressionAttributeValues": {":kind": {"S": kind}, ":now": {"N": str(now)}},
        "Limit": MOST,
    }
    return dynamodb.query(**ask)["Items"]


def body(key):
    found = dynamodb.get_item(TableName=TABLE, Key={"pk": key["pk"], "sk": key["sk"]}, ConsistentRead=True)
    return read(found["Item"]["body"]) if "Item" in found else None


def read(attribute):
    """A record, which the table keeps as a map."""
    from boto3.dynamodb.types import TypeDeserializer

    return TypeDeserializer().deserialize(attribute)


def pipelines():
    ask = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "pipeline"}},
        "ConsistentRead": True,
    }
    for page in dynamodb.get_paginator("query").paginate(**ask):
        yield from (read(item["body"]) for item in page["Items"])


def event(kind, detail):
    owner = OWNERS.get(detail["stage"], "promote")
    return {"Source": "perennial", "DetailType": kind, "Detail": json.dumps({**detail, "owner": owner}), "EventBusName": BUS}


def handle(_event):
    now = int(time.time() * 1000)
    say = []
    for key in due("run", now):
        run = body(key)
        if run and run.get("due") is not None:
            say.append(event("Run Due", {"pipeline": run["pipeline"], "run": run["id"], "stage": run["stage"]}))
    for key in due("pipeline", now):
        pipeline = body(key)
        if pipeline and pipeline.get("due") is not None:
            say.append(event("Pipeline Due", {"pipeline": pipeline["name"], "stage": "collecting"}))
    for pipeline in pipelines():
        if pipeline.get("champion") and pipeline.get("deployment"):
            alias = f"/perennial/{INSTALLATION}/{pipeline['name']}/model"
            value = ssm.get_parameter(Name=alias)["Parameter"]["Value"]
            serving = boto3.client("bedrock").get_custom_model_deployment(
                customModelDeploymentIdentifier=pipeline["deployment"]
            )
            if value != pipeline["deployment"] or serving["modelArn"] != pipeline["champion"]["arn"]:
                say.append(event("Pipeline Due", {"pipeline": pipeline["name"], "stage": "moving"}))
    for start in range(0, len(say), 10):
        events.put_events(Entries=say[start : start + 10])


def main():
    """The loop of AWS's Python runtime, without what that does besides."""
    import http.client

    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = api.getresponse()
        request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        handle(json.loads(answer.read()))
        api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", "null")
        api.getresponse().read()


if __name__ == "__main__":
    main()
