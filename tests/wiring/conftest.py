"""One account with the stack in it, for all tests of this folder: the emulator, the local cloud's Bedrock, and the door between."""

import json
import time
from pathlib import Path

import botocore.exceptions
import pytest

import deployment
from account import REGION, Account
from bedrock import Door
from local_cloud import Clients, LocalCloud

INSTALLATION = "test"
# The local cloud's bucket has this name, so that a job's S3 URIs hold in both.
BUCKET = "perennial-local"
TABLE = f"perennial-{INSTALLATION}"


class Stack:
    """The deployed stack, and what a person or AWS would do with it."""

    def __init__(self, folder: Path):
        self.cloud = LocalCloud(folder / "cloud")
        self.door = None
        self.account = None
        try:
            self.door = Door(self.cloud.endpoint, self.cloud.environment["AWS_ACCESS_KEY_ID"], self._carry_to_cloud)
            self.account = Account(
                folder,
                {"AWS_ENDPOINT_URL_BEDROCK": self.door.endpoint, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.door.endpoint},
            )
            parameters = {"Installation": INSTALLATION, "BucketName": BUCKET, "PollSeconds": "1"}
            self.outputs = deployment.deploy(self.account, deployment.TEMPLATE.read_text(), parameters)
            self.s3 = self.account.client("s3")
            self.plain_http_refusal = self._refusal_of_plain_http()
            # This emulator speaks no TLS that a function trusts; what the policy does was just seen.
            self.s3.delete_bucket_policy(Bucket=BUCKET)
        except BaseException:
            self.stop()
            raise
        self.functions = self.account.client("lambda")
        self._told: set[str] = set()

    def stop(self) -> None:
        if self.account:
            self.account.stop()
        if self.door:
            self.door.stop()
        self.cloud.stop()

    # --- a person

    def drop(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def report(self, key: str) -> str | None:
        try:
            return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
        except self.s3.exceptions.NoSuchKey:
            return None

    def records(self, kind: str) -> list[dict]:
        """The bodies of the table's records of this kind, in DynamoDB's JSON."""
        items = self.account.client("dynamodb").scan(TableName=TABLE)["Items"]
        found = [item for item in items if item["pk"]["S"].split("#")[0] == kind]
        return [item["body"]["M"] for item in sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))]

    def history(self) -> list[str]:
        return [step["text"]["S"] for step in self.records("history")]

    def complaints(self) -> list[str]:
        """What the emulator and the functions complained of, each once."""
        logs = self.account.client("logs")
        lines = self.account.log().splitlines()
        for function in deployment.FUNCTIONS:
            group = f"/aws/lambda/perennial-{INSTALLATION}-{function}"
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            lines += [f"{function}: {event['message'].strip()}" for page in pages for event in page["events"]]
        marks = ('"level":"ERROR"', "is not authorized to perform", "HTTP status 403", "errorType=Runtime.")
        return list(dict.fromkeys(line[:600] for line in lines if any(mark in line for mark in marks)))

    # --- what AWS would do and the emulator does not

    def invoke(self, function: str, event: dict) -> None:
        """Asynchronously, as EventBridge does."""
        name = f"perennial-{INSTALLATION}-{function}"
        self.functions.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())

    def tick(self) -> None:
        """The schedule's event; the emulator's own comes every few minutes."""
        self.invoke("reconcile", {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})

    def tell_of_jobs(self) -> None:
        """An event for each job that has ended, once. The emulator refuses events of the source `aws.bedrock`, as AWS does."""
        bedrock = self.cloud.client("bedrock")
        for job in bedrock.list_model_customization_jobs()["modelCustomizationJobSummaries"]:
            if job["status"] != "InProgress" and job["jobArn"] not in self._told:
                self._told.add(job["jobArn"])
                detail = {"jobName": job["jobName"], "jobArn": job["jobArn"], "jobStatus": job["status"]}
                self._tell("Model Customization Job State Change", detail)
        for job in bedrock.list_model_invocation_jobs()["invocationJobSummaries"]:
            if job["status"] == "Completed" and job["jobArn"] not in self._told:
                self._told.add(job["jobArn"])
                self._carry_from_cloud(job["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"])
                detail = {"batchJobName": job["jobName"], "batchJobArn": job["jobArn"], "status": job["status"]}
                self._tell("Batch Inference Job State Change", detail)

    def _tell(self, detail_type: str, detail: dict) -> None:
        self.invoke("evaluate", {"source": "aws.bedrock", "detail-type": detail_type, "detail": detail})

    def _carry_to_cloud(self, uri: str) -> None:
        """The door calls it, from threads of its own."""
        key = uri.removeprefix(f"s3://{BUCKET}/")
        body = self.account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        self.cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)

    def _carry_from_cloud(self, uri: str) -> None:
        cloud = self.cloud.client("s3")
        prefix = uri.removeprefix(f"s3://{BUCKET}/")
        for found in cloud.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
            self.drop(found["Key"], cloud.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read())

    def _refusal_of_plain_http(self) -> str:
        """What someone who may do everything is told without TLS; empty if nothing is refused."""
        iam = self.account.client("iam")
        iam.create_user(UserName="someone")
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="someone", PolicyName="everything", PolicyDocument=json.dumps(everything))
        key = iam.create_access_key(UserName="someone")["AccessKey"]
        someone = Clients(self.account.endpoint, key["AccessKeyId"], key["SecretAccessKey"], REGION)
        try:
            someone("s3").list_objects_v2(Bucket=BUCKET)
        except botocore.exceptions.ClientError as refusal:
            return str(refusal)
        return ""


def wait_for(what: str, look, stack: Stack, seconds: float = 120.0, between=lambda: None):
    """Until `look` finds something. What did not come is named, with the run's history and what the functions complained of."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        between()
        time.sleep(0.3)
    history = "\n  ".join(stack.history())
    complaints = "\n  ".join(stack.complaints()[-10:])
    raise AssertionError(f"{what} did not come within {seconds:.0f} s.\nhistory:\n  {history}\ncomplaints:\n  {complaints}")


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    deployed = Stack(tmp_path_factory.mktemp("stack"))
    yield deployed
    deployed.stop()
