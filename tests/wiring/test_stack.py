"""The template on an emulator that is not ours, with the real functions and permissions enforced.

The tests build on each other, in this order.
"""

import json

import deployment
from conftest import BUCKET, INSTALLATION, wait_for
from deployment import FUNCTIONS, ROOT

DEMO = ROOT / "cli" / "demo"


def dead_letters(stack) -> dict[str, str]:
    """What was given up, by queue."""
    sqs = stack.account.client("sqs")
    found = {}
    for function in FUNCTIONS:
        url = sqs.get_queue_url(QueueName=f"perennial-{INSTALLATION}-{function}-dead-letters")["QueueUrl"]
        for message in sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", []):
            found[function] = message["Body"]
    return found


def denied(stack) -> list[str]:
    """What a function was not allowed to do."""
    return [line for line in stack.complaints() if "is not authorized to perform" in line or "HTTP status 403" in line]


def test_the_bucket_refuses_what_does_not_come_by_tls(stack):
    assert "AccessDenied" in stack.plain_http_refusal, "the bucket was listed over plain HTTP"


def test_an_upload_becomes_a_model_that_serves(stack):
    stack.drop("pipelines/support-desk.toml", (DEMO / "support-desk.toml").read_bytes())
    stack.drop("eval/support-desk/questions.jsonl", (DEMO / "eval.jsonl").read_bytes())
    stack.drop("data/support-desk/tickets.jsonl", (DEMO / "train.jsonl").read_bytes())

    report = "reports/support-desk/uploads/data/support-desk/tickets.jsonl.txt"
    assert "accepted" in wait_for("the upload's report", lambda: stack.report(report), stack)

    def go_on():
        stack.tick()
        stack.tell_of_jobs()

    def ended():
        return next((step for step in stack.history() if step.startswith("ended: ")), None)

    assert wait_for("the run's end", ended, stack, between=go_on) == "ended: promoted"
    assert stack.door.made("/model-customization-jobs") == 1
    assert stack.door.made("/model-invocation-job") == 1
    alias = stack.account.client("ssm").get_parameter(Name=f"/perennial/{INSTALLATION}/support-desk/model")["Parameter"]["Value"]
    serving = stack.cloud.client("bedrock").get_custom_model_deployment(customModelDeploymentIdentifier=alias)
    assert serving["status"] == "Active"
    assert denied(stack) == []
    assert dead_letters(stack) == {}


def test_a_rejected_upload_is_told_to_people(stack):
    sqs = stack.account.client("sqs")
    mailbox = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=mailbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}],
    }
    sqs.set_queue_attributes(QueueUrl=mailbox, Attributes={"Policy": json.dumps(allow)})
    topic = stack.outputs["Notifications"]
    stack.account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    stack.drop("data/support-desk/broken.jsonl", b'{"prompt": "no completion"}\n')

    def mail():
        return sqs.receive_message(QueueUrl=mailbox, WaitTimeSeconds=1).get("Messages")

    event = json.loads(wait_for("the notification", mail, stack)[0]["Body"])
    assert (event["detail-type"], event["detail"]["pipeline"]) == ("Upload Rejected", "support-desk")


def test_an_object_that_no_event_announced_is_taken_in_by_the_daily_listing(stack):
    events = stack.account.client("events")
    rule = f"perennial-{INSTALLATION}-objects"
    events.disable_rule(Name=rule)
    stack.drop("data/support-desk/unannounced.jsonl", (DEMO / "train.jsonl").read_bytes())
    schedule = events.list_targets_by_rule(Rule=f"perennial-{INSTALLATION}-sync")["Targets"][0]
    stack.invoke("reconcile", json.loads(schedule["Input"]))
    report = "reports/support-desk/uploads/data/support-desk/unannounced.jsonl.txt"
    wait_for("the report on what was found", lambda: stack.report(report), stack)
    events.enable_rule(Name=rule)


# Which function each event is for, by its file in events/. The schedules' events and S3's own notifications match no pattern.
OWNERS = {
    "approve_requested": "promote",
    "bedrock_batch_inference_state_change": "evaluate",
    "bedrock_customization_state_change": "evaluate",
    "cancel_requested": "train",
    "cleanup_requested": "cleanup",
    "evaluation_complete": "promote",
    "pause_requested": "train",
    "pipeline_due_collecting": "train",
    "pipeline_due_moving": "promote",
    "release_requested": "train",
    "resume_requested": "train",
    "rollback_requested": "promote",
    "run_due_deciding": "promote",
    "run_due_starting": "train",
    "run_due_training": "evaluate",
    "sqs_object_created": "uploads",
    "sqs_object_deleted": "uploads",
    "sqs_object_found": "uploads",
    "sqs_object_missing": "uploads",
    "start_requested": "train",
    "sync_requested": "reconcile",
    "upload_accepted": "train",
}


def test_each_event_has_one_owner_by_another_reading_of_the_patterns(stack):
    events = stack.account.client("events")
    rules = [rule for rule in events.list_rules(NamePrefix=f"perennial-{INSTALLATION}-")["Rules"] if "EventPattern" in rule]
    found = {}
    for name in OWNERS:
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        if "Records" in event:
            event = json.loads(event["Records"][0]["body"])
        if event["source"] == "aws.s3":
            event["detail"]["bucket"]["name"] = BUCKET
        matching = [
            rule["Name"]
            for rule in rules
            if events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
        ]
        targets = [target["Arn"] for rule in matching for target in events.list_targets_by_rule(Rule=rule)["Targets"]]
        found[name] = ", ".join(target.split(":")[-1].removeprefix(f"perennial-{INSTALLATION}-") for target in targets)
    assert found == OWNERS


def test_what_is_asked_of_a_function_reaches_it(stack):
    entry = {
        "Source": "perennial",
        "DetailType": "Pause Requested",
        "Detail": json.dumps({"request": "pause", "pipeline": "support-desk"}),
    }
    answer = stack.account.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0

    def paused():
        return [pipeline["paused"] for pipeline in stack.records("pipeline") if pipeline.get("paused", {}).get("S")]

    wait_for("the pause", paused, stack)


def test_nothing_was_denied_and_nothing_was_given_up(stack):
    assert denied(stack) == []
    assert dead_letters(stack) == {}


def test_removal_keeps_the_bucket_and_the_table(stack):
    before = stack.history()
    deployment.remove(stack.account)
    assert stack.functions.list_functions()["Functions"] == []
    assert stack.report("reports/support-desk/uploads/data/support-desk/tickets.jsonl.txt")
    assert stack.history() == before
