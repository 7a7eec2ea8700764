"""infra/template.yaml, packed and deployed as `sam package` and `sam deploy` would: only where the code lies is filled in."""

import io
import os
import re
import time
import zipfile
from pathlib import Path

from account import Account

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
FUNCTIONS = ["ingest", "train", "evaluate", "promote", "reconcile", "cleanup"]
ARTIFACTS = "artifacts"
STACK = "perennial"


def binary(function: str) -> Path:
    """The function's own binary, as `cargo build --workspace --bins` makes it."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "debug" / function
    if not path.is_file():
        raise RuntimeError(f"there is no {path}; `cargo build --workspace --bins` makes it")
    return path


def package(function: str) -> bytes:
    """A zip with a `bootstrap`. It starts the binary where cargo left it: a debug binary has 100 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, f"#!/bin/sh\nexec '{binary(function)}'\n")
    return packed.getvalue()


def deploy(account: Account, template: str, parameters: dict[str, str]) -> dict[str, str]:
    """Deploys, and answers the stack's outputs."""
    s3 = account.client("s3")
    s3.create_bucket(Bucket=ARTIFACTS)
    for function in FUNCTIONS:
        s3.put_object(Bucket=ARTIFACTS, Key=f"{function}.zip", Body=package(function))
    template, places = re.subn(r"CodeUri: \.\./functions/(\w+)", rf"CodeUri: s3://{ARTIFACTS}/\1.zip", template)
    assert places == len(FUNCTIONS), f"{places} of {len(FUNCTIONS)} functions name their code"
    s3.put_object(Bucket=ARTIFACTS, Key="template.yaml", Body=template.encode())
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{account.endpoint}/{ARTIFACTS}/template.yaml",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    stack = {"StackStatus": "CREATE_IN_PROGRESS"}
    while stack["StackStatus"].endswith("IN_PROGRESS"):
        time.sleep(0.1)
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", f"{stack['StackStatus']}: {account.log()[-3000:]}"
    # ministack 1.5.33 keeps a number that came by Ref as text, and its poller compares it with numbers.
    functions = account.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 2})
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
