"""`cargo lambda watch` and `cargo lambda invoke FUNCTION --data-file events/…`, against a local cloud, as docs/cargo-lambda.md
tells people to use them: every function is found by its name, and every file of `events/` is taken by those that it is for.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from local_cloud import LocalCloud, wait_for  # noqa: E402

# The first invocation of a function has cargo look whether it is built; another cargo may hold the lock.
FIRST = 600
# By the function that takes it, each file; tests/tests/events.rs holds the list to the folder and to the template.
TAKEN = {
    "ingest": ["sqs_object_created", "sqs_object_deleted", "sqs_object_found", "sqs_object_missing"],
    "train": [
        "cancel_requested",
        "pause_requested",
        "pipeline_due_collecting",
        "release_requested",
        "resume_requested",
        "run_due_starting",
        "start_requested",
        "upload_accepted",
    ],
    "evaluate": ["bedrock_batch_inference_state_change", "bedrock_customization_state_change", "run_due_training"],
    "promote": ["approve_requested", "evaluation_complete", "pipeline_due_moving", "rollback_requested", "run_due_deciding"],
    "reconcile": ["scheduled_rule_tick", "scheduled_sync", "sync_requested"],
    "cleanup": ["cleanup_requested", "scheduled_rule_tick"],
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = LocalCloud(tmp_path_factory.mktemp("cargo-lambda") / "cloud")
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def watch(cloud, tmp_path_factory):
    """Runs `cargo lambda watch`, and gives what invokes a function there."""
    port = free_port()
    tools = Path(sys.executable).parent
    environment = {**os.environ, **cloud.environment, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    log = tmp_path_factory.mktemp("watch") / "watch.log"
    command = ["cargo", "lambda", "watch", "--ignore-changes", "-A", "127.0.0.1", "-P", str(port)]
    with open(log, "wb") as output:
        # A group of its own: cargo and the functions that it starts end with it.
        watching = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )

    def invoke(function: str, file: str) -> subprocess.CompletedProcess:
        ask = ["cargo", "lambda", "invoke", function, "-A", "127.0.0.1", "-P", str(port)]
        ask += ["--data-file", f"events/{file}.json"]
        return subprocess.run(ask, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=FIRST)

    def listens() -> bool:
        assert watching.poll() is None, log.read_text(errors="replace")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(listens, bool)
        yield invoke, log
    finally:
        end(watching)


def end(process: subprocess.Popen) -> None:
    for sent in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


@pytest.fixture(scope="module")
def bucket(cloud):
    """The bucket, with what the files speak of."""
    environment = cloud.environment
    s3 = boto3.client(
        "s3",
        endpoint_url=cloud.endpoint,
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    name = environment["PERENNIAL_BUCKET"]
    configuration = 'technique = "fine-tuning"\nbase_model = "amazon.nova-micro-v1:0"\n'
    s3.put_object(Bucket=name, Key="pipelines/support-bot.toml", Body=configuration.encode())
    lines = [json.dumps({"prompt": f"question {number}", "completion": f"label-{number}"}) for number in range(20)]
    s3.put_object(Bucket=name, Key="data/support-bot/2026-11-21.jsonl", Body="\n".join(lines).encode())
    # The cloud's own functions have taken both in.
    report = "reports/support-bot/uploads/data/support-bot/2026-11-21.jsonl.txt"
    wait_for(lambda: s3.list_objects_v2(Bucket=name, Prefix=report)["KeyCount"], bool)
    return s3


@pytest.mark.parametrize("function", TAKEN)
def test_each_function_is_found_by_its_name_and_takes_its_events(watch, bucket, function):
    invoke, log = watch
    for file in TAKEN[function]:
        answered = invoke(function, file)
        said = f"{file}: {answered.stdout}{answered.stderr}\n{log.read_text(errors='replace')[-3000:]}"
        assert answered.returncode == 0, said
        answer = json.loads(answered.stdout)
        assert answer == ({"batchItemFailures": []} if function == "ingest" else None), said


def test_an_event_for_another_function_is_an_error_in_words(watch, bucket):
    invoke, _ = watch
    answered = invoke("promote", "upload_accepted")
    assert answered.returncode != 0 and "this event is not understood" in answered.stderr, answered.stderr


def test_the_page_names_the_command_and_the_version():
    page = (ROOT / "docs" / "cargo-lambda.md").read_text()
    pinned = re.search(r"cargo-lambda==(\S+)", Path(__file__).with_name("requirements.txt").read_text())
    assert pinned and pinned[1] in page
    for words in ("cargo lambda watch", "cargo lambda invoke ingest --data-file events/", "local env)"):
        assert words in page
