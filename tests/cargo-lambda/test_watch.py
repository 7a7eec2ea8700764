"""`cargo lambda watch` and `cargo lambda invoke FUNCTION --data-file events/…`, against a local cloud, as docs/cargo-lambda.md
tells people to use them: every function is found by its name, and every file of `events/` is taken by those that it is for.
"""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud import ROOT, LocalCloud, end, free_port, start, wait_for

# The first invocation of a function has cargo look whether it is built; another cargo may hold the lock.
FIRST = 600
PAGE = (ROOT / "docs" / "cargo-lambda.md").read_text()
# By the function that takes it, each file, as the page tells people; tests/tests/events holds the page's table to the template.
TAKEN = {
    function: re.findall(r"`(\w+)`", files)
    for function, files in re.findall(r"^\| `(\w+)` \| (`.*`) \|$", PAGE, re.MULTILINE)
}


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
        watching = start(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

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


@pytest.fixture(scope="module")
def bucket(cloud):
    """The bucket, with what the files speak of."""
    s3, name = cloud.client("s3"), cloud.environment["PERENNIAL_BUCKET"]
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
    pinned = re.search(r"cargo-lambda==(\S+)", Path(__file__).with_name("requirements.txt").read_text())
    assert pinned and pinned[1] in PAGE
    for words in ("cargo lambda watch", "cargo lambda invoke ingest --data-file events/", "local env)"):
        assert words in PAGE
